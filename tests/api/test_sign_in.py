"""Sign-in, refresh and revocation over the wire (api.md 4.4 to 4.12, 4.21, 4.30, 9.1)."""

import json
from typing import Any

import pytest

from app_client_authz.domain.secret_hash import secret_hash
from tests.support.aws import Wire
from tests.support.clock import MovableClock
from tests.support.site import PASSWORD, USERNAME, Registered, Site, claims

TEMPORARY = "Temp0rary-pass!"
FRESH = "Fresh-passw0rd!"
FLOWS = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")


@pytest.fixture
def app_client(site: Site) -> Registered:
    """A public client with the password flows."""
    return site.client(client_name="app", explicit_auth_flows=FLOWS)


def sign_in(cognito: Any, client: Registered, name: str = USERNAME, password: str = PASSWORD, **extra: str) -> Any:
    parameters = {"USERNAME": name, "PASSWORD": password, **extra}
    return cognito.initiate_auth(ClientId=client.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    """Code and message of the refusal."""
    with pytest.raises(Exception) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message", "")


def test_password_gives_tokens_as_recorded(cognito: Any, site: Site, app_client: Registered) -> None:
    answer = sign_in(cognito, app_client)

    result = answer["AuthenticationResult"]
    assert answer["ChallengeParameters"] == {}
    assert "ChallengeName" not in answer
    assert (result["ExpiresIn"], result["TokenType"]) == (3600, "Bearer")
    access, identity = claims(result["AccessToken"]), claims(result["IdToken"])
    assert access.keys() == {
        *("sub", "iss", "client_id", "origin_jti", "event_id", "token_use", "scope", "auth_time", "exp", "iat"),
        *("jti", "username"),
    }
    assert access["scope"] == "aws.cognito.signin.user.admin"
    assert access["event_id"] == answer["ResponseMetadata"]["RequestId"] == identity["event_id"]
    assert access["origin_jti"] == identity["origin_jti"]
    assert (identity["email"], identity["email_verified"]) == ("kim@example.com", True)
    assert "at_hash" not in identity


def test_admin_form_signs_in_too_and_each_form_keeps_to_its_flow(
    cognito: Any, pool_id: str, app_client: Registered
) -> None:
    parameters = {"USERNAME": USERNAME, "PASSWORD": PASSWORD}
    by_admin = cognito.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=app_client.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters=parameters,
    )

    assert by_admin["AuthenticationResult"]["AccessToken"]
    not_supported = ("InvalidParameterException", "Initiate Auth method not supported.")
    assert not_supported == refused(
        cognito.initiate_auth,
        ClientId=app_client.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters=parameters,
    )
    assert refused(
        cognito.admin_initiate_auth,
        UserPoolId="us-east-1_nowhere00",
        ClientId=app_client.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters=parameters,
    ) == ("ResourceNotFoundException", "User pool us-east-1_nowhere00 does not exist.")


def test_client_of_another_pool_is_not_in_this_one(cognito: Any, pool_id: str) -> None:
    assert refused(
        cognito.admin_initiate_auth, UserPoolId=pool_id, ClientId="unknown", AuthFlow="ADMIN_USER_PASSWORD_AUTH"
    ) == ("ResourceNotFoundException", f"User pool client unknown does not exist in user pool {pool_id}.")


@pytest.mark.parametrize(
    "flow, message",
    [
        ("USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH flow not enabled for this client"),
        ("USER_AUTH", "USER_AUTH flow not enabled for this client"),
    ],
)
def test_flow_that_is_not_enabled_is_refused_before_its_parameters(
    cognito: Any, site: Site, flow: str, message: str
) -> None:
    answer = refused(cognito.initiate_auth, ClientId=site.client().client_id, AuthFlow=flow, AuthParameters={})

    assert answer == ("InvalidParameterException", message)


@pytest.mark.parametrize(
    "parameters, missing",
    [({}, "USERNAME"), ({"USERNAME": "", "PASSWORD": "x"}, "USERNAME"), ({"USERNAME": "kim"}, "PASSWORD")],
)
def test_missing_parameters_are_named(
    cognito: Any, app_client: Registered, parameters: dict[str, str], missing: str
) -> None:
    answer = refused(
        cognito.initiate_auth,
        ClientId=app_client.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters=parameters,
    )

    assert answer == ("InvalidParameterException", f"Missing required parameter {missing}")


def test_authorization_header_of_a_public_operation_is_ignored(wire: Wire, app_client: Registered) -> None:
    body = {
        "ClientId": app_client.client_id,
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": USERNAME, "PASSWORD": PASSWORD},
    }

    answer = wire("InitiateAuth", body, signed=False, Authorization="garbage, and worse")

    assert answer.status_code == 200
    assert json.loads(answer.data)["AuthenticationResult"]["AccessToken"]


def test_unknown_user_and_wrong_password_differ_only_where_the_client_says_so(cognito: Any, site: Site) -> None:
    shows = site.client(explicit_auth_flows=FLOWS)
    hides = site.client(explicit_auth_flows=FLOWS, prevent_user_existence_errors="ENABLED")
    wrong = ("NotAuthorizedException", "Incorrect username or password.")

    def answer(client: Registered, name: str) -> tuple[str, str]:
        return refused(lambda: sign_in(cognito, client, name, "Wrong-passw0rd!"))

    assert answer(shows, "nobody") == ("UserNotFoundException", "User does not exist.")
    assert answer(shows, USERNAME) == answer(hides, USERNAME) == answer(hides, "nobody") == wrong


def test_secret_client_proves_its_secret_before_anyone_looks_at_the_user(cognito: Any, site: Site) -> None:
    client = site.client(generate_secret=True, explicit_auth_flows=FLOWS)
    assert client.secret is not None
    right = secret_hash(client.secret, USERNAME, client.client_id)

    assert sign_in(cognito, client, SECRET_HASH=right)["AuthenticationResult"]["AccessToken"]
    missing = f"Client {client.client_id} is configured with secret but SECRET_HASH was not received"
    assert refused(lambda: sign_in(cognito, client, "nobody")) == ("NotAuthorizedException", missing)
    wrong = f"Unable to verify secret hash for client {client.client_id}"
    assert refused(lambda: sign_in(cognito, client, "nobody", SECRET_HASH=right)) == ("NotAuthorizedException", wrong)


def test_second_secret_is_as_good_as_the_first(cognito: Any, site: Site) -> None:
    client = site.client(generate_secret=True, explicit_auth_flows=FLOWS)
    added = cognito.add_user_pool_client_secret(UserPoolId=site.pool.id, ClientId=client.client_id)
    second = added["ClientSecretDescriptor"]["ClientSecretValue"]

    answer = sign_in(cognito, client, SECRET_HASH=secret_hash(second, USERNAME, client.client_id))

    assert answer["AuthenticationResult"]["AccessToken"]


def test_temporary_password_leads_through_a_new_one_to_tokens_once(
    cognito: Any, pool_id: str, app_client: Registered
) -> None:
    cognito.admin_create_user(UserPoolId=pool_id, Username="lee", TemporaryPassword=TEMPORARY, MessageAction="SUPPRESS")

    challenge = sign_in(cognito, app_client, "lee", TEMPORARY)

    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert challenge["ChallengeParameters"] == {
        "USER_ID_FOR_SRP": "lee",
        "requiredAttributes": "[]",
        "userAttributes": "{}",
    }

    def respond(password: str, **changes: Any) -> Any:
        given = {
            "ClientId": app_client.client_id,
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": challenge["Session"],
            "ChallengeResponses": {"USERNAME": "lee", "NEW_PASSWORD": password},
        }
        return cognito.respond_to_auth_challenge(**(given | changes))

    weak = ("InvalidPasswordException", "Password does not conform to policy: Password not long enough")
    assert refused(respond, password="short") == weak
    other = {"USERNAME": USERNAME, "NEW_PASSWORD": FRESH}
    assert refused(respond, password=FRESH, ChallengeResponses=other) == (
        "NotAuthorizedException",
        "Invalid session for the user.",
    )
    tokens = respond(FRESH)
    assert tokens["AuthenticationResult"]["AccessToken"]
    assert tokens["ChallengeParameters"] == {}
    once = ("NotAuthorizedException", "Invalid session for the user, session can only be used once.")
    assert refused(respond, password=FRESH) == once
    assert sign_in(cognito, app_client, "lee", FRESH)["AuthenticationResult"]


def test_session_ends_after_three_minutes(
    site: Site, wire: Wire, cognito: Any, app_client: Registered, clock: MovableClock
) -> None:
    site.services.users.create(site.pool.id, "lee", {}, password=TEMPORARY)
    session = sign_in(cognito, app_client, "lee", TEMPORARY)["Session"]
    clock.advance(180)

    answer = wire(
        "RespondToAuthChallenge",
        {
            "ClientId": app_client.client_id,
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": session,
            "ChallengeResponses": {"USERNAME": "lee", "NEW_PASSWORD": FRESH},
        },
        signed=False,
    )

    assert json.loads(answer.data)["message"] == "Invalid session for the user, session is expired."


def test_refresh_keeps_what_the_sign_in_was(cognito: Any, app_client: Registered) -> None:
    first = sign_in(cognito, app_client)["AuthenticationResult"]

    answer = cognito.initiate_auth(
        ClientId=app_client.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": first["RefreshToken"]},
    )

    second = answer["AuthenticationResult"]
    assert second.keys() == {"AccessToken", "ExpiresIn", "IdToken", "TokenType"}
    before, after = claims(first["AccessToken"]), claims(second["AccessToken"])
    for kept in ("origin_jti", "event_id", "auth_time", "scope", "username"):
        assert before[kept] == after[kept]
    assert before["jti"] != after["jti"]
    assert claims(second["IdToken"])["email"] == "kim@example.com"


def test_refresh_tokens_are_refused_as_recorded(cognito: Any, site: Site, app_client: Registered) -> None:
    token = sign_in(cognito, app_client)["AuthenticationResult"]["RefreshToken"]
    other = site.client(explicit_auth_flows=FLOWS)

    def refresh(client: Registered, value: str) -> tuple[str, str]:
        return refused(
            cognito.initiate_auth,
            ClientId=client.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": value},
        )

    assert refresh(other, token) == ("NotAuthorizedException", "Refresh Token has different Client")
    assert refresh(app_client, "unknown") == ("NotAuthorizedException", "Invalid Refresh Token")
    site.services.users.disable(site.pool.id, USERNAME)
    assert refresh(app_client, token) == ("NotAuthorizedException", "User is disabled.")
    site.services.users.enable(site.pool.id, USERNAME)
    assert refresh(app_client, token) == ("NotAuthorizedException", "Refresh Token has been revoked")
    site.services.users.delete(site.pool.id, USERNAME)
    deleted = "The user has been deleted for the associated refresh token"
    assert refresh(app_client, token) == ("NotAuthorizedException", deleted)


def test_secret_client_learns_why_a_refresh_token_gives_nothing(cognito: Any, site: Site) -> None:
    client = site.client(generate_secret=True, explicit_auth_flows=FLOWS)
    assert client.secret is not None
    proof = secret_hash(client.secret, USERNAME, client.client_id)
    token = sign_in(cognito, client, SECRET_HASH=proof)["AuthenticationResult"]["RefreshToken"]
    site.services.users.delete(site.pool.id, USERNAME)

    def refresh(value: str, **more: str) -> tuple[str, str]:
        parameters = {"REFRESH_TOKEN": value, **more}
        return refused(
            cognito.initiate_auth,
            ClientId=client.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters=parameters,
        )

    deleted = "The user has been deleted for the associated refresh token"
    assert refresh(token, SECRET_HASH=proof) == ("NotAuthorizedException", deleted)
    assert refresh("unknown", SECRET_HASH=proof) == ("NotAuthorizedException", "Invalid Refresh Token")
    missing = f"Client {client.client_id} is configured with secret but SECRET_HASH was not received"
    assert refresh(token) == ("NotAuthorizedException", missing)


@pytest.mark.attack("R23")
def test_refresh_token_of_another_pool_is_nothing_here(cognito: Any, site: Site, app_client: Registered) -> None:
    token = sign_in(cognito, app_client)["AuthenticationResult"]["RefreshToken"]
    pool = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName="other", ExplicitAuthFlows=list(FLOWS))

    answer = refused(
        cognito.get_tokens_from_refresh_token, ClientId=made["UserPoolClient"]["ClientId"], RefreshToken=token
    )

    assert answer == ("NotAuthorizedException", "Invalid Refresh Token")


def test_client_without_the_refresh_flow_gets_nothing_for_a_refresh_token(cognito: Any, site: Site) -> None:
    client = site.client(explicit_auth_flows=("ALLOW_USER_PASSWORD_AUTH",))
    token = sign_in(cognito, client)["AuthenticationResult"]["RefreshToken"]

    answer = refused(cognito.get_tokens_from_refresh_token, ClientId=client.client_id, RefreshToken=token)

    assert answer == ("InvalidParameterException", "Auth flow not enabled for this client")


def test_rotation_that_is_switched_off_and_on_again_goes_on_from_the_newest_token(cognito: Any, site: Site) -> None:
    pool, flows = site.pool.id, ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    made = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="rotating",
        ExplicitAuthFlows=flows[:1],
        RefreshTokenRotation={"Feature": "ENABLED"},
    )["UserPoolClient"]["ClientId"]
    parameters = {"USERNAME": USERNAME, "PASSWORD": PASSWORD}
    first = cognito.initiate_auth(ClientId=made, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)

    def get(token: str) -> Any:
        return cognito.get_tokens_from_refresh_token(ClientId=made, RefreshToken=token)["AuthenticationResult"]

    def rotate(feature: str, *explicit: str) -> None:
        cognito.update_user_pool_client(
            UserPoolId=pool,
            ClientId=made,
            ExplicitAuthFlows=list(explicit),
            RefreshTokenRotation={"Feature": feature},
        )

    parent = first["AuthenticationResult"]["RefreshToken"]
    newest = get(parent)["RefreshToken"]
    rotate("DISABLED", *flows)
    assert "RefreshToken" not in get(newest)
    assert refused(get, token=parent) == ("NotAuthorizedException", "Refresh Token has been revoked")
    rotate("ENABLED", *flows[:1])
    assert get(newest)["RefreshToken"] != newest


def test_rotation_is_left_to_get_tokens_from_refresh_token(cognito: Any, site: Site) -> None:
    flows = ["ALLOW_USER_PASSWORD_AUTH"]
    made = cognito.create_user_pool_client(
        UserPoolId=site.pool.id,
        ClientName="rotating",
        ExplicitAuthFlows=flows,
        RefreshTokenRotation={"Feature": "ENABLED"},
    )["UserPoolClient"]["ClientId"]
    first = cognito.initiate_auth(
        ClientId=made, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": USERNAME, "PASSWORD": PASSWORD}
    )["AuthenticationResult"]["RefreshToken"]

    by_flow = refused(
        cognito.initiate_auth, ClientId=made, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": first}
    )
    answer = cognito.get_tokens_from_refresh_token(ClientId=made, RefreshToken=first)
    reused = refused(cognito.get_tokens_from_refresh_token, ClientId=made, RefreshToken=first)
    after = refused(
        cognito.get_tokens_from_refresh_token,
        ClientId=made,
        RefreshToken=answer["AuthenticationResult"]["RefreshToken"],
    )

    not_supported = "This API does not support refresh token rotation"
    assert by_flow == ("UnsupportedOperationException", not_supported)
    assert "ChallengeParameters" not in answer
    assert answer["AuthenticationResult"]["RefreshToken"] != first
    assert reused == ("RefreshTokenReuseException", "Refresh token reuse detected")
    # Reuse ends the token session, here as at the token endpoint (docs/explanation/differences.md).
    assert after == ("NotAuthorizedException", "")


def test_revoked_refresh_token_ends_its_sign_in_and_no_other(cognito: Any, app_client: Registered) -> None:
    first, other = (sign_in(cognito, app_client)["AuthenticationResult"] for _ in range(2))

    revoked = [cognito.revoke_token(ClientId=app_client.client_id, Token=first["RefreshToken"]) for _ in range(2)]

    assert all(each.keys() == {"ResponseMetadata"} for each in revoked)
    assert refused(cognito.get_user, AccessToken=first["AccessToken"]) == (
        "NotAuthorizedException",
        "Access Token has been revoked",
    )
    assert cognito.get_user(AccessToken=other["AccessToken"])["Username"] == USERNAME


def test_revocation_says_no_in_its_own_words(cognito: Any, site: Site, app_client: Registered) -> None:
    tokens = sign_in(cognito, app_client)["AuthenticationResult"]
    off = site.client(explicit_auth_flows=FLOWS, enable_token_revocation=False)
    secret = site.client(generate_secret=True)

    def answer(client_id: str, token: str = "any", **more: str) -> tuple[str, str]:
        return refused(cognito.revoke_token, ClientId=client_id, Token=token, **more)

    nobody = ("UnauthorizedException", "Invalid client or secret")
    assert answer("unknown") == answer(secret.client_id) == nobody
    assert answer(secret.client_id, ClientSecret="w" * 30) == nobody
    assert answer(off.client_id) == ("UnsupportedOperationException", "This feature is not enabled for this client")
    unsupported = ("UnsupportedTokenTypeException", "Unsupported token type")
    assert answer(app_client.client_id, tokens["AccessToken"]) == unsupported


def test_oauth_endpoints_and_the_api_share_refresh_tokens(cognito: Any, site: Site) -> None:
    client = site.client(explicit_auth_flows=FLOWS)
    oauth = site.tokens(client)

    answer = cognito.get_tokens_from_refresh_token(ClientId=client.client_id, RefreshToken=oauth["refresh_token"])

    assert claims(answer["AuthenticationResult"]["AccessToken"])["scope"] == "openid email"
    assert claims(answer["AuthenticationResult"]["AccessToken"])["version"] == 2
