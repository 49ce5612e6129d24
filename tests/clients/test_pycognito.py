"""pycognito against a live server: SRP with its own arithmetic, its own check of the tokens' issuer and signature."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from pycognito import Cognito
from pycognito.aws_srp import AWSSRP, generate_hash_device
from pycognito.exceptions import ForceChangePasswordException, SoftwareTokenMFAChallengeException

from app_client_authz.domain.pool import MfaChange, PoolSpec
from app_client_authz.domain.user import UserStatus
from tests.support.aws import ACCESS_KEY, REGION, SECRET_KEY, boto_client
from tests.support.clock import MovableClock
from tests.support.live import LiveServer
from tests.support.mfa import App
from tests.support.outbox import newest_code
from tests.support.site import PASSWORD, PREFIX, USERNAME, Registered, Site, claims, make_site

TEMPORARY, FRESH = "Temp0rary-pass!", "Fresh-passw0rd!"
FLOWS = ("ALLOW_USER_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
INCORRECT = r"Incorrect username or password\.$"


@pytest.fixture
def site(sqlite_url_migrated: str) -> Site:
    """Its pool proves e-mail addresses by a code."""
    site = make_site(sqlite_url_migrated, time.time, AUTHZ_ACCESS_KEYS={ACCESS_KEY: SECRET_KEY})
    site.services.pools.replace(site.pool.id, PoolSpec(name="demo", auto_verified_attributes=("email",)))
    return site


@pytest.fixture(params=[False, True], ids=["public", "with a secret"])
def app_client(site: Site, request: pytest.FixtureRequest) -> Registered:
    return site.client(generate_secret=request.param, explicit_auth_flows=FLOWS)


@pytest.fixture
def user_of(site: Site, app_client: Registered, live_server: Callable[..., LiveServer]) -> Callable[[str], Cognito]:
    """pycognito's user of a name."""
    url = live_server(site.app).url + PREFIX

    def make(name: str) -> Cognito:
        return Cognito(
            site.pool.id,
            app_client.client_id,
            REGION,
            username=name,
            client_secret=app_client.secret,
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            boto3_client_kwargs={"endpoint_url": url},
        )

    return make


def test_password_is_proved_and_the_tokens_are_ours(user_of: Callable[[str], Cognito], site: Site) -> None:
    user = user_of(USERNAME)

    user.authenticate(PASSWORD)

    # It has checked signature, audience, issuer and use of both tokens by now.
    assert (user.id_claims["sub"], user.access_claims["username"]) == (site.user.sub, USERNAME)
    assert user.refresh_token


def test_wrong_password_is_refused(user_of: Callable[[str], Cognito]) -> None:
    user = user_of(USERNAME)

    with pytest.raises(user.client.exceptions.NotAuthorizedException, match=INCORRECT):
        user.authenticate("Wrong-passw0rd!")


def test_temporary_password_is_proved_and_replaced(user_of: Callable[[str], Cognito], site: Site) -> None:
    site.services.users.create(site.pool.id, "lee", {}, password=TEMPORARY)
    user = user_of("lee")

    with pytest.raises(ForceChangePasswordException):
        user.authenticate(TEMPORARY)
    user.new_password_challenge(TEMPORARY, FRESH)
    assert user.access_claims["username"] == "lee"

    user.authenticate(FRESH)


def test_user_registers_confirms_and_signs_in(user_of: Callable[[str], Cognito], site: Site) -> None:
    user = user_of("lee")
    user.set_base_attributes(email="lee@example.com", name="Lee")

    made = user.register("lee", PASSWORD)
    superseded = newest_code(site, "lee")
    user.resend_confirmation_code("lee")
    with pytest.raises(user.client.exceptions.ExpiredCodeException, match="request a code again"):
        user.confirm_sign_up(superseded)
    user.confirm_sign_up(newest_code(site, "lee"))
    user.authenticate(PASSWORD)

    assert not made["UserConfirmed"]
    assert made["CodeDeliveryDetails"]["Destination"] == "l***@e***"
    assert (user.id_claims["sub"], user.id_claims["email_verified"]) == (made["UserSub"], True)


def test_tokens_are_refreshed_and_end_with_the_sign_out(user_of: Callable[[str], Cognito]) -> None:
    """pycognito makes the hash of a refresh with the name of its user."""
    user = user_of(USERNAME)
    user.admin_authenticate(PASSWORD)
    first, refresh_token = user.access_claims, user.refresh_token

    user.renew_access_token()
    second = user.access_claims
    user.logout()
    user.refresh_token = refresh_token

    assert first["origin_jti"] == second["origin_jti"]
    assert first["jti"] != second["jti"]
    with pytest.raises(user.client.exceptions.NotAuthorizedException, match=r"Refresh Token has been revoked$"):
        user.renew_access_token()


def test_attributes_are_read_written_and_proved(user_of: Callable[[str], Cognito], site: Site) -> None:
    user = user_of(USERNAME)
    user.admin_authenticate(PASSWORD)

    user.update_profile({"email": "new@example.com", "nickname": "K"})
    changed = user.get_user()
    user.send_verification("email")
    user.validate_verification(newest_code(site, USERNAME), "email")

    assert (changed.email, changed.nickname, changed.email_verified) == ("new@example.com", "K", False)
    assert (changed.sub, changed.name) == (site.user.sub, "Kim")
    assert user.get_user().email_verified


def test_password_is_changed_by_who_knows_the_old_one(user_of: Callable[[str], Cognito]) -> None:
    user = user_of(USERNAME)
    user.admin_authenticate(PASSWORD)

    with pytest.raises(user.client.exceptions.NotAuthorizedException, match=INCORRECT):
        user.change_password("Wrong-passw0rd!", FRESH)
    user.change_password(PASSWORD, FRESH)

    user_of(USERNAME).authenticate(FRESH)


def test_forgotten_password_is_reset_by_a_code(user_of: Callable[[str], Cognito], site: Site) -> None:
    user = user_of(USERNAME)

    user.initiate_forgot_password()
    with pytest.raises(user.client.exceptions.CodeMismatchException, match="please try again"):
        user.confirm_forgot_password("nonsense", FRESH)
    user.confirm_forgot_password(newest_code(site, USERNAME), FRESH)

    user.admin_authenticate(FRESH)
    assert user.access_claims["username"] == USERNAME


def test_administrator_makes_resets_and_deletes_users(user_of: Callable[[str], Cognito], site: Site) -> None:
    admin, pool_id = user_of(USERNAME), site.pool.id

    admin.admin_create_user("lee", TEMPORARY, email="lee@example.com", email_verified="true")
    made = site.services.users.describe(pool_id, "lee")
    user = user_of("lee")
    user.new_password_challenge(TEMPORARY, FRESH)
    user.admin_reset_password("lee")
    reset = site.services.users.describe(pool_id, "lee")
    user.confirm_forgot_password(newest_code(site, "lee"), PASSWORD)
    user.admin_authenticate(PASSWORD)
    user.admin_delete_user()

    assert (made.status, reset.status) == (UserStatus.FORCE_CHANGE_PASSWORD, UserStatus.RESET_REQUIRED)
    assert [each.username for each in admin.get_users()] == [USERNAME]


def test_app_is_set_up_asked_for_and_answered(user_of: Callable[[str], Cognito], site: Site) -> None:
    """The app's clock stands still: the code of its next step is good already, and none has to be waited for."""
    site.services.pool_settings.set_mfa(site.pool.id, MfaChange(mode="OPTIONAL", software_token=True))
    user = user_of(USERNAME)
    user.authenticate(PASSWORD)
    app = App(user.associate_software_token(), MovableClock(time.time()))
    assert user.verify_software_token(app.code(), "phone")
    user.set_user_mfa_preference(sms_mfa=False, software_token_mfa=True, preferred="SOFTWARE_TOKEN")

    with pytest.raises(SoftwareTokenMFAChallengeException) as challenge:
        user.authenticate(PASSWORD)
    with pytest.raises(user.client.exceptions.CodeMismatchException):
        user.respond_to_software_token_mfa_challenge(app.wrong(), challenge.value.get_tokens())
    user.respond_to_software_token_mfa_challenge(app.code(1), challenge.value.get_tokens())

    assert user.access_claims["username"] == USERNAME


def test_device_is_confirmed_and_proves_itself(
    site: Site, app_client: Registered, live_server: Callable[..., LiveServer]
) -> None:
    cognito = boto_client(live_server(site.app).url)
    tracking = {"ChallengeRequiredOnNewDevice": True}
    cognito.update_user_pool(UserPoolId=site.pool.id, DeviceConfiguration=tracking)

    def signed_in(**device: str) -> Any:
        user = AWSSRP(
            USERNAME,
            PASSWORD,
            site.pool.id,
            app_client.client_id,
            client=cognito,
            client_secret=app_client.secret,
            **device,
        )
        return user.authenticate_user()["AuthenticationResult"]

    first = signed_in()
    key, group = first["NewDeviceMetadata"]["DeviceKey"], first["NewDeviceMetadata"]["DeviceGroupKey"]
    password, config = generate_hash_device(group, key)
    cognito.confirm_device(AccessToken=first["AccessToken"], DeviceKey=key, DeviceSecretVerifierConfig=config)

    if app_client.secret is not None:
        return  # pycognito sends no secret hash with DEVICE_SRP_AUTH
    again = signed_in(device_key=key, device_group_key=group, device_password=password)
    assert "NewDeviceMetadata" not in again
    assert claims(again["AccessToken"])["device_key"] == key
    with pytest.raises(cognito.exceptions.NotAuthorizedException, match=r"Incorrect username or password\.$"):
        signed_in(device_key=key, device_group_key=group, device_password="another")
    cognito.forget_device(AccessToken=again["AccessToken"], DeviceKey=key)
    with pytest.raises(cognito.exceptions.ResourceNotFoundException, match=r"Device does not exist\.$"):
        signed_in(device_key=key, device_group_key=group, device_password=password)
