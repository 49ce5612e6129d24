"""/oauth2/userInfo: who may ask, and what is told (endpoints.md 4 and 5.4; R16, R18, UIF-1 to UIF-5)."""

import base64
import hmac
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from app_client_authz.domain.schema import SchemaAttribute
from app_client_authz.domain.user import User
from tests.support.back_channel import TOKEN, USERINFO, change, token, userinfo
from tests.support.clock import MovableClock
from tests.support.site import PREFIX, Registered, Site, claims

MISSING = {"error": "invalid_request", "error_description": "Bad OAuth2 request at UserInfo Endpoint"}
DEAD = {
    "error": "invalid_token",
    "error_description": "Access token is expired, disabled, or deleted, or the user has globally signed out.",
}
NO_OPENID = "Access token does not contain openid scope"
ATTRIBUTES = {
    "email": "lee@example.com",
    "email_verified": "true",
    "phone_number": "+15555550100",
    "phone_number_verified": "false",
    "name": "Lee Ä",
    "given_name": "Lee",
    "address": "1 Road",
    "updated_at": "1700000000",
    "custom:tier": "7",
    "custom:secret": "hidden",
}
READABLE = (
    *("email", "email_verified", "phone_number", "phone_number_verified", "name", "given_name"),
    *("address", "updated_at", "custom:tier"),
)


def challenge_of(body: dict[str, str]) -> str:
    return f'error="{body["error"]}", error_description="{body["error_description"]}"'


# --- what is told -------------------------------------------------------------------------------------


@pytest.fixture(params=["site", "oidc_site"])
def either_site(request: pytest.FixtureRequest) -> Site:
    site: Site = request.getfixturevalue(request.param)
    return site


def everything(site: Site) -> tuple[User, Registered]:
    """A user with attributes of every kind, and a client that may read all but one."""
    tier = SchemaAttribute("tier", "Number", mutable=True, required=False)
    hidden = SchemaAttribute("secret", "String", mutable=True, required=False)
    site.services.pools.add_custom_attributes(site.pool.id, [tier, hidden])
    user = site.services.users.create(site.pool.id, "lee", ATTRIBUTES, password="Passw0rd!lee", permanent=True)
    scopes = ("openid", "email", "phone", "profile", "aws.cognito.signin.user.admin", "orders/read")
    return user, site.client(read_attributes=READABLE, allowed_oauth_scopes=scopes)


def tokens_of(site: Site, user: User, client: Registered, scope: str) -> dict[str, Any]:
    answer = site.browse(cookie=site.cookie(user)).get(site.authorize_url(client, scope=scope))
    code = answer.headers["Location"].partition("code=")[2].partition("&")[0]
    redeemed = token(
        site,
        client,
        grant_type="authorization_code",
        code=code,
        redirect_uri="https://app.example/cb",
        code_verifier="v" * 50,
    )
    assert redeemed.status_code == 200, redeemed.text
    return dict(redeemed.json)


AS_TEXTS = {name: value for name, value in ATTRIBUTES.items() if name in READABLE}
AS_TYPED = AS_TEXTS | {
    "email_verified": True,
    "phone_number_verified": False,
    "updated_at": 1700000000,
    "address": {"formatted": "1 Road"},
}
EMAIL, PHONE = {"email", "email_verified"}, {"phone_number", "phone_number_verified"}
PROFILE = {"name", "given_name", "address", "updated_at", "custom:tier"}
SHOWN = [
    ("openid", EMAIL | PHONE | PROFILE, set()),
    ("openid orders/read", EMAIL | PHONE | PROFILE, set()),
    ("openid aws.cognito.signin.user.admin", EMAIL | PHONE | PROFILE, set()),
    ("openid email", EMAIL, EMAIL),
    ("openid phone", PHONE, PHONE),
    ("openid profile", PROFILE, PROFILE),
    ("openid email phone", EMAIL | PHONE, EMAIL | PHONE),
    ("openid email profile orders/read", EMAIL | PROFILE, EMAIL | PROFILE),
    ("openid email phone profile", EMAIL | PHONE | PROFILE, EMAIL | PHONE | PROFILE),
]


@pytest.mark.compliance("OIDC Core", "5.4", "scopes ask for claims")
@pytest.mark.attack("R16")
@pytest.mark.parametrize("scope, cognito, oidc", SHOWN, ids=[row[0] for row in SHOWN])
def test_one_filter_decides_what_id_token_and_userinfo_show(
    either_site: Site, scope: str, cognito: set[str], oidc: set[str]
) -> None:
    site, is_oidc = either_site, either_site.services.dialects.default.name == "oidc"
    user, client = everything(site)
    expected = oidc if is_oidc else cognito
    tokens = tokens_of(site, user, client, scope)
    answer = userinfo(site, tokens["access_token"])
    assert answer.status_code == 200
    told = answer.json
    assert (told.pop("sub"), told.pop("username")) == (user.sub, "lee")
    typed = AS_TYPED if is_oidc else AS_TEXTS
    assert told == {name: typed[name] for name in expected}
    identity = claims(tokens["id_token"])
    assert {name: identity[name] for name in identity if name in ATTRIBUTES} == {
        name: AS_TYPED[name] for name in expected
    }


def test_read_attributes_unset_show_every_attribute_of_the_schema(site: Site) -> None:
    user, _ = everything(site)
    client = site.client()
    tokens = tokens_of(site, user, client, "openid")
    assert userinfo(site, tokens["access_token"]).json == {"sub": user.sub, **ATTRIBUTES, "username": "lee"}


@pytest.mark.attack("R16")
def test_values_and_permissions_are_those_of_now(site: Site) -> None:
    access_token = site.tokens(site.web, scope="openid email profile")["access_token"]
    site.services.users.update_attributes(site.pool.id, "kim", {"name": "Kim II", "given_name": "Kim"})
    assert userinfo(site, access_token).json["name"] == "Kim II"
    change(site, site.web, read_attributes=("given_name",))
    assert userinfo(site, access_token).json == {"sub": site.user.sub, "given_name": "Kim", "username": "kim"}


def test_a_missing_attribute_is_left_out(site: Site) -> None:
    site.services.users.update_attributes(site.pool.id, "kim", {"name": ""})
    told = userinfo(site, site.tokens(site.web, scope="openid profile")["access_token"]).json
    assert told == {"sub": site.user.sub, "username": "kim"}


@pytest.mark.compliance("OIDC Core", "5.3.1", "GET and POST")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_both_methods_answer_alike(site: Site, method: str) -> None:
    access_token = site.tokens(site.web)["access_token"]
    answer = site.browse().open(USERINFO, method=method, headers={"Authorization": f"Bearer {access_token}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "no-store" in answer.headers["Cache-Control"]
    assert json.loads(answer.data.decode()) == {
        "sub": site.user.sub,
        "email": "kim@example.com",
        "email_verified": "true",
        "username": "kim",
    }


def test_text_outside_ascii_is_utf_8(site: Site) -> None:
    user, client = everything(site)
    answer = userinfo(site, tokens_of(site, user, client, "openid profile")["access_token"])
    assert '"name":"Lee Ä"'.encode() in answer.data


def test_an_implicit_token_opens_userinfo_too(site: Site) -> None:
    url = site.authorize_url(site.implicit, without=("code_challenge", "code_challenge_method"), response_type="token")
    fragment = site.browse(signed_in=True).get(url).headers["Location"].partition("#")[2]
    access_token = dict(part.split("=", 1) for part in fragment.split("&"))["access_token"]
    assert "origin_jti" not in claims(access_token)
    assert userinfo(site, access_token).status_code == 200
    site.services.users.sign_out(site.pool.id, "kim")
    assert userinfo(site, access_token).status_code == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(site: Site, method: str) -> None:
    answer = site.browse().open(USERINFO, method=method)
    assert (answer.status_code, answer.data) == (405, b"")


def test_the_path_knows_case(site: Site) -> None:
    assert site.browse().get(f"{PREFIX}/oauth2/userinfo").status_code == 404


# --- no token -----------------------------------------------------------------------------------------

HEADERS = [
    None,
    "",
    "Bearer",
    "Bearer ",
    "Bearer  two-blanks",
    "Bearer a b",
    "Bearer a, Bearer b",
    "Basic a2ltOng=",
    "DPoP {token}",
    "Token {token}",
    "{token}",
]


@pytest.mark.parametrize("header", HEADERS)
def test_no_bearer_token_is_an_invalid_request_in_cognitos_words(site: Site, header: str | None) -> None:
    access_token = site.tokens(site.web)["access_token"]
    headers = {} if header is None else {"Authorization": header.format(token=access_token)}
    answer = site.browse().get(USERINFO, headers=headers)
    assert (answer.status_code, answer.json) == (400, MISSING)
    assert answer.headers["WWW-Authenticate"] == challenge_of(MISSING)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.compliance("RFC 6750", "3.1", "without authentication information no error code is given")
@pytest.mark.parametrize("header", HEADERS)
def test_in_the_oidc_dialect_no_bearer_token_is_a_bare_challenge(oidc_site: Site, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.format(token="x.y.z")}
    answer = oidc_site.browse().get(USERINFO, headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.compliance("RFC 6750", "2", "the URI query is not used")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_in_url_body_or_cookie_does_not_count(site: Site, method: str) -> None:
    access_token = site.tokens(site.web)["access_token"]
    browser = site.browse(signed_in=True)
    browser.set_cookie("access_token", access_token, path=PREFIX)
    in_url = browser.open(USERINFO, method=method, query_string={"access_token": access_token})
    in_body = browser.post(USERINFO, data={"access_token": access_token})
    assert in_url.status_code == in_body.status_code == 400


def test_the_scheme_knows_no_case(site: Site) -> None:
    access_token = site.tokens(site.web)["access_token"]
    answer = site.browse().get(USERINFO, headers={"Authorization": f"bEARER {access_token}"})
    assert answer.status_code == 200


# --- a bad token --------------------------------------------------------------------------------------


def altered(access_token: str, header: dict[str, Any] | None = None, payload: dict[str, Any] | None = None) -> str:
    """The token with another header or payload, its signature as it was."""
    parts = access_token.split(".")
    for place, wanted in ((0, header), (1, payload)):
        if wanted is not None:
            known = json.loads(base64.urlsafe_b64decode(parts[place] + "=="))
            text = json.dumps(known | wanted).encode()
            parts[place] = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    return ".".join(parts)


def forged(site: Site, access_token: str, how: str) -> str:
    tokens_payload = json.dumps(claims(access_token))
    header = json.loads(base64.urlsafe_b64decode(access_token.partition(".")[0] + "=="))
    ring = site.services.keys.ring(site.pool.id)
    public_pem = ring.public[header["kid"]].as_pem(private=False)
    foreign = RSAKey.generate_key(2048)
    own = ring.signing["access"].key
    match how:
        case "unsigned":
            return altered(access_token, header={"alg": "none"}).rpartition(".")[0] + "."
        case "HS256 under the public key":
            # By hand: joserfc refuses to take a public key for a shared secret.
            signed = altered(access_token, header={"alg": "HS256"}).rpartition(".")[0]
            mac = hmac.digest(public_pem, signed.encode(), "sha256")
            return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        case "another key":
            return jws.serialize_compact({"alg": "RS256", "kid": header["kid"]}, tokens_payload, foreign, ["RS256"])
        case "a key in the header":
            brought = {"alg": "RS256", "kid": header["kid"], "jwk": foreign.as_dict(private=False)}
            return jws.serialize_compact(brought, tokens_payload, foreign, ["RS256"])
        case "no kid":
            return jws.serialize_compact({"alg": "RS256"}, tokens_payload, own, ["RS256"])
        case "another client":
            return altered(access_token, payload={"client_id": site.spa.client_id})
        case "a longer life":
            return altered(access_token, payload={"exp": claims(access_token)["exp"] + 1})
        case "cut":
            return access_token[:-1]
        case "no token":
            return "x"
        case "parts":
            return "a.b.c"
        case "huge":
            return access_token + "A" * 20_000
    raise AssertionError(how)


FORGERIES = [
    *("unsigned", "HS256 under the public key", "another key", "a key in the header", "no kid", "another client"),
    *("a longer life", "cut", "no token", "parts", "huge"),
]


@pytest.mark.attack("R9")
@pytest.mark.compliance("RFC 6750", "3.1", "invalid_token")
@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_token_is_an_invalid_token(either_site: Site, how: str) -> None:
    site = either_site
    access_token = forged(site, site.tokens(site.web)["access_token"], how)
    answer = userinfo(site, access_token)
    assert (answer.status_code, answer.json) == (401, DEAD)
    scheme = "Bearer " if site.services.dialects.default.name == "oidc" else ""
    assert answer.headers["WWW-Authenticate"] == scheme + challenge_of(DEAD)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_another_kind_of_token_is_an_invalid_token(site: Site) -> None:
    tokens = site.tokens(site.web)
    for other in (tokens["id_token"], tokens["refresh_token"], site.code(site.web)):
        answer = userinfo(site, other)
        assert (answer.status_code, answer.json) == (401, DEAD)


@pytest.mark.parametrize("age, status", [(3599, 200), (3600, 401)])
def test_a_token_ends_at_exp_without_leeway(site: Site, clock: MovableClock, age: int, status: int) -> None:
    access_token = site.tokens(site.web)["access_token"]
    clock.advance(age)
    assert userinfo(site, access_token).status_code == status


@pytest.mark.attack("R18")
def test_a_deleted_clients_token_is_an_invalid_token(either_site: Site) -> None:
    access_token = either_site.tokens(either_site.web)["access_token"]
    either_site.services.app_clients.delete(either_site.pool.id, either_site.web.client_id)
    answer = userinfo(either_site, access_token)
    assert (answer.status_code, answer.json) == (401, DEAD)


@pytest.mark.attack("R18")
def test_a_deleted_pools_token_is_an_invalid_token(site: Site) -> None:
    access_token = site.tokens(site.web)["access_token"]
    site.services.pools.delete(site.pool.id)
    answer = userinfo(site, access_token)
    assert (answer.status_code, answer.json) == (401, DEAD)


@pytest.mark.attack("R18")
def test_a_withdrawn_keys_token_is_an_invalid_token(site: Site) -> None:
    access_token = site.tokens(site.web)["access_token"]
    site.services.keys.rotate(site.pool.id, at_once=True)
    fresh = site.tokens(site.web)["access_token"]
    assert userinfo(site, access_token).status_code == userinfo(site, fresh).status_code == 200
    for key in site.services.keys.of_pool(site.pool.id):
        if key.state == "retired":
            site.services.keys.withdraw(site.pool.id, key.kid)
    # What a process knows of keys, it may know for two seconds.
    site.services.keys._rings.clear()
    assert userinfo(site, access_token).status_code == 401
    assert userinfo(site, fresh).status_code == 200


@pytest.mark.attack("R23")
def test_a_token_under_another_base_url_is_an_invalid_token(site: Site) -> None:
    access_token = site.tokens(site.web)["access_token"]
    answer = site.browse().get(
        USERINFO, headers={"Authorization": f"Bearer {access_token}"}, base_url="http://127.0.0.1"
    )
    assert (answer.status_code, answer.json) == (401, DEAD)


# --- no openid ----------------------------------------------------------------------------------------


def machine_token(site: Site) -> str:
    answer = site.browse().post(TOKEN, data={"grant_type": "client_credentials"} | site.machine.credentials)
    return str(answer.json["access_token"])


@pytest.mark.parametrize("machine", [False, True])
def test_without_openid_it_is_an_invalid_token_in_cognitos_words(site: Site, machine: bool) -> None:
    access_token = machine_token(site) if machine else site.tokens(site.web, scope="email orders/read")["access_token"]
    answer = userinfo(site, access_token)
    assert answer.status_code == 401
    assert answer.json == {"error": "invalid_token", "error_description": NO_OPENID}
    assert answer.headers["WWW-Authenticate"] == challenge_of(answer.json)


@pytest.mark.compliance("RFC 6750", "3.1", "insufficient_scope is 403")
@pytest.mark.parametrize("machine", [False, True])
def test_without_openid_the_oidc_dialect_says_insufficient_scope(oidc_site: Site, machine: bool) -> None:
    site = oidc_site
    access_token = machine_token(site) if machine else site.tokens(site.web, scope="email orders/read")["access_token"]
    answer = userinfo(site, access_token)
    assert answer.status_code == 403
    assert answer.json == {"error": "insufficient_scope", "error_description": NO_OPENID}
    assert answer.headers["WWW-Authenticate"] == f'Bearer {challenge_of(answer.json)}, scope="openid"'
