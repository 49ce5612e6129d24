"""Questions that people ask about an app client, answered by the rules that its requests are judged by."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app_client_authz.config import Settings
from app_client_authz.domain import attributes, redirects, scopes
from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.client_rules import LOCAL_PROVIDER
from app_client_authz.domain.dialect import Dialect
from app_client_authz.domain.errors import InvalidParameter, InvalidScope
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.shapes import plain
from app_client_authz.services import redirect_differences
from app_client_authz.services.registry import Services


class Verdict(StrEnum):
    """``INFO`` answers nothing that could be wrong."""

    OK = "ok"
    PROBLEM = "problem"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Answer:
    """``topic`` is stable; ``details`` are lines to show as they are; ``remedy`` is a command or an advice."""

    topic: str
    question: str
    verdict: Verdict
    text: str
    remedy: str | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A client with what its requests are judged by; ``redirect_uri`` and ``scope`` are those of a request."""

    registration: Registration
    dialect: Dialect
    live_scopes: frozenset[str]
    settings: Settings
    redirect_uri: str | None = None
    scope: str | None = None

    @property
    def client(self) -> AppClient:
        return self.registration.client

    @property
    def pool(self) -> UserPool:
        return self.registration.pool

    @property
    def signs_people_in(self) -> bool:
        return self.client.allows_flow("code") or self.client.allows_flow("implicit")

    @property
    def granted(self) -> tuple[str, ...] | None:
        """What the request's scope gives; None where it is refused."""
        ignored = ("offline_access",) if self.dialect.ignores_offline_access else ()
        try:
            if self.client.allows_flow("client_credentials"):
                return scopes.resolve_machine(self.scope, self.client, self.live_scopes)
            return scopes.resolve(self.scope, self.client, self.live_scopes, ignore=ignored)
        except InvalidScope:
            return None

    def update(self, *options: str) -> str:
        """The command that sets these options."""
        return " ".join(("flask authz client update", self.client.client_id, *options))


def examine(
    services: Services, registration: Registration, *, redirect_uri: str | None = None, scope: str | None = None
) -> list[Answer]:
    """An answer to each question; to some only if the request's ``redirect_uri`` or ``scope`` is known."""
    pool = registration.pool
    case = Case(
        registration, services.dialects.of(pool), services.live_scopes(pool), services.settings, redirect_uri, scope
    )
    return [answer for ask in QUESTIONS if (answer := ask(case)) is not None]


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
            (not client.oauth_enabled, "OAuth is off", "--oauth"),
            (not case.signs_people_in, "it has no flow for users", "--flow code"),
            (not client.callback_urls, "it has no callback URL", "--callback-url URL"),
            (not client.scopes, "it has no scope", "--scope openid"),
            (
                LOCAL_PROVIDER not in client.identity_providers,
                f"{LOCAL_PROVIDER} is not among its identity providers",
                f"--identity-provider {LOCAL_PROVIDER}",
            ),
        )
        if absent
    ]
    if lacks:
        text = f"No: {'; '.join(lack for lack, _ in lacks)}."
        return Answer(topic, question, Verdict.PROBLEM, text, case.update(*(option for _, option in lacks)))
    reach = "" if case.settings.public_url else " From this machine only: AUTHZ_PUBLIC_URL is not set."
    return Answer(topic, question, Verdict.OK, f"Yes, with the pool's own users.{reach}")


def redirect_mismatch(case: Case) -> Answer | None:
    topic, question, sent = "redirect_mismatch", "Why redirect_mismatch?", case.redirect_uri
    registered = case.client.callback_urls
    if not registered:
        if not case.signs_people_in and sent is None:
            return None
        text = "Every redirect_uri is refused: the client has no callback URL."
        return Answer(topic, question, Verdict.PROBLEM, text, case.update("--callback-url URL"))
    if sent is None:
        text = "redirect_uri has to be one of these, character by character; --redirect-uri URL compares."
        return Answer(topic, question, Verdict.INFO, text, details=registered)
    if redirects.matches(sent, registered):
        return Answer(topic, question, Verdict.OK, "This redirect_uri is registered, character by character.")
    meant = redirect_differences.nearest(sent, registered)
    differs = "; ".join(redirect_differences.differences(sent, meant))
    return Answer(
        topic,
        question,
        Verdict.PROBLEM,
        f"This redirect_uri is not registered. What differs from the nearest: {differs}.",
        _remedy_of_mismatch(case, sent),
        redirect_differences.pointer(sent, meant),
    )


def _remedy_of_mismatch(case: Case, sent: str) -> str:
    try:
        redirects.check(sent)
    except InvalidParameter as error:
        return f"Send the registered one; this one cannot be registered: {error.message}"
    everything = (f"--callback-url {url}" for url in (*case.client.callback_urls, sent))
    return f"Send the registered one, or register this one too: {case.update(*everything)}"


def refresh_token(case: Case) -> Answer:
    topic, question, client = "refresh-token", "Does it get a refresh token?", case.client
    if client.allows_flow("client_credentials"):
        text = "No: client_credentials never gives one. The client asks for a new access token instead."
        return Answer(topic, question, Verdict.INFO, text)
    if not (client.oauth_enabled and client.allows_flow("code")):
        reason = "the implicit flow never gives one" if client.allows_flow("implicit") else "it has no code flow"
        remedy = case.update("--oauth", "--flow code", "--callback-url URL")
        return Answer(topic, question, Verdict.PROBLEM, f"No: {reason}.", remedy)
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
            case.update(*(f"--scope {scope}" for scope in (*client.scopes, scopes.OPENID))),
        )
    if case.granted is not None and scopes.OPENID not in case.granted:
        text = "No: the request asks for scopes without openid."
        return Answer(topic, question, Verdict.PROBLEM, text, "Ask for openid too, or leave the scope parameter out.")
    if not client.allows_flow("code") and not case.dialect.implicit_gives_id_token:
        text = f"No: in the {case.dialect.name} dialect response_type=token gives an access token only."
        return Answer(topic, question, Verdict.PROBLEM, text, "Use the code flow with PKCE.")
    return Answer(topic, question, Verdict.OK, "Yes, where openid is among the scopes that are asked for.")


def invalid_scope(case: Case) -> Answer:
    topic, question, client = "invalid_scope", "Why invalid_scope?", case.client
    gone = [scope for scope in client.scopes if scope not in scopes.BUILT_IN and scope not in case.live_scopes]
    wrong = [] if case.scope is None else _wrong_scopes(case, case.scope)
    if wrong or case.granted is None:
        reasons = wrong or ["no scope is left that the client could get"]
        asked = client.scopes if wrong else ("<resource server>/<scope>",)
        remedy = f"Ask for {' '.join(asked) or 'nothing'} at most, or allow more: {case.update('--scope …')}"
        return Answer(topic, question, Verdict.PROBLEM, "; ".join(reasons) + ".", remedy)
    if gone:
        text = f"Left out without a word, because no resource server has it any more: {' '.join(gone)}."
        remedy = f"flask authz resource-server list {case.pool.id}"
        return Answer(topic, question, Verdict.PROBLEM, text, remedy)
    given = " ".join(case.granted) or "nothing"
    text = f"It may ask for any of its scopes; without the parameter it gets all: {given}."
    if case.scope is not None:
        text = f"This request is fine and gets: {given}."
    return Answer(topic, question, Verdict.OK, text)


def _wrong_scopes(case: Case, text: str) -> list[str]:
    try:
        asked = scopes.parse(text)
    except InvalidScope:
        return ["the parameter is not a list of scopes with single spaces between them"]
    ignored = {"offline_access"} if case.dialect.ignores_offline_access else set()
    found = []
    for scope in asked:
        if scope in ignored:
            continue
        if scope not in case.client.scopes:
            known = scope in scopes.BUILT_IN or scope in case.live_scopes
            hint = " (commas do not divide scopes)" if "," in scope else ""
            where = "is not among the client's scopes" if known else "exists in no resource server of the pool"
            found.append(f"{plain(scope)} {where}{hint}")
    return found


def email_claim(case: Case) -> Answer | None:
    topic, question, client = "email", "Why is there no email claim?", case.client
    if not case.signs_people_in:
        return None
    shown = attributes.visible(
        {"email": "ann@example.com"},
        read_attributes=client.spec.read_attributes,
        scopes=case.granted or (),
        pool=case.pool,
        dialect=case.dialect,
    )
    if "email" in shown:
        text = "The client sees it. If it is missing, the user has no e-mail address: flask authz user describe."
        return Answer(topic, question, Verdict.OK, text)
    if "email" not in attributes.readable_names(client.spec.read_attributes, case.pool):
        read = client.spec.read_attributes or ()
        options = (f"--read-attribute {name}" for name in dict.fromkeys((*read, "email", "email_verified")))
        text = "email is not among the client's read attributes."
        return Answer(topic, question, Verdict.PROBLEM, text, case.update(*options))
    text = "It needs the scopes openid and email, and the request gets: " + (" ".join(case.granted or ()) or "none")
    if {"openid", "email"}.issubset(client.scopes):
        return Answer(topic, question, Verdict.PROBLEM, f"{text}.", "Ask for openid and email.")
    wanted = dict.fromkeys((*client.scopes, "openid", "email"))
    return Answer(topic, question, Verdict.PROBLEM, f"{text}.", case.update(*(f"--scope {scope}" for scope in wanted)))


def invalid_grant(case: Case) -> Answer | None:
    topic, question, client = "invalid_grant", "Why invalid_grant at the exchange of a code?", case.client
    if not case.signs_people_in:
        return None
    read = client.spec.read_attributes
    if attributes.scopes_unreadable(case.granted or (), read):
        lacking = [
            name
            for scope in ("email", "phone")
            if scope in (case.granted or ())
            for name in sorted(attributes.OPENED_BY_SCOPE[scope].difference(read or ()))
        ]
        text = f"A scope opens attributes that the client may not read: {', '.join(lacking)}."
        options = (f"--read-attribute {name}" for name in (*(read or ()), *lacking))
        return Answer(topic, question, Verdict.PROBLEM, text, case.update(*options))
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
    remedy = f"flask authz client describe {client.client_id} --show-secret"
    return Answer(topic, question, Verdict.INFO, text, remedy)


QUESTIONS: tuple[Callable[[Case], Answer | None], ...] = (
    can_sign_in,
    redirect_mismatch,
    refresh_token,
    id_token,
    invalid_scope,
    email_claim,
    invalid_grant,
    invalid_client,
)
