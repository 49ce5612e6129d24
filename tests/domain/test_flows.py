"""OAuth flows and explicit authentication flows (api.md 2.5, 2.8, CLI-6)."""

import pytest

from app_client_authz.domain import flows
from app_client_authz.domain.app_client import RefreshTokenRotation
from app_client_authz.domain.errors import InvalidOAuthFlow, InvalidParameter
from tests.domain.app_clients import CALLBACK, machine_client, make, oauth_client

REFRESH = {"REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"}
ADMIN_PASSWORD = {"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"}
ALL = {*REFRESH, *ADMIN_PASSWORD, "USER_SRP_AUTH", "CUSTOM_AUTH", "USER_PASSWORD_AUTH", "USER_AUTH"}


def usable(*explicit: str, rotation: bool = False) -> set[str]:
    members: dict[str, object] = {"explicit_auth_flows": explicit}
    if rotation:
        members["refresh_token_rotation"] = RefreshTokenRotation("ENABLED")
    client = make(**members)
    return {flow for flow in ALL if client.can_use_auth_flow(flow)}


def test_an_unset_list_allows_srp_custom_and_refresh() -> None:
    assert usable() == {"USER_SRP_AUTH", "CUSTOM_AUTH", *REFRESH}


@pytest.mark.parametrize(
    "explicit, enabled",
    [
        ("ALLOW_USER_PASSWORD_AUTH", {"USER_PASSWORD_AUTH"}),
        ("ALLOW_ADMIN_USER_PASSWORD_AUTH", ADMIN_PASSWORD),
        ("ALLOW_CUSTOM_AUTH", {"CUSTOM_AUTH"}),
        ("ALLOW_USER_SRP_AUTH", {"USER_SRP_AUTH"}),
        ("ALLOW_REFRESH_TOKEN_AUTH", REFRESH),
        ("ALLOW_USER_AUTH", {"USER_AUTH"}),
        ("ALLOW_TOKEN_EXCHANGE_DELEGATION", set()),
        ("ALLOW_TOKEN_EXCHANGE_IMPERSONATION", set()),
        ("ALLOW_CLIENT_TOKEN_AUTH", set()),
    ],
)
def test_each_new_flow_allows_exactly_itself(explicit: str, enabled: set[str]) -> None:
    assert usable(explicit) == enabled


def test_legacy_lists_restrict_neither_srp_nor_refresh() -> None:
    assert usable("ADMIN_NO_SRP_AUTH") == {"USER_SRP_AUTH", *REFRESH, *ADMIN_PASSWORD}
    assert usable("USER_PASSWORD_AUTH") == {"USER_SRP_AUTH", *REFRESH, "USER_PASSWORD_AUTH"}


def test_custom_auth_flow_only_leaves_custom_and_refresh() -> None:
    assert usable("CUSTOM_AUTH_FLOW_ONLY") == {"CUSTOM_AUTH", *REFRESH}
    assert usable("CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH") == {"CUSTOM_AUTH", *REFRESH}


def test_rotation_ends_refresh_through_the_api() -> None:
    assert usable(rotation=True) == {"USER_SRP_AUTH", "CUSTOM_AUTH"}
    assert usable("ADMIN_NO_SRP_AUTH", rotation=True) == {"USER_SRP_AUTH", *ADMIN_PASSWORD}


def test_an_unknown_auth_flow_is_never_usable() -> None:
    assert not make().can_use_auth_flow("ALLOW_USER_SRP_AUTH")
    assert not make().can_use_auth_flow("")


def test_the_two_families_do_not_mix() -> None:
    with pytest.raises(InvalidParameter) as error:
        usable("USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    assert error.value.message == ("Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.")


def test_client_token_auth_stands_alone() -> None:
    with pytest.raises(InvalidParameter, match="ALLOW_CLIENT_TOKEN_AUTH cannot be used along with other auth flows"):
        usable("ALLOW_CLIENT_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH")


def test_a_list_without_refresh_is_accepted() -> None:
    assert usable("ALLOW_USER_SRP_AUTH") == {"USER_SRP_AUTH"}


def test_explicit_flows_come_back_as_a_set_in_a_fixed_order() -> None:
    sent = (
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_USER_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_CUSTOM_AUTH",
    )
    assert make(explicit_auth_flows=sent).spec.explicit_auth_flows == (
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
        "ALLOW_USER_AUTH",
    )


def test_every_explicit_flow_survives_ordering() -> None:
    assert set(flows.in_answer_order(flows.EXPLICIT_FLOWS)) == set(flows.EXPLICIT_FLOWS)


def test_an_unknown_explicit_flow_is_refused_with_the_value_set() -> None:
    with pytest.raises(InvalidParameter) as error:
        usable("ALLOW_USER_SRP_AUTH", "ALLOW_EVERYTHING")
    assert error.value.message.startswith(
        "1 validation error detected: Value '[ALLOW_USER_SRP_AUTH, ALLOW_EVERYTHING]' at 'explicitAuthFlows' failed to "
        "satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [ADMIN_NO_SRP_AUTH, "
        "CUSTOM_AUTH_FLOW_ONLY, USER_PASSWORD_AUTH, ALLOW_ADMIN_USER_PASSWORD_AUTH, "
    )


# --- OAuth flows ----------------------------------------------------------------------------------


def test_code_and_implicit_go_together() -> None:
    client = oauth_client(allowed_oauth_flows=("code", "implicit"))
    assert client.allows_flow("code")
    assert client.allows_flow("implicit")
    assert not client.allows_flow("client_credentials")


def test_no_flow_is_allowed_by_default() -> None:
    client = make()
    assert not client.oauth_enabled
    assert not any(client.allows_flow(flow) for flow in flows.OAUTH_FLOWS)


def test_an_unknown_oauth_flow_is_refused_in_aws_words() -> None:
    with pytest.raises(InvalidParameter) as error:
        oauth_client(allowed_oauth_flows=("code", "token"))
    assert error.value.message == (
        "1 validation error detected: Value '[code, token]' at 'allowedOAuthFlows' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must satisfy enum value set: [implicit, client_credentials, code]]"
    )


def test_four_oauth_flows_are_too_many() -> None:
    with pytest.raises(InvalidParameter) as error:
        oauth_client(allowed_oauth_flows=("code",) * 4)
    assert error.value.message == (
        "1 validation error detected: Value '[code, code, code, code]' at 'allowedOAuthFlows' failed to satisfy "
        "constraint: Member must have length less than or equal to 3"
    )


@pytest.mark.parametrize("other", [("code",), ("implicit",), ("code", "implicit")])
def test_client_credentials_is_the_only_flow_of_its_client(other: tuple[str, ...]) -> None:
    with pytest.raises(InvalidOAuthFlow) as error:
        machine_client(allowed_oauth_flows=("client_credentials", *other), callback_urls=(CALLBACK,))
    assert error.value.message == ("client_credentials flow can not be selected along with code flow or implicit flow.")


def test_client_credentials_needs_a_secret() -> None:
    with pytest.raises(InvalidOAuthFlow) as error:
        machine_client(generate_secret=False)
    assert error.value.message == (
        "client_credentials flow can not be selected if client does not have a client secret."
    )


@pytest.mark.attack("R17")
@pytest.mark.parametrize("scope", ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"])
def test_client_credentials_goes_with_custom_scopes_only(scope: str) -> None:
    with pytest.raises(InvalidOAuthFlow) as error:
        machine_client(allowed_oauth_scopes=("orders/read", scope))
    assert error.value.message == f"{scope} is not supported with client_credentials flow"


@pytest.mark.parametrize("flow", ["code", "implicit"])
@pytest.mark.parametrize("callbacks", [None, ()])
def test_code_and_implicit_need_a_callback_url(flow: str, callbacks: tuple[str, ...] | None) -> None:
    with pytest.raises(InvalidParameter) as error:
        oauth_client(allowed_oauth_flows=(flow,), callback_urls=callbacks)
    assert error.value.message == "CallbackUrls can not be empty when code flow or implicit flow is selected"


def test_client_credentials_needs_no_callback_url() -> None:
    assert machine_client().allows_flow("client_credentials")
