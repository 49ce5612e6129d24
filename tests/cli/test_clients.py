"""flask authz client, and its secrets."""

import json
from typing import Any

import pytest

from tests.cli.conftest import POOL, Shell

WEB = (
    *("--flow", "code", "--scope", "openid", "--scope", "email", "--callback-url", "https://app.example.com/cb"),
    *("--logout-url", "https://app.example.com/", "--generate-secret"),
)
OTHER_POOL = "us-east-1_Other0001"
SECRET = "x" * 30


# --- create ---------------------------------------------------------------------------------------


def test_create_without_options_makes_a_public_client_with_oauth_off(shell: Shell) -> None:
    made = shell.json("client", "create", POOL, "plain")
    assert made["Confidential"] is False
    assert made["AllowedOAuthFlowsUserPoolClient"] is False
    assert made["PreventUserExistenceErrors"] == "ENABLED"
    assert "ClientSecret" not in made
    assert "SupportedIdentityProviders" not in made


def test_create_with_a_flow_switches_oauth_and_the_pools_directory_on(shell: Shell) -> None:
    made = shell.json("client", "create", POOL, "web", *WEB)
    assert made["AllowedOAuthFlowsUserPoolClient"] is True
    assert made["SupportedIdentityProviders"] == ["COGNITO"]


def test_create_of_a_machine_client_needs_no_provider(shell: Shell) -> None:
    shell.ok("resource-server", "create", POOL, "orders", "--name", "Orders", "--scope", "read:Read")
    made = shell.json(
        *("client", "create", POOL, "machine", "--flow", "client_credentials", "--scope", "orders/read"),
        "--generate-secret",
    )
    assert made["AllowedOAuthFlows"] == ["client_credentials"]
    assert "SupportedIdentityProviders" not in made


def test_create_can_leave_oauth_off_and_name_other_providers(shell: Shell) -> None:
    made = shell.json("client", "create", POOL, "web", *WEB, "--no-oauth", "--identity-provider", "COGNITO")
    assert made["AllowedOAuthFlowsUserPoolClient"] is False


def test_create_sets_every_member_of_create_user_pool_client(shell: Shell) -> None:
    made = shell.json(
        *("client", "create", POOL, "full", "--id", "myclient1", *WEB),
        *("--default-redirect-uri", "https://app.example.com/cb", "--access-token-validity", "30m"),
        *("--id-token-validity", "2 hours", "--refresh-token-validity", "7d", "--read-attribute", "email"),
        *("--read-attribute", "email_verified", "--write-attribute", "name", "--explicit-auth-flow"),
        *("ALLOW_USER_SRP_AUTH", "--no-token-revocation", "--rotate-refresh-tokens", "--grace", "20"),
        *("--auth-session-validity", "5", "--sso-max-minutes", "15", "--require-pkce"),
        *("--propagate-user-context", "--prevent-user-existence-errors", "LEGACY"),
        *("--analytics", '{"ApplicationId": "abc123"}'),
    )
    secret = made.pop("ClientSecret")
    assert len(secret) > 40
    assert made == {
        "UserPoolId": POOL,
        "ClientId": "myclient1",
        "ClientName": "full",
        "Confidential": True,
        "CreationDate": "2026-09-21T14:13:20Z",
        "LastModifiedDate": "2026-09-21T14:13:20Z",
        "RefreshTokenValidity": 7,
        "AccessTokenValidity": 30,
        "IdTokenValidity": 2,
        "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "hours", "RefreshToken": "days"},
        "ReadAttributes": ["email", "email_verified"],
        "WriteAttributes": ["name"],
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
        "SupportedIdentityProviders": ["COGNITO"],
        "CallbackURLs": ["https://app.example.com/cb"],
        "LogoutURLs": ["https://app.example.com/"],
        "DefaultRedirectURI": "https://app.example.com/cb",
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "email"],
        "AllowedOAuthFlowsUserPoolClient": True,
        "AnalyticsConfiguration": {"ApplicationId": "abc123"},
        "PreventUserExistenceErrors": "LEGACY",
        "EnableTokenRevocation": False,
        "EnablePropagateAdditionalUserContextData": True,
        "AuthSessionValidity": 5,
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 20},
        "RequirePkce": True,
        "SSOSession": {"MaxValidityMinutes": 15},
    }


def test_create_prints_a_generated_secret_once_and_no_list_or_description_repeats_it(shell: Shell) -> None:
    printed = shell.ok("client", "create", POOL, "web", *WEB)
    client_id, secret = (line.split()[-1] for line in printed.splitlines()[1:])
    assert shell.services.app_clients.authenticate(client_id, secret)
    for words in (("list", POOL), ("describe", client_id), ("secret", "list", client_id)):
        assert secret not in shell.ok("client", *words)
        assert secret not in shell.ok("client", *words, "--json")
    changed = shell.ok("client", "update", client_id, "--name", "new", "--json")
    assert secret not in changed


def test_create_with_a_secret_of_ones_own_does_not_print_it(shell: Shell) -> None:
    printed = shell.ok("client", "create", POOL, "web", "--secret", SECRET, "--id", "mine")
    assert "confidential" in printed
    assert SECRET not in printed
    assert shell.services.app_clients.authenticate("mine", SECRET)


def test_create_reads_a_secret_from_standard_input(shell: Shell) -> None:
    shell.ok("client", "create", POOL, "web", "--secret", "-", "--id", "mine", typed=f"{SECRET}\n")
    assert shell.services.app_clients.authenticate("mine", SECRET)


@pytest.mark.parametrize(
    "options, named",
    [
        (("--flow", "password"), "--flow"),
        (("--access-token-validity", "60"), "--access-token-validity"),
        (("--id-token-validity", "1 week"), "--id-token-validity"),
        (("--refresh-token-validity", "-1d"), "--refresh-token-validity"),
        (("--explicit-auth-flow", "SRP"), "--explicit-auth-flow"),
        (("--prevent-user-existence-errors", "yes"), "--prevent-user-existence-errors"),
        (("--rotate-refresh-tokens", "--grace", "61"), "--grace"),
        (("--auth-session-validity", "2"), "--auth-session-validity"),
        (("--sso-max-minutes", "129601"), "--sso-max-minutes"),
        (("--analytics", "[]"), "--analytics"),
        (("--analytics", "{"), "--analytics"),
    ],
    ids=str,
)
def test_a_bad_value_is_refused_with_the_name_of_its_option(shell: Shell, options: tuple[str, ...], named: str) -> None:
    assert f"Invalid value for '{named}'" in shell.misused("client", "create", POOL, "web", *options)
    assert shell.json("client", "list", POOL) == []


def test_a_grace_period_without_rotation_is_a_mistake(shell: Shell) -> None:
    assert "--rotate-refresh-tokens" in shell.misused("client", "create", POOL, "web", "--grace", "5")


@pytest.mark.parametrize(
    "options, message",
    [
        (("--callback-url", "http://app.example.com/cb"), "cannot use the HTTP protocol"),
        (("--scope", "orders/read"), "Invalid scope requested: orders/read"),
        (("--flow", "code"), "AllowedOAuthScopes are required"),
        (("--access-token-validity", "1m"), "Invalid range for token validity"),
        (("--generate-secret", "--secret", SECRET), "Cannot specify both GenerateSecret and ClientSecret."),
        (("--secret", "short"), "clientSecret"),
        (("--id", "not an id"), "clientId"),
    ],
    ids=str,
)
def test_what_the_rules_of_a_client_refuse_is_one_line(shell: Shell, options: tuple[str, ...], message: str) -> None:
    refusal = shell.refused("client", "create", POOL, "web", *options)
    assert message in refusal
    assert SECRET not in refusal


def test_a_client_id_that_is_taken_is_named(shell: Shell) -> None:
    shell.ok("client", "create", POOL, "web", "--id", "mine")
    assert shell.refused("client", "create", POOL, "web", "--id", "mine") == "User pool client mine already exists."


# --- list, describe, delete -----------------------------------------------------------------------


def test_list_says_type_and_flows(shell: Shell) -> None:
    assert "flask authz client create" in shell.ok("client", "list", POOL)
    web, spa = shell.client(*WEB), shell.client(name="spa")
    rows = {line.split()[0]: line.split()[1:] for line in shell.ok("client", "list", POOL).splitlines()[1:]}
    assert rows == {web: ["confidential", "code", "web"], spa: ["public", "OAuth", "off", "spa"]}
    assert {each["ClientId"] for each in shell.json("client", "list", POOL)} == {web, spa}


def test_describe_takes_the_client_id_with_or_without_its_pool(shell: Shell) -> None:
    client_id = shell.client(*WEB)
    printed = shell.ok("client", "describe", client_id)
    assert printed == shell.ok("client", "describe", POOL, client_id)
    assert f"{POOL} (Demo)" in printed
    assert "confidential, one secret" in printed
    assert shell.json("client", "describe", client_id)["ClientId"] == client_id


def test_describe_shows_the_secret_on_demand_only(shell: Shell) -> None:
    shell.ok("client", "create", POOL, "web", "--secret", SECRET, "--id", "mine")
    assert SECRET not in shell.ok("client", "describe", "mine")
    assert SECRET in shell.ok("client", "describe", "mine", "--show-secret")
    assert shell.json("client", "describe", "mine", "--show-secret")["ClientSecret"] == SECRET


@pytest.mark.parametrize(
    "words",
    [("describe",), ("update", "--name", "new"), ("delete",), ("secret", "add"), ("secret", "list")],
    ids=" ".join,
)
def test_a_client_that_is_not_there_or_another_pools_is_not_found(shell: Shell, words: tuple[str, ...]) -> None:
    shell.ok("pool", "create", "Other", "--id", OTHER_POOL)
    client_id = shell.client(*WEB)
    assert shell.refused("client", *words, "nobody") == "App client nobody does not exist."
    assert OTHER_POOL in shell.refused("client", *words, OTHER_POOL, client_id)
    assert "extra arguments" in shell.misused("client", *words, POOL, client_id, "more")
    assert shell.json("client", "describe", client_id)["ClientName"] == "web"


def test_delete_removes_the_client(shell: Shell) -> None:
    client_id = shell.client(*WEB)
    assert shell.ok("client", "delete", client_id) == f"Deleted the app client {client_id}.\n"
    assert shell.json("client", "list", POOL) == []


# --- update ---------------------------------------------------------------------------------------

FULL = (
    *WEB,
    *("--default-redirect-uri", "https://app.example.com/cb", "--access-token-validity", "30m"),
    *("--id-token-validity", "20m", "--refresh-token-validity", "48h", "--read-attribute", "email"),
    *("--read-attribute", "email_verified", "--write-attribute", "name", "--explicit-auth-flow"),
    *("ALLOW_USER_SRP_AUTH", "--no-token-revocation", "--rotate-refresh-tokens", "--grace", "20"),
    *("--auth-session-validity", "5", "--sso-max-minutes", "15", "--require-pkce", "--propagate-user-context"),
    *("--analytics", '{"ApplicationId": "abc123"}'),
)


@pytest.mark.parametrize(
    "options, changes",
    [
        (("--name", "new"), {"ClientName": "new"}),
        (
            ("--callback-url", "https://b.example/", "--clear", "default-redirect-uri"),
            {"CallbackURLs": ["https://b.example/"]},
        ),
        (("--scope", "openid"), {"AllowedOAuthScopes": ["openid"]}),
        (("--no-oauth",), {"AllowedOAuthFlowsUserPoolClient": False}),
        (
            ("--access-token-validity", "1h"),
            {
                "AccessTokenValidity": 1,
                "TokenValidityUnits": {"AccessToken": "hours", "IdToken": "minutes", "RefreshToken": "hours"},
            },
        ),
        (("--token-revocation",), {"EnableTokenRevocation": True}),
        (("--grace", "30"), {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 30}}),
        (
            ("--no-rotate-refresh-tokens",),
            {"RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0}},
        ),
        (("--no-require-pkce",), {"RequirePkce": False}),
        (("--sso-max-minutes", "0"), {"SSOSession": {"MaxValidityMinutes": 0}}),
        (("--prevent-user-existence-errors", "LEGACY"), {"PreventUserExistenceErrors": "LEGACY"}),
        (("--no-propagate-user-context",), {"EnablePropagateAdditionalUserContextData": False}),
    ],
    ids=str,
)
def test_update_keeps_every_member_that_is_not_mentioned(
    shell: Shell, options: tuple[str, ...], changes: dict[str, Any]
) -> None:
    client_id = shell.client(*FULL)
    before = shell.json("client", "describe", client_id)
    if "--clear" in options:
        del before["DefaultRedirectURI"]
    assert shell.ok("client", "update", client_id, *options) == f"Changed the app client {client_id}.\n"
    assert shell.json("client", "describe", client_id) == before | changes


@pytest.mark.parametrize(
    "option, member",
    [
        ("analytics", "AnalyticsConfiguration"),
        ("default-redirect-uri", "DefaultRedirectURI"),
        ("explicit-auth-flow", "ExplicitAuthFlows"),
        ("identity-provider", "SupportedIdentityProviders"),
        ("logout-url", "LogoutURLs"),
        ("prevent-user-existence-errors", "PreventUserExistenceErrors"),
        ("read-attribute", "ReadAttributes"),
        ("write-attribute", "WriteAttributes"),
        ("access-token-validity", "AccessTokenValidity"),
    ],
)
def test_clear_takes_one_option_back(shell: Shell, option: str, member: str) -> None:
    client_id = shell.client(*FULL)
    before = shell.json("client", "describe", client_id)
    after = shell.json("client", "update", client_id, "--clear", option)
    del before[member]
    if option == "access-token-validity":
        del before["TokenValidityUnits"]["AccessToken"]
    assert after == before


def test_clear_of_a_value_with_a_default_brings_the_default_back(shell: Shell) -> None:
    client_id = shell.client(*FULL)
    cleared = ("auth-session-validity", "sso-max-minutes", "refresh-token-validity")
    after = shell.json("client", "update", client_id, *(word for name in cleared for word in ("--clear", name)))
    assert after["AuthSessionValidity"] == 3
    assert after["SSOSession"] == {"MaxValidityMinutes": 60}
    assert after["RefreshTokenValidity"] == 30
    assert "RefreshToken" not in after["TokenValidityUnits"]


def test_clear_of_all_that_oauth_needs_is_refused_while_oauth_is_on(shell: Shell) -> None:
    client_id = shell.client(*WEB)
    clear = ("--clear", "flow", "--clear", "scope", "--clear", "callback-url")
    assert "AllowedOAuthFlows" in shell.refused("client", "update", client_id, *clear)
    after = shell.json("client", "update", client_id, *clear, "--no-oauth")
    assert not {"AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs"}.intersection(after)


def test_update_keeps_the_secret_and_nothing_in_it_can_change_that(shell: Shell) -> None:
    shell.ok("client", "create", POOL, "web", "--secret", SECRET, "--id", "mine")
    shell.ok("client", "update", "mine", "--name", "new")
    assert shell.services.app_clients.authenticate("mine", SECRET)
    assert "No such option" in shell.misused("client", "update", "mine", "--generate-secret")


def test_update_without_a_difference_is_a_mistake(shell: Shell) -> None:
    client_id = shell.client(*WEB)
    assert "Nothing to change" in shell.misused("client", "update", client_id)
    assert "Nothing to change" in shell.misused("client", "update", client_id, "--name", "web")
    assert "Invalid value for '--clear'" in shell.misused("client", "update", client_id, "--clear", "name")


# --- secrets --------------------------------------------------------------------------------------


def test_a_second_secret_is_printed_once_and_both_work(shell: Shell) -> None:
    shell.ok("client", "create", POOL, "web", "--secret", SECRET, "--id", "mine")
    printed = shell.ok("client", "secret", "add", "mine")
    added = printed.splitlines()[1].split()[-1]
    assert shell.services.app_clients.authenticate("mine", added)
    assert shell.services.app_clients.authenticate("mine", SECRET)
    assert added not in shell.ok("client", "secret", "list", "mine")
    assert "flask authz client secret delete" in printed


def test_an_own_second_secret_is_not_printed(shell: Shell) -> None:
    shell.ok("client", "create", POOL, "web", "--generate-secret", "--id", "mine")
    added = json.loads(shell.ok("client", "secret", "add", "mine", "--secret", "-", "--json", typed=f"{SECRET}\n"))
    assert set(added) == {"ClientSecretId", "ClientSecretCreateDate"}
    assert shell.services.app_clients.authenticate("mine", SECRET)


def test_a_third_secret_and_the_deletion_of_the_last_are_refused(shell: Shell) -> None:
    client_id = shell.client("--generate-secret")
    [only] = shell.json("client", "secret", "list", client_id)
    assert "last" in shell.refused("client", "secret", "delete", client_id, only["ClientSecretId"])
    shell.ok("client", "secret", "add", client_id)
    assert "at most 2" in shell.refused("client", "secret", "add", client_id)


def test_a_deleted_secret_stops_at_once(shell: Shell) -> None:
    client_id = shell.client("--generate-secret")
    [first] = shell.json("client", "secret", "list", POOL, client_id)
    second = shell.json("client", "secret", "add", POOL, client_id)
    shell.ok("client", "secret", "delete", POOL, client_id, first["ClientSecretId"])
    assert shell.services.app_clients.authenticate(client_id, second["ClientSecretValue"])
    assert [each["ClientSecretId"] for each in shell.json("client", "secret", "list", client_id)] == [
        second["ClientSecretId"]
    ]
    assert "does not exist" in shell.refused("client", "secret", "delete", client_id, first["ClientSecretId"])


def test_a_public_client_has_no_secrets(shell: Shell) -> None:
    client_id = shell.client()
    assert "public" in shell.ok("client", "secret", "list", client_id)
    assert "cannot be added" in shell.refused("client", "secret", "add", client_id)
