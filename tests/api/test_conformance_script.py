"""The lines of api.md 9.1 about users, as far as no other file holds them: the numbers are those of the lines."""

from typing import Any

import pytest

from app_client_authz.domain.client_spec import RefreshTokenRotation
from app_client_authz.domain.pool import PoolSpec
from app_client_authz.domain.secret_hash import secret_hash
from tests.support.aws import Wire, output, refusal
from tests.support.clock import MovableClock
from tests.support.outbox import newest_code
from tests.support.site import PASSWORD, USERNAME, Registered, Site, claims

FLOWS = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
REFRESH_REVOKED = ("NotAuthorizedException", "Refresh Token has been revoked")
ACCESS_REVOKED = ("NotAuthorizedException", "Access Token has been revoked")
DISABLED = ("NotAuthorizedException", "User is disabled.")
REUSED = ("RefreshTokenReuseException", "Refresh token reuse detected")
SAID_NOTHING = ("NotAuthorizedException", None)


@pytest.fixture
def app_client(site: Site) -> Registered:
    return site.client(explicit_auth_flows=FLOWS)


def public(wire: Wire, operation: str, **members: Any) -> Any:
    """The answer to somebody without an access key."""
    return wire(operation, members, signed=False)


def sign_in(wire: Wire, client: Registered, name: str = USERNAME, **more: str) -> Any:
    given = {"USERNAME": name, "PASSWORD": PASSWORD, **more}
    return public(wire, "InitiateAuth", ClientId=client.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)


def tokens_of(wire: Wire, client: Registered, name: str = USERNAME, **more: str) -> dict[str, str]:
    return dict(output(sign_in(wire, client, name, **more))["AuthenticationResult"])


def refresh(wire: Wire, client: Registered, token: str, **more: str) -> Any:
    given = {"REFRESH_TOKEN": token, **more}
    return public(wire, "InitiateAuth", ClientId=client.client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=given)


def rotate(wire: Wire, client: Registered, token: str) -> Any:
    return public(wire, "GetTokensFromRefreshToken", ClientId=client.client_id, RefreshToken=token)


def rotated(wire: Wire, client: Registered, token: str) -> str:
    return str(output(rotate(wire, client, token))["AuthenticationResult"]["RefreshToken"])


def get_user(wire: Wire, tokens: dict[str, str]) -> Any:
    return public(wire, "GetUser", AccessToken=tokens["AccessToken"])


def test_line_3_deleted_client_is_named_to_who_signs_in(wire: Wire, site: Site, app_client: Registered) -> None:
    wire("DeleteUserPoolClient", {"UserPoolId": site.pool.id, "ClientId": app_client.client_id})

    gone = f"User pool client {app_client.client_id} does not exist."
    assert refusal(sign_in(wire, app_client)) == ("ResourceNotFoundException", gone)


def test_line_4_bodies_are_empty_or_an_object(wire: Wire, app_client: Registered, clock: MovableClock) -> None:
    revoked = public(
        wire, "RevokeToken", ClientId=app_client.client_id, Token=tokens_of(wire, app_client)["RefreshToken"]
    )
    signed_out = public(wire, "GlobalSignOut", AccessToken=tokens_of(wire, app_client)["AccessToken"])
    clock.advance(1)
    deleted = public(wire, "DeleteUser", AccessToken=tokens_of(wire, app_client)["AccessToken"])

    bodies = [(answer.status_code, answer.data) for answer in (revoked, signed_out, deleted)]
    assert bodies == [(200, b"{}"), (200, b"{}"), (200, b"")]


@pytest.mark.parametrize("names", ["usernames", "addresses"])
def test_line_11_refresh_is_proved_with_the_name_that_tokens_bear(wire: Wire, site: Site, names: str) -> None:
    """In pools with addresses as usernames that is the sub, and at the sign-in the address as it was sent."""
    services, name = site.services, USERNAME if names == "usernames" else "lee@example.com"
    owner = site.user
    if names == "addresses":
        site.pool = services.pools.create(PoolSpec(name="addresses", username_attributes=("email",)))
        owner = services.users.create(site.pool.id, name, {}, password=PASSWORD, permanent=True)
    client = site.client(generate_secret=True, explicit_auth_flows=FLOWS, allowed_oauth_scopes=("openid",))
    assert client.secret is not None

    def proof(of: str) -> dict[str, str]:
        return {"SECRET_HASH": secret_hash(str(client.secret), of, client.client_id)}

    token = tokens_of(wire, client, name, **proof(name))["RefreshToken"]

    assert output(refresh(wire, client, token, **proof(owner.username)))["AuthenticationResult"]["AccessToken"]
    wrong = ("NotAuthorizedException", f"Unable to verify secret hash for client {client.client_id}")
    others = {"nobody", name} - {owner.username}
    assert {refusal(refresh(wire, client, token, **proof(other))) for other in others} == {wrong}


def test_line_13_revocation_ends_all_that_one_sign_in_gave(wire: Wire, app_client: Registered) -> None:
    first, other = tokens_of(wire, app_client), tokens_of(wire, app_client)
    later = output(refresh(wire, app_client, first["RefreshToken"]))["AuthenticationResult"]

    for _ in range(2):
        assert output(public(wire, "RevokeToken", ClientId=app_client.client_id, Token=first["RefreshToken"])) == {}

    assert refusal(refresh(wire, app_client, first["RefreshToken"])) == REFRESH_REVOKED
    assert [refusal(get_user(wire, tokens)) for tokens in (first, later)] == [ACCESS_REVOKED] * 2
    assert output(get_user(wire, other))["Username"] == USERNAME
    assert output(refresh(wire, app_client, other["RefreshToken"]))


def test_line_15_disabled_user_is_said_to_be_so_and_then_has_lost_every_token(
    wire: Wire, site: Site, app_client: Registered
) -> None:
    tokens, who = tokens_of(wire, app_client), {"UserPoolId": site.pool.id, "Username": USERNAME}

    assert output(wire("AdminDisableUser", who)) == {}
    answers = [sign_in(wire, app_client), get_user(wire, tokens), refresh(wire, app_client, tokens["RefreshToken"])]
    assert [refusal(answer) for answer in answers] == [DISABLED] * 3
    assert output(wire("AdminEnableUser", who)) == {}

    assert refusal(get_user(wire, tokens)) == ACCESS_REVOKED
    assert refusal(refresh(wire, app_client, tokens["RefreshToken"])) == REFRESH_REVOKED


@pytest.fixture
def rotating(site: Site, request: pytest.FixtureRequest) -> Registered:
    """A client with rotation and the given seconds of grace."""
    return site.client(
        explicit_auth_flows=FLOWS[:1], refresh_token_rotation=RefreshTokenRotation("ENABLED", request.param)
    )


@pytest.mark.parametrize("rotating", [0], indirect=True)
def test_line_16_without_grace_a_superseded_token_ends_its_line(wire: Wire, rotating: Registered) -> None:
    first = tokens_of(wire, rotating)
    second = rotated(wire, rotating, first["RefreshToken"])
    third = rotated(wire, rotating, second)
    # Access tokens of earlier generations stay good.
    assert output(get_user(wire, first))["Username"] == USERNAME

    assert refusal(rotate(wire, rotating, second)) == REUSED

    # Cognito lets the newest token live on: docs/explanation/differences.md.
    assert refusal(rotate(wire, rotating, third)) == SAID_NOTHING
    assert refusal(get_user(wire, first)) == ACCESS_REVOKED


@pytest.mark.parametrize("rotating", [4], indirect=True)
def test_line_16_with_grace_a_retry_gets_a_token_of_the_same_line(
    wire: Wire, rotating: Registered, clock: MovableClock
) -> None:
    first = tokens_of(wire, rotating)["RefreshToken"]
    displaced = rotated(wire, rotating, first)
    clock.advance(3)
    retried = rotated(wire, rotating, first)
    assert len({first, displaced, retried}) == 3
    # Cognito ends the displaced one: docs/explanation/differences.md.
    newest = rotated(wire, rotating, displaced)

    # The clock of the grace period does not start anew, and an ancestor has none left.
    assert refusal(rotate(wire, rotating, first)) == REUSED
    assert [refusal(rotate(wire, rotating, token)) for token in (retried, newest)] == [SAID_NOTHING] * 2


@pytest.mark.parametrize("rotating", [0, 4], indirect=True)
def test_line_16_any_token_of_a_line_revokes_it(wire: Wire, rotating: Registered) -> None:
    tokens = tokens_of(wire, rotating)
    newest = rotated(wire, rotating, tokens["RefreshToken"])

    public(wire, "RevokeToken", ClientId=rotating.client_id, Token=tokens["RefreshToken"])

    # To a client that rotates, no word is said.
    assert refusal(rotate(wire, rotating, newest)) == SAID_NOTHING
    assert refusal(get_user(wire, tokens)) == ACCESS_REVOKED


def test_line_16_rotation_can_begin_with_tokens_that_are_out(wire: Wire, site: Site, app_client: Registered) -> None:
    first = tokens_of(wire, app_client)["RefreshToken"]
    assert "RefreshToken" not in output(rotate(wire, app_client, first))["AuthenticationResult"]
    changed = {"ExplicitAuthFlows": list(FLOWS[:1]), "RefreshTokenRotation": {"Feature": "ENABLED"}}
    output(wire("UpdateUserPoolClient", {"UserPoolId": site.pool.id, "ClientId": app_client.client_id, **changed}))

    assert rotated(wire, app_client, first) != first
    by_flow = ("UnsupportedOperationException", "This API does not support refresh token rotation")
    assert refusal(refresh(wire, app_client, "not even looked at")) == by_flow


IMMUTABLE = "user.custom:badge: Attribute cannot be updated.\n"


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"custom:badge": "8"}, IMMUTABLE),
        ({"custom:nothing": "1"}, "user.custom:nothing: Attribute does not exist in the schema.\n"),
        ({"birthdate": "31 December"}, "user.birthdate: String must be no longer than 10 characters\n"),
        ({"sub": "1"}, "Cannot modify the non-mutable attribute sub"),
        ({"phone_number_verified": "true"}, "Cannot modify the non-mutable attribute phone_number_verified"),
    ],
)
def test_line_19_user_who_changes_one_attribute_wrongly_changes_none(
    wire: Wire, site: Site, app_client: Registered, changes: dict[str, str], message: str
) -> None:
    badge = {"Name": "badge", "AttributeDataType": "String", "Mutable": False}
    output(wire("AddCustomAttributes", {"UserPoolId": site.pool.id, "CustomAttributes": [badge]}))
    tokens = tokens_of(wire, app_client)
    before = output(get_user(wire, tokens))

    given = [{"Name": name, "Value": value} for name, value in {"nickname": "K", **changes}.items()]
    answer = public(wire, "UpdateUserAttributes", AccessToken=tokens["AccessToken"], UserAttributes=given)

    assert refusal(answer) == ("InvalidParameterException", message)
    assert output(get_user(wire, tokens)) == before


def test_line_19_last_of_two_values_counts_and_an_empty_one_deletes(wire: Wire, app_client: Registered) -> None:
    tokens = tokens_of(wire, app_client)

    def update(*pairs: tuple[str, str]) -> dict[str, str]:
        given = [{"Name": name, "Value": value} for name, value in pairs]
        output(public(wire, "UpdateUserAttributes", AccessToken=tokens["AccessToken"], UserAttributes=given))
        return {each["Name"]: each["Value"] for each in output(get_user(wire, tokens))["UserAttributes"]}

    assert update(("birthdate", "much too long"), ("birthdate", "1990-01-01"))["birthdate"] == "1990-01-01"
    assert "birthdate" not in update(("birthdate", ""))


def test_line_22_namesake_of_a_deleted_user_gets_nothing_for_the_old_tokens(
    wire: Wire, site: Site, app_client: Registered
) -> None:
    site.services.pools.replace(site.pool.id, PoolSpec(name="demo", auto_verified_attributes=("email",)))
    tokens = tokens_of(wire, app_client)
    assert public(wire, "DeleteUser", AccessToken=tokens["AccessToken"]).status_code == 200
    mail = [{"Name": "email", "Value": "kim@example.com"}]
    named = {"ClientId": app_client.client_id, "Username": USERNAME}
    made = output(public(wire, "SignUp", **named, Password=PASSWORD, UserAttributes=mail))
    unconfirmed = refusal(get_user(wire, tokens))
    code = newest_code(site, USERNAME)
    assert output(public(wire, "ConfirmSignUp", **named, ConfirmationCode=code)) == {}

    assert made["UserSub"] != site.user.sub
    assert unconfirmed == ("UserNotConfirmedException", "User is not confirmed.")
    assert refusal(get_user(wire, tokens)) == ("NotAuthorizedException", "Invalid access token.")
    deleted = ("NotAuthorizedException", "The user has been deleted for the associated refresh token")
    assert refusal(refresh(wire, app_client, tokens["RefreshToken"])) == deleted


def test_line_24_without_revocation_tokens_name_no_sign_in(wire: Wire, site: Site) -> None:
    client = site.client(explicit_auth_flows=FLOWS, enable_token_revocation=False)
    tokens = tokens_of(wire, client)

    answer = public(wire, "RevokeToken", ClientId=client.client_id, Token=tokens["RefreshToken"])

    not_enabled = ("UnsupportedOperationException", "This feature is not enabled for this client")
    assert refusal(answer) == not_enabled
    assert not {"jti", "origin_jti"} & claims(tokens["IdToken"]).keys()
    assert {"jti", "origin_jti"} & claims(tokens["AccessToken"]).keys() == {"jti"}
