"""What tokens say, in Cognito's words and order (endpoints.md 5)."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from app_client_authz.domain.client_spec import RefreshTokenRotation, TokenValidityUnits
from app_client_authz.domain.schema import SchemaAttribute
from app_client_authz.domain.user import Group
from tests.support.clock import MovableClock
from tests.support.site import PREFIX, Registered, Site, claims, location

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ROLE = "arn:aws:iam::123456789012:role/{}"
EVERYTHING = {
    "phone_number": "+15555550100",
    "phone_number_verified": "false",
    "given_name": "Kim",
    "birthdate": "2001-02-03",
    "address": "1 Main Street",
    "updated_at": "1790000000",
    "custom:tier": "7",
    "custom:flag": "true",
}


def raw_payload(token: str) -> str:
    return base64.urlsafe_b64decode(token.split(".")[1] + "==").decode()


def implicit(site: Site, client: Registered, **params: str) -> dict[str, str]:
    url = site.authorize_url(client, response_type="token", **params)
    return dict(location(site.browse(signed_in=True).get(url)))


def refreshed(site: Site, client: Registered, tokens: dict[str, Any]) -> dict[str, Any]:
    body = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]} | client.credentials
    answer = site.browse().post(f"{PREFIX}/oauth2/token", data=body)
    assert answer.status_code == 200
    return dict(answer.json)


def put_in_groups(site: Site, *groups: tuple[str, str | None, int | None]) -> None:
    for name, role, precedence in groups:
        arn = None if role is None else ROLE.format(role)
        site.services.groups.create(Group(site.pool.id, name, role_arn=arn, precedence=precedence))
        site.services.groups.add_member(site.pool.id, name, "kim")


def rich(site: Site) -> Site:
    """kim has every kind of attribute."""
    customs = [SchemaAttribute("tier", "Number", mutable=True), SchemaAttribute("flag", "Boolean", mutable=True)]
    site.services.pools.add_custom_attributes(site.pool.id, customs)
    site.services.users.update_attributes(site.pool.id, "kim", EVERYTHING)
    return site


ALL = ("openid", "email", "phone", "profile", "orders/read")

# --- the form (5.1) -----------------------------------------------------------------------------------


@pytest.mark.compliance("RFC 7515", "3.1", "JWS compact serialization")
def test_tokens_are_jws_with_cognitos_header_and_keys_of_their_own(site: Site) -> None:
    tokens = site.tokens(site.web)
    kids = []
    for name in ("id_token", "access_token"):
        header = base64.urlsafe_b64decode(tokens[name].split(".")[0] + "==").decode()
        kids.append(json.loads(header)["kid"])
        assert header == f'{{"kid":"{kids[-1]}","alg":"RS256"}}'
        assert re.fullmatch(r"[A-Za-z0-9+/]{43}=", kids[-1])
    assert kids[0] != kids[1]


def test_the_payload_is_compact_json_with_escaped_slashes(site: Site) -> None:
    payload = raw_payload(site.tokens(site.web, scope="openid orders/read")["access_token"])
    assert payload == json.dumps(json.loads(payload), separators=(",", ":")).replace("/", "\\/")
    assert '"scope":"openid orders\\/read"' in payload


# --- ID tokens ------------------------------------------------------------------------------------------


@pytest.mark.compliance("OIDC Core", "2", "ID token")
def test_the_id_token_of_a_code_has_cognitos_claims_in_cognitos_order(site: Site, clock: MovableClock) -> None:
    put_in_groups(site, ("admins", "Admin", 1), ("writers", "Writer", 2))
    now = int(clock())
    tokens = site.tokens(site.web, nonce="n-1")
    token = claims(tokens["id_token"])
    assert list(token) == [
        "at_hash",
        "sub",
        "cognito:groups",
        "email_verified",
        "cognito:preferred_role",
        "iss",
        "cognito:username",
        "nonce",
        "origin_jti",
        "cognito:roles",
        "aud",
        "event_id",
        "token_use",
        "auth_time",
        "exp",
        "iat",
        "jti",
        "email",
    ]
    access = claims(tokens["access_token"])
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert token == {
        "at_hash": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "sub": site.user.sub,
        "cognito:groups": ["admins", "writers"],
        "email_verified": True,
        "cognito:preferred_role": ROLE.format("Admin"),
        "iss": site.issuer,
        "cognito:username": "kim",
        "nonce": "n-1",
        "origin_jti": access["origin_jti"],
        "cognito:roles": [ROLE.format("Admin"), ROLE.format("Writer")],
        "aud": site.web.client_id,
        "event_id": access["event_id"],
        "token_use": "id",
        "auth_time": now,
        "exp": now + 3600,
        "iat": now,
        "jti": token["jti"],
        "email": "kim@example.com",
    }
    assert token["jti"] != access["jti"]
    for name in ("jti", "origin_jti", "event_id"):
        assert UUID.fullmatch(token[name])


def test_absent_values_are_absent_claims(site: Site) -> None:
    site.services.users.update_attributes(site.pool.id, "kim", {"email_verified": "false"})
    token = claims(site.tokens(site.web)["id_token"])
    assert not {"nonce", "cognito:groups", "cognito:roles", "cognito:preferred_role", "identities"} & token.keys()
    assert token["email_verified"] is False
    assert None not in token.values()


def test_the_implicit_id_token_stands_for_no_token_session(site: Site) -> None:
    put_in_groups(site, ("admins", "Admin", 1))
    tokens = implicit(site, site.implicit, nonce="n-1")
    expected = [
        *("at_hash", "sub", "cognito:groups", "email_verified", "cognito:preferred_role", "iss", "cognito:username"),
        *("nonce", "cognito:roles", "aud", "token_use", "auth_time", "exp", "iat", "email"),
    ]
    assert list(claims(tokens["id_token"])) == expected
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims(tokens["id_token"])["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.compliance("OIDC Core", "12.2", "a refreshed ID token keeps iss, sub, aud and auth_time")
def test_a_refreshed_id_token_keeps_what_belongs_to_the_sign_in(site: Site, clock: MovableClock) -> None:
    first = site.tokens(site.web, nonce="n-1")
    signed_in_at = int(clock())
    now = int(clock.advance(1000))
    before, after = claims(first["id_token"]), claims(refreshed(site, site.web, first)["id_token"])
    assert list(after) == [name for name in before if name not in {"at_hash", "nonce"}]
    kept = ("sub", "iss", "aud", "cognito:username", "origin_jti", "event_id", "email", "email_verified")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert (after["auth_time"], after["iat"], after["exp"]) == (signed_in_at, now, now + 3600)
    assert after["jti"] != before["jti"]


def test_a_refresh_reads_attributes_and_groups_anew(site: Site) -> None:
    first = site.tokens(site.web)
    put_in_groups(site, ("admins", None, None))
    site.services.users.update_attributes(site.pool.id, "kim", {"email": "new@example.com"})
    again = refreshed(site, site.web, first)
    assert claims(again["id_token"])["email"] == "new@example.com"
    assert claims(again["id_token"])["cognito:groups"] == claims(again["access_token"])["cognito:groups"] == ["admins"]


@pytest.mark.parametrize(
    "groups, preferred, roles",
    [
        ([("a", None, 1)], None, None),
        ([("a", "A", 1), ("b", "B", 2)], "A", ["A", "B"]),
        ([("a", "A", 1), ("b", "B", 1)], None, ["A", "B"]),
        ([("a", "A", 1), ("b", "A", 1)], "A", ["A"]),
        ([("a", "A", 0), ("b", "B", None)], "A", ["A", "B"]),
    ],
)
def test_roles_come_from_groups_and_a_tie_prefers_none(
    site: Site, groups: list[tuple[str, str | None, int | None]], preferred: str | None, roles: list[str] | None
) -> None:
    put_in_groups(site, *groups)
    token = claims(site.tokens(site.web)["id_token"])
    assert token["cognito:groups"] == [name for name, _, _ in groups]
    assert token.get("cognito:preferred_role") == (None if preferred is None else ROLE.format(preferred))
    assert token.get("cognito:roles") == (None if roles is None else [ROLE.format(role) for role in roles])


# --- attributes: types, scopes, ReadAttributes (5.2, 5.4) -------------------------------------------------

EMAIL = {"email", "email_verified"}
PHONE = {"phone_number", "phone_number_verified"}
PROFILE = {"name", "given_name", "birthdate", "address", "updated_at", "custom:tier", "custom:flag"}
SYSTEM = {
    *("at_hash", "sub", "iss", "cognito:username", "origin_jti", "aud", "event_id", "token_use", "auth_time", "exp"),
    *("iat", "jti"),
}


def test_attributes_have_the_types_of_an_id_token(site: Site) -> None:
    client = rich(site).client(allowed_oauth_scopes=ALL)
    token = claims(site.tokens(client, scope="openid email phone profile")["id_token"])
    assert token["email_verified"] is True
    assert token["phone_number_verified"] is False
    assert token["updated_at"] == 1790000000
    assert token["address"] == {"formatted": "1 Main Street"}
    assert (token["custom:tier"], token["custom:flag"]) == ("7", "true")
    assert (token["birthdate"], token["phone_number"]) == ("2001-02-03", "+15555550100")


@pytest.mark.attack("R16")
@pytest.mark.parametrize(
    "scope, cognito, oidc",
    [
        ("openid", EMAIL | PHONE | PROFILE, set()),
        ("openid orders/read", EMAIL | PHONE | PROFILE, set()),
        ("openid email", EMAIL, EMAIL),
        ("openid phone", PHONE, PHONE),
        ("openid profile", PROFILE, PROFILE),
        ("openid email phone", EMAIL | PHONE, EMAIL | PHONE),
        ("openid email phone profile", EMAIL | PHONE | PROFILE, EMAIL | PHONE | PROFILE),
    ],
)
@pytest.mark.parametrize("dialect", ["site", "oidc_site"])
def test_scopes_open_attributes(
    request: pytest.FixtureRequest, dialect: str, scope: str, cognito: set[str], oidc: set[str]
) -> None:
    site: Site = request.getfixturevalue(dialect)
    client = rich(site).client(allowed_oauth_scopes=ALL)
    tokens = site.tokens(client, scope=scope)
    expected = cognito if dialect == "site" else oidc
    assert claims(tokens["id_token"]).keys() - SYSTEM == expected
    answer = site.browse().get(
        f"{PREFIX}/oauth2/userInfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert answer.json.keys() - {"sub", "username"} == expected


@pytest.mark.attack("R16")
def test_read_attributes_filter_the_id_token(site: Site) -> None:
    client = rich(site).client(read_attributes=("email", "email_verified", "custom:tier"))
    assert claims(site.tokens(client, scope="openid")["id_token"]).keys() - SYSTEM == EMAIL | {"custom:tier"}
    assert claims(site.tokens(client, scope="openid profile")["id_token"]).keys() - SYSTEM == {"custom:tier"}


@pytest.mark.attack("R16")
def test_a_custom_attribute_cannot_take_the_place_of_a_claim(site: Site) -> None:
    customs = [SchemaAttribute(name, "String", mutable=True) for name in ("sub", "aud", "token_use")]
    site.services.pools.add_custom_attributes(site.pool.id, customs)
    site.services.users.update_attributes(site.pool.id, "kim", {"custom:sub": "admin", "custom:aud": "other"})
    token = claims(site.tokens(site.web, scope="openid")["id_token"])
    assert (token["sub"], token["aud"], token["token_use"]) == (site.user.sub, site.web.client_id, "id")
    assert token["custom:sub"] == "admin"


# --- access tokens ------------------------------------------------------------------------------------------


def test_the_access_token_of_a_code_has_cognitos_claims_in_cognitos_order(site: Site, clock: MovableClock) -> None:
    put_in_groups(rich(site), ("admins", "Admin", 1))
    now = int(clock())
    token = claims(site.tokens(site.web, nonce="n-1", scope="openid email profile")["access_token"])
    assert list(token) == [
        "sub",
        "cognito:groups",
        "iss",
        "version",
        "client_id",
        "origin_jti",
        "event_id",
        "token_use",
        "scope",
        "auth_time",
        "exp",
        "iat",
        "jti",
        "username",
    ]
    assert token == {
        "sub": site.user.sub,
        "cognito:groups": ["admins"],
        "iss": site.issuer,
        "version": 2,
        "client_id": site.web.client_id,
        "origin_jti": token["origin_jti"],
        "event_id": token["event_id"],
        "token_use": "access",
        "scope": "openid profile email",
        "auth_time": now,
        "exp": now + 3600,
        "iat": now,
        "jti": token["jti"],
        "username": "kim",
    }


def test_the_implicit_access_token_has_an_order_of_its_own(site: Site) -> None:
    put_in_groups(site, ("admins", None, None))
    token = claims(implicit(site, site.implicit)["access_token"])
    assert list(token) == [
        *("sub", "cognito:groups", "token_use", "scope", "auth_time", "iss", "exp", "iat", "version", "jti"),
        *("client_id", "username"),
    ]


def test_a_refreshed_access_token_keeps_what_belongs_to_the_sign_in(site: Site, clock: MovableClock) -> None:
    first = site.tokens(site.web, resource="https://api.example/")
    now = int(clock.advance(1000))
    before, after = claims(first["access_token"]), claims(refreshed(site, site.web, first)["access_token"])
    assert list(after) == list(before)
    assert after == before | {"iat": now, "exp": now + 3600, "jti": after["jti"]}
    assert after["jti"] != before["jti"]


@pytest.mark.compliance("RFC 6749", "4.4.3", "access token response of client credentials")
def test_a_machines_access_token_has_exactly_ten_claims_in_cognitos_order(site: Site, clock: MovableClock) -> None:
    body = {"grant_type": "client_credentials", "scope": "orders/write orders/read"}
    answer = site.browse().post(f"{PREFIX}/oauth2/token", data=body, auth=site.machine.auth)
    token, now = claims(answer.json["access_token"]), int(clock())
    assert list(token.items()) == [
        ("sub", site.machine.client_id),
        ("token_use", "access"),
        ("scope", "orders/write orders/read"),
        ("auth_time", now),
        ("iss", site.issuer),
        ("exp", now + 3600),
        ("iat", now),
        ("version", 2),
        ("jti", token["jti"]),
        ("client_id", site.machine.client_id),
    ]
    assert UUID.fullmatch(token["jti"])


@pytest.mark.parametrize("rotation", [None, "ENABLED"])
@pytest.mark.parametrize("revocation", [True, False])
def test_token_sessions_are_named_where_revocation_or_rotation_is_on(
    site: Site, *, revocation: bool, rotation: str | None
) -> None:
    client = site.client(
        enable_token_revocation=revocation,
        refresh_token_rotation=None if rotation is None else RefreshTokenRotation(rotation),
    )
    tokens = site.tokens(client)
    named = revocation or rotation == "ENABLED"
    id_token, access_token = claims(tokens["id_token"]), claims(tokens["access_token"])
    assert ("origin_jti" in id_token, "jti" in id_token, "origin_jti" in access_token) == (named,) * 3
    assert "jti" in access_token
    assert "event_id" in access_token


@pytest.mark.attack("R16")
def test_access_tokens_hold_no_personal_data(site: Site) -> None:
    client = rich(site).client(allowed_oauth_scopes=ALL)
    for token in (site.tokens(client)["access_token"], implicit(site, site.implicit)["access_token"]):
        payload = raw_payload(token)
        for value in ("kim@example.com", "+15555550100", "Main Street", "2001-02-03", "custom:"):
            assert value not in payload


def test_every_token_has_a_jti_of_its_own(site: Site) -> None:
    tokens = [site.tokens(site.web) for _ in range(5)]
    names = [claims(one[name])["jti"] for one in tokens for name in ("id_token", "access_token")]
    assert len(set(names)) == 10


def test_lifetimes_of_the_client_count(site: Site, clock: MovableClock) -> None:
    units = TokenValidityUnits(access_token="minutes", id_token="seconds", given=True)
    client = site.client(access_token_validity=10, id_token_validity=900, token_validity_units=units)
    tokens = site.tokens(client)
    assert tokens["expires_in"] == 600
    assert claims(tokens["access_token"])["exp"] == int(clock()) + 600
    assert claims(tokens["id_token"])["exp"] == int(clock()) + 900
