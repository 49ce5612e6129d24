// A public client in the browser: code flow with PKCE (RFC 7636), no library, no secret.
const actions = document.getElementById("actions");
const { clientId, authz } = actions.dataset;
const here = location.origin + location.pathname;

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function signIn() {
  const pending = { state: random(), verifier: random() };
  sessionStorage.setItem("pending", JSON.stringify(pending));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  location.assign(`${authz}/oauth2/authorize?` + new URLSearchParams({
    client_id: clientId, redirect_uri: here, response_type: "code", scope: "openid email profile",
    state: pending.state, code_challenge: base64url(digest), code_challenge_method: "S256",
  }));
}

async function finish(answer) {
  const pending = JSON.parse(sessionStorage.getItem("pending") ?? "{}");
  sessionStorage.removeItem("pending");
  history.replaceState(null, "", here); // a code does not belong into the history
  if (answer.get("state") !== pending.state) throw new Error("this answer belongs to no sign-in of ours");
  if (!answer.has("code")) throw new Error(answer.get("error_description") ?? answer.get("error"));
  const tokens = await json(`${authz}/oauth2/token`, { method: "POST", body: new URLSearchParams({
    grant_type: "authorization_code", client_id: clientId, redirect_uri: here,
    code: answer.get("code"), code_verifier: pending.verifier,
  }) });
  show(await json(`${authz}/oauth2/userInfo`, { headers: { Authorization: `Bearer ${tokens.access_token}` } }));
}

async function json(url, options) {
  const response = await fetch(url, options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error_description ?? body.error);
  return body;
}

function show(claims) {
  for (const [name, value] of Object.entries(claims)) {
    const row = document.querySelector("#claims tbody").insertRow();
    const header = row.appendChild(document.createElement("th"));
    header.scope = "row";
    header.textContent = name;
    row.insertCell().textContent = value;
  }
  document.getElementById("message").textContent = `Hello ${claims.name}: this is what userInfo says of you.`;
  document.getElementById("claims").hidden = false;
  offer("sign-out");
}

function offer(button) {
  for (const name of ["sign-in", "sign-out"]) document.getElementById(name).hidden = name !== button;
}

document.getElementById("sign-in").onclick = signIn;
document.getElementById("sign-out").onclick = () =>
  location.assign(`${authz}/logout?` + new URLSearchParams({ client_id: clientId, logout_uri: here }));
const answer = new URLSearchParams(location.search);
if (answer.has("state")) {
  finish(answer).catch((error) => {
    document.getElementById("message").textContent = `The sign-in did not work: ${error.message}`;
    offer("sign-in");
  });
} else {
  offer("sign-in");
}
