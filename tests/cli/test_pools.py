"""flask authz pool."""

import pytest

from tests.cli.conftest import PASSWORD, POOL, PUBLIC_URL, Shell


def test_create_prints_the_id_and_the_next_step(bare: Shell) -> None:
    printed = bare.ok("pool", "create", "Customers")
    pool_id = printed.split("\n")[0].removeprefix("Created the user pool ").removesuffix(".")
    assert pool_id.startswith("us-east-1_")
    assert f"flask authz client create {pool_id}" in printed
    assert bare.json("keys", "list", pool_id)


def test_create_sets_everything_that_its_options_say(bare: Shell) -> None:
    made = bare.json(
        *("pool", "create", "Demo", "--id", POOL),
        *("--alias-attribute", "email", "--alias-attribute", "preferred_username", "--case-sensitive"),
        *("--password-min-length", "15", "--no-password-uppercase", "--no-password-lowercase"),
        *("--no-password-numbers", "--no-password-symbols", "--temporary-password-days", "3"),
        *("--custom-attribute", "team:String:immutable:min=1:max=9", "--custom-attribute", "level:Number:min=0"),
        *("--require-attribute", "email", "--require-attribute", "name"),
        *("--dialect", "oidc", "--require-pkce", "--deletion-protection", "--admin-create-user-only"),
        *("--tier", "LITE", "--tag", "stage=test"),
    )
    assert made["Id"] == POOL
    assert made["AliasAttributes"] == ["email", "preferred_username"]
    assert made["UsernameConfiguration"] == {"CaseSensitive": True}
    assert made["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 15,
        "RequireUppercase": False,
        "RequireLowercase": False,
        "RequireNumbers": False,
        "RequireSymbols": False,
        "TemporaryPasswordValidityDays": 3,
    }
    schema = {attribute["Name"]: attribute for attribute in made["SchemaAttributes"]}
    assert schema["custom:team"]["Mutable"] is False
    assert schema["custom:team"]["StringAttributeConstraints"] == {"MinLength": "1", "MaxLength": "9"}
    assert schema["custom:level"]["AttributeDataType"] == "Number"
    assert schema["custom:level"]["NumberAttributeConstraints"] == {"MinValue": "0"}
    assert schema["email"]["Required"] is True
    assert schema["phone_number"]["Required"] is False
    assert (made["Dialect"], made["RequirePkce"]) == ("oidc", True)
    assert made["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True, "UnusedAccountValidityDays": 3}
    assert (made["DeletionProtection"], made["UserPoolTier"]) == ("ACTIVE", "LITE")
    assert made["UserPoolTags"] == {
        "stage": "test",
        "app-client-authz:dialect": "oidc",
        "app-client-authz:require-pkce": "true",
    }
    assert bare.json("pool", "describe", POOL) == made | {"EstimatedNumberOfUsers": 0}


def test_create_with_username_attributes_makes_the_address_the_name(bare: Shell) -> None:
    bare.ok("pool", "create", "Demo", "--id", POOL, "--username-attribute", "email")
    bare.ok("user", "create", POOL, "ann@example.com", "--generate")
    assert "should be an email" in bare.refused("user", "create", POOL, "ann", "--generate")


@pytest.mark.parametrize(
    "options, named",
    [
        (("--username-attribute", "name"), "--username-attribute"),
        (("--password-min-length", "5"), "--password-min-length"),
        (("--custom-attribute", "team"), "--custom-attribute"),
        (("--custom-attribute", "team:Text"), "--custom-attribute"),
        (("--custom-attribute", "team:String:fixed"), "--custom-attribute"),
        (("--custom-attribute", "team:Boolean:max=3"), "--custom-attribute"),
        (("--custom-attribute", ":String"), "--custom-attribute"),
        (("--require-attribute", "custom:team"), "--require-attribute"),
        (("--dialect", "saml"), "--dialect"),
        (("--tag", "stage"), "--tag"),
        (("--tier", "FREE"), "--tier"),
    ],
    ids=str,
)
def test_a_bad_value_is_refused_with_the_name_of_its_option(bare: Shell, options: tuple[str, ...], named: str) -> None:
    assert f"Invalid value for '{named}'" in bare.misused("pool", "create", "Demo", *options)
    assert bare.json("pool", "list") == []


@pytest.mark.parametrize(
    "options",
    [("--id", "no pool id"), ("--username-attribute", "email", "--alias-attribute", "email")],
    ids=str,
)
def test_what_the_domain_refuses_is_one_line(bare: Shell, options: tuple[str, ...]) -> None:
    assert bare.refused("pool", "create", "Demo", *options)


def test_an_id_that_is_taken_is_named(shell: Shell) -> None:
    assert shell.refused("pool", "create", "Again", "--id", POOL) == f"User pool {POOL} already exists."


def test_list_is_a_table_or_json_and_says_how_to_begin(bare: Shell) -> None:
    assert "flask authz pool create" in bare.ok("pool", "list")
    assert bare.json("pool", "list") == []
    bare.ok("pool", "create", "Demo", "--id", POOL)
    header, row = bare.ok("pool", "list").splitlines()
    assert header.split() == ["POOL", "CREATED", "NAME"]
    assert row.split() == [POOL, "2026-09-21T14:13:20Z", "Demo"]
    assert [each["Name"] for each in bare.json("pool", "list")] == ["Demo"]


def test_describe_shows_issuer_policy_and_users(shell: Shell) -> None:
    shell.ok("user", "create", POOL, "ann", "--password", PASSWORD)
    printed = shell.ok("pool", "describe", POOL)
    assert f"{PUBLIC_URL}/{POOL}" in printed
    assert "8 characters or more; A-Z, a-z, 0-9, symbols" in printed
    assert "cognito (the site's)" in printed
    assert any(line.split() == ["Users", "1"] for line in printed.splitlines())


def test_update_changes_what_is_given_and_nothing_else(bare: Shell) -> None:
    bare.ok(
        *("pool", "create", "Demo", "--id", POOL, "--password-min-length", "12", "--dialect", "oidc"),
        *("--alias-attribute", "email", "--custom-attribute", "team:String", "--tag", "stage=test", "--require-pkce"),
    )
    before = bare.json("pool", "describe", POOL)
    assert bare.ok("pool", "update", POOL, "--no-password-symbols") == f"Changed the user pool {POOL}.\n"
    expected = before
    expected["Policies"]["PasswordPolicy"]["RequireSymbols"] = False
    assert bare.json("pool", "describe", POOL) == expected


def test_update_can_give_a_pool_the_dialect_of_the_site_again(bare: Shell) -> None:
    bare.ok("pool", "create", "Demo", "--id", POOL, "--dialect", "oidc")
    assert "Dialect" not in bare.json("pool", "update", POOL, "--dialect", "site")


def test_update_adds_custom_attributes(shell: Shell) -> None:
    after = shell.json("pool", "update", POOL, "--add-custom-attribute", "team:String", "--name", "New")
    assert after["Name"] == "New"
    assert "custom:team" in [attribute["Name"] for attribute in after["SchemaAttributes"]]
    assert "already has name" in shell.refused("pool", "update", POOL, "--add-custom-attribute", "team:String")


def test_update_without_a_difference_is_a_mistake(shell: Shell) -> None:
    assert "Nothing to change" in shell.misused("pool", "update", POOL)
    assert "Nothing to change" in shell.misused("pool", "update", POOL, "--name", "Demo")


def test_delete_asks_first_and_says_what_is_lost(shell: Shell) -> None:
    shell.client()
    result = shell.run("pool", "delete", POOL, typed="n\n")
    assert result.exit_code == 1
    assert "Delete Demo with 0 users and 1 app client?" in result.stdout
    assert shell.json("pool", "list")
    shell.ok("pool", "delete", POOL, typed="y\n")
    assert shell.json("pool", "list") == []


def test_delete_with_yes_does_not_ask(shell: Shell) -> None:
    assert shell.ok("pool", "delete", POOL, "--yes") == f"Deleted the user pool {POOL}.\n"


def test_a_protected_pool_is_not_deleted_before_its_protection_is_taken_away(shell: Shell) -> None:
    shell.ok("pool", "update", POOL, "--deletion-protection")
    assert "protection" in shell.refused("pool", "delete", POOL, "--yes")
    shell.ok("pool", "update", POOL, "--no-deletion-protection")
    shell.ok("pool", "delete", POOL, "--yes")


def test_sign_out_everyone_ends_what_began_before(shell: Shell) -> None:
    assert POOL in shell.ok("pool", "sign-out-everyone", POOL)
    assert shell.services.pools.describe(POOL).sessions_valid_from == shell.services.clock()
