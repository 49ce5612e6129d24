// A public client in the browser: the code flow with PKCE, and renewal by a refresh token that works once.
// The script before this one made `oidc`.
const { authority, clientId, api } = await (await fetch("config.json")).json();
const here = `${location.origin}/`;
const users = new oidc.UserManager({
  authority,
  client_id: clientId,
  redirect_uri: here,
  scope: "openid email profile orders/read",
  filterProtocolClaims: false, // this page shows them all
});
const element = (id) => document.getElementById(id);

async function renew() {
  await users.signinSilent();
  say("The tokens are new: see “iat”, the instant they were issued.");
}

async function signInAgain() {
  await users.removeUser();
  say("The sign-in is over. Please sign in again.");
}

async function signOut() {
  // Ends the access token with it. The sign-out goes on where the server cannot be asked.
  await users.revokeTokens(["refresh_token"]).catch(console.warn);
  await users.removeUser(); // before the redirect, whose URL is no place for an ID token
  // The page's session is over; this ends the one at the server. Its parameters are Cognito's.
  await users.signoutRedirect({ extraQueryParams: { client_id: clientId, logout_uri: here } });
}

async function callApi() {
  const user = await users.getUser();
  const answer = await fetch(`${api}/orders`, { headers: { Authorization: `Bearer ${user?.access_token}` } });
  element("answer").textContent = JSON.stringify(await answer.json(), null, 2);
  element("result").hidden = false;
  say(answer.ok ? "The API knows the user by the access token." : "The API does not take this token.");
}

async function show() {
  const user = await users.getUser();
  const signedIn = user !== null && !user.expired;
  element("claims").replaceChildren(...Object.entries(signedIn ? user.profile : {}).map(row));
  for (const id of ["user", "call", "renew", "sign-out"]) element(id).hidden = !signedIn;
  element("sign-in").hidden = signedIn;
  element("result").hidden ||= !signedIn;
}

function row([name, value]) {
  const made = document.createElement("tr");
  const header = made.appendChild(document.createElement("th"));
  header.scope = "row";
  header.textContent = name;
  const isInstant = ["iat", "exp", "auth_time"].includes(name);
  made.insertCell().textContent = isInstant ? new Date(value * 1000).toISOString() : value;
  return made;
}

function say(text) {
  element("message").textContent = text;
}

function onClick(id, action) {
  element(id).onclick = () => action().catch((error) => say(`That did not work: ${error.message}`)).then(show);
}

onClick("sign-in", () => users.signinRedirect());
onClick("call", callApi);
onClick("renew", () => renew().catch(signInAgain));
onClick("sign-out", signOut);
// It renews by itself, too, a minute before the access token expires.
users.events.addUserLoaded(show);
users.events.addSilentRenewError(() => signInAgain().then(show));

if (new URLSearchParams(location.search).has("state")) {
  try {
    const user = await users.signinCallback(); // checks the state, and redeems the code with its verifier
    say(`Hello ${user.profile.name}.`);
  } catch (error) {
    say(`The sign-in did not work: ${error.message}`);
  }
  history.replaceState(null, "", here); // a code does not belong into the history
}
await show();
