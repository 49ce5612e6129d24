"""Sign-in with a remembered device: DEVICE_SRP_AUTH, DEVICE_PASSWORD_VERIFIER (api.md 3.8, 4.6 to 4.8)."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from app_client_authz.domain.secret_hash import secret_hash
from app_client_authz.domain.srp import N
from tests.support.clock import MovableClock
from tests.support.devices import PhysicalDevice
from tests.support.mfa import enrol
from tests.support.site import PASSWORD, USERNAME, Registered, Site, claims
from tests.support.srp import SrpClient, initiate

FLOWS = (
    *("ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"),
    "ALLOW_REFRESH_TOKEN_AUTH",
)
GONE = ("ResourceNotFoundException", "Device does not exist.")
WRONG = ("NotAuthorizedException", "Incorrect username or password.")
INVALID_SESSION = ("NotAuthorizedException", "Invalid session for the user.")
USED = ("NotAuthorizedException", "Invalid session for the user, session can only be used once.")
STRANGE = "us-east-1_00000000-0000-4000-8000-000000000000"
RESPONSES = ("DEVICE_KEY", "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP")


@pytest.fixture
def app_client(site: Site) -> Registered:
    return site.client(explicit_auth_flows=FLOWS)


@pytest.fixture
def remembered(local: Any, pool_id: str, app_client: Registered) -> PhysicalDevice:
    """Kim's device in a pool where devices stand in for second factors."""
    track(local, pool_id)
    return remember(local, app_client)


def track(cognito: Any, pool_id: str, *, stands_in: bool = True, **more: Any) -> None:
    configuration = {"ChallengeRequiredOnNewDevice": stands_in}
    cognito.update_user_pool(UserPoolId=pool_id, DeviceConfiguration=configuration, **more)


def remember(cognito: Any, client: Registered, name: str = USERNAME) -> PhysicalDevice:
    tokens = begin(cognito, client, name=name)["AuthenticationResult"]
    device = PhysicalDevice(tokens["NewDeviceMetadata"])
    device.confirm(cognito, tokens["AccessToken"])
    return device


def begin(cognito: Any, client: Registered, key: str | None = None, *, name: str = USERNAME) -> Any:
    """InitiateAuth with the password."""
    parameters = {"USERNAME": name, "PASSWORD": PASSWORD} | ({} if key is None else {"DEVICE_KEY": key})
    return cognito.initiate_auth(ClientId=client.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)


def respond(
    cognito: Any, client: Registered, challenge: str, responses: Mapping[str, str], session: str | None = None
) -> Any:
    more = {} if session is None else {"Session": session}
    return cognito.respond_to_auth_challenge(
        ClientId=client.client_id, ChallengeName=challenge, ChallengeResponses=dict(responses), **more
    )


def challenged(
    cognito: Any, client: Registered, device: PhysicalDevice, user: SrpClient, *, sends_session: bool = True
) -> Any:
    """The answer to DEVICE_SRP_AUTH."""
    given = begin(cognito, client, device.key)
    assert (given["ChallengeName"], given["ChallengeParameters"]) == ("DEVICE_SRP_AUTH", {})
    responses = {"USERNAME": USERNAME, "DEVICE_KEY": device.key, "SRP_A": user.a}
    return respond(cognito, client, "DEVICE_SRP_AUTH", responses, given["Session"] if sends_session else None)


def proof(user: SrpClient, given: Any, **more: Any) -> dict[str, str]:
    parameters = given["ChallengeParameters"]
    return user.responses(parameters, DEVICE_KEY=parameters["DEVICE_KEY"], **more)


def prove(cognito: Any, client: Registered, responses: Mapping[str, str], session: str | None = None) -> Any:
    return respond(cognito, client, "DEVICE_PASSWORD_VERIFIER", responses, session)


def refused(call: Any, *arguments: Any, **named: Any) -> tuple[str, str]:
    with pytest.raises(Exception) as caught:
        call(*arguments, **named)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message", "")


# --- the two steps --------------------------------------------------------------------------------


@pytest.mark.parametrize("sends_session", [True, False], ids=["with sessions", "without"])
def test_remembered_device_proves_itself_and_gets_tokens(
    cognito: Any, pool_id: str, app_client: Registered, clock: MovableClock, sends_session: bool
) -> None:
    track(cognito, pool_id)
    device = remember(cognito, app_client)
    clock.advance(60)
    user = device.srp()

    given = challenged(cognito, app_client, device, user, sends_session=sends_session)

    assert given["ChallengeName"] == "DEVICE_PASSWORD_VERIFIER"
    parameters = given["ChallengeParameters"]
    assert parameters.keys() == {"DEVICE_KEY", "SALT", "SECRET_BLOCK", "SRP_B", "USERNAME"}
    assert (parameters["DEVICE_KEY"], parameters["USERNAME"]) == (device.key, USERNAME)
    assert parameters["SALT"] == base64.b64decode(device.config["Salt"]).hex()
    answer = prove(cognito, app_client, proof(user, given, now=clock()), given["Session"] if sends_session else None)
    assert answer["ChallengeParameters"] == {}
    tokens = answer["AuthenticationResult"]
    assert "NewDeviceMetadata" not in tokens
    assert claims(tokens["AccessToken"])["device_key"] == device.key
    shown = cognito.get_device(AccessToken=tokens["AccessToken"], DeviceKey=device.key)["Device"]
    assert shown["DeviceLastAuthenticatedDate"].timestamp() == int(clock())
    assert (shown["DeviceLastAuthenticatedDate"] - shown["DeviceCreateDate"]).total_seconds() > 58
    refreshed = cognito.initiate_auth(
        ClientId=app_client.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"], "DEVICE_KEY": device.key},
    )
    assert claims(refreshed["AuthenticationResult"]["AccessToken"])["device_key"] == device.key


@pytest.mark.parametrize("named_at", ["InitiateAuth", "PASSWORD_VERIFIER", "both"])
def test_device_is_named_at_either_step_of_srp(
    local: Any, pool_id: str, app_client: Registered, remembered: PhysicalDevice, named_at: str
) -> None:
    first = {"DEVICE_KEY": remembered.key} if named_at != "PASSWORD_VERIFIER" else {}
    second = {"DEVICE_KEY": remembered.key} if named_at != "InitiateAuth" else {}
    kim, user = SrpClient(pool_id, PASSWORD), remembered.srp()

    asked = initiate(local, app_client.client_id, USERNAME, kim.a, **first)
    given = respond(local, app_client, "PASSWORD_VERIFIER", kim.responses(asked["ChallengeParameters"], **second))

    assert given["ChallengeName"] == "DEVICE_SRP_AUTH"
    responses = {"USERNAME": USERNAME, "DEVICE_KEY": remembered.key, "SRP_A": user.a}
    given = respond(local, app_client, "DEVICE_SRP_AUTH", responses, given["Session"])
    tokens = prove(local, app_client, proof(user, given), given["Session"])["AuthenticationResult"]
    assert claims(tokens["AccessToken"])["device_key"] == remembered.key


def test_admin_forms_do_the_same_and_tell_where_the_user_is(
    local: Any, pool_id: str, app_client: Registered, remembered: PhysicalDevice
) -> None:
    both = {"UserPoolId": pool_id, "ClientId": app_client.client_id}
    context = {"IpAddress": "192.0.2.7", "ServerName": "s", "ServerPath": "/", "HttpHeaders": []}
    user = remembered.srp()
    given = local.admin_initiate_auth(
        **both,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": USERNAME, "PASSWORD": PASSWORD, "DEVICE_KEY": remembered.key},
    )
    given = local.admin_respond_to_auth_challenge(
        **both,
        ChallengeName="DEVICE_SRP_AUTH",
        Session=given["Session"],
        ChallengeResponses={"USERNAME": USERNAME, "DEVICE_KEY": remembered.key, "SRP_A": user.a},
    )
    answer = local.admin_respond_to_auth_challenge(
        **both,
        ChallengeName="DEVICE_PASSWORD_VERIFIER",
        Session=given["Session"],
        ChallengeResponses=proof(user, given),
        ContextData=context,
    )

    assert answer["AuthenticationResult"]["RefreshToken"]
    named = {"UserPoolId": pool_id, "Username": USERNAME, "DeviceKey": remembered.key}
    shown = local.admin_get_device(**named)["Device"]["DeviceAttributes"]
    assert {"Name": "last_ip_used", "Value": "192.0.2.7"} in shown


def test_confidential_client_proves_its_secret_at_each_step(
    local: Any, site: Site, pool_id: str, remembered: PhysicalDevice
) -> None:
    client = site.client(generate_secret=True, explicit_auth_flows=FLOWS)

    answer = refused(
        respond, local, client, "DEVICE_SRP_AUTH", {"USERNAME": USERNAME, "DEVICE_KEY": remembered.key, "SRP_A": "a"}
    )

    missing = f"Client {client.client_id} is configured with secret but SECRET_HASH was not received"
    assert answer == ("NotAuthorizedException", missing)


@pytest.mark.parametrize("propagates, seen", [(True, "203.0.113.9"), (False, "127.0.0.1")])
def test_client_that_propagates_says_where_the_device_is(
    cognito: Any, site: Site, pool_id: str, app_client: Registered, propagates: bool, seen: str
) -> None:
    track(cognito, pool_id, stands_in=False)
    token = begin(cognito, app_client)["AuthenticationResult"]
    device = PhysicalDevice(token["NewDeviceMetadata"])
    cognito.confirm_device(AccessToken=token["AccessToken"], DeviceKey=device.key)
    server = site.client(
        generate_secret=True, explicit_auth_flows=FLOWS, enable_propagate_additional_user_context_data=propagates
    )
    proved = secret_hash(str(server.secret), USERNAME, server.client_id)
    cognito.initiate_auth(
        ClientId=server.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": USERNAME, "PASSWORD": PASSWORD, "SECRET_HASH": proved, "DEVICE_KEY": device.key},
        UserContextData={"IpAddress": "203.0.113.9"},
    )

    shown = cognito.admin_get_device(UserPoolId=pool_id, Username=USERNAME, DeviceKey=device.key)["Device"]
    assert {"Name": "last_ip_used", "Value": seen} in shown["DeviceAttributes"]


# --- in place of a second factor, or before it ----------------------------------------------------


@pytest.fixture
def app_code(local: Any, pool_id: str, app_client: Registered, remembered: PhysicalDevice, clock: MovableClock) -> Any:
    """Kim has an authenticator app that every sign-in asks for; ``app_code()`` is a code of it."""
    local.set_user_pool_mfa_config(
        UserPoolId=pool_id, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
    )
    token = {"AccessToken": begin(local, app_client)["AuthenticationResult"]["AccessToken"]}
    app = enrol(local, token["AccessToken"], clock)

    def code() -> str:
        clock.advance(30)
        return app.code()

    local.set_user_mfa_preference(**token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
    return code


def by_app(cognito: Any, client: Registered, given: Any, code: str) -> Any:
    assert given["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    responses = {"USERNAME": USERNAME, "SOFTWARE_TOKEN_MFA_CODE": code}
    return respond(cognito, client, "SOFTWARE_TOKEN_MFA", responses, given["Session"])["AuthenticationResult"]


def test_remembered_device_stands_in_for_the_second_factor(
    local: Any, app_client: Registered, remembered: PhysicalDevice, app_code: Any
) -> None:
    assert begin(local, app_client)["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    user = remembered.srp()

    given = challenged(local, app_client, remembered, user)

    assert prove(local, app_client, proof(user, given), given["Session"])["AuthenticationResult"]


def test_where_a_device_stands_in_for_nothing_the_second_factor_comes_after_it(
    local: Any, pool_id: str, app_client: Registered, remembered: PhysicalDevice, app_code: Any
) -> None:
    track(local, pool_id, stands_in=False, MfaConfiguration="OPTIONAL")
    user = remembered.srp()

    given = challenged(local, app_client, remembered, user)
    given = prove(local, app_client, proof(user, given), given["Session"])

    tokens = by_app(local, app_client, given, app_code())
    assert claims(tokens["AccessToken"])["device_key"] == remembered.key
    assert "NewDeviceMetadata" not in tokens


def test_device_that_is_known_and_not_remembered_proves_nothing(
    local: Any, pool_id: str, app_client: Registered, remembered: PhysicalDevice, app_code: Any
) -> None:
    named = {"UserPoolId": pool_id, "Username": USERNAME, "DeviceKey": remembered.key}
    local.admin_update_device_status(**named, DeviceRememberedStatus="not_remembered")

    given = begin(local, app_client, remembered.key)

    tokens = by_app(local, app_client, given, app_code())
    assert claims(tokens["AccessToken"])["device_key"] == remembered.key
    assert "NewDeviceMetadata" not in tokens


def test_device_without_a_verifier_stands_in_for_nothing(
    local: Any, pool_id: str, app_client: Registered, app_code: Any
) -> None:
    given = begin(local, app_client)
    tokens = by_app(local, app_client, given, app_code())
    key = tokens["NewDeviceMetadata"]["DeviceKey"]
    local.confirm_device(AccessToken=tokens["AccessToken"], DeviceKey=key)

    tokens = by_app(local, app_client, begin(local, app_client, key), app_code())

    assert claims(tokens["AccessToken"])["device_key"] == key


def test_new_password_comes_before_the_device(
    local: Any, pool_id: str, app_client: Registered, remembered: PhysicalDevice
) -> None:
    local.admin_set_user_password(UserPoolId=pool_id, Username=USERNAME, Password=PASSWORD, Permanent=False)
    given = begin(local, app_client, remembered.key)
    assert given["ChallengeName"] == "NEW_PASSWORD_REQUIRED"

    responses = {"USERNAME": USERNAME, "NEW_PASSWORD": "Fresh-passw0rd!"}
    given = respond(local, app_client, "NEW_PASSWORD_REQUIRED", responses, given["Session"])

    user = remembered.srp()
    assert given["ChallengeName"] == "DEVICE_SRP_AUTH"
    responses = {"USERNAME": USERNAME, "DEVICE_KEY": remembered.key, "SRP_A": user.a}
    given = respond(local, app_client, "DEVICE_SRP_AUTH", responses, given["Session"])
    assert prove(local, app_client, proof(user, given), given["Session"])["AuthenticationResult"]


def test_key_counts_for_nothing_where_devices_are_not_tracked(
    local: Any, pool_id: str, app_client: Registered, remembered: PhysicalDevice
) -> None:
    local.update_user_pool(UserPoolId=pool_id)

    for key in (remembered.key, STRANGE, "", "no key"):
        tokens = begin(local, app_client, key)["AuthenticationResult"]
        assert "NewDeviceMetadata" not in tokens
        assert "device_key" not in claims(tokens["AccessToken"])


# --- keys that nobody has -------------------------------------------------------------------------


@pytest.mark.attack("R15")
def test_unknown_key_is_refused_before_anything_is_proved_and_tells_nothing(
    local: Any, site: Site, pool_id: str, app_client: Registered, remembered: PhysicalDevice
) -> None:
    site.services.users.create(pool_id, "lee", {}, password=PASSWORD, permanent=True)
    hides = site.client(explicit_auth_flows=FLOWS, prevent_user_existence_errors="ENABLED")

    for key in (STRANGE, "no key", f"eu-west-1_{remembered.key.partition('_')[2]}"):
        for name in (USERNAME, "nobody", "n" * 2000):
            assert refused(begin, local, hides, key, name=name) == GONE
        assert refused(initiate, local, app_client.client_id, USERNAME, "a", DEVICE_KEY=key) == GONE
    assert refused(begin, local, hides, remembered.key, name="lee") == GONE
    assert refused(begin, local, app_client, STRANGE, name="nobody") == (
        "UserNotFoundException",
        "User does not exist.",
    )


def test_same_proof_of_the_password_is_good_without_the_unknown_key(
    local: Any, pool_id: str, app_client: Registered, remembered: PhysicalDevice
) -> None:
    kim = SrpClient(pool_id, PASSWORD)
    responses = kim.responses(initiate(local, app_client.client_id, USERNAME, kim.a)["ChallengeParameters"])

    answer = refused(respond, local, app_client, "PASSWORD_VERIFIER", responses | {"DEVICE_KEY": STRANGE})

    assert answer == GONE
    tokens = respond(local, app_client, "PASSWORD_VERIFIER", responses)["AuthenticationResult"]
    assert tokens["NewDeviceMetadata"]["DeviceKey"] != STRANGE


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.attack("R24")
def test_proof_is_good_once_and_a_refused_one_leaves_the_step_open(
    local: Any, app_client: Registered, remembered: PhysicalDevice
) -> None:
    user = remembered.srp()
    given = challenged(local, app_client, remembered, user)
    responses, session = proof(user, given), given["Session"]
    forged = base64.b64encode(bytes(32)).decode()

    assert refused(prove, local, app_client, responses | {"PASSWORD_CLAIM_SIGNATURE": forged}, session) == WRONG
    assert prove(local, app_client, responses, session)["AuthenticationResult"]
    assert refused(prove, local, app_client, responses, session) == USED
    assert refused(prove, local, app_client, responses) == USED


@pytest.mark.attack("R9")
def test_proof_is_bound_to_all_that_it_is_about(
    local: Any, site: Site, pool_id: str, app_client: Registered, remembered: PhysicalDevice, clock: MovableClock
) -> None:
    site.services.users.create(pool_id, "lee", {}, password=PASSWORD, permanent=True)
    other_client, other = site.client(explicit_auth_flows=FLOWS), remember(local, app_client)
    user, another = remembered.srp(), remembered.srp()
    given = challenged(local, app_client, remembered, user)
    second = challenged(local, app_client, remembered, another)
    responses, session = proof(user, given), given["Session"]
    impostor = SrpClient("", "guessed", group=remembered.group)
    impostor._secret, impostor.public = user._secret, user.public

    assert refused(prove, local, other_client, responses, session) == WRONG
    assert refused(prove, local, app_client, responses, second["Session"]) == INVALID_SESSION
    assert refused(prove, local, app_client, responses | {"USERNAME": "lee"}, session) == INVALID_SESSION
    assert refused(prove, local, app_client, responses | {"DEVICE_KEY": other.key}, session) == INVALID_SESSION
    assert refused(prove, local, app_client, responses | {"DEVICE_KEY": STRANGE}, session) == GONE
    assert refused(prove, local, app_client, proof(impostor, given), session) == WRONG
    assert refused(prove, local, app_client, proof(user, given, now=clock() + 602), session) == WRONG
    assert refused(prove, local, app_client, responses | {"PASSWORD_CLAIM_SECRET_BLOCK": "e30="}, session) == WRONG
    assert prove(local, app_client, responses, session)["AuthenticationResult"]


def test_block_of_a_password_is_none_of_a_device(
    local: Any, pool_id: str, app_client: Registered, remembered: PhysicalDevice
) -> None:
    kim, user = SrpClient(pool_id, PASSWORD), remembered.srp()
    parameters = initiate(local, app_client.client_id, USERNAME, kim.a)["ChallengeParameters"]
    given = challenged(local, app_client, remembered, user)
    theirs = {"PASSWORD_CLAIM_SECRET_BLOCK": given["ChallengeParameters"]["SECRET_BLOCK"]}
    ours = {"PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"]}

    assert refused(prove, local, app_client, proof(user, given) | ours, given["Session"]) == WRONG
    assert refused(respond, local, app_client, "PASSWORD_VERIFIER", kim.responses(parameters) | theirs) == WRONG


@pytest.mark.attack("R14")
def test_wrong_proofs_of_a_device_lock_the_account(
    local: Any, app_client: Registered, remembered: PhysicalDevice
) -> None:
    user = remembered.srp()
    given = challenged(local, app_client, remembered, user)
    wrong = proof(user, given) | {"PASSWORD_CLAIM_SIGNATURE": "AAAA"}

    assert [refused(prove, local, app_client, wrong) for _ in range(5)] == [WRONG] * 5

    locked = ("NotAuthorizedException", "Password attempts exceeded")
    assert refused(prove, local, app_client, proof(user, given)) == locked
    assert refused(begin, local, app_client) == locked


@pytest.mark.attack("R5")
def test_step_cannot_be_skipped_or_taken_over(
    local: Any, site: Site, app_client: Registered, remembered: PhysicalDevice
) -> None:
    other_client, other = site.client(explicit_auth_flows=FLOWS), remember(local, app_client)
    responses = {"USERNAME": USERNAME, "DEVICE_KEY": remembered.key, "SRP_A": "a"}

    # Nobody has proved the password.
    for session in (None, "made-up session that nobody has"):
        assert refused(respond, local, app_client, "DEVICE_SRP_AUTH", responses, session) == INVALID_SESSION
    session = begin(local, app_client, remembered.key)["Session"]
    for sent in (None, session):
        assert refused(respond, local, other_client, "DEVICE_SRP_AUTH", responses, sent) == INVALID_SESSION
        others = responses | {"DEVICE_KEY": other.key}
        assert refused(respond, local, app_client, "DEVICE_SRP_AUTH", others, sent) == INVALID_SESSION
        unknown = responses | {"DEVICE_KEY": STRANGE}
        assert refused(respond, local, app_client, "DEVICE_SRP_AUTH", unknown, sent) == GONE
    code = {"USERNAME": USERNAME, "SOFTWARE_TOKEN_MFA_CODE": "123456"}
    assert refused(respond, local, app_client, "SOFTWARE_TOKEN_MFA", code, session) == INVALID_SESSION
    assert respond(local, app_client, "DEVICE_SRP_AUTH", responses, session)["Session"]
    assert refused(respond, local, app_client, "DEVICE_SRP_AUTH", responses, session) == USED
    assert refused(respond, local, app_client, "DEVICE_SRP_AUTH", responses) == INVALID_SESSION


def test_two_devices_of_a_user_sign_in_at_the_same_time_without_sessions(
    local: Any, app_client: Registered, remembered: PhysicalDevice
) -> None:
    devices = [remembered, remember(local, app_client)]
    users = [device.srp() for device in devices]
    for device in devices:
        begin(local, app_client, device.key)

    for device, user in zip(devices, users, strict=True):
        responses = {"USERNAME": USERNAME, "DEVICE_KEY": device.key, "SRP_A": user.a}
        given = respond(local, app_client, "DEVICE_SRP_AUTH", responses)
        tokens = prove(local, app_client, proof(user, given))["AuthenticationResult"]
        assert claims(tokens["AccessToken"])["device_key"] == device.key


@pytest.mark.parametrize("change", ["forget", "not remembered"])
@pytest.mark.attack("R18")
def test_device_is_looked_at_as_it_is_now(
    local: Any, pool_id: str, app_client: Registered, remembered: PhysicalDevice, change: str
) -> None:
    named = {"UserPoolId": pool_id, "Username": USERNAME, "DeviceKey": remembered.key}
    session = begin(local, app_client, remembered.key)["Session"]
    user = remembered.srp()
    given = challenged(local, app_client, remembered, user)

    if change == "forget":
        local.admin_forget_device(**named)
    else:
        local.admin_update_device_status(**named, DeviceRememberedStatus="not_remembered")

    responses = {"USERNAME": USERNAME, "DEVICE_KEY": remembered.key, "SRP_A": user.a}
    assert refused(respond, local, app_client, "DEVICE_SRP_AUTH", responses, session) == GONE
    assert refused(prove, local, app_client, proof(user, given), given["Session"]) == GONE


def test_steps_are_over_with_the_time_of_a_session(
    site: Site, local: Any, app_client: Registered, remembered: PhysicalDevice, clock: MovableClock
) -> None:
    user = remembered.srp()
    session = begin(local, app_client, remembered.key)["Session"]
    given = challenged(local, app_client, remembered, user)
    clock.advance(180)
    expired = ("NotAuthorizedException", "Invalid session for the user, session is expired.")
    responses = {"USERNAME": USERNAME, "DEVICE_KEY": remembered.key, "SRP_A": user.a}

    assert refused(respond, local, app_client, "DEVICE_SRP_AUTH", responses, session) == expired
    assert refused(respond, local, app_client, "DEVICE_SRP_AUTH", responses) == INVALID_SESSION
    assert refused(prove, local, app_client, proof(user, given, now=clock())) == expired


@pytest.mark.parametrize("a", ["xyz", "-1", "f" * 771])
def test_public_value_that_is_no_number_is_refused(
    local: Any, app_client: Registered, remembered: PhysicalDevice, a: str
) -> None:
    session = begin(local, app_client, remembered.key)["Session"]
    responses = {"USERNAME": USERNAME, "DEVICE_KEY": remembered.key, "SRP_A": a}

    answer = refused(respond, local, app_client, "DEVICE_SRP_AUTH", responses, session)

    assert answer == ("InvalidParameterException", "SRP_A must be a hexadecimal number of the group's length.")


@pytest.mark.parametrize("multiple", [0, 1])
@pytest.mark.compliance("RFC 5054", "2.5.4", "A mod N is not 0")
def test_public_value_that_makes_the_key_known_proves_nothing(
    local: Any, app_client: Registered, remembered: PhysicalDevice, multiple: int
) -> None:
    user = remembered.srp()
    user.public, user.a, user._secret = multiple * N, f"{multiple * N:x}", 0

    given = challenged(local, app_client, remembered, user)

    assert refused(prove, local, app_client, proof(user, given), given["Session"]) == WRONG


@pytest.mark.parametrize("missing", RESPONSES)
def test_missing_responses_are_named(
    local: Any, app_client: Registered, remembered: PhysicalDevice, missing: str
) -> None:
    user = remembered.srp()
    given = challenged(local, app_client, remembered, user)
    responses = proof(user, given)
    del responses[missing]

    answer = refused(prove, local, app_client, responses, given["Session"])

    assert answer == ("InvalidParameterException", f"Missing required parameter {missing}")


@pytest.mark.parametrize("missing", ["DEVICE_KEY", "SRP_A"])
def test_first_message_is_complete(
    local: Any, app_client: Registered, remembered: PhysicalDevice, missing: str
) -> None:
    session = begin(local, app_client, remembered.key)["Session"]
    responses = {"USERNAME": USERNAME, "DEVICE_KEY": remembered.key, "SRP_A": "a"}
    del responses[missing]

    answer = refused(respond, local, app_client, "DEVICE_SRP_AUTH", responses, session)

    assert answer == ("InvalidParameterException", f"Missing required parameter {missing}")
