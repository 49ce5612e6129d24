"""An authorization request, judged in order."""

import pytest

from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.authorization import AuthorizationRequest, judge
from app_client_authz.domain.dialect import COGNITO, OIDC, Dialect
from app_client_authz.domain.errors import (
    AuthorizationError,
    AuthzError,
    FlowNotAllowed,
    InvalidAuthorizationRequest,
    MissingParameters,
    OAuthNotEnabled,
    RedirectableError,
    RedirectMismatch,
    ScopeNotAllowed,
    UnknownClient,
    UnsupportedResponseType,
)
from tests.domain.app_clients import CALLBACK, CLIENT_ID, SCOPES, make, oauth_client, user_pool

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def ask(client: AppClient | None = None, dialect: Dialect = COGNITO, **parameters: str | None) -> AuthorizationRequest:
    given = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", **parameters}
    params = {name: value for name, value in given.items() if value is not None}
    return judge(params, client or oauth_client(), user_pool(), dialect, SCOPES)


def test_plain_request_gets_all_scopes_of_the_client() -> None:
    request = ask(state="s", nonce="n", login_hint="kim", max_age="0", identity_provider="COGNITO")

    assert request.scopes == (
        *("aws.cognito.signin.user.admin", "phone", "openid", "profile", "email"),
        *("orders/write", "orders/read"),
    )
    assert (request.state, request.nonce, request.login_hint) == ("s", "n", "kim")
    assert (request.max_age, request.provider, request.in_fragment) == (0, "COGNITO", False)


@pytest.mark.attack("R1")
@pytest.mark.parametrize("missing", ["client_id", "redirect_uri"])
def test_request_without_client_or_callback_stays_on_our_page(missing: str) -> None:
    with pytest.raises(MissingParameters):
        ask(**{missing: None})
    with pytest.raises(MissingParameters):
        ask(**{missing: ""})


@pytest.mark.attack("R1")
def test_unknown_client_stays_on_our_page() -> None:
    with pytest.raises(UnknownClient):
        judge({"client_id": CLIENT_ID, "redirect_uri": CALLBACK}, None, None, COGNITO, ())


@pytest.mark.attack("R2")
@pytest.mark.parametrize(
    "uri",
    [
        CALLBACK + "/",
        CALLBACK + "?x=1",
        CALLBACK + "#x",
        CALLBACK.upper(),
        CALLBACK.replace("https", "http"),
        "https://app.example.evil.example/callback",
        "https://app.example@evil.example/callback",
        "https://app.example/other/../callback",
        "javascript:alert(1)",
        " " + CALLBACK,
    ],
)
@pytest.mark.parametrize("other", [{}, {"response_type": "nonsense"}, {"scope": "nonsense"}, {"prompt": "none"}])
def test_callback_that_is_not_registered_stays_on_our_page_whatever_else_is_wrong(
    uri: str, other: dict[str, str]
) -> None:
    with pytest.raises(RedirectMismatch) as refused:
        ask(redirect_uri=uri, **other)
    assert not isinstance(refused.value, RedirectableError)


@pytest.mark.attack("R1")
def test_client_with_oauth_switched_off_stays_on_our_page() -> None:
    off = make(callback_urls=(CALLBACK,))

    with pytest.raises(OAuthNotEnabled) as refused:
        ask(off)
    assert isinstance(refused.value, AuthorizationError)
    assert not isinstance(refused.value, RedirectableError)


PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
REFUSALS: list[tuple[dict[str, str | None], type[RedirectableError]]] = [
    ({"response_type": None}, InvalidAuthorizationRequest),
    ({"response_type": "id_token"}, UnsupportedResponseType),
    ({"response_type": "code token"}, UnsupportedResponseType),
    ({"response_type": "Code"}, UnsupportedResponseType),
    ({"response_type": "token"}, FlowNotAllowed),
    ({"scope": "openid nonsense"}, ScopeNotAllowed),
    ({"scope": "openid  email"}, ScopeNotAllowed),
    ({"scope": "offline_access"}, ScopeNotAllowed),
    ({"code_challenge": CHALLENGE}, InvalidAuthorizationRequest),
    ({"code_challenge_method": "S256"}, InvalidAuthorizationRequest),
    ({**PKCE, "code_challenge_method": "plain"}, InvalidAuthorizationRequest),
    ({"resource": "not a URL"}, InvalidAuthorizationRequest),
    ({"prompt": "none login"}, InvalidAuthorizationRequest),
    ({"max_age": "-1"}, InvalidAuthorizationRequest),
    ({"max_age": "1.5"}, InvalidAuthorizationRequest),
    ({"max_age": "٣"}, InvalidAuthorizationRequest),
    ({"max_age": "9" * 40}, InvalidAuthorizationRequest),
]


@pytest.mark.parametrize("parameters, kind", REFUSALS)
@pytest.mark.parametrize("dialect", [COGNITO, OIDC])
def test_other_refusals_travel_to_the_callback_with_the_state(
    parameters: dict[str, str | None], kind: type[RedirectableError], dialect: Dialect
) -> None:
    if dialect is OIDC and parameters.get("scope") == "offline_access":
        assert ask(dialect=OIDC, scope="openid offline_access").scopes == ("openid",)
        return
    with pytest.raises(kind) as refused:
        ask(dialect=dialect, state="st at/e", **parameters)

    target = refused.value.target
    assert type(refused.value) is kind
    assert (target.redirect_uri, target.state, target.dialect) == (CALLBACK, "st at/e", dialect)
    assert target.in_fragment is (parameters.get("response_type") == "token")


ORDER = [
    ({"response_type": None}, InvalidAuthorizationRequest),
    ({"response_type": "token"}, FlowNotAllowed),
    ({"scope": "nonsense"}, ScopeNotAllowed),
    ({"code_challenge": "short"}, InvalidAuthorizationRequest),
]


@pytest.mark.parametrize("position", range(len(ORDER) - 1))
def test_first_check_that_fails_names_the_error(position: int) -> None:
    parameters: dict[str, str | None] = {}
    for later, _ in reversed(ORDER[position:]):
        parameters.update(later)

    with pytest.raises(ORDER[position][1]) as refused:
        ask(**parameters)
    assert type(refused.value) is ORDER[position][1]


@pytest.mark.attack("R17")
def test_granted_scopes_are_what_was_asked_for_and_exists() -> None:
    assert ask(scope="email openid email").scopes == ("openid", "email")
    gone = judge(
        {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid orders/read"},
        oauth_client(),
        user_pool(),
        COGNITO,
        (),
    )
    assert gone.scopes == ("openid",)


@pytest.mark.attack("R4")
def test_client_that_requires_pkce_gets_no_code_without() -> None:
    strict = oauth_client(require_pkce=True)

    with pytest.raises(InvalidAuthorizationRequest):
        ask(strict)
    assert ask(strict, **PKCE).code_challenge == CHALLENGE


def test_unknown_prompts_are_left_out() -> None:
    assert ask(prompt="select_account nonsense").prompts == {"select_account"}


def test_implicit_answers_travel_in_the_fragment() -> None:
    client = oauth_client(allowed_oauth_flows=("implicit",))

    assert ask(client, response_type="token").in_fragment
    with pytest.raises(ScopeNotAllowed) as refused:
        ask(client, response_type="token", scope="nonsense")
    assert refused.value.target.in_fragment


def test_no_refusal_quotes_what_was_sent() -> None:
    with pytest.raises(AuthzError) as refused:
        ask(scope="<script>")
    assert "<script>" not in refused.value.message
