"""flask authz seed."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app_client_authz.domain.errors import OperationError
from app_client_authz.seeding import documents, seeds
from app_client_authz.seeding.plan import Outcome, Plan
from app_client_authz.seeding.problems import Problems
from app_client_authz.services.audit import security_event
from tests.cli.conftest import PASSWORD, POOL, Shell

SECRET = "seededSecret0123456789abcdefghij"
OTHER_SECRET = "anotherSecret0123456789abcdefghi"
WEB, MACHINE = "1web23456789abcdefghijk", "2machine23456789abcdefg"
SUB = "6d9d2f0e-7a51-7c3e-9d62-0f8f5f7f3a11"

SEED: dict[str, Any] = {
    "pools": [
        {
            "Id": POOL,
            "PoolName": "Shop",
            "AliasAttributes": ["email"],
            "Schema": [{"Name": "team", "AttributeDataType": "String", "Mutable": True}],
            "Policies": {"PasswordPolicy": {"MinimumLength": 9, "RequireNumbers": True}},
            "UserPoolTags": {"stage": "test"},
            "Dialect": "oidc",
            "resourceServers": [
                {
                    "Identifier": "orders",
                    "Name": "Orders",
                    "Scopes": [{"ScopeName": "read", "ScopeDescription": "Read the orders"}],
                }
            ],
            "clients": [
                {
                    "ClientId": WEB,
                    "ClientName": "web",
                    "ClientSecret": SECRET,
                    "AllowedOAuthFlows": ["code"],
                    "AllowedOAuthFlowsUserPoolClient": True,
                    "AllowedOAuthScopes": ["openid", "orders/read"],
                    "CallbackURLs": ["http://localhost:3000/callback"],
                    "SupportedIdentityProviders": ["COGNITO"],
                    "RequirePkce": True,
                },
                {"ClientId": MACHINE, "ClientName": "machine", "GenerateSecret": True},
            ],
            "groups": [{"GroupName": "admins", "Precedence": 1}, {"GroupName": "staff", "Users": ["bob"]}],
            "users": [
                {
                    "Username": "ann",
                    "Password": PASSWORD,
                    "Attributes": {"sub": SUB, "email": "ann@example.com", "email_verified": "true"},
                    "Groups": ["admins"],
                },
                {
                    "Username": "bob",
                    "TemporaryPassword": PASSWORD,
                    "UserAttributes": [{"Name": "custom:team", "Value": "blue"}],
                },
            ],
        }
    ]
}
LINES = [
    ("pool", "Shop"),
    ("resource server", "orders"),
    ("client", f"{WEB} (web)"),
    ("client", f"{MACHINE} (machine)"),
    ("group", "admins"),
    ("group", "staff"),
    ("user", "ann"),
    ("user", "bob"),
]


@pytest.fixture
def described() -> Any:
    """A seed file that a test may change."""
    return copy.deepcopy(SEED)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "seed.json"


def seeded(shell: Shell, path: Path, value: Any, *options: str) -> Any:
    path.write_text(json.dumps(value))
    return shell.json("seed", str(path), *options)


def changed(answer: Any) -> list[tuple[str, str, str]]:
    """What was not found as it is to be."""
    return [(each["Outcome"], each["Kind"], each["Name"]) for each in answer["Items"] if each["Outcome"] != "unchanged"]


def refusals(shell: Shell, path: Path, value: Any) -> list[str]:
    """The problems, one a line; nothing was written."""
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    before = state(shell)
    result = shell.run("seed", str(path))
    assert (result.exit_code, result.stdout) == (1, "")
    *lines, last = result.stderr.splitlines()
    assert last == "Nothing was written."
    assert state(shell) == before
    assert all(line.startswith("Error: ") for line in lines)
    return [line.removeprefix("Error: ") for line in lines]


def state(shell: Shell) -> Any:
    """Everything that the commands show of every pool."""
    found = []
    for pool in shell.json("pool", "list"):
        pool_id = pool["Id"]
        users = [
            shell.json("user", "describe", pool_id, user["Username"]) for user in shell.json("user", "list", pool_id)
        ]
        clients = [
            shell.json("client", "describe", pool_id, client["ClientId"], "--show-secret")
            for client in shell.json("client", "list", pool_id)
        ]
        parts = [shell.json(each, "list", pool_id) for each in ("resource-server", "group")]
        found.append((shell.json("pool", "describe", pool_id), clients, parts, users))
    return found


# --- what it makes --------------------------------------------------------------------------------


def test_everything_in_the_file_is_there_afterwards_under_its_own_ids(bare: Shell, path: Path) -> None:
    answer = seeded(bare, path, SEED)

    assert answer["Applied"] is True
    assert changed(answer) == [("created", kind, name) for kind, name in LINES]
    (pool, (web, machine), _, (ann, bob)) = state(bare)[0]
    assert (pool["Id"], pool["Name"], pool["Dialect"], pool["AliasAttributes"]) == (POOL, "Shop", "oidc", ["email"])
    assert pool["UserPoolTags"]["stage"] == "test"
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 9
    assert "custom:team" in {attribute["Name"] for attribute in pool["SchemaAttributes"]}
    assert (web["ClientId"], web["ClientSecret"], web["RequirePkce"]) == (WEB, SECRET, True)
    assert len(machine["ClientSecret"]) > 40
    assert {each["Name"]: each["Value"] for each in ann["UserAttributes"]}["sub"] == SUB
    assert (ann["UserStatus"], ann["Groups"]) == ("CONFIRMED", ["admins"])
    assert (bob["UserStatus"], bob["Groups"]) == ("FORCE_CHANGE_PASSWORD", ["staff"])


def test_its_users_sign_in_with_their_passwords_and_its_clients_with_their_secrets(bare: Shell, path: Path) -> None:
    seeded(bare, path, SEED)
    registration = bare.services.app_clients.authenticate(WEB, SECRET)
    signed_in = bare.services.authentication.sign_in(registration, "ann@example.com", PASSWORD, session_seconds=180)
    assert signed_in.sub == SUB  # type: ignore[union-attr]


def test_yaml_says_the_same(bare: Shell, tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text(
        f"""
        pools:
          - Id: {POOL}
            PoolName: Shop
            clients:
              - &web
                ClientId: {WEB}
                ClientName: web
                CallbackURLs: [http://localhost:3000/callback]
              - <<: *web
                ClientId: {MACHINE}
            users:
              - Username: ann
                Attributes: {{birthdate: 2001-02-03}}
        """
    )
    assert "created" in bare.ok("seed", str(file))
    assert bare.json("client", "describe", MACHINE)["CallbackURLs"] == ["http://localhost:3000/callback"]
    ann = bare.json("user", "describe", POOL, "ann")
    assert {"Name": "birthdate", "Value": "2001-02-03"} in ann["UserAttributes"]
    assert ann["UserStatus"] == "RESET_REQUIRED"


def test_what_describe_prints_can_be_pasted(bare: Shell, path: Path, described: Any) -> None:
    bare.ok("pool", "create", "Pasted", "--id", POOL, "--custom-attribute", "level:Number:min=1", "--case-sensitive")
    client_id = bare.client("--flow", "code", "--scope", "openid", "--callback-url", "https://app.example/cb")
    pool, client = bare.json("pool", "describe", POOL), bare.json("client", "describe", client_id)
    answer = seeded(bare, path, {"pools": [pool | {"clients": [client]}]})
    assert changed(answer) == []

    pool["Id"] = client["UserPoolId"] = "us-east-1_Another01"
    pool["Arn"] = "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_Another01"
    client["ClientId"] = WEB
    answer = seeded(bare, path, {"pools": [pool | {"clients": [client]}]})
    assert changed(answer) == [("created", "pool", "Pasted"), ("created", "client", f"{WEB} (web)")]
    again = bare.json("pool", "describe", "us-east-1_Another01")
    same = {name for name in pool if name not in {"Id", "Arn", "CreationDate", "LastModifiedDate"}}
    assert {name: again[name] for name in same} == {name: pool[name] for name in same}


def test_people_read_a_table_and_never_a_secret(bare: Shell, path: Path) -> None:
    path.write_text(json.dumps(SEED))
    printed = bare.ok("seed", str(path))
    assert printed.splitlines()[0].split() == ["OUTCOME", "WHAT", "POOL", "NAME"]
    assert printed.splitlines()[-1] == "8 created, 0 changed, 0 unchanged"
    assert bare.ok("seed", str(path)) == "0 created, 0 changed, 8 unchanged\n"
    assert SECRET not in printed
    assert PASSWORD not in printed


def test_a_long_table_is_cut(bare: Shell, path: Path) -> None:
    users = [{"Username": f"user{number:03}"} for number in range(120)]
    path.write_text(json.dumps({"pools": [{"Id": POOL, "PoolName": "Shop", "users": users}]}))
    printed = bare.ok("seed", str(path)).splitlines()
    assert printed[-2:] == ["… and 71 more", "121 created, 0 changed, 0 unchanged"]
    assert bare.json("pool", "describe", POOL)["EstimatedNumberOfUsers"] == 120


def test_a_dry_run_says_what_would_be_done_and_does_nothing(bare: Shell, path: Path) -> None:
    path.write_text(json.dumps(SEED))
    printed = bare.ok("seed", str(path), "--dry-run")
    assert printed.splitlines()[-2:] == ["8 created, 0 changed, 0 unchanged", "Nothing was written."]
    assert bare.json("pool", "list") == []


# --- twice, and changed ---------------------------------------------------------------------------


@pytest.fixture
def events() -> Iterator[list[str]]:
    heard: list[str] = []

    def hear(_sender: object, event: str, **_ids: object) -> None:
        heard.append(event)

    security_event.connect(hear)
    yield heard
    security_event.disconnect(hear)


def test_once_more_changes_nothing_at_all(bare: Shell, path: Path, events: list[str]) -> None:
    seeded(bare, path, SEED)
    before = state(bare)
    del events[:]
    assert changed(seeded(bare, path, SEED)) == []
    assert state(bare) == before
    assert events == []


@pytest.mark.attack("R24")
def test_of_two_who_seed_at_once_one_is_told_to_run_it_again(bare: Shell) -> None:
    def planned() -> Plan:
        problems = Problems()
        return seeds.plan(bare.services, documents.of_seed(SEED, problems).pools, problems)

    first, second = planned(), planned()
    first.apply()
    before = state(bare)
    with pytest.raises(OperationError, match=r"already exists\. What was done before this stays; run it again\."):
        second.apply()
    assert state(bare) == before
    assert planned().count(Outcome.UNCHANGED) == len(LINES)


def test_only_what_differs_is_changed(bare: Shell, path: Path, described: Any) -> None:
    seeded(bare, path, SEED)
    pool = described["pools"][0]
    pool["Policies"]["PasswordPolicy"]["MinimumLength"] = 10
    pool["Schema"].append({"Name": "level", "AttributeDataType": "Number"})
    pool["resourceServers"][0]["Scopes"].append({"ScopeName": "write", "ScopeDescription": "Write"})
    pool["clients"][0]["CallbackURLs"] = ["https://app.example/callback"]
    pool["groups"][0]["Description"] = "All of them"
    pool["users"][0]["Attributes"]["name"] = "Ann"

    assert changed(seeded(bare, path, described)) == [
        ("changed", "pool", "Shop"),
        ("changed", "resource server", "orders"),
        ("changed", "client", f"{WEB} (web)"),
        ("changed", "group", "admins"),
        ("changed", "user", "ann"),
    ]
    after, (web, _), (servers, groups), (ann, _) = state(bare)[0]
    assert after["Policies"]["PasswordPolicy"]["MinimumLength"] == 10
    assert "custom:level" in {attribute["Name"] for attribute in after["SchemaAttributes"]}
    assert len(servers[0]["Scopes"]) == 2
    assert (web["CallbackURLs"], web["ClientSecret"]) == (["https://app.example/callback"], SECRET)
    assert groups[0]["Description"] == "All of them"
    assert {"Name": "name", "Value": "Ann"} in ann["UserAttributes"]
    assert changed(seeded(bare, path, described)) == []


def test_what_the_file_does_not_name_stays(bare: Shell, path: Path) -> None:
    seeded(bare, path, SEED)
    bare.ok("client", "update", WEB, "--access-token-validity", "5m")
    bare.ok("user", "create", POOL, "eve", "--password", PASSWORD)
    bare.ok("user", "disable", POOL, "ann")
    before = state(bare)
    least = {
        "Id": POOL,
        "resourceServers": [{"Identifier": "orders"}],
        "clients": [{"ClientId": WEB}, {"ClientId": MACHINE, "GenerateSecret": True}],
        "groups": [{"GroupName": "admins"}],
        "users": [{"Username": "ann"}],
    }
    assert changed(seeded(bare, path, {"pools": [least]})) == []
    assert state(bare) == before


def test_a_tag_and_a_text_of_a_template_leave_the_others_alone(bare: Shell, path: Path) -> None:
    seeded(bare, path, SEED)
    update = {"Id": POOL, "UserPoolTags": {"more": "yes"}, "EmailVerificationMessage": "It is {####}"}
    assert changed(seeded(bare, path, {"pools": [update]})) == [("changed", "pool", "Shop")]
    pool = bare.json("pool", "describe", POOL)
    assert (pool["UserPoolTags"]["stage"], pool["UserPoolTags"]["more"], pool["Dialect"]) == ("test", "yes", "oidc")
    assert pool["VerificationMessageTemplate"]["EmailMessage"] == "It is {####}"
    assert changed(seeded(bare, path, {"pools": [update]})) == []


def test_another_secret_replaces_the_old_one_at_once(bare: Shell, path: Path, described: Any) -> None:
    seeded(bare, path, SEED)
    described["pools"][0]["clients"][0]["ClientSecret"] = OTHER_SECRET
    assert changed(seeded(bare, path, described)) == [("changed", "client", f"{WEB} (web)")]
    assert [each["ClientSecret"] for each in state(bare)[0][1][:1]] == [OTHER_SECRET]
    assert len(bare.json("client", "secret", "list", WEB)) == 1


def test_one_of_two_secrets_in_rotation_is_as_good_as_the_other(bare: Shell, path: Path) -> None:
    seeded(bare, path, SEED)
    bare.ok("client", "secret", "add", WEB, "--secret", OTHER_SECRET)
    assert changed(seeded(bare, path, SEED)) == []
    assert len(bare.json("client", "secret", "list", WEB)) == 2


def test_a_password_that_was_changed_is_set_again(bare: Shell, path: Path) -> None:
    seeded(bare, path, SEED)
    for name in ("ann", "bob"):
        bare.ok("user", "set-password", POOL, name, "--password", "Other-h0rse", "--permanent")
    # Nobody is taken back to a temporary password.
    assert changed(seeded(bare, path, SEED)) == [("changed", "user", "ann")]
    registration = bare.services.app_clients.authenticate(WEB, SECRET)
    bare.services.authentication.sign_in(registration, "ann", PASSWORD, session_seconds=180)
    bare.services.authentication.sign_in(registration, "bob", "Other-h0rse", session_seconds=180)


def test_a_new_address_is_verified_if_the_file_says_so(bare: Shell, path: Path, described: Any) -> None:
    seeded(bare, path, SEED)
    described["pools"][0]["users"][0]["Attributes"]["email"] = "ann@new.example"
    seeded(bare, path, described)
    assert {"Name": "email_verified", "Value": "true"} in bare.json("user", "describe", POOL, "ann")["UserAttributes"]
    del described["pools"][0]["users"][0]["Attributes"]["email_verified"]
    described["pools"][0]["users"][0]["Attributes"]["email"] = "ann@newer.example"
    seeded(bare, path, described)
    assert {"Name": "email_verified", "Value": "false"} in bare.json("user", "describe", POOL, "ann")["UserAttributes"]


def test_users_are_disabled_and_enabled(bare: Shell, path: Path, described: Any) -> None:
    described["pools"][0]["users"][0]["Enabled"] = False
    seeded(bare, path, described)
    assert bare.json("user", "describe", POOL, "ann")["Enabled"] is False
    described["pools"][0]["users"][0]["Enabled"] = True
    assert changed(seeded(bare, path, described)) == [("changed", "user", "ann")]
    assert bare.json("user", "describe", POOL, "ann")["Enabled"] is True


def test_where_addresses_are_usernames_people_are_found_by_them(bare: Shell, path: Path) -> None:
    user = {"Username": "ann@example.com", "Password": PASSWORD, "Attributes": {"sub": SUB, "email_verified": "true"}}
    pool = {"Id": POOL, "PoolName": "Shop", "UsernameAttributes": ["email"], "users": [user]}
    seeded(bare, path, {"pools": [pool]})
    assert bare.json("user", "describe", POOL, "ann@example.com")["Username"] == SUB
    assert changed(seeded(bare, path, {"pools": [pool]})) == []


def test_second_factors_sessions_and_a_domain_are_set(bare: Shell, path: Path) -> None:
    pool = {
        "Id": POOL,
        "PoolName": "Shop",
        "MfaConfiguration": "OPTIONAL",
        "SoftwareTokenMfaConfiguration": {"Enabled": True},
        "UserSessionTracking": "ENABLED",
        "TokenSession": {"MaxPerUser": 3},
        "Domain": "shop-of-the-tests",
        "clients": [{"ClientId": WEB, "ClientName": "web", "SSOSession": {"MaxValidityMinutes": 30}}],
    }
    seeded(bare, path, {"pools": [pool]})
    kept = bare.services.pools.describe(POOL).spec
    assert (kept.mfa, kept.factors.software_token, kept.user_session_tracking) == ("OPTIONAL", True, "ENABLED")
    assert kept.token_sessions_per_user == 3
    assert bare.json("pool", "describe", POOL)["Domain"] == "shop-of-the-tests"
    assert bare.json("client", "describe", WEB)["SSOSession"] == {"MaxValidityMinutes": 30}
    assert changed(seeded(bare, path, {"pools": [pool]})) == []
    pool |= {"MfaConfiguration": "OFF", "TokenSession": {"MaxPerUser": 4}}
    assert changed(seeded(bare, path, {"pools": [pool]})) == [("changed", "pool", "Shop")]
    assert changed(seeded(bare, path, {"pools": [pool]})) == []
    assert bare.services.pools.describe(POOL).spec.mfa == "OFF"
    del pool["MfaConfiguration"]
    (told,) = refusals(bare, path, {"pools": [pool]})
    assert "can't turn off MFA and configure an MFA together" in told


def test_identity_providers_come_before_the_clients_that_name_them(bare: Shell, path: Path) -> None:
    provider = {
        "ProviderName": "Corp",
        "ProviderType": "OIDC",
        "ProviderDetails": {
            "client_id": "abc",
            "client_secret": "corp-secret",
            "authorize_scopes": "openid",
            "oidc_issuer": "https://corp.example",
            "attributes_request_method": "GET",
        },
        "AttributeMapping": {"email": "email"},
    }
    client = {"ClientId": WEB, "ClientName": "web", "SupportedIdentityProviders": ["Corp"]}
    pool = {"Id": POOL, "PoolName": "Shop", "identityProviders": [provider], "clients": [client]}
    assert changed(seeded(bare, path, {"pools": [pool]}))[1:2] == [("created", "identity provider", "Corp")]
    assert changed(seeded(bare, path, {"pools": [pool]})) == []
    del pool["identityProviders"]
    assert changed(seeded(bare, path, {"pools": [pool]})) == []
    provider["AttributeMapping"] = {"email": "mail"}
    pool["identityProviders"] = [provider]
    assert changed(seeded(bare, path, {"pools": [pool]})) == [("changed", "identity provider", "Corp")]


# --- settings -------------------------------------------------------------------------------------


def test_settings_that_the_app_has_are_fine_and_others_are_refused(bare: Shell, path: Path, described: Any) -> None:
    described["settings"] = {"AUTHZ_REGION": "us-east-1", "AUTHZ_DIALECT": "cognito"}
    seeded(bare, path, described)
    other = "this app is configured otherwise: set it there, or take it out of the file"
    for settings, said in (
        ({"AUTHZ_DIALECT": "oidc"}, f"settings.AUTHZ_DIALECT: {other}"),
        ({"AUTHZ_REGOIN": "x"}, "settings: AUTHZ_REGOIN is no setting; the nearest is AUTHZ_REGION"),
        ({"AUTHZ_REGION": 1}, "settings: AUTHZ_REGION=1: accepted is"),
        ({"SECRET_KEY": "x"}, "settings.SECRET_KEY: accepted are AUTHZ_ keys"),
    ):
        described["settings"] = settings
        (told,) = refusals(bare, path, described)
        assert told.startswith(said)


# --- what is refused ------------------------------------------------------------------------------

_P = "pools[0]"
WRONG: list[tuple[list[Any], Any, str]] = [
    (["Id"], None, f"{_P}.Id: is missing"),
    (["Id"], "no id", f"{_P}.Id: Value 'no id' at 'userPoolId'"),
    (["PoolName"], None, f"{_P}: Value null at 'poolName'"),
    (["PoolName"], 7, f"{_P}.PoolName: NUMBER_VALUE can not be converted to a String"),
    (["PolicyTypo"], {}, f"{_P}.PolicyTypo: there is no such member; the nearest is Policies"),
    (["Policies", "PasswordPolicy", "MinimumLength"], 3, f"{_P}.Policies: Value '3' at 'policies.passwordPolicy"),
    (["Policies", "PasswordPolicy", "PasswordHistorySize"], 3, f"{_P}: PasswordHistorySize: this release"),
    (["Dialect"], "saml", f"{_P}: The tag app-client-authz:dialect must be one of"),
    (["RequirePkce"], "yes", f"{_P}.RequirePkce: 'yes' is neither true nor false"),
    (["UsernameAttributes"], ["email"], f"{_P}: Only one of the aliasAttributes or usernameAttributes"),
    (["MfaConfiguration"], "OPTIONAL", f"{_P}: SMS configuration and Auto verification"),
    (["Domain"], "Not A Domain", f"{_P}: "),
    (["clients"], {}, f"{_P}.clients: a list is expected here"),
    (["clients", 0], "web", f"{_P}.clients[0]: a mapping of members is expected here"),
    (["clients", 1, "ClientId"], None, f"{_P}.clients[1].ClientId: is missing"),
    (["clients", 1, "ClientId"], 1234, f"{_P}.clients[1].ClientId: is no text"),
    (["clients", 1, "ClientId"], WEB, f"{_P}.clients[1].ClientId: the client at {_P}.clients[0] has it already"),
    (["clients", 1, "UserPoolId"], "us-east-1_Other0001", f"{_P}.clients[1]: UserPoolId: it is another pool's"),
    (
        ["clients", 0, "CallbackURLs", 0],
        "http://evil.example/",
        f"{_P}.clients[0].CallbackURLs[0]: http://evil.example/",
    ),
    (["clients", 0, "LogoutURLs"], ["https://a.example", "x"], f"{_P}.clients[0].LogoutURLs[1]: x is not an absolute"),
    (["clients", 0, "CallbackURLs"], "https://a.example", f"{_P}.clients[0].CallbackURLs: Expected list or null"),
    (["clients", 0, "CallbackUrls"], [], f"{_P}.clients[0].CallbackUrls: there is no such member; the nearest is Call"),
    (["clients", 0, "AllowedOAuthScopes"], ["orders/write"], f"{_P}.clients[0]: Invalid scope requested: orders/write"),
    (["clients", 0, "SupportedIdentityProviders"], ["Google"], f"{_P}.clients[0]: The provider Google does not exist"),
    (["clients", 0, "GenerateSecret"], True, None),
    (["clients", 0, "SSOSession"], {"MaxValidityMinutes": -1}, f"{_P}.clients[0]: Value '-1' at 'sSOSession"),
    (["groups", 1, "GroupName"], None, f"{_P}.groups[1].GroupName: is missing"),
    (["groups", 0, "Precedence"], -1, f"{_P}.groups[0].Precedence: Value '-1'"),
    (["groups", 1, "Users"], ["nobody"], f"{_P}.groups[1].Users[0]: There is no user nobody."),
    (["groups", 1, "Users"], "bob", f"{_P}.groups[1].Users: a list of names is expected here"),
    (["resourceServers", 0, "Scopes", 0, "ScopeDescription"], "", f"{_P}.resourceServers[0].Scopes: Value ''"),
    (["users", 0, "Username"], "", f"{_P}.users[0].Username: is no text"),
    (["users", 2], {"Username": "ANN"}, f"{_P}.users[2]: username: the user at {_P}.users[0] has it already."),
    (["users", 1, "Attributes"], {"sub": SUB}, f"{_P}.users[1]: sub: the user at {_P}.users[0] has it already."),
    (["users", 0, "Attributes", "sub"], "ME", f"{_P}.users[0]: The sub ME is no UUID"),
    (["users", 0, "Attributes", "shoe"], "44", f"{_P}.users[0]: Attributes did not conform to the schema"),
    (
        ["users", 0, "Attributes", "email_verified"],
        True,
        f"{_P}.users[0].Attributes.email_verified: a text is expected",
    ),
    (["users", 0, "UserAttributes"], [{"Value": "x"}], f"{_P}.users[0].UserAttributes: Value"),
    (["users", 0, "Password"], 12345678, f"{_P}.users[0].Password: a text is expected here: put it into quotes"),
    (["users", 0, "Password"], "short", f"{_P}.users[0]: Password does not conform to policy"),
    (["users", 0, "TemporaryPassword"], PASSWORD, f"{_P}.users[0].TemporaryPassword: a user has one password"),
    (["users", 0, "Groups"], ["nobodies"], f"{_P}.users[0]: Groups: there is no group nobodies."),
    (["users", 0, "Enabled"], "no", f"{_P}.users[0].Enabled: 'no' is neither true nor false"),
    (["users", 0, "UserStatus"], "HAPPY", f"{_P}.users[0].UserStatus: HAPPY is none of"),
    (["users", 0, "Pasword"], "x", f"{_P}.users[0].Pasword: there is no such member; the nearest is Password"),
]


@pytest.mark.parametrize("place, value, said", [case for case in WRONG if case[2]], ids=lambda case: str(case)[:60])
def test_a_wrong_file_names_place_and_value_and_nothing_is_written(
    bare: Shell, path: Path, described: Any, place: list[Any], value: Any, said: str
) -> None:
    *way, last = place
    target = described["pools"][0]
    for step in way:
        target = target[step]
    if last == len(target):
        target.append(value)
    else:
        target[last] = value
    told = refusals(bare, path, described)
    assert len(told) == 1, told
    assert told[0].startswith(said)
    assert PASSWORD not in told[0]
    assert SECRET not in told[0]


def test_every_problem_is_named_in_one_run(bare: Shell, path: Path, described: Any) -> None:
    described["pols"] = []
    described["pools"][0]["clients"][0]["CallbackURLs"] = ["http://a.example", "http://b.example"]
    described["pools"][0]["users"][0]["Password"] = "short"
    assert [line.partition(":")[0] for line in refusals(bare, path, described)] == [
        "pols",
        "pools[0].clients[0].CallbackURLs[0]",
        "pools[0].clients[0].CallbackURLs[1]",
        "pools[0].users[0]",
    ]


def test_so_many_problems_are_cut(bare: Shell, path: Path) -> None:
    users = [{"Username": f"user{number}", "Typo": 1} for number in range(200)]
    told = refusals(bare, path, {"pools": [{"Id": POOL, "PoolName": "Shop", "users": users}]})
    assert len(told) == 51
    assert told[-1] == "and 150 more"


@pytest.mark.parametrize(
    "change, said",
    [
        ({"AliasAttributes": ["preferred_username"]}, "AliasAttributes is decided when a pool is created"),
        ({"UsernameConfiguration": {"CaseSensitive": True}}, "UsernameConfiguration is decided when a pool is created"),
        ({"Schema": [{"Name": "team", "AttributeDataType": "Number"}]}, "the attribute custom:team is another one"),
        ({"clients": [{"ClientId": "public12345", "ClientSecret": SECRET}]}, "the client is public"),
        ({"users": [{"Username": "ann", "Attributes": {"sub": SUB.replace("6", "7")}}]}, "has another sub"),
        ({"users": [{"Username": "eve", "Attributes": {"sub": SUB}}]}, None),
        ({"users": [{"Username": "bob", "Attributes": {"sub": SUB}}]}, "The name bob is another user's"),
        ({"users": [{"Username": "ann@example.com"}]}, "is an alias of another user"),
    ],
    ids=str,
)
def test_what_can_never_change_is_refused(
    bare: Shell, path: Path, described: Any, change: dict[str, Any], said: str | None
) -> None:
    described["pools"][0]["clients"].append({"ClientId": "public12345", "ClientName": "public"})
    seeded(bare, path, described)
    if said is None:  # the sub says who it is
        assert changed(seeded(bare, path, {"pools": [{"Id": POOL, **change}]})) == []
        return
    (told,) = refusals(bare, path, {"pools": [{"Id": POOL, **change}]})
    assert said in told


def test_an_id_of_another_pool_is_refused(bare: Shell, path: Path, described: Any) -> None:
    seeded(bare, path, SEED)
    other = {"Id": "us-east-1_Other0001", "PoolName": "Other", "clients": [{"ClientId": WEB, "ClientName": "mine"}]}
    assert refusals(bare, path, {"pools": [other]}) == [
        f"pools[0].clients[0]: ClientId: the pool {POOL} has a client of that ID."
    ]
    assert refusals(bare, path, {"pools": [described["pools"][0], {"Id": POOL, "PoolName": "Again"}]}) == [
        f"pools[1]: the pool {POOL} stands in the file twice"
    ]


@pytest.mark.parametrize(
    "content, said",
    [
        ("", "line 1, column 1: no JSON (Expecting value)"),
        ('{"pools": [}', "line 1, column 12: no JSON (Expecting value)"),
        ('{"pools": [], "pools": []}', "the member pools stands twice in one place"),
        ('{"pools": NaN}', "NaN is no number in JSON"),
        ('{"pools": 1e999}', "it holds a number that is not finite"),
        ("[" * 40 + "]" * 40, "it is nested too deep"),
        ("[" * 100_000, "it is nested too deep"),
        ('{"pools": [{"Id": "a\\u0000b"}]}', "a text in it holds NUL or a lone surrogate"),
        ('{"pools": [{"Id": "\\ud800"}]}', "a text in it holds NUL or a lone surrogate"),
        (f'{{"pools": {"1" * 5000}}}', "it holds a number of absurd length"),
    ],
    ids=lambda text: text[:30],
)
def test_a_file_that_is_no_json_is_refused_with_the_line(bare: Shell, path: Path, content: str, said: str) -> None:
    assert refusals(bare, path, content) == [f"{path}: {said}"]


@pytest.mark.parametrize("content, said", [("[]", "the file: a mapping of members is expected here"), ("{}", None)])
def test_a_file_that_describes_nothing(bare: Shell, path: Path, content: str, said: str | None) -> None:
    if said is None:
        path.write_text(content)
        assert bare.ok("seed", str(path)) == "0 created, 0 changed, 0 unchanged\n"
    else:
        assert refusals(bare, path, content) == [said]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]\n" for last, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    "content, said",
    [
        ("pools: [", "line 1, column 9: no YAML"),
        ("pools: []\npools: []", "the member pools stands twice in one place"),
        ("1: x", "a member's name is a int and no text: put it into quotes"),
        ("pools: !!python/object:os.system {}", "could not determine a constructor for the tag"),
        ("pools: !!set {a}", "it holds a set, which nothing here is"),
        ("pools: &all [*all]", "line 1, column 8: no YAML (found unconstructable recursive node)"),
        ("pools: " + "[" * 40 + "]" * 40, "it is nested too deep"),
        (BOMB, "it holds too many values"),
    ],
    ids=lambda text: text[:30],
)
def test_yaml_is_read_as_strictly(bare: Shell, tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "seed.yml"
    file.write_text(content)
    result = bare.run("seed", str(file))
    assert result.exit_code == 1
    assert said in result.stderr
    assert bare.json("pool", "list") == []


def test_files_that_cannot_be_read(bare: Shell, tmp_path: Path) -> None:
    assert "No such file" in bare.run("seed", str(tmp_path / "none.json")).stderr
    (tmp_path / "latin.json").write_bytes(b'{"pools": "\xe4"}')
    assert "it is not UTF-8" in bare.run("seed", str(tmp_path / "latin.json")).stderr


def test_without_pyyaml_the_refusal_says_what_to_install(
    bare: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    (tmp_path / "seed.yaml").write_text("pools: []")
    assert 'pip install "app-client-authz[yaml]"' in bare.run("seed", str(tmp_path / "seed.yaml")).stderr
