"""Why something does not work: by the rules that the requests of the client are judged by."""

import shlex

from app_client_authz.domain import attributes, redirects, scopes
from app_client_authz.domain.client_rules import LOCAL_PROVIDER
from app_client_authz.domain.errors import InvalidParameter, InvalidScope
from app_client_authz.domain.shapes import plain
from app_client_authz.services import redirect_differences
from app_client_authz.services.doctor_case import Answer, Case, Verdict, each


def can_sign_in(case: Case) -> Answer:
    topic, question = "sign-in", "Can users sign in at the pages?"
    client = case.client
    if client.allows_flow("client_credentials"):
        text = "No, and they are not meant to: the client gets tokens for itself (client_credentials)."
        return Answer(topic, question, Verdict.INFO, text)
    missing = [face for face in ("oauth", "hosted_ui") if face not in case.settings.faces]
    if missing:
        text = f"No: AUTHZ_FACES leaves out {' and '.join(missing)}."
        return Answer(topic, question, Verdict.PROBLEM, text, "Add it to AUTHZ_FACES, or take the setting out.")
    lacks = [
        (lack, option)
        for absent, lack, option in (
            (not client.oauth_enabled, "OAuth is off", ("--oauth",)),
            (not case.signs_people_in, "it has no flow for users", ("--flow", "code")),
            (not client.callback_urls, "it has no callback URL", ("--callback-url", "URL")),
            (not client.scopes, "it has no scope", ("--scope", "openid")),
            (
                LOCAL_PROVIDER not in client.identity_providers,
                f"{LOCAL_PROVIDER} is not among its identity providers",
                ("--identity-provider", LOCAL_PROVIDER),
            ),
        )
        if absent
    ]
    if lacks:
        text = f"No: {'; '.join(lack for lack, _ in lacks)}."
        command = case.update(*(word for _, option in lacks for word in option))
        return Answer(topic, question, Verdict.PROBLEM, text, command=command)
    reach = "" if case.settings.public_url else " From this machine only: AUTHZ_PUBLIC_URL is not set."
    return Answer(topic, question, Verdict.OK, f"Yes, with the pool's own users.{reach}")


def redirect_mismatch(case: Case) -> Answer | None:
    topic, question, sent = "redirect_mismatch", "Why redirect_mismatch?", case.redirect_uri
    registered = case.client.callback_urls
    if not registered:
        if not case.signs_people_in and sent is None:
            return None
        text = "Every redirect_uri is refused: the client has no callback URL."
        return Answer(topic, question, Verdict.PROBLEM, text, command=case.update("--callback-url", sent or "URL"))
    if sent is None:
        text = "redirect_uri has to be one of these, character by character; --redirect-uri URL compares."
        return Answer(topic, question, Verdict.INFO, text, details=registered)
    if redirects.matches(sent, registered):
        return Answer(topic, question, Verdict.OK, "This redirect_uri is registered, character by character.")
    meant = redirect_differences.nearest(sent, registered)
    differs = "; ".join(redirect_differences.differences(sent, meant))
    text = f"This redirect_uri is not registered. What differs from the nearest: {differs}."
    lines = redirect_differences.pointer(sent, meant)
    try:
        redirects.check(sent)
    except InvalidParameter as error:
        remedy = f"Send the registered one; this one cannot be registered: {error.message}"
        return Answer(topic, question, Verdict.PROBLEM, text, remedy, details=lines)
    remedy = "Send the registered one, or register this one too:"
    command = case.update(*each("--callback-url", (*registered, sent)))
    return Answer(topic, question, Verdict.PROBLEM, text, remedy, command, lines)


def refresh_token(case: Case) -> Answer:
    topic, question, client = "refresh-token", "Does it get a refresh token?", case.client
    if client.allows_flow("client_credentials"):
        text = "No: client_credentials never gives one. The client asks for a new access token instead."
        return Answer(topic, question, Verdict.INFO, text)
    if not (client.oauth_enabled and client.allows_flow("code")):
        reason = "the implicit flow never gives one" if client.allows_flow("implicit") else "it has no code flow"
        if not client.oauth_enabled:
            reason = "OAuth is off"
        command = case.update("--oauth", "--flow", "code")
        return Answer(topic, question, Verdict.PROBLEM, f"No: {reason}.", command=command)
    asking = "is ignored" if case.dialect.ignores_offline_access else "is refused as invalid_scope"
    text = f"Yes, with every code: nobody has to ask for it, and the scope offline_access {asking}."
    if client.allows_flow("implicit"):
        text += " With response_type=token: never."
    return Answer(topic, question, Verdict.OK, text)


def id_token(case: Case) -> Answer:
    topic, question, client = "id-token", "Does it get an ID token?", case.client
    if client.allows_flow("client_credentials"):
        return Answer(topic, question, Verdict.INFO, "No: there is no user whom an ID token could speak of.")
    if scopes.OPENID not in client.scopes:
        return Answer(
            topic,
            question,
            Verdict.PROBLEM,
            "No: openid is not among the client's scopes.",
            command=case.update(*each("--scope", (*client.scopes, scopes.OPENID))),
        )
    if scopes.OPENID not in case.obtainable:
        text = "No: the request asks for scopes without openid."
        return Answer(topic, question, Verdict.PROBLEM, text, "Ask for openid too, or leave the scope parameter out.")
    if not client.allows_flow("code") and not case.dialect.implicit_gives_id_token:
        text = f"No: in the {case.dialect.name} dialect response_type=token gives an access token only."
        return Answer(topic, question, Verdict.PROBLEM, text, "Use the code flow with PKCE.")
    return Answer(topic, question, Verdict.OK, "Yes, where openid is among the scopes that are asked for.")


def invalid_scope(case: Case) -> Answer:
    topic, question, client = "invalid_scope", "Why invalid_scope?", case.client
    gone = [scope for scope in client.scopes if scope not in scopes.BUILT_IN and scope not in case.live_scopes]
    wrong = {} if case.scope is None else _wrong_scopes(case, case.scope)
    if wrong:
        people = () if client.allows_flow("client_credentials") else scopes.BUILT_IN
        known = all(scope in people or scope in case.live_scopes for scope in wrong)
        command = case.update(*each("--scope", (*client.scopes, *wrong))) if known else None
        remedy = f"It may ask for: {' '.join(client.scopes) or 'nothing'}."
        text = "; ".join(wrong.values()) + "."
        return Answer(topic, question, Verdict.PROBLEM, text, remedy, command)
    if gone:
        text = f"No token carries what no resource server has any more: {' '.join(gone)}."
        command = shlex.join(("flask", "authz", "resource-server", "list", case.pool.id))
        return Answer(topic, question, Verdict.PROBLEM, text, command=command)
    if case.granted is None:
        text = "The parameter has to be scopes with single spaces between them."
        if not client.scopes:
            text = "The client has no scope that it could get."
        return Answer(topic, question, Verdict.PROBLEM, text)
    given = " ".join(case.granted) or "nothing"
    text = f"It may ask for any of its scopes; without the parameter it gets all: {given}."
    if case.scope is not None:
        text = f"This request is fine and gets: {given}."
    return Answer(topic, question, Verdict.OK, text)


def _wrong_scopes(case: Case, text: str) -> dict[str, str]:
    """What the client may not ask for, and why."""
    try:
        asked = scopes.parse(text)
    except InvalidScope:
        return {}
    ignored = set(case.dialect.ignored_scopes)
    found = {}
    for scope in asked:
        if scope in case.client.scopes or scope in ignored:
            continue
        if case.client.allows_flow("client_credentials") and scope in scopes.BUILT_IN:
            found[scope] = f"{scope} is a user's, and client_credentials has none"
        elif scope in scopes.BUILT_IN or scope in case.live_scopes:
            found[scope] = f"{scope} is not among the client's scopes"
        else:
            hint = ": spaces divide scopes, not commas" if "," in scope else ""
            found[scope] = f"{plain(scope)} exists in no resource server of the pool{hint}"
    return found


def email_claim(case: Case) -> Answer | None:
    topic, question, client = "email", "Does it see the e-mail address?", case.client
    if not case.signs_people_in:
        return None
    read, obtainable = client.spec.read_attributes, case.obtainable
    shown = attributes.visible(
        {"email": "ann@example.com"}, read_attributes=read, scopes=obtainable, pool=case.pool, dialect=case.dialect
    )
    if "email" in shown:
        text = "Yes. If the claim is missing, the user has no address: see 'flask authz user describe'."
        return Answer(topic, question, Verdict.OK, text)
    if "email" not in attributes.readable_names(read, case.pool):
        command = case.update(*each("--read-attribute", (*(read or ()), "email", "email_verified")))
        text = "No: email is not among the client's read attributes."
        return Answer(topic, question, Verdict.PROBLEM, text, command=command)
    text = f"No: that takes the scopes openid and email, and the request gets {' '.join(obtainable) or 'none'}."
    if {"openid", "email"}.issubset(client.scopes):
        return Answer(topic, question, Verdict.PROBLEM, text, "Ask for both.")
    command = case.update(*each("--scope", (*client.scopes, "openid", "email")))
    return Answer(topic, question, Verdict.PROBLEM, text, command=command)


def invalid_grant(case: Case) -> Answer | None:
    topic, question, client = "invalid_grant", "Why invalid_grant at the exchange of a code?", case.client
    if not case.signs_people_in:
        return None
    read = client.spec.read_attributes
    if attributes.scopes_unreadable(case.obtainable, read):
        lacking = [
            name
            for scope in ("email", "phone")
            if scope in case.obtainable
            for name in sorted(attributes.OPENED_BY_SCOPE[scope].difference(read or ()))
        ]
        text = f"A scope opens attributes that the client may not read: {', '.join(lacking)}."
        command = case.update(*each("--read-attribute", (*(read or ()), *lacking)))
        return Answer(topic, question, Verdict.PROBLEM, text, command=command)
    if not client.allows_flow("code"):
        return None
    return Answer(
        topic,
        question,
        Verdict.INFO,
        "Nothing in the configuration causes it. A code is refused that"
        f" is older than {case.settings.code_lifetime_seconds} seconds, was used before, is another client's, comes"
        " with another redirect_uri than the sign-in, or without the code_verifier of its code_challenge; or whose"
        " user has been disabled or signed out since.",
    )


def invalid_client(case: Case) -> Answer:
    topic, question, client = "invalid_client", "Why invalid_client?", case.client
    if not client.confidential:
        text = "The client is public: it sends its client_id in the body, no secret and no Authorization header."
        return Answer(topic, question, Verdict.INFO, text)
    text = (
        "The client is confidential: it sends its secret in the body (client_secret_post) or as Basic"
        " credentials (client_secret_basic), never both."
    )
    if len(client.secrets) > 1:
        text += f" Either of its {len(client.secrets)} secrets does."
    command = shlex.join(("flask", "authz", "client", "describe", client.client_id, "--show-secret"))
    return Answer(topic, question, Verdict.INFO, text, command=command)
