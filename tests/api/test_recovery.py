"""Forgotten passwords over the wire, and who learns from it that somebody exists (api.md 4.16, 4.17, 6)."""

from collections.abc import Callable
from typing import Any

import pytest

from app_client_authz.domain.pool_spec import RecoveryMechanism
from app_client_authz.domain.user import UserStatus
from tests.api.test_self_service import pool_with
from tests.api.test_sign_in import FLOWS, FRESH, refused, sign_in
from tests.api.test_sign_up import EXPIRED, MAIL, MISMATCH, TOO_MANY, codes, resend, sign_up, wrong
from tests.support.clock import MovableClock
from tests.support.mfa import with_mfa, with_phone
from tests.support.site import PASSWORD, USERNAME, Registered, Site

KINDS = ("nobody", "off", "bare", "temporary", "fresh", USERNAME)


@pytest.fixture
def app_client(site: Site) -> Registered:
    return site.client(client_name="app", explicit_auth_flows=FLOWS)


def forgot(cognito: Any, client: Registered, name: str = USERNAME) -> Any:
    return cognito.forgot_password(ClientId=client.client_id, Username=name)


def reset(cognito: Any, client: Registered, code: str, name: str = USERNAME, password: str = FRESH) -> Any:
    return cognito.confirm_forgot_password(
        ClientId=client.client_id, Username=name, ConfirmationCode=code, Password=password
    )


def test_code_sets_another_password(cognito: Any, site: Site, app_client: Registered) -> None:
    tokens = sign_in(cognito, app_client)["AuthenticationResult"]

    answer = forgot(cognito, app_client)
    (code,) = codes(site, USERNAME)
    old = sign_in(cognito, app_client)["AuthenticationResult"]
    done = reset(cognito, app_client, code)

    assert {name: answer[name] for name in answer if name != "ResponseMetadata"} == {
        "CodeDeliveryDetails": {"Destination": "k***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    }
    assert old
    assert done.keys() == {"ResponseMetadata"}
    assert refused(lambda: sign_in(cognito, app_client))[1] == "Incorrect username or password."
    assert sign_in(cognito, app_client, password=FRESH)["AuthenticationResult"]
    assert cognito.get_user(AccessToken=tokens["AccessToken"])["Username"] == USERNAME
    assert refused(lambda: reset(cognito, app_client, code)) == EXPIRED


@pytest.mark.parametrize("says_how", [True, False])
def test_second_factor_recovers_nothing_where_the_pool_says_how_to_recover(
    local: Any, site: Site, app_client: Registered, says_how: bool
) -> None:
    order = (RecoveryMechanism("verified_phone_number", 1), RecoveryMechanism("verified_email", 2))
    with_mfa(site, "OPTIONAL", account_recovery=order if says_how else None)
    with_phone(site)
    factors = {"SMSMfaSettings": {"Enabled": True}, "EmailMfaSettings": {"Enabled": not says_how}}
    local.admin_set_user_mfa_preference(UserPoolId=site.pool.id, Username=USERNAME, **factors)

    sent = forgot(local, app_client)["CodeDeliveryDetails"]

    assert sent["AttributeName"] == "email"
    if says_how:
        factors["EmailMfaSettings"] = {"Enabled": True}
        local.admin_set_user_mfa_preference(UserPoolId=site.pool.id, Username=USERNAME, **factors)
        assert refused(lambda: forgot(local, app_client)) == (
            "InvalidParameterException",
            "Cannot reset password for the user as there is no registered/verified email or phone_number",
        )


def test_reset_that_an_administrator_asked_for_ends(cognito: Any, site: Site, app_client: Registered) -> None:
    cognito.admin_reset_user_password(UserPoolId=site.pool.id, Username=USERNAME)
    asked = refused(lambda: sign_in(cognito, app_client))

    reset(cognito, app_client, codes(site, USERNAME)[0])

    assert asked == ("PasswordResetRequiredException", "Password reset required for the user")
    assert sign_in(cognito, app_client, password=FRESH)["AuthenticationResult"]


def test_refused_password_leaves_the_code_good(cognito: Any, site: Site, app_client: Registered) -> None:
    forgot(cognito, app_client)
    (code,) = codes(site, USERNAME)

    weak = refused(lambda: reset(cognito, app_client, code, password="short"))

    assert weak == ("InvalidPasswordException", "Password did not conform with policy: Password not long enough")
    assert refused(lambda: reset(cognito, app_client, wrong(code), password="short")) == MISMATCH
    reset(cognito, app_client, code)


def test_lock_ends_with_the_reset(cognito: Any, site: Site, app_client: Registered) -> None:
    for _ in range(5):
        refused(lambda: sign_in(cognito, app_client, password="Wrong-passw0rd!"))
    locked = refused(lambda: sign_in(cognito, app_client))

    forgot(cognito, app_client)
    reset(cognito, app_client, codes(site, USERNAME)[0])

    assert locked == ("NotAuthorizedException", "Password attempts exceeded")
    assert sign_in(cognito, app_client, password=FRESH)["AuthenticationResult"]


def test_browser_is_signed_out_by_the_reset(cognito: Any, site: Site, app_client: Registered) -> None:
    browser = site.browse(signed_in=True)
    forgot(cognito, app_client)
    before = browser.get(site.authorize_url(site.web)).headers["Location"]

    reset(cognito, app_client, codes(site, USERNAME)[0])

    assert "code=" in before
    assert "code=" not in browser.get(site.authorize_url(site.web)).headers["Location"]


def test_code_is_good_for_an_hour(cognito: Any, site: Site, app_client: Registered, clock: MovableClock) -> None:
    forgot(cognito, app_client)
    clock.advance(3600)

    assert refused(lambda: reset(cognito, app_client, codes(site, USERNAME)[0])) == EXPIRED


def test_unverified_again_is_verified_by_the_code(cognito: Any, site: Site, app_client: Registered) -> None:
    users = site.services.users
    forgot(cognito, app_client)
    users.update_attributes(site.pool.id, USERNAME, {"email_verified": "false"})

    reset(cognito, app_client, codes(site, USERNAME)[0])

    assert users.describe(site.pool.id, USERNAME).attributes["email_verified"] == "true"


@pytest.mark.attack("R18")
@pytest.mark.parametrize("setting", ["LEGACY", "ENABLED"])
def test_code_ends_with_the_address_that_it_went_to(cognito: Any, site: Site, setting: str) -> None:
    """Who reads the old mailbox resets nothing."""
    client = site.client(explicit_auth_flows=FLOWS, prevent_user_existence_errors=setting)
    moved = {"email": "new@example.com", "email_verified": "true"}
    forgot(cognito, client)
    site.services.users.update_attributes(site.pool.id, USERNAME, moved)

    assert refused(lambda: reset(cognito, client, codes(site, USERNAME)[0])) == EXPIRED
    assert sign_in(cognito, client)["AuthenticationResult"]


@pytest.mark.attack("R18")
def test_code_ends_with_the_password_that_the_user_sets(cognito: Any, site: Site, app_client: Registered) -> None:
    token = sign_in(cognito, app_client)["AuthenticationResult"]["AccessToken"]
    forgot(cognito, app_client)

    cognito.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=FRESH)

    assert refused(lambda: reset(cognito, app_client, codes(site, USERNAME)[0], password=PASSWORD)) == EXPIRED


@pytest.mark.attack("R14")
@pytest.mark.parametrize("name", [USERNAME, "nobody"])
def test_guesses_are_limited_alike_for_everybody(cognito: Any, site: Site, name: str) -> None:
    client = site.client(prevent_user_existence_errors="ENABLED")
    forgot(cognito, client, name)
    code = codes(site, USERNAME)[0] if name == USERNAME else "123456"
    for _ in range(10):
        assert refused(lambda: reset(cognito, client, wrong(code), name)) == MISMATCH

    assert refused(lambda: reset(cognito, client, code, name)) == TOO_MANY
    forgot(cognito, client, name)
    assert refused(lambda: reset(cognito, client, code, name.upper())) == TOO_MANY


@pytest.mark.attack("R15")
@pytest.mark.parametrize("name", [USERNAME, "nobody"])
@pytest.mark.parametrize("call, limit", [(forgot, 20), (resend, 5)])
def test_codes_are_sent_so_often_an_hour_to_everybody(
    cognito: Any, site: Site, clock: MovableClock, name: str, call: Callable[..., Any], limit: int
) -> None:
    pool_with(site, auto_verified_attributes=("email",))
    client = site.client(prevent_user_existence_errors="ENABLED")
    for number in range(limit):
        call(cognito, client, name.upper() if number % 2 else name)

    assert refused(lambda: call(cognito, client, name)) == TOO_MANY
    clock.advance(3600)
    call(cognito, client, name)


def test_pool_whose_administrators_recover_accounts_sends_no_code(cognito: Any, site: Site) -> None:
    pool_with(site, account_recovery=(RecoveryMechanism("admin_only", 1),))
    contact = ("NotAuthorizedException", "Contact administrator to reset password.")

    for setting in ("LEGACY", "ENABLED"):
        client = site.client(prevent_user_existence_errors=setting)
        for name in (USERNAME, "nobody"):
            assert refused(lambda client=client, name=name: forgot(cognito, client, name)) == contact


# --- who exists (the table itself: test_prevent_user_existence.py) ----------------------------------


@pytest.fixture
def people(site: Site, cognito: Any) -> None:
    """Users of the names in ``KINDS``, except for nobody."""
    pool_with(site, auto_verified_attributes=("email",))
    users, pool_id = site.services.users, site.pool.id
    verified = {"email": "who@example.com", "email_verified": "true"}
    users.create(pool_id, "off", verified, password=PASSWORD, permanent=True)
    users.disable(pool_id, "off")
    users.create(pool_id, "bare", {}, password=PASSWORD, permanent=True)
    users.create(pool_id, "temporary", verified, password=PASSWORD)
    sign_up(cognito, site.spa, MAIL, name="fresh")


@pytest.mark.usefixtures("people")
def test_only_who_has_to_get_a_code_gets_one(cognito: Any, site: Site) -> None:
    client = site.client(prevent_user_existence_errors="ENABLED")
    for name in KINDS:
        forgot(cognito, client, name)
        resend(cognito, client, name)

    counts = {name: len(codes(site, name)) for name in KINDS[1:]}
    assert counts == {"off": 0, "bare": 0, "temporary": 0, "fresh": 2, USERNAME: 1}


def test_simulated_destination_of_a_name_is_always_the_same(cognito: Any, site: Site) -> None:
    first, second = (site.client(prevent_user_existence_errors="ENABLED") for _ in range(2))

    def destination(client: Registered, name: str) -> str:
        return str(forgot(cognito, client, name)["CodeDeliveryDetails"]["Destination"])

    names = [f"nobody-{number}" for number in range(6)]
    shown = [destination(first, name) for name in names]
    assert [destination(second, name.upper()) for name in names] == shown
    assert len(set(shown)) > 1
    assert destination(first, "someone@elsewhere.example") == "s***@e***"
    assert forgot(cognito, first, "+15550001234")["CodeDeliveryDetails"] == {
        "Destination": "+*******1234",
        "DeliveryMedium": "SMS",
        "AttributeName": "phone_number",
    }


def test_code_of_a_user_who_was_disabled_since_is_wrong(cognito: Any, site: Site) -> None:
    client = site.client(prevent_user_existence_errors="ENABLED")
    forgot(cognito, client)
    site.services.users.disable(site.pool.id, USERNAME)

    assert refused(lambda: reset(cognito, client, codes(site, USERNAME)[0])) == MISMATCH
    assert site.services.users.describe(site.pool.id, USERNAME).status == UserStatus.CONFIRMED


def test_who_holds_an_expired_code_is_told_so_by_every_client(cognito: Any, site: Site, clock: MovableClock) -> None:
    client = site.client(prevent_user_existence_errors="ENABLED")
    forgot(cognito, client)
    clock.advance(3600)

    (code,) = codes(site, USERNAME)
    assert refused(lambda: reset(cognito, client, code)) == EXPIRED
    assert refused(lambda: reset(cognito, client, wrong(code))) == MISMATCH
