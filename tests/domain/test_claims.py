"""Claims of tokens, in the order in which Cognito writes them."""

import dataclasses

import pytest

from app_client_authz.domain.claims import Grant, access_token, client_credentials, id_token
from app_client_authz.domain.client_spec import RefreshTokenRotation
from app_client_authz.domain.user import Group, User, UserStatus
from tests.domain.app_clients import CLIENT_ID, POOL_ID, machine_client, oauth_client

ISSUER = f"https://login.example/auth/{POOL_ID}"
NOW = 1_760_000_010.9
GRANT = Grant(("openid", "email"), NOW - 10, "origin", "event")
ROLE = "arn:aws:iam::123456789012:role/{}"
KIM = User(POOL_ID, "sub-of-kim", "kim", UserStatus.CONFIRMED)
MEMBER = dataclasses.replace(
    KIM,
    groups=(
        Group(POOL_ID, "admins", None, ROLE.format("a"), 1),
        Group(POOL_ID, "more", None, ROLE.format("a"), 2),
        Group(POOL_ID, "plain"),
    ),
)


def access(user: User = KIM, grant: Grant = GRANT, **members: object) -> dict[str, object]:
    return access_token(ISSUER, oauth_client(**members), user, grant, "jti", NOW)


def identity(
    user: User = KIM, grant: Grant = GRANT, attributes: dict[str, object] | None = None, **members: object
) -> dict[str, object]:
    return id_token(ISSUER, oauth_client(**members), user, attributes or {}, grant, "jti", NOW, at_hash="hash")


def test_machine_token_has_exactly_these_ten_claims() -> None:
    claims = client_credentials(ISSUER, machine_client(), ("orders/read", "orders/write"), "jti", NOW)

    assert list(claims.items()) == [
        ("sub", CLIENT_ID),
        ("token_use", "access"),
        ("scope", "orders/read orders/write"),
        ("auth_time", 1_760_000_010),
        ("iss", ISSUER),
        ("exp", 1_760_003_610),
        ("iat", 1_760_000_010),
        ("version", 2),
        ("jti", "jti"),
        ("client_id", CLIENT_ID),
    ]


def test_access_token_in_cognitos_order() -> None:
    assert list(access().items()) == [
        ("sub", "sub-of-kim"),
        ("iss", ISSUER),
        ("version", 2),
        ("client_id", CLIENT_ID),
        ("origin_jti", "origin"),
        ("event_id", "event"),
        ("token_use", "access"),
        ("scope", "openid email"),
        ("auth_time", 1_760_000_000),
        ("exp", 1_760_003_610),
        ("iat", 1_760_000_010),
        ("jti", "jti"),
        ("username", "kim"),
    ]


def test_groups_come_second_and_resource_becomes_the_audience() -> None:
    claims = access(MEMBER, dataclasses.replace(GRANT, resource="https://api.example"))

    assert list(claims)[:6] == ["sub", "cognito:groups", "iss", "version", "client_id", "aud"]
    assert (claims["cognito:groups"], claims["aud"]) == (["admins", "more", "plain"], "https://api.example")


@pytest.mark.attack("R11")
def test_access_token_holds_no_attribute() -> None:
    claims = access(dataclasses.replace(KIM, attributes={"email": "kim@example.com", "name": "Kim"}))

    assert "kim@example.com" not in map(str, claims.values())
    assert "Kim" not in claims.values()


def test_id_token_in_cognitos_order() -> None:
    attributes: dict[str, object] = {
        "email": "kim@example.com",
        "email_verified": True,
        "phone_number_verified": False,
        "name": "Kim",
    }
    claims = identity(MEMBER, dataclasses.replace(GRANT, nonce="n"), attributes)

    assert list(claims) == [
        "at_hash",
        "sub",
        "cognito:groups",
        "email_verified",
        "cognito:preferred_role",
        "iss",
        "phone_number_verified",
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
        "name",
    ]
    assert claims["cognito:roles"] == [ROLE.format("a")]
    assert claims["cognito:preferred_role"] == ROLE.format("a")
    assert (claims["email_verified"], claims["phone_number_verified"]) == (True, False)
    assert (claims["aud"], claims["token_use"], claims["cognito:username"]) == (CLIENT_ID, "id", "kim")


def test_false_stays_and_absent_is_left_out() -> None:
    claims = identity(attributes={"email_verified": False})

    assert claims["email_verified"] is False
    assert not {"nonce", "cognito:groups", "cognito:roles", "cognito:preferred_role", "identities"} & set(claims)


@pytest.mark.attack("R16")
def test_attribute_cannot_replace_a_claim_of_ours() -> None:
    stolen: dict[str, object] = {"sub": "admin", "aud": "other", "token_use": "access", "cognito:groups": ["admins"]}
    claims = identity(attributes=stolen)

    assert (claims["sub"], claims["aud"], claims["token_use"]) == ("sub-of-kim", CLIENT_ID, "id")
    assert "cognito:groups" not in claims


@pytest.mark.parametrize(
    "members, tracked",
    [
        ({}, True),
        ({"enable_token_revocation": False}, False),
        ({"enable_token_revocation": False, "refresh_token_rotation": RefreshTokenRotation("ENABLED", 0)}, True),
    ],
)
def test_session_is_named_only_where_tokens_can_be_revoked(members: dict[str, object], tracked: bool) -> None:
    assert ("origin_jti" in access(**members)) is tracked
    assert {"origin_jti", "jti"}.issubset(identity(**members)) is tracked
    assert "jti" in access(**members)


def test_implicit_tokens_have_no_session_behind_them() -> None:
    grant = Grant(("openid",), NOW)

    assert not {"origin_jti", "event_id"} & {*access(grant=grant), *identity(grant=grant)}


def test_lifetimes_are_the_clients() -> None:
    assert access(access_token_validity=2)["exp"] == 1_760_000_010 + 7200
    assert identity(id_token_validity=3)["exp"] == 1_760_000_010 + 10_800
