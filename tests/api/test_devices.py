"""Devices over the wire: keys at the sign-in, Confirm, Get, List, UpdateStatus, Forget, refresh (api.md 3.8, 4.26)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app_client_authz.domain.device import group_key
from app_client_authz.domain.ids import ACCOUNT_ID
from tests.support.aws import Wire, output, refusal
from tests.support.clock import MovableClock
from tests.support.devices import PhysicalDevice
from tests.support.site import PASSWORD, PREFIX, USERNAME, Registered, Site, claims
from tests.support.srp import SrpClient, answer, initiate

FLOWS = (
    *("ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"),
    "ALLOW_REFRESH_TOKEN_AUTH",
)
GONE = ("ResourceNotFoundException", "Device does not exist.")
INVALID_KEY = ("InvalidParameterException", "Invalid device key given.")
OFF = ("InvalidParameterException", "Device tracking not currently enabled for this pool.")
INVALID_TOKEN = ("NotAuthorizedException", "Invalid Refresh Token.")
STRANGE = "us-east-1_00000000-0000-4000-8000-000000000000"


def track(cognito: Any, pool_id: str, *, on_prompt: bool = False) -> None:
    cognito.update_user_pool(UserPoolId=pool_id, DeviceConfiguration={"DeviceOnlyRememberedOnUserPrompt": on_prompt})


@pytest.fixture
def app_client(site: Site) -> Registered:
    return site.client(explicit_auth_flows=FLOWS)


@pytest.fixture
def tracked(cognito: Any, pool_id: str) -> Iterator[Any]:
    """boto3's client of a site whose pool remembers every device."""
    track(cognito, pool_id)
    return cognito


def sign_in(cognito: Any, client: Registered, name: str = USERNAME) -> Any:
    """``AuthenticationResult``."""
    return cognito.initiate_auth(
        ClientId=client.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]


def confirmed(cognito: Any, client: Registered, name: str = USERNAME, **more: Any) -> tuple[Any, PhysicalDevice]:
    """The tokens of a sign-in, and the device that was confirmed with them."""
    tokens = sign_in(cognito, client, name)
    device = PhysicalDevice(tokens["NewDeviceMetadata"])
    device.confirm(cognito, tokens["AccessToken"], **more)
    return tokens, device


def refused(call: Any, **named: Any) -> tuple[str, str]:
    with pytest.raises(Exception) as caught:
        call(**named)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message", "")


def attributes(device: Any) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in device["DeviceAttributes"]}


# --- the key at the sign-in -----------------------------------------------------------------------


def test_sign_in_from_a_new_device_gives_it_a_key(tracked: Any, site: Site, app_client: Registered) -> None:
    first, second = sign_in(tracked, app_client), sign_in(tracked, app_client)

    metadata = first["NewDeviceMetadata"]
    assert metadata.keys() == {"DeviceKey", "DeviceGroupKey"}
    assert re.fullmatch(r"us-east-1_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["DeviceKey"])
    assert metadata["DeviceGroupKey"] == group_key(site.pool.id, site.user.sub)
    assert second["NewDeviceMetadata"]["DeviceKey"] != metadata["DeviceKey"]
    access, identity = claims(first["AccessToken"]), claims(first["IdToken"])
    assert list(access)[:3] == ["sub", "device_key", "iss"]
    assert access["device_key"] == metadata["DeviceKey"]
    assert "device_key" not in identity


def test_every_door_of_the_api_gives_a_key(tracked: Any, pool_id: str, app_client: Registered) -> None:
    user = SrpClient(pool_id, PASSWORD)
    parameters = initiate(tracked, app_client.client_id, USERNAME, user.a)["ChallengeParameters"]
    by_srp = answer(tracked, app_client.client_id, user.responses(parameters))
    by_admin = tracked.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=app_client.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": USERNAME, "PASSWORD": PASSWORD},
    )

    for given in (by_srp, by_admin):
        assert given["AuthenticationResult"]["NewDeviceMetadata"]["DeviceKey"]


def test_nobody_gets_a_key_where_devices_are_not_tracked(cognito: Any, pool_id: str, app_client: Registered) -> None:
    tokens = sign_in(cognito, app_client)

    assert "NewDeviceMetadata" not in tokens
    assert "device_key" not in claims(tokens["AccessToken"])
    by_token = {"AccessToken": tokens["AccessToken"]}
    by_admin = {"UserPoolId": pool_id, "Username": USERNAME}
    for call, named in (
        (cognito.list_devices, by_token),
        (cognito.confirm_device, {**by_token, "DeviceKey": STRANGE}),
        (cognito.get_device, {**by_token, "DeviceKey": STRANGE}),
        (cognito.update_device_status, {**by_token, "DeviceKey": STRANGE}),
        (cognito.forget_device, {**by_token, "DeviceKey": STRANGE}),
        (cognito.admin_list_devices, by_admin),
        (cognito.admin_get_device, {**by_admin, "DeviceKey": STRANGE}),
        (cognito.admin_update_device_status, {**by_admin, "DeviceKey": STRANGE}),
        (cognito.admin_forget_device, {**by_admin, "DeviceKey": STRANGE}),
    ):
        assert refused(call, **named) == OFF


# --- confirming -----------------------------------------------------------------------------------


def test_confirmed_device_is_shown_as_recorded(
    tracked: Any, site: Site, app_client: Registered, clock: MovableClock
) -> None:
    tokens = sign_in(tracked, app_client)
    device = PhysicalDevice(tokens["NewDeviceMetadata"])
    signed_in_at = int(clock())
    clock.advance(30.5)

    told = device.confirm(tracked, tokens["AccessToken"], DeviceName="kim's phone")

    assert told["UserConfirmationNecessary"] is False
    shown = tracked.get_device(AccessToken=tokens["AccessToken"], DeviceKey=device.key)["Device"]
    assert shown["DeviceAttributes"] == [
        {"Name": "device_status", "Value": "valid"},
        {"Name": "device_name", "Value": "kim's phone"},
        {"Name": "last_ip_used", "Value": "127.0.0.1"},
    ]
    assert shown["DeviceKey"] == device.key
    assert shown["DeviceCreateDate"] == shown["DeviceLastModifiedDate"]
    assert shown["DeviceCreateDate"].timestamp() == pytest.approx(clock(), abs=0.001)
    assert shown["DeviceLastAuthenticatedDate"].timestamp() == signed_in_at
    by_admin = tracked.admin_get_device(UserPoolId=site.pool.id, Username=USERNAME, DeviceKey=device.key)["Device"]
    owner = f"{USERNAME}.{site.pool.id}"
    assert list(attributes(by_admin).items()) == [
        ("device_status", "valid"),
        ("device_name", "kim's phone"),
        ("dev:device_arn", f"arn:aws:cognito-idp:us-east-1:{ACCOUNT_ID}:owner/{owner}/device/{device.key}"),
        ("dev:device_owner", owner),
        ("last_ip_used", "127.0.0.1"),
        ("dev:device_remembered_status", "remembered"),
    ]


def test_device_is_confirmed_once_and_with_its_own_token(tracked: Any, app_client: Registered) -> None:
    tokens, device = confirmed(tracked, app_client)
    other = sign_in(tracked, app_client)

    exists = ("DeviceKeyExistsException", "Device key already exists.")
    assert refused(tracked.confirm_device, AccessToken=tokens["AccessToken"], DeviceKey=device.key) == exists
    # A refreshed token is the same device's.
    again = tracked.get_tokens_from_refresh_token(
        ClientId=app_client.client_id, RefreshToken=tokens["RefreshToken"], DeviceKey=device.key
    )["AuthenticationResult"]
    assert "NewDeviceMetadata" not in again
    assert refused(tracked.confirm_device, AccessToken=again["AccessToken"], DeviceKey=device.key) == exists
    for key in (device.key, STRANGE, "us-east-1_-"):
        assert refused(tracked.confirm_device, AccessToken=other["AccessToken"], DeviceKey=key) == INVALID_KEY


@pytest.mark.parametrize(
    "config, told",
    [
        ({"Salt": "AAAA"}, "Missing required parameter PasswordVerifier"),
        ({"PasswordVerifier": "AAAB", "Salt": ""}, "Missing required parameter Salt"),
        ({"PasswordVerifier": "AAAB", "Salt": "AAAA"}, "Invalid device password verifier given."),
        ({"PasswordVerifier": "x" * 131_072, "Salt": "AAAA"}, "Invalid device password verifier given."),
        ({"PasswordVerifier": "AAAF", "Salt": "\N{SNOWMAN}"}, "Invalid device salt given."),
    ],
)
def test_wrong_verifier_is_refused_and_the_key_stays_good(
    tracked: Any, app_client: Registered, config: dict[str, str], told: str
) -> None:
    tokens = sign_in(tracked, app_client)
    device = PhysicalDevice(tokens["NewDeviceMetadata"])
    named = {"AccessToken": tokens["AccessToken"], "DeviceKey": device.key}

    answer = refused(tracked.confirm_device, **named, DeviceSecretVerifierConfig=config)

    assert answer == ("InvalidParameterException", told)
    device.confirm(tracked, tokens["AccessToken"])


def test_device_without_name_or_verifier_is_known_all_the_same(tracked: Any, app_client: Registered) -> None:
    tokens = sign_in(tracked, app_client)
    key = tokens["NewDeviceMetadata"]["DeviceKey"]

    tracked.confirm_device(AccessToken=tokens["AccessToken"], DeviceKey=key)

    shown = tracked.get_device(AccessToken=tokens["AccessToken"], DeviceKey=key)["Device"]
    assert attributes(shown).keys() == {"device_status", "last_ip_used"}


# --- remembered or not ----------------------------------------------------------------------------


def test_device_is_remembered_when_its_user_says_so(cognito: Any, pool_id: str, app_client: Registered) -> None:
    track(cognito, pool_id, on_prompt=True)
    tokens = sign_in(cognito, app_client)
    device = PhysicalDevice(tokens["NewDeviceMetadata"])
    named = {"AccessToken": tokens["AccessToken"], "DeviceKey": device.key}
    as_admin = {"UserPoolId": pool_id, "Username": USERNAME, "DeviceKey": device.key}

    def listed() -> list[str]:
        return [each["DeviceKey"] for each in cognito.list_devices(AccessToken=tokens["AccessToken"])["Devices"]]

    def status() -> str:
        return attributes(cognito.admin_get_device(**as_admin)["Device"])["dev:device_remembered_status"]

    assert refused(cognito.update_device_status, **named, DeviceRememberedStatus="remembered") == GONE
    assert device.confirm(cognito, tokens["AccessToken"])["UserConfirmationNecessary"] is True
    assert (listed(), status()) == ([], "not_remembered")
    assert refused(cognito.get_device, **named) == GONE
    cognito.update_device_status(**named, DeviceRememberedStatus="remembered")
    assert (listed(), status()) == ([device.key], "remembered")
    assert cognito.get_device(**named)["Device"]["DeviceKey"] == device.key
    cognito.update_device_status(**named)
    assert status() == "remembered"
    cognito.admin_update_device_status(**as_admin, DeviceRememberedStatus="not_remembered")
    assert (listed(), status()) == ([], "not_remembered")
    assert [each["DeviceKey"] for each in cognito.admin_list_devices(UserPoolId=pool_id, Username=USERNAME)["Devices"]]


def test_change_of_the_status_is_a_change_of_the_device(
    tracked: Any, pool_id: str, app_client: Registered, clock: MovableClock
) -> None:
    _, device = confirmed(tracked, app_client)
    named = {"UserPoolId": pool_id, "Username": USERNAME, "DeviceKey": device.key}
    before = tracked.admin_get_device(**named)["Device"]
    clock.advance(10)

    tracked.admin_update_device_status(**named)
    assert tracked.admin_get_device(**named)["Device"] == before
    tracked.admin_update_device_status(**named, DeviceRememberedStatus="remembered")

    after = tracked.admin_get_device(**named)["Device"]
    assert (after["DeviceLastModifiedDate"] - before["DeviceLastModifiedDate"]).total_seconds() == 10
    assert after["DeviceCreateDate"] == before["DeviceCreateDate"]


# --- lists ----------------------------------------------------------------------------------------


def test_lists_come_in_pages_whose_tokens_are_good_for_one_user(
    tracked: Any, site: Site, pool_id: str, app_client: Registered
) -> None:
    site.services.users.create(pool_id, "lee", {}, password=PASSWORD, permanent=True)
    keys = sorted(confirmed(tracked, app_client)[1].key for _ in range(3))
    token = sign_in(tracked, app_client)["AccessToken"]
    others, theirs = confirmed(tracked, app_client, "lee")

    first = tracked.list_devices(AccessToken=token, Limit=2)
    second = tracked.list_devices(AccessToken=token, Limit=2, PaginationToken=first["PaginationToken"])

    assert [each["DeviceKey"] for each in (*first["Devices"], *second["Devices"])] == keys
    assert "PaginationToken" not in second
    assert len(tracked.list_devices(AccessToken=token, Limit=0)["Devices"]) == 3
    by_admin = tracked.admin_list_devices(UserPoolId=pool_id, Username=USERNAME, Limit=3)
    assert [each["DeviceKey"] for each in by_admin["Devices"]] == keys
    assert "PaginationToken" not in by_admin
    assert [each["DeviceKey"] for each in tracked.list_devices(AccessToken=others["AccessToken"])["Devices"]] == [
        theirs.key
    ]
    invalid = "Provided pagination token is invalid. Check the token and try your request again."
    for call, named in (
        (tracked.list_devices, {"AccessToken": others["AccessToken"]}),
        (tracked.admin_list_devices, {"UserPoolId": pool_id, "Username": USERNAME}),
    ):
        answer = refused(call, **named, PaginationToken=first["PaginationToken"])
        assert answer == ("InvalidParameterException", invalid)


@pytest.mark.attack("R23")
def test_device_of_another_user_does_not_exist(tracked: Any, site: Site, pool_id: str, app_client: Registered) -> None:
    site.services.users.create(pool_id, "lee", {}, password=PASSWORD, permanent=True)
    _, device = confirmed(tracked, app_client)
    token, _ = confirmed(tracked, app_client, "lee")

    for key in (device.key, STRANGE, "us-east-1_-", f"eu-west-1_{device.key.partition('_')[2]}"):
        named = {"AccessToken": token["AccessToken"], "DeviceKey": key}
        by_admin = {"UserPoolId": pool_id, "Username": "lee", "DeviceKey": key}
        for call in (tracked.get_device, tracked.update_device_status, tracked.forget_device):
            assert refused(call, **named) == GONE
        for call in (tracked.admin_get_device, tracked.admin_update_device_status, tracked.admin_forget_device):
            assert refused(call, **by_admin) == GONE
    assert tracked.admin_get_device(UserPoolId=pool_id, Username=USERNAME, DeviceKey=device.key)


def test_administrators_are_told_what_is_missing_first(tracked: Any, pool_id: str) -> None:
    missing = {"UserPoolId": "us-east-1_Missing99", "Username": "nobody", "DeviceKey": STRANGE}
    no_pool = ("ResourceNotFoundException", "User pool us-east-1_Missing99 does not exist.")
    no_user = ("UserNotFoundException", "User does not exist.")

    for call in (tracked.admin_get_device, tracked.admin_update_device_status, tracked.admin_forget_device):
        assert refused(call, **missing) == no_pool
        assert refused(call, **missing | {"UserPoolId": pool_id}) == no_user


@pytest.mark.parametrize("operation", ["GetDevice", "ForgetDevice"])
def test_token_is_needed_where_the_model_leaves_it_open(wire: Wire, operation: str) -> None:
    answer = wire(operation, {"DeviceKey": STRANGE}, signed=False)

    assert refusal(answer) == ("InvalidParameterException", "Missing required parameter AccessToken")


def test_answers_are_bare_where_there_is_nothing_to_say(
    tracked: Any, wire: Wire, pool_id: str, app_client: Registered
) -> None:
    asked = {
        "ClientId": app_client.client_id,
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": USERNAME, "PASSWORD": PASSWORD},
    }
    tokens = output(wire("InitiateAuth", asked, signed=False))["AuthenticationResult"]
    own = {"AccessToken": tokens["AccessToken"], "DeviceKey": tokens["NewDeviceMetadata"]["DeviceKey"]}
    _, other = confirmed(tracked, app_client)
    named = {"UserPoolId": pool_id, "Username": USERNAME, "DeviceKey": other.key}

    assert wire("ConfirmDevice", own, signed=False).data == b'{"UserConfirmationNecessary":false}'
    assert wire("UpdateDeviceStatus", own | {"DeviceRememberedStatus": "remembered"}, signed=False).data == b"{}"
    assert wire("AdminUpdateDeviceStatus", named | {"DeviceRememberedStatus": "remembered"}).data == b"{}"
    assert wire("ForgetDevice", own, signed=False).data == wire("AdminForgetDevice", named).data == b""
    assert output(wire("ListDevices", {"AccessToken": tokens["AccessToken"]}, signed=False)) == {"Devices": []}


# --- refresh --------------------------------------------------------------------------------------


def refreshes(cognito: Any, client: Registered, token: str, key: str | None) -> list[Any]:
    """What both ways to refresh answer: ``AuthenticationResult``, or the refusal."""
    parameters = {"REFRESH_TOKEN": token} | ({} if key is None else {"DEVICE_KEY": key})
    members = {} if key is None else {"DeviceKey": key}

    def result(call: Any, **named: Any) -> Any:
        try:
            return call(ClientId=client.client_id, **named)["AuthenticationResult"]
        except cognito.exceptions.ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]

    return [
        result(cognito.initiate_auth, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=parameters),
        result(cognito.get_tokens_from_refresh_token, RefreshToken=token, **members),
    ]


def test_refresh_token_is_good_on_its_device(tracked: Any, app_client: Registered) -> None:
    tokens, device = confirmed(tracked, app_client)
    unconfirmed = sign_in(tracked, app_client)
    fresh = unconfirmed["NewDeviceMetadata"]["DeviceKey"]

    for token, key in ((tokens["RefreshToken"], device.key), (unconfirmed["RefreshToken"], fresh)):
        for result in refreshes(tracked, app_client, token, key):
            assert claims(result["AccessToken"])["device_key"] == key
            assert "NewDeviceMetadata" not in result
    for key in (None, fresh, STRANGE, "x_0", f"{device.key}0"):
        assert refreshes(tracked, app_client, tokens["RefreshToken"], key) == [INVALID_TOKEN] * 2


def test_forgotten_device_refreshes_nothing_and_never_comes_back(
    tracked: Any, pool_id: str, app_client: Registered
) -> None:
    (tokens, device), (others, kept) = confirmed(tracked, app_client), confirmed(tracked, app_client)

    tracked.forget_device(AccessToken=others["AccessToken"], DeviceKey=device.key)

    assert refused(tracked.forget_device, AccessToken=others["AccessToken"], DeviceKey=device.key) == GONE
    assert refused(tracked.get_device, AccessToken=others["AccessToken"], DeviceKey=device.key) == GONE
    assert refreshes(tracked, app_client, tokens["RefreshToken"], device.key) == [INVALID_TOKEN] * 2
    assert refused(device.confirm, cognito=tracked, access_token=tokens["AccessToken"]) == INVALID_KEY
    # What it has goes on until it expires, as after any other change of a refresh token's rights.
    assert tracked.get_user(AccessToken=tokens["AccessToken"])
    assert refreshes(tracked, app_client, others["RefreshToken"], kept.key)[0]["AccessToken"]
    # Not tracking devices any more does not bring it back.
    tracked.update_user_pool(UserPoolId=pool_id)
    assert refreshes(tracked, app_client, tokens["RefreshToken"], device.key) == [INVALID_TOKEN] * 2


def test_tracking_counts_as_it_is_set_now(cognito: Any, pool_id: str, app_client: Registered) -> None:
    before = sign_in(cognito, app_client)
    track(cognito, pool_id)
    tied = sign_in(cognito, app_client)

    # A session from before belongs to no device, whatever key comes along.
    for key in (None, STRANGE):
        for result in refreshes(cognito, app_client, before["RefreshToken"], key):
            assert "device_key" not in claims(result["AccessToken"])
    assert refreshes(cognito, app_client, tied["RefreshToken"], None) == [INVALID_TOKEN] * 2
    cognito.update_user_pool(UserPoolId=pool_id)
    for key in (None, STRANGE):
        for result in refreshes(cognito, app_client, tied["RefreshToken"], key):
            assert "device_key" not in claims(result["AccessToken"])


@pytest.mark.attack("R6")
def test_rotating_client_loses_nothing_to_a_stranger_with_an_old_token(tracked: Any, site: Site, pool_id: str) -> None:
    client = site.client(explicit_auth_flows=FLOWS[:3])
    tracked.update_user_pool_client(
        UserPoolId=pool_id,
        ClientId=client.client_id,
        ExplicitAuthFlows=list(FLOWS[:3]),
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    )
    tokens, device = confirmed(tracked, client)

    def rotate(token: str, **more: str) -> Any:
        return tracked.get_tokens_from_refresh_token(ClientId=client.client_id, RefreshToken=token, **more)

    successor = rotate(tokens["RefreshToken"], DeviceKey=device.key)["AuthenticationResult"]["RefreshToken"]

    assert refused(rotate, token=tokens["RefreshToken"]) == INVALID_TOKEN
    assert rotate(successor, DeviceKey=device.key)["AuthenticationResult"]["RefreshToken"]


def test_token_endpoint_refreshes_no_token_of_a_device(tracked: Any, site: Site, app_client: Registered) -> None:
    token = sign_in(tracked, app_client)["RefreshToken"]
    by_code = site.tokens(site.spa)["refresh_token"]

    def refresh(client: Registered, value: str) -> Any:
        body = {"grant_type": "refresh_token", "refresh_token": value} | client.credentials
        return site.browse().post(f"{PREFIX}/oauth2/token", data=body)

    refused_there = refresh(app_client, token)
    assert (refused_there.status_code, refused_there.json) == (400, {"error": "invalid_grant"})
    assert refresh(site.spa, by_code).json["access_token"]


# --- what becomes of the user ---------------------------------------------------------------------


def test_devices_go_with_their_user(tracked: Any, site: Site, pool_id: str, app_client: Registered) -> None:
    tokens, _ = confirmed(tracked, app_client)
    assert site.row_counts()["authz_devices"] == 1

    tracked.delete_user(AccessToken=tokens["AccessToken"])

    assert site.row_counts()["authz_devices"] == 0


def test_operations_take_a_live_token(tracked: Any, app_client: Registered) -> None:
    tokens, device = confirmed(tracked, app_client)
    by_token = {"AccessToken": tokens["AccessToken"]}
    tracked.global_sign_out(**by_token)
    revoked = ("NotAuthorizedException", "Access Token has been revoked")

    assert refused(tracked.list_devices, **by_token) == revoked
    for call in (tracked.get_device, tracked.forget_device, tracked.update_device_status, tracked.confirm_device):
        assert refused(call, **by_token, DeviceKey=device.key) == revoked
        wrong = refused(call, AccessToken=tokens["IdToken"], DeviceKey=device.key)
        assert wrong == ("NotAuthorizedException", "Invalid Access Token")
