"""What an access token opens, over the wire (api.md 4.18 to 4.21, 9.1)."""

import json
from typing import Any

import pytest

from app_client_authz.domain.pool import PoolSpec
from tests.api.test_sign_in import FLOWS, FRESH, refused, sign_in
from tests.support.aws import Wire
from tests.support.clock import MovableClock
from tests.support.site import PASSWORD, USERNAME, Registered, Site


@pytest.fixture
def app_client(site: Site) -> Registered:
    return site.client(client_name="app", explicit_auth_flows=FLOWS)


@pytest.fixture
def token(cognito: Any, app_client: Registered) -> str:
    """An access token of kim's."""
    return str(sign_in(cognito, app_client)["AuthenticationResult"]["AccessToken"])


def values(answer: Any) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in answer["UserAttributes"]}


def change(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in pairs]


def test_get_user_follows_the_read_attributes_of_now(
    cognito: Any, site: Site, app_client: Registered, token: str
) -> None:
    everything = values(cognito.get_user(AccessToken=token))
    cognito.update_user_pool_client(UserPoolId=site.pool.id, ClientId=app_client.client_id, ReadAttributes=["name"])

    after = cognito.get_user(AccessToken=token)

    assert everything == {
        "email": "kim@example.com",
        "email_verified": "true",
        "name": "Kim",
        "sub": site.user.sub,
    }
    assert values(after) == {"name": "Kim", "sub": site.user.sub}
    assert after.keys() == {"Username", "UserAttributes", "ResponseMetadata"}


def test_tokens_that_are_none_are_refused_as_recorded(
    cognito: Any, site: Site, app_client: Registered, token: str, clock: MovableClock
) -> None:
    tokens = sign_in(cognito, app_client)["AuthenticationResult"]
    head, payload, signature = token.split(".")

    def answer(value: str) -> tuple[str, str]:
        return refused(cognito.get_user, AccessToken=value)

    assert answer(tokens["IdToken"]) == ("NotAuthorizedException", "Invalid Access Token")
    assert answer("no.token.either") == ("NotAuthorizedException", "Invalid Access Token")
    tampered = f"{head}.{payload}.{signature[:-8]}AAAAAAAA"
    assert answer(tampered) == ("NotAuthorizedException", "Could not verify signature for Access Token")
    code, message = answer("with a blank")
    assert (code, "with a blank" in message) == ("InvalidParameterException", False)
    clock.advance(3600)
    assert answer(token) == ("NotAuthorizedException", "Access Token has expired")


def test_token_without_the_scope_opens_no_self_service(site: Site, wire: Wire) -> None:
    token = site.tokens(site.client())["access_token"]

    answer = wire("GetUser", {"AccessToken": token}, signed=False)

    assert json.loads(answer.data)["message"] == "Access Token does not have required scopes"


def test_disabled_comes_before_revoked_and_revoked_stays(cognito: Any, pool_id: str, token: str) -> None:
    cognito.admin_disable_user(UserPoolId=pool_id, Username=USERNAME)
    disabled = refused(cognito.get_user, AccessToken=token)
    cognito.admin_enable_user(UserPoolId=pool_id, Username=USERNAME)

    assert disabled == ("NotAuthorizedException", "User is disabled.")
    assert refused(cognito.get_user, AccessToken=token) == ("NotAuthorizedException", "Access Token has been revoked")


def test_client_that_is_gone_takes_its_tokens_along(
    cognito: Any, pool_id: str, app_client: Registered, token: str
) -> None:
    cognito.delete_user_pool_client(UserPoolId=pool_id, ClientId=app_client.client_id)

    message = f"User pool client {app_client.client_id} does not exist."
    assert refused(cognito.get_user, AccessToken=token) == ("ResourceNotFoundException", message)


def test_namesake_of_a_deleted_user_is_somebody_else(cognito: Any, pool_id: str, token: str) -> None:
    cognito.delete_user(AccessToken=token)
    gone = refused(cognito.get_user, AccessToken=token)
    cognito.admin_create_user(UserPoolId=pool_id, Username=USERNAME, MessageAction="SUPPRESS")

    assert gone == ("UserNotFoundException", "User does not exist.")
    assert refused(cognito.get_user, AccessToken=token) == ("NotAuthorizedException", "Invalid access token.")


def test_global_sign_out_ends_every_token_and_no_later_one(
    cognito: Any, app_client: Registered, token: str, clock: MovableClock
) -> None:
    cognito.global_sign_out(AccessToken=token)
    clock.advance(1)

    assert refused(cognito.get_user, AccessToken=token) == ("NotAuthorizedException", "Access Token has been revoked")
    again = sign_in(cognito, app_client)["AuthenticationResult"]["AccessToken"]
    assert cognito.get_user(AccessToken=again)["Username"] == USERNAME


def test_password_is_changed_by_who_knows_the_old_one(cognito: Any, app_client: Registered, token: str) -> None:
    def answer(previous: str, proposed: str) -> tuple[str, str]:
        return refused(cognito.change_password, AccessToken=token, PreviousPassword=previous, ProposedPassword=proposed)

    weak = ("InvalidPasswordException", "Password did not conform with policy: Password not long enough")
    assert answer("Wrong-passw0rd!", FRESH) == ("NotAuthorizedException", "Incorrect username or password.")
    assert answer(PASSWORD, "short") == weak
    cognito.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=FRESH)
    assert refused(lambda: sign_in(cognito, app_client))[1] == "Incorrect username or password."
    assert sign_in(cognito, app_client, password=FRESH)["AuthenticationResult"]
    assert cognito.get_user(AccessToken=token)["Username"] == USERNAME


def test_sixth_change_of_password_within_an_hour_is_refused(cognito: Any, token: str) -> None:
    for _ in range(5):
        cognito.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=PASSWORD)

    assert refused(
        cognito.change_password, AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=PASSWORD
    ) == ("LimitExceededException", "Attempt limit exceeded, please try after some time.")


@pytest.mark.attack("R16")
def test_one_forbidden_attribute_refuses_all(cognito: Any, site: Site, app_client: Registered, token: str) -> None:
    cognito.update_user_pool_client(UserPoolId=site.pool.id, ClientId=app_client.client_id, WriteAttributes=["name"])

    def answer(*pairs: tuple[str, str]) -> tuple[str, str]:
        return refused(cognito.update_user_attributes, AccessToken=token, UserAttributes=change(*pairs))

    unauthorized = ("NotAuthorizedException", "A client attempted to write unauthorized attribute")
    assert answer(("name", "Kimberly"), ("nickname", "K")) == unauthorized
    assert answer(("email_verified", "true")) == (
        "InvalidParameterException",
        "Cannot modify the non-mutable attribute email_verified",
    )
    assert (
        refused(cognito.delete_user_attributes, AccessToken=token, UserAttributeNames=["name", "email"]) == unauthorized
    )
    assert values(cognito.get_user(AccessToken=token))["name"] == "Kim"
    assert cognito.update_user_attributes(AccessToken=token, UserAttributes=change(("name", "Kimberly"))).keys() == {
        "ResponseMetadata"
    }
    assert values(cognito.get_user(AccessToken=token))["name"] == "Kimberly"


def test_changed_address_is_unverified_and_deleting_it_takes_the_flag(cognito: Any, token: str) -> None:
    cognito.update_user_attributes(AccessToken=token, UserAttributes=change(("email", "new@example.com")))
    changed = values(cognito.get_user(AccessToken=token))
    cognito.delete_user_attributes(AccessToken=token, UserAttributeNames=["email"])

    assert (changed["email"], changed["email_verified"]) == ("new@example.com", "false")
    assert values(cognito.get_user(AccessToken=token)).keys() == {"name", "sub"}


def pool_with(site: Site, **members: Any) -> str:
    """``site.pool`` with other settings."""
    return site.services.pools.replace(site.pool.id, PoolSpec(name="demo", **members)).id


def code_of(site: Site) -> str:
    """The newest code that kim was sent."""
    assert site.services.outbox is not None
    return site.services.outbox.of_user(site.pool.id, site.user.sub)[0].code


def test_new_address_is_proved_by_the_code_that_it_was_sent(cognito: Any, site: Site, token: str) -> None:
    pool_with(site, auto_verified_attributes=("email",))

    answer = cognito.update_user_attributes(AccessToken=token, UserAttributes=change(("email", "new@example.com")))
    wrong = refused(cognito.verify_user_attribute, AccessToken=token, AttributeName="email", Code="000000x")
    cognito.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code_of(site))

    assert answer["CodeDeliveryDetailsList"] == [
        {"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    ]
    assert wrong == ("CodeMismatchException", "Invalid verification code provided, please try again.")
    after = values(cognito.get_user(AccessToken=token))
    assert (after["email"], after["email_verified"]) == ("new@example.com", "true")
    used = refused(cognito.verify_user_attribute, AccessToken=token, AttributeName="email", Code=code_of(site))
    assert used == ("ExpiredCodeException", "Invalid code provided, please request a code again.")


def test_old_address_stays_until_the_new_one_is_proved(cognito: Any, site: Site, token: str) -> None:
    pool_with(site, auto_verified_attributes=("email",), attributes_require_verification_before_update=("email",))

    cognito.update_user_attributes(AccessToken=token, UserAttributes=change(("email", "new@example.com")))
    before = values(cognito.get_user(AccessToken=token))
    cognito.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code_of(site))

    assert (before["email"], before["email_verified"]) == ("kim@example.com", "true")
    after = values(cognito.get_user(AccessToken=token))
    assert (after["email"], after["email_verified"]) == ("new@example.com", "true")


def test_address_from_an_administrator_waits_for_its_proof_too(cognito: Any, site: Site, token: str) -> None:
    pool_with(site, auto_verified_attributes=("email",), attributes_require_verification_before_update=("email",))
    kim = {"UserPoolId": site.pool.id, "Username": USERNAME}

    cognito.admin_update_user_attributes(**kim, UserAttributes=change(("email", "new@example.com"), ("name", "Kim K.")))
    before = values(cognito.admin_get_user(**kim))
    cognito.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code_of(site))

    assert (before["email"], before["email_verified"], before["name"]) == ("kim@example.com", "true", "Kim K.")
    after = values(cognito.admin_get_user(**kim))
    assert (after["email"], after["email_verified"]) == ("new@example.com", "true")


@pytest.mark.parametrize("flag", ["", "false"])
def test_flag_that_does_not_say_verified_makes_no_difference(cognito: Any, site: Site, flag: str) -> None:
    pool_with(site, auto_verified_attributes=("email",), attributes_require_verification_before_update=("email",))
    kim = {"UserPoolId": site.pool.id, "Username": USERNAME}

    changes = change(("email", "new@example.com"), ("email_verified", flag))
    cognito.admin_update_user_attributes(**kim, UserAttributes=changes)

    assert values(cognito.admin_get_user(**kim))["email"] == "kim@example.com"
    assert code_of(site)


def test_administrator_who_says_that_it_is_verified_sets_it_at_once(cognito: Any, site: Site, token: str) -> None:
    pool_with(site, auto_verified_attributes=("email",), attributes_require_verification_before_update=("email",))
    kim = {"UserPoolId": site.pool.id, "Username": USERNAME}
    cognito.admin_update_user_attributes(**kim, UserAttributes=change(("email", "typo@example.com")))
    pending = code_of(site)

    verified = change(("email", "new@example.com"), ("email_verified", "true"))
    cognito.admin_update_user_attributes(**kim, UserAttributes=verified)

    after = values(cognito.admin_get_user(**kim))
    assert (after["email"], after["email_verified"]) == ("new@example.com", "true")
    assert code_of(site) == pending
    used = refused(cognito.verify_user_attribute, AccessToken=token, AttributeName="email", Code=pending)
    assert used[0] == "ExpiredCodeException"


def test_administrator_sends_no_code_where_nothing_waits_or_changes(cognito: Any, site: Site) -> None:
    kim = {"UserPoolId": site.pool.id, "Username": USERNAME}
    pool_with(site, auto_verified_attributes=("email",))
    cognito.admin_update_user_attributes(**kim, UserAttributes=change(("email", "new@example.com")))
    pool_with(site, auto_verified_attributes=("email",), attributes_require_verification_before_update=("email",))
    cognito.admin_update_user_attributes(**kim, UserAttributes=change(("email", "new@example.com")))

    after = values(cognito.admin_get_user(**kim))
    assert (after["email"], after["email_verified"]) == ("new@example.com", "false")
    assert site.services.outbox is not None
    assert site.services.outbox.of_user(site.pool.id, site.user.sub) == []


def test_codes_are_sent_five_times_an_hour_to_addresses_only(cognito: Any, token: str) -> None:
    def ask(attribute: str) -> Any:
        return cognito.get_user_attribute_verification_code(AccessToken=token, AttributeName=attribute)

    sent = [ask("email") for _ in range(5)]

    assert sent[0]["CodeDeliveryDetails"]["Destination"] == "k***@e***"
    limit = ("LimitExceededException", "Attempt limit exceeded, please try after some time.")
    assert refused(ask, attribute="email") == limit
    only = "Invalid attribute name. Only phone_number and email can be verified."
    assert refused(ask, attribute="name") == ("InvalidParameterException", only)
    none = "User does not have a valid registered phone number"
    assert refused(ask, attribute="phone_number") == ("InvalidParameterException", none)
