"""flask authz import cognito, and flask authz export."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from app_client_authz.api import local_client
from app_client_authz.domain.secret_hash import secret_hash
from tests.cli.conftest import PASSWORD, POOL, Shell, app_on
from tests.cli.test_seed import SEED, changed
from tests.support.clock import MovableClock
from tests.support.databases import SqliteTemplate
from tests.support.site import claims as claims_of

REAL = "eu-central-1_Ab1Cd2Ef3"
CLIENT = "4example56789012345678901a"
SECRET = "realsecret0123456789abcdefghijklmnopqrstuvwxyz012345"
SUB = "b3e4c8d2-10f1-70a5-8c6e-2f4a1c9d7e10"
INSTANT = "2024-05-17T09:31:02.512000+02:00"

STANDARD = {"DeveloperOnlyAttribute": False, "Mutable": True, "Required": False}
# As version 2 of the aws command line prints a pool that is in use.
ANSWERS: dict[str, Any] = {
    "describe-user-pool": {
        "UserPool": {
            "Id": REAL,
            "Name": "customers",
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": 12,
                    "RequireUppercase": True,
                    "RequireLowercase": True,
                    "RequireNumbers": True,
                    "RequireSymbols": False,
                    "PasswordHistorySize": 5,
                    "TemporaryPasswordValidityDays": 7,
                },
                "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
            },
            "DeletionProtection": "ACTIVE",
            "LambdaConfig": {"PreSignUp": "arn:aws:lambda:eu-central-1:123456789012:function:check"},
            "LastModifiedDate": INSTANT,
            "CreationDate": INSTANT,
            "SchemaAttributes": [
                {
                    "Name": "sub",
                    "AttributeDataType": "String",
                    "DeveloperOnlyAttribute": False,
                    "Mutable": False,
                    "Required": True,
                    "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "2048"},
                },
                {
                    "Name": "email",
                    "AttributeDataType": "String",
                    "DeveloperOnlyAttribute": False,
                    "Mutable": True,
                    "Required": True,
                    "StringAttributeConstraints": {"MinLength": "0", "MaxLength": "2048"},
                },
                {"Name": "phone_number_verified", "AttributeDataType": "Boolean", **STANDARD},
                {
                    "Name": "custom:tenant",
                    "AttributeDataType": "String",
                    "DeveloperOnlyAttribute": False,
                    "Mutable": False,
                    "Required": False,
                    "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "64"},
                },
                {"Name": "identities", "AttributeDataType": "String", **STANDARD, "StringAttributeConstraints": {}},
            ],
            "AutoVerifiedAttributes": ["email"],
            "UsernameAttributes": ["email"],
            "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
            "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": []},
            "MfaConfiguration": "OFF",
            "EstimatedNumberOfUsers": 3,
            "EmailConfiguration": {
                "SourceArn": "arn:aws:ses:eu-central-1:123456789012:identity/example.com",
                "EmailSendingAccount": "DEVELOPER",
            },
            "UserPoolTags": {"team": "web", "aws:cloudformation:stack-name": "customers"},
            "Domain": "customers-of-ours",
            "CustomDomain": "login.example.com",
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7},
            "UsernameConfiguration": {"CaseSensitive": False},
            "Arn": f"arn:aws:cognito-idp:eu-central-1:123456789012:userpool/{REAL}",
            "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
            "UserPoolTier": "ESSENTIALS",
            "SomethingOfNextYear": {"On": True},
        }
    },
    "describe-user-pool-client": {
        "UserPoolClient": {
            "UserPoolId": REAL,
            "ClientName": "shop",
            "ClientId": CLIENT,
            "ClientSecret": SECRET,
            "LastModifiedDate": INSTANT,
            "CreationDate": INSTANT,
            "RefreshTokenValidity": 30,
            "TokenValidityUnits": {},
            "ReadAttributes": ["email", "email_verified", "identities"],
            "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH"],
            "SupportedIdentityProviders": ["COGNITO", "Google"],
            "CallbackURLs": ["https://shop.example.com/callback"],
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid", "email", "orders/read"],
            "AllowedOAuthFlowsUserPoolClient": True,
            "PreventUserExistenceErrors": "ENABLED",
            "EnableTokenRevocation": True,
            "EnablePropagateAdditionalUserContextData": False,
            "AuthSessionValidity": 3,
        }
    },
    "list-resource-servers": {
        "ResourceServers": [
            {
                "UserPoolId": REAL,
                "Identifier": "orders",
                "Name": "Orders",
                "Scopes": [{"ScopeName": "read", "ScopeDescription": "Read"}],
            }
        ]
    },
    "list-groups": {
        "Groups": [
            {
                "GroupName": "admins",
                "UserPoolId": REAL,
                "Precedence": 1,
                "CreationDate": INSTANT,
                "LastModifiedDate": INSTANT,
            }
        ]
    },
    "list-users": {
        "Users": [
            {
                "Username": SUB,
                "Attributes": [
                    {"Name": "email", "Value": "ann@example.com"},
                    {"Name": "email_verified", "Value": "true"},
                    {"Name": "custom:tenant", "Value": "blue"},
                    {"Name": "sub", "Value": SUB},
                ],
                "UserCreateDate": INSTANT,
                "UserLastModifiedDate": INSTANT,
                "Enabled": True,
                "UserStatus": "CONFIRMED",
            },
            {
                "Username": SUB.replace("b3", "c4"),
                "Attributes": [
                    {"Name": "email", "Value": "bob@example.com"},
                    {"Name": "sub", "Value": SUB.replace("b3", "c4")},
                ],
                "UserCreateDate": 1715930000.512,
                "UserLastModifiedDate": 1715930000.512,
                "Enabled": False,
                "UserStatus": "FORCE_CHANGE_PASSWORD",
                "MFAOptions": [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}],
            },
            {
                "Username": "Google_117",
                "Attributes": [
                    {"Name": "identities", "Value": '[{"providerName":"Google"}]'},
                    {"Name": "email", "Value": "cat@example.com"},
                    {"Name": "sub", "Value": SUB.replace("b3", "d5")},
                ],
                "UserCreateDate": INSTANT,
                "UserLastModifiedDate": INSTANT,
                "Enabled": True,
                "UserStatus": "EXTERNAL_PROVIDER",
            },
        ]
    },
}
NO_HISTORY = "PasswordHistorySize: this release keeps no password history, so only 0 is accepted."
NO_PROVIDER = "give what describe-identity-provider prints of it, too"
INVITE = "invite them again (AdminCreateUser, RESEND)"
IN_GROUP = {"Users": [{"Username": SUB, "Enabled": True}]}


@pytest.fixture
def second(sqlite_template: SqliteTemplate, tmp_path: Path, clock: MovableClock) -> Shell:
    """Another site, without any pool."""
    url = sqlite_template.copy_to(tmp_path / "second.sqlite")
    return Shell(app_on(url.render_as_string(hide_password=False), clock))


@pytest.fixture
def answers(tmp_path: Path) -> list[str]:
    """The files of the real pool, and the option for who is in its group."""
    folder = tmp_path / "real"
    folder.mkdir()
    for name, answer in ANSWERS.items():
        (folder / f"{name}.json").write_text(json.dumps(answer))
    (folder / "in-group.json").write_text(json.dumps(IN_GROUP))
    paths = [str(folder / f"{name}.json") for name in ANSWERS]
    return [*paths, "--members", f"admins={folder / 'in-group.json'}"]


def cognito(shell: Shell) -> Any:
    return local_client.make("cognito-idp", shell.services)


# --- import ---------------------------------------------------------------------------------------


def test_a_real_pool_comes_over_with_its_ids_secrets_scopes_and_subs(bare: Shell, answers: list[str]) -> None:
    answer = bare.json("import", "cognito", *answers)
    assert {(each["Outcome"], each["Kind"]) for each in answer["Items"]} == {
        ("created", kind) for kind in ("pool", "client", "resource server", "group", "user")
    }
    pool = cognito(bare).describe_user_pool(UserPoolId=REAL)["UserPool"]
    told = ANSWERS["describe-user-pool"]["UserPool"]
    same = (
        "Id",
        "Name",
        "AutoVerifiedAttributes",
        "UsernameAttributes",
        "DeletionProtection",
        "LambdaConfig",
        "Domain",
    )
    assert {name: pool[name] for name in same} == {name: told[name] for name in same}
    attributes = {each["Name"]: each for each in pool["SchemaAttributes"]}
    for each in told["SchemaAttributes"][:-1]:
        assert attributes[each["Name"]] == each
    client = cognito(bare).describe_user_pool_client(UserPoolId=REAL, ClientId=CLIENT)["UserPoolClient"]
    assert (client["ClientSecret"], client["AllowedOAuthScopes"]) == (SECRET, ["openid", "email", "orders/read"])
    ann = bare.json("user", "describe", REAL, "ann@example.com")
    assert (ann["Username"], ann["UserStatus"], ann["Groups"]) == (SUB, "RESET_REQUIRED", ["admins"])
    bob, cat = bare.json("user", "describe", REAL, "bob@example.com"), bare.json("user", "describe", REAL, "Google_117")
    assert (bob["Enabled"], bob["UserStatus"]) == (False, "FORCE_CHANGE_PASSWORD")
    assert (cat["Username"], cat["UserStatus"]) == ("Google_117", "EXTERNAL_PROVIDER")


def test_what_does_not_come_along_is_told_line_by_line(bare: Shell, answers: list[str]) -> None:
    notes = bare.json("import", "cognito", *answers)["Notes"]
    pool, client = "describe-user-pool.json: UserPool", "describe-user-pool-client.json: UserPoolClient"
    users = "list-users.json: Users"
    assert notes == [
        f"{pool}.SomethingOfNextYear: not taken over: this release does not know it",
        f"{pool}.CustomDomain: not taken over: give the host name to the proxy in front of this server",
        f"{pool}.LambdaConfig: kept, but no Lambda function is ever called",
        f"{pool}.EmailConfiguration: kept, but mail goes out as AUTHZ_MESSAGE_SENDER says",
        f"{pool}.UserPoolTags.aws:cloudformation:stack-name: not taken over: it is AWS's own",
        f"{pool}.Policies: not taken over: {NO_HISTORY}",
        f"{client}.SupportedIdentityProviders.Google: not taken over: {NO_PROVIDER}",
        f"{client}.ReadAttributes.identities: not taken over: it belongs to nobody's list here",
        f"{users}[1].MFAOptions: not taken over: second factors are set up anew",
        f"{users}[2].Attributes.identities: not taken over: no other provider's account is linked here",
        f"users without a password, which no pool gives away: RESET_REQUIRED until a code sets a new one: {SUB}",
        f"users who never used their temporary password: {INVITE}: {SUB.replace('b3', 'c4')}",
    ]


def test_people_read_the_notes_behind_the_table(bare: Shell, answers: list[str]) -> None:
    printed = bare.ok("import", "cognito", *answers).splitlines()
    assert printed[0].split() == ["OUTCOME", "WHAT", "POOL", "NAME"]
    assert "7 created, 0 changed, 0 unchanged" in printed
    assert printed[-1].startswith("Note: users who never used")
    assert SECRET not in "".join(printed)


def test_once_more_changes_nothing(bare: Shell, answers: list[str]) -> None:
    bare.ok("import", "cognito", *answers)
    assert changed(bare.json("import", "cognito", *answers)) == []


def test_an_imported_user_sets_a_password_by_a_code_and_keeps_the_sub(bare: Shell, answers: list[str]) -> None:
    bare.ok("import", "cognito", *answers)
    client = cognito(bare)
    proof = secret_hash(SECRET, "ann@example.com", CLIENT)
    parameters = {"USERNAME": "ann@example.com", "PASSWORD": PASSWORD, "SECRET_HASH": proof}
    with pytest.raises(client.exceptions.NotAuthorizedException):  # ENABLED hides who was imported
        client.initiate_auth(ClientId=CLIENT, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)
    client.forgot_password(ClientId=CLIENT, Username="ann@example.com", SecretHash=proof)
    code = bare.json("messages", "--pool", REAL, "--username", "ann@example.com")[0]["code"]
    client.confirm_forgot_password(
        ClientId=CLIENT,
        Username="ann@example.com",
        ConfirmationCode=code,
        Password="Quite-new-h0rse",
        SecretHash=proof,
    )
    tokens = client.initiate_auth(
        ClientId=CLIENT, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters | {"PASSWORD": "Quite-new-h0rse"}
    )["AuthenticationResult"]
    claims = claims_of(tokens["IdToken"])
    assert (claims["sub"], claims["cognito:groups"]) == (SUB, ["admins"])
    # Importing again takes nobody back to where they began.
    assert changed(bare.json("import", "cognito", *answers)) == []
    assert bare.json("user", "describe", REAL, "ann@example.com")["UserStatus"] == "CONFIRMED"


def test_users_of_a_legacy_client_hear_that_they_have_to_reset(bare: Shell, answers: list[str]) -> None:
    bare.ok("import", "cognito", *answers)
    bare.ok(
        *("client", "create", REAL, "legacy", "--id", "legacyclient1"),
        *("--explicit-auth-flow", "ALLOW_USER_PASSWORD_AUTH", "--prevent-user-existence-errors", "LEGACY"),
    )
    client = cognito(bare)
    with pytest.raises(client.exceptions.PasswordResetRequiredException):
        client.initiate_auth(
            ClientId="legacyclient1",
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ann@example.com", "PASSWORD": PASSWORD},
        )


def test_second_factors_come_from_their_own_answer(bare: Shell, tmp_path: Path) -> None:
    pool = dict(ANSWERS["describe-user-pool"]["UserPool"], MfaConfiguration="OPTIONAL")
    (tmp_path / "pool.json").write_text(json.dumps({"UserPool": pool}))
    notes = bare.json("import", "cognito", str(tmp_path / "pool.json"), "--dry-run")["Notes"]
    where = "pool.json: UserPool.MfaConfiguration"
    assert f"{where}: not taken over: give what get-user-pool-mfa-config prints, too" in notes
    factors = {
        "SoftwareTokenMfaConfiguration": {"Enabled": True},
        "WebAuthnConfiguration": {"UserVerification": "preferred"},
        "MfaConfiguration": "OPTIONAL",
    }
    (tmp_path / "mfa.json").write_text(json.dumps(factors))
    bare.ok("import", "cognito", str(tmp_path / "pool.json"), str(tmp_path / "mfa.json"))
    got = cognito(bare).get_user_pool_mfa_config(UserPoolId=REAL)
    assert {name: got[name] for name in factors} == factors


def test_pool_that_says_nothing_of_case_has_names_in_which_it_counts(bare: Shell, tmp_path: Path) -> None:
    """The service model: case-sensitive "is the default value", and DescribeUserPool shows what was set."""
    described = dict(ANSWERS["describe-user-pool"]["UserPool"])
    del described["UsernameConfiguration"]
    users = [{"Username": name, "Attributes": [{"Name": "email", "Value": name}]} for name in ("A@b.org", "a@b.org")]
    (tmp_path / "pool.json").write_text(json.dumps({"UserPool": described}))
    (tmp_path / "users.json").write_text(json.dumps({"Users": users}))
    files = (str(tmp_path / "pool.json"), str(tmp_path / "users.json"))

    bare.ok("import", "cognito", *files)

    assert bare.json("pool", "describe", REAL)["UsernameConfiguration"] == {"CaseSensitive": True}
    assert bare.json("pool", "describe", REAL)["EstimatedNumberOfUsers"] == 2
    assert changed(bare.json("import", "cognito", *files)) == []


def test_providers_that_the_pool_has_already_stay_with_its_clients(
    bare: Shell, answers: list[str], tmp_path: Path
) -> None:
    provider = {
        "UserPoolId": REAL,
        "ProviderName": "Google",
        "ProviderType": "Google",
        "ProviderDetails": {"client_id": "abc", "client_secret": "of-google", "authorize_scopes": "openid"},
    }
    (tmp_path / "google.json").write_text(json.dumps({"IdentityProvider": provider}))
    bare.ok("import", "cognito", *answers, str(tmp_path / "google.json"))
    assert changed(bare.json("import", "cognito", *answers)) == []
    described = cognito(bare).describe_user_pool_client(UserPoolId=REAL, ClientId=CLIENT)["UserPoolClient"]
    assert described["SupportedIdentityProviders"] == ["COGNITO", "Google"]


def test_parts_can_come_later(bare: Shell, answers: list[str], tmp_path: Path) -> None:
    paths = {Path(path).stem: path for path in answers}
    bare.ok("import", "cognito", paths["describe-user-pool"])
    bare.ok("import", "cognito", paths["list-resource-servers"])
    bare.ok("import", "cognito", paths["describe-user-pool-client"])
    result = bare.run("import", "cognito", paths["list-users"])
    assert result.stderr.splitlines()[0] == "Error: the files: which pool? none says so: --pool POOL"
    bare.ok("import", "cognito", paths["list-users"], "--pool", REAL)
    assert bare.json("pool", "describe", REAL)["EstimatedNumberOfUsers"] == 3


@pytest.mark.parametrize(
    "answer, said",
    [
        ({"UserPoolClients": []}, "a list of clients holds none of their settings: use describe-user-pool-client"),
        ({"Stacks": []}, "it is no answer of describe-user-pool, describe-user-pool-client or their like"),
        ([], "a mapping of members is expected here"),
        ({"UserPool": []}, "a mapping of members is expected here"),
        ({"Users": {}}, "a list is expected here"),
        ({"UserPoolClient": {"UserPoolId": "us-east-1_Nowhere01", "ClientId": "x"}}, "does not exist, and no file"),
        ({"MfaConfiguration": "ON"}, "it goes with what describe-user-pool prints"),
    ],
    ids=str,
)
def test_other_files_are_refused_by_name(bare: Shell, tmp_path: Path, answer: Any, said: str) -> None:
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    result = bare.run("import", "cognito", str(tmp_path / "answer.json"))
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.endswith("Nothing was written.\n")
    assert bare.json("pool", "list") == []


def test_two_pools_at_once_and_half_a_list_are_told(bare: Shell, answers: list[str], tmp_path: Path) -> None:
    other = {"ResourceServers": [{"UserPoolId": POOL, "Identifier": "x", "Name": "X"}], "NextToken": "more"}
    (tmp_path / "other.json").write_text(json.dumps(other))
    result = bare.run("import", "cognito", answers[0], str(tmp_path / "other.json"))
    assert f"which pool? they are of several: {REAL}, {POOL}" in result.stderr
    bare.ok("pool", "create", "Shop", "--id", POOL)
    (note,) = bare.json("import", "cognito", str(tmp_path / "other.json"))["Notes"]
    assert note == "other.json: NextToken says that this is not all: leave --max-items and --no-paginate out"


@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
def test_malformed_members_end_in_lines_and_never_in_a_traceback(
    bare: Shell, answers: list[str], tmp_path: Path, there: bool
) -> None:
    if there:
        bare.ok("import", "cognito", *answers)
    before = bare.json("pool", "list")
    file = tmp_path / "answer.json"
    for answer in ANSWERS.values():
        ((kind, described),) = answer.items()
        one = described[0] if isinstance(described, list) else described
        for name in one:
            for wrong in (7, ["x"], {"x": "x"}, [{"Name": 7}]):
                other = {**one, name: wrong}
                file.write_text(json.dumps({kind: [other] if isinstance(described, list) else other}))
                assert bare.run("import", "cognito", str(file), "--pool", REAL, "--dry-run").exit_code in {0, 1}
    assert bare.json("pool", "list") == before


# --- export ---------------------------------------------------------------------------------------


def everything(shell: Shell, pool_id: str) -> Any:
    """What the JSON API describes of a pool, without instants and without the standing of users."""
    client = cognito(shell)
    listed = client.list_user_pool_clients(UserPoolId=pool_id, MaxResults=60)["UserPoolClients"]
    ids = sorted(each["ClientId"] for each in listed)
    groups = client.list_groups(UserPoolId=pool_id)["Groups"]
    names = [each["ProviderName"] for each in client.list_identity_providers(UserPoolId=pool_id)["Providers"]]
    paginator = client.get_paginator("list_users_in_group")

    def in_group(name: str) -> list[str]:
        pages = paginator.paginate(UserPoolId=pool_id, GroupName=name).build_full_result()
        return [user["Username"] for user in pages["Users"]]

    return _lasting(
        {
            "pool": client.describe_user_pool(UserPoolId=pool_id)["UserPool"],
            "mfa": client.get_user_pool_mfa_config(UserPoolId=pool_id),
            "sessions": client.get_user_pool_session_configuration(UserPoolId=pool_id),
            "clients": [client.describe_user_pool_client(UserPoolId=pool_id, ClientId=each) for each in ids],
            "ours": [shell.json("client", "describe", each) for each in ids],
            "servers": client.list_resource_servers(UserPoolId=pool_id)["ResourceServers"],
            "providers": [client.describe_identity_provider(UserPoolId=pool_id, ProviderName=each) for each in names],
            "groups": groups,
            "members": [in_group(each["GroupName"]) for each in groups],
            "users": client.get_paginator("list_users").paginate(UserPoolId=pool_id).build_full_result()["Users"],
        }
    )


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name for name in value if not name.endswith("Date")} - {"UserStatus", "ResponseMetadata"}
        return {name: _lasting(value[name]) for name in kept}
    return [_lasting(each) for each in value] if isinstance(value, list) else value


def furnished(shell: Shell, tmp_path: Path) -> None:
    """A pool with something of everything."""
    seed = json.loads(json.dumps(SEED))
    pool = seed["pools"][0]
    pool |= {
        "SoftwareTokenMfaConfiguration": {"Enabled": True},
        "MfaConfiguration": "OPTIONAL",
        "UserSessionTracking": "ENABLED",
        "Domain": "shop-of-the-tests",
        "EmailVerificationMessage": "It is {####}",
        "identityProviders": [
            {
                "ProviderName": "Corp",
                "ProviderType": "OIDC",
                "ProviderDetails": {
                    "client_id": "abc",
                    "client_secret": "corp-secret",
                    "authorize_scopes": "openid",
                    "oidc_issuer": "https://corp.example",
                    "attributes_request_method": "GET",
                },
            }
        ],
    }
    pool["clients"][0] |= {"SSOSession": {"MaxValidityMinutes": 5}, "SupportedIdentityProviders": ["COGNITO", "Corp"]}
    pool["users"] += [{"Username": f"user{number:03}", "Groups": ["staff"]} for number in range(70)]
    (tmp_path / "seed.json").write_text(json.dumps(seed))
    shell.ok("seed", str(tmp_path / "seed.json"))


def test_a_pool_that_was_exported_comes_back_equal_somewhere_else(bare: Shell, second: Shell, tmp_path: Path) -> None:
    furnished(bare, tmp_path)
    folder = tmp_path / "exported"

    paths = bare.ok("export", POOL, "--dir", str(folder), "--with-secrets").splitlines()
    second.ok("import", "cognito", *paths)

    before, after = everything(bare, POOL), everything(second, POOL)
    # Left out, it would say that case counts, as a real pool does.
    assert (before["pool"].get("UsernameConfiguration"), after["pool"].pop("UsernameConfiguration")) == (
        None,
        {"CaseSensitive": False},
    )
    assert after == before
    assert changed(second.json("import", "cognito", *paths)) == []
    statuses = {each["Username"]: each["UserStatus"] for each in second.json("user", "list", POOL, "--limit", "500")}
    assert (statuses["ann"], statuses["bob"]) == ("RESET_REQUIRED", "FORCE_CHANGE_PASSWORD")
    secret = bare.json("client", "describe", "1web23456789abcdefghijk", "--show-secret")["ClientSecret"]
    assert second.services.app_clients.authenticate("1web23456789abcdefghijk", secret)


def test_files_are_for_their_owner_and_hold_no_password(bare: Shell, tmp_path: Path) -> None:
    furnished(bare, tmp_path)
    folder = tmp_path / "exported"
    written = bare.json("export", POOL, "--dir", str(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    texts = []
    for path in map(Path, written["Files"]):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        texts.append(path.read_text())
    whole = "".join(texts)
    for secret in (PASSWORD, "argon2", "corp-secret", SEED["pools"][0]["clients"][0]["ClientSecret"], 'ClientSecret"'):
        assert secret not in whole
    assert written["Notes"] == [
        "The identity provider Corp is written without its client_secret.",
        "2 app clients are written without their secrets, and get new ones where they are imported: --with-secrets",
    ]


def test_a_client_without_its_secret_comes_back_confidential_and_with_a_new_one(
    bare: Shell, second: Shell, tmp_path: Path
) -> None:
    bare.ok("pool", "create", "Shop", "--id", POOL)
    client_id = bare.client("--generate-secret")
    paths = bare.ok("export", POOL, "--dir", str(tmp_path / "out")).splitlines()
    second.ok("import", "cognito", *paths)
    old = bare.json("client", "describe", client_id, "--show-secret")["ClientSecret"]
    new = second.json("client", "describe", client_id, "--show-secret")["ClientSecret"]
    assert len(new) > 40
    assert new != old
    assert changed(second.json("import", "cognito", *paths)) == []


def test_instants_are_written_as_the_aws_command_line_writes_them(shell: Shell, tmp_path: Path) -> None:
    shell.ok("export", POOL, "--dir", str(tmp_path / "out"))
    pool = json.loads((tmp_path / "out" / "describe-user-pool.json").read_text())["UserPool"]
    assert pool["CreationDate"] == "2026-09-21T14:13:20+00:00"


def test_a_folder_that_holds_something_is_refused(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    said = shell.refused("export", POOL, "--dir", str(tmp_path))
    assert said.endswith("it is not empty: whatever is in it would be imported along")
    assert shell.refused("export", POOL, "--dir", str(tmp_path / "note.txt" / "in")).endswith("Not a directory")
    assert shell.refused("export", "us-east-1_Nowhere01", "--dir", str(tmp_path / "x")).startswith(
        "User pool us-east-1"
    )
    assert not (tmp_path / "x").exists()


def test_two_secrets_and_a_custom_domain_are_told_of(shell: Shell, tmp_path: Path) -> None:
    client_id = shell.client("--generate-secret")
    shell.ok("client", "secret", "add", client_id)
    cognito(shell).create_user_pool_domain(
        UserPoolId=POOL,
        Domain="login.example.com",
        CustomDomainConfig={"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/x"},
    )
    notes = shell.json("export", POOL, "--dir", str(tmp_path / "out"), "--with-secrets")["Notes"]
    assert notes == [
        f"The app client {client_id} has two secrets: the older one is written.",
        "The custom domain is not imported again: it belongs to the proxy in front.",
    ]
