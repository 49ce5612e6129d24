"""What is in effect for a client, defaults included."""

from app_client_authz.services.doctor_case import Answer, Case, Verdict

_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


def lifetimes(case: Case) -> Answer:
    client = case.client
    text = f"Access tokens {_time(client.access_token_seconds)}"
    if not client.allows_flow("client_credentials"):
        text += f", ID tokens {_time(client.id_token_seconds)}, refresh tokens {_time(client.refresh_token_seconds)}"
    text += f"; a code {_time(case.settings.code_lifetime_seconds)}."
    return Answer("lifetimes", "How long do its tokens live?", Verdict.INFO, text)


def rotation(case: Case) -> Answer | None:
    topic, question, client = "rotation", "Do refresh tokens rotate?", case.client
    if not case.signs_people_in:
        return None
    if not client.rotation_enabled:
        text = "No: one refresh token serves until it expires or is revoked."
        return Answer(topic, question, Verdict.INFO, text)
    if client.grace_seconds:
        text = f"Yes: each refresh gives a new one, and the old one works for {_time(client.grace_seconds)} more"
    else:
        text = "Yes: each refresh gives a new one, and a client that asks twice at once loses its session"
    if case.dialect.reuse_ends_token_session:
        text += ". One that comes back later ends the whole token session"
    return Answer(topic, question, Verdict.INFO, f"{text}.")


def revocation(case: Case) -> Answer | None:
    topic, question = "revocation", "Can its refresh tokens be revoked?"
    if not case.signs_people_in:
        return None
    if case.client.revocation_enabled:
        text = "Yes, at /oauth2/revoke: the whole token session is dead at once."
        return Answer(topic, question, Verdict.OK, text)
    text = "No: /oauth2/revoke answers invalid_request."
    return Answer(topic, question, Verdict.PROBLEM, text, command=case.update("--token-revocation"))


def pkce(case: Case) -> Answer | None:
    topic, question, client = "pkce", "Does it need PKCE?", case.client
    if not client.allows_flow("code"):
        return None
    if client.requires_pkce or case.pool.spec.require_pkce:
        by = "client" if client.requires_pkce else "pool"
        text = f"Yes, the {by} requires it: an authorization request without code_challenge (S256) is refused."
        return Answer(topic, question, Verdict.OK, text)
    text = "It may use it (S256 only), and may leave it out."
    if client.confidential:
        return Answer(topic, question, Verdict.INFO, text)
    text += " A public client should not."
    return Answer(topic, question, Verdict.PROBLEM, text, command=case.update("--require-pkce"))


def sign_out(case: Case) -> Answer | None:
    topic, question, client = "sign-out", "Where may /logout lead?", case.client
    if not case.signs_people_in:
        return None
    if client.logout_urls:
        text = "To one of these as logout_uri, character by character."
        return Answer(topic, question, Verdict.OK, text, details=client.logout_urls)
    text = "No logout_uri is accepted; with redirect_uri it leads back to the sign-in."
    return Answer(topic, question, Verdict.INFO, text, command=case.update("--logout-url", "URL"))


def endpoints(case: Case) -> Answer:
    topic, question, base = "endpoints", "Which URLs does it use?", case.settings.public_url
    if base is None:
        text = "They follow the request, on this machine only: AUTHZ_PUBLIC_URL is not set."
        return Answer(topic, question, Verdict.INFO, text)
    urls = {
        "issuer": case.settings.issuers.of(base, case.pool.id),
        "discovery": f"{base}/{case.pool.id}/.well-known/openid-configuration",
        "authorize": f"{base}/oauth2/authorize",
        "token": f"{base}/oauth2/token",
        "userInfo": f"{base}/oauth2/userInfo",
        "revoke": f"{base}/oauth2/revoke",
        "logout": f"{base}/logout",
    }
    details = tuple(f"{name:9}  {url}" for name, url in urls.items())
    return Answer(topic, question, Verdict.INFO, "A library needs the issuer or discovery URL only.", details=details)


def _time(seconds: int) -> str:
    for unit, size in _UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit if seconds > size else unit.removesuffix('s')}"
    return f"{seconds} seconds"
