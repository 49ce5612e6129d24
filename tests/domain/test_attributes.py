"""Values of attributes, and the one filter of what a client reads and writes (R16)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain import attributes
from app_client_authz.domain.attributes import check_delete, check_new, check_update
from app_client_authz.domain.dialect import COGNITO, OIDC, Dialect
from app_client_authz.domain.errors import InvalidParameter, NotAuthorized
from app_client_authz.domain.pool import PoolSpec, SchemaAttribute, UserPool

SCHEMA = (
    SchemaAttribute("given_name", required=True),
    SchemaAttribute("team", max_length="5", min_length="2"),
    SchemaAttribute("badge", mutable=False),
    SchemaAttribute("tier", "Number", min_value="1", max_value="9"),
    SchemaAttribute("vip", "Boolean"),
    SchemaAttribute("since", "DateTime"),
    SchemaAttribute("note", developer_only=True),
)
POOL = UserPool.create(PoolSpec(name="people", schema=SCHEMA), pool_id="us-east-1_abc", now=1.0)
FREE = UserPool.create(PoolSpec(name="people"), pool_id="us-east-1_free", now=1.0)
ALIASES = UserPool.create(
    PoolSpec(name="people", alias_attributes=("email", "phone_number", "preferred_username")),
    pool_id="us-east-1_alias",
    now=1.0,
)
KIM = {"given_name": "Kim"}


def refusal_of_new(given_attributes: dict[str, str], pool: UserPool = POOL, *, by_admin: bool = False) -> str:
    with pytest.raises(InvalidParameter) as refusal:
        check_new(pool, given_attributes, by_admin=by_admin)
    return refusal.value.message


def refusal_of_update(changes: dict[str, str], pool: UserPool = POOL, *, by_admin: bool = False) -> str:
    with pytest.raises(InvalidParameter) as refusal:
        check_update(pool, KIM, changes, by_admin=by_admin)
    return refusal.value.message


def refusal_of_delete(names: list[str], pool: UserPool = POOL, *, by_admin: bool = False) -> str:
    with pytest.raises(InvalidParameter) as refusal:
        check_delete(pool, KIM, names, by_admin=by_admin)
    return refusal.value.message


# --- new users ----------------------------------------------------------------------------------


def test_new_user_may_have_every_attribute_even_immutable_ones() -> None:
    given_attributes = KIM | {"custom:team": "red", "custom:badge": "7", "custom:tier": "3", "custom:vip": "True"}

    assert check_new(POOL, given_attributes) == given_attributes | {"custom:vip": "true"}


def test_registration_notes_that_an_address_is_unverified() -> None:
    assert check_new(FREE, {"email": "kim@example.com", "phone_number": "+15555550100"}) == {
        "email": "kim@example.com",
        "phone_number": "+15555550100",
        "email_verified": "false",
        "phone_number_verified": "false",
    }


def test_administrator_sets_the_flags_or_leaves_them_out() -> None:
    assert check_new(FREE, {"email": "kim@example.com"}, by_admin=True) == {"email": "kim@example.com"}
    assert check_new(FREE, {"email": "kim@example.com", "email_verified": "True"}, by_admin=True) == {
        "email": "kim@example.com",
        "email_verified": "true",
    }


def test_empty_value_of_a_new_user_is_ignored() -> None:
    assert check_new(POOL, KIM | {"nickname": "", "custom:nowhere": ""}) == KIM


def test_missing_required_attributes_are_all_named() -> None:
    pool = UserPool.create(
        PoolSpec(
            name="people",
            schema=tuple(
                SchemaAttribute(name, required=True)
                for name in ("name", "given_name", "family_name", "middle_name", "email")
            ),
        ),
        pool_id="us-east-1_abc",
        now=1.0,
    )

    assert refusal_of_new({"given_name": ""}, pool) == (
        "Attributes did not conform to the schema: "
        "name.formatted: The attribute name.formatted is required "
        "name.givenName: The attribute name.givenName is required "
        "name.familyName: The attribute name.familyName is required "
        "name.middleName: The attribute name.middleName is required "
        "email: The attribute email is required"
    )


@pytest.mark.parametrize(
    "name, value, problem",
    [
        ("custom:team", "purple", "custom:team: String must be no longer than 5 characters"),
        ("custom:team", "x", "custom:team: String must be no shorter than 2 characters"),
        ("custom:tier", "ten", "custom:tier: Value must be a number"),
        ("custom:tier", "NaN", "custom:tier: Value must be a number"),
        ("custom:tier", "1e5", "custom:tier: Value must be a number"),
        ("custom:tier", "٣", "custom:tier: Value must be a number"),
        ("custom:tier", "0.5", "custom:tier: Number must be no less than 1"),
        ("custom:tier", "10", "custom:tier: Number must be no greater than 9"),
        ("custom:vip", "yes", "custom:vip: Value must be true or false"),
        ("custom:since", "yesterday", "custom:since: Value must be a date and time"),
        ("birthdate", "1999", "birthdate: String must be no shorter than 10 characters"),
        ("updated_at", "-1", "updated_at: Number must be no less than 0"),
        ("name", "x" * 2049, "name.formatted: String must be no longer than 2048 characters"),
        ("name", "é" * 1025, "name.formatted: String must be no longer than 2048 characters"),
        ("custom:badge", "x" * 2049, "custom:badge: String must be no longer than 2048 characters"),
        ("custom:nowhere", "x", "Type for attribute {custom:nowhere} could not be determined"),
        ("custom:Team", "red", "Type for attribute {custom:Team} could not be determined"),
        ("Email", "kim@example.com", "Type for attribute {Email} could not be determined"),
        ("name\x00", "x", "Type for attribute {name\x00} could not be determined"),
        ("cognito:groups", "admin", "Type for attribute {cognito:groups} could not be determined"),
        ("identities", "[]", "Type for attribute {identities} could not be determined"),
        ("dev:custom:note", "x", "Type for attribute {dev:custom:note} could not be determined"),
    ],
)
def test_value_against_the_schema_is_refused(name: str, value: str, problem: str) -> None:
    assert refusal_of_new(KIM | {name: value}) == f"Attributes did not conform to the schema: {problem}"


@pytest.mark.parametrize(
    "name, value",
    [
        ("custom:tier", "1"),
        ("custom:tier", "8.75"),
        ("custom:since", "2026-01-31T12:00:00Z"),
        ("custom:since", "1760000000"),
        ("birthdate", "not-a-date"),
        ("name", "é" * 1024),
        ("updated_at", "1760000000"),
    ],
)
def test_value_at_the_edge_is_taken(name: str, value: str) -> None:
    assert check_new(POOL, KIM | {name: value})[name] == value


@pytest.mark.attack("R16")
@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\x00b", "a\ud800b"])
@pytest.mark.parametrize("name", ["nickname", "address", "custom:badge", "custom:tier"])
def test_line_breaks_nul_and_surrogates_are_refused_everywhere(name: str, value: str) -> None:
    problem = f"{name}: Value must not hold line breaks or NUL"

    assert refusal_of_new(KIM | {name: value}) == f"Attributes did not conform to the schema: {problem}"
    if name != "custom:badge":
        assert refusal_of_update({name: value}) == f"user.{problem}\n"


# --- server-owned names and formats -------------------------------------------------------------


@pytest.mark.attack("R16")
@pytest.mark.parametrize("name", ["sub", "email_verified", "phone_number_verified"])
@pytest.mark.parametrize("value", ["true", ""])
def test_no_user_writes_what_the_server_owns(name: str, value: str) -> None:
    message = f"Cannot modify the non-mutable attribute {name}"

    assert refusal_of_new(KIM | {name: value}) == message
    assert refusal_of_update({name: value}) == message
    assert refusal_of_delete([name]) == message


@pytest.mark.attack("R16")
def test_not_even_an_administrator_writes_sub() -> None:
    message = "Cannot modify the non-mutable attribute sub"

    assert refusal_of_new(KIM | {"sub": "x"}, by_admin=True) == message
    assert refusal_of_update({"sub": "x"}, by_admin=True) == message
    assert refusal_of_delete(["sub"], by_admin=True) == message


@pytest.mark.parametrize("address", ["kim", "kim@example.com\r\nBcc: eve@example.com", "a@b.c,d@e.f"])
def test_malformed_email_address_is_refused(address: str) -> None:
    assert refusal_of_new(KIM | {"email": address}) == "Invalid email address format."
    assert refusal_of_update({"email": address}) == "Invalid email address format."


@pytest.mark.parametrize("number", ["5555550100", "+1 555", "+1555555010٠"])
def test_malformed_phone_number_is_refused(number: str) -> None:
    assert refusal_of_new(KIM | {"phone_number": number}) == "Invalid phone number format."
    assert refusal_of_update({"phone_number": number}) == "Invalid phone number format."


@pytest.mark.attack("R16")
def test_who_registers_takes_no_name_to_sign_in_with_before_the_account_is_confirmed() -> None:
    name = {"preferred_username": "boss"}

    assert refusal_of_new(name, ALIASES) == (
        "Preferred username cannot be provided for unconfirmed account, since user pool is configured for preferred "
        "username alias."
    )
    assert check_new(FREE, name) == check_new(ALIASES, name, by_admin=True) == name
    assert check_new(ALIASES, {"preferred_username": ""}) == {}


@pytest.mark.attack("R16")
def test_preferred_username_cannot_be_mistaken_for_an_address() -> None:
    message = "Username cannot be of email format, since user pool is configured for email alias."

    assert refusal_of_new({"preferred_username": "eve＠example.com"}, ALIASES) == message
    assert refusal_of_update({"preferred_username": "eve@example.com"}, ALIASES) == message


@pytest.mark.parametrize("value", ["x" * 129, "\ufdfa" * 100])
def test_what_opens_a_sign_in_can_be_typed_there(value: str) -> None:
    message = "user.preferred_username: String must be no longer than 128 characters\n"

    assert refusal_of_update({"preferred_username": value}, ALIASES) == message
    assert check_update(FREE, {}, {"preferred_username": value}) == {"preferred_username": value}


def test_invisible_preferred_username_is_no_alias() -> None:
    message = "user.preferred_username: Value must hold a visible character\n"

    assert refusal_of_update({"preferred_username": "\u3164"}, ALIASES) == message


# --- updates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"custom:nowhere": "x"}, "user.custom:nowhere: Attribute does not exist in the schema.\n"),
        ({"custom:nowhere": ""}, "user.custom:nowhere: Attribute does not exist in the schema.\n"),
        ({"custom:badge": "8"}, "user.custom:badge: Attribute cannot be updated.\n"),
        ({"custom:badge": ""}, "user.custom:badge: Attribute cannot be updated.\n"),
        ({"custom:team": "purple"}, "user.custom:team: String must be no longer than 5 characters\n"),
        ({"dev:custom:note": "x"}, "user.dev:custom:note: Attribute does not exist in the schema.\n"),
        ({"identities": "[]"}, "user.identities: Attribute does not exist in the schema.\n"),
        (
            {"custom:badge": "8", "nickname": "K", "custom:nowhere": "x"},
            (
                "user.custom:badge: Attribute cannot be updated.\n"
                "user.custom:nowhere: Attribute does not exist in the schema.\n"
            ),
        ),
        ({"given_name": ""}, "Invalid user attributes: name.givenName: The attribute name.givenName is required"),
    ],
)
def test_wrong_update_is_refused_as_a_whole(changes: dict[str, str], message: str) -> None:
    assert refusal_of_update(changes) == message


def test_update_changes_adds_and_deletes() -> None:
    before = {"given_name": "Kim", "nickname": "K", "custom:team": "red", "custom:badge": "7"}

    after = check_update(POOL, before, {"given_name": "Kimberly", "nickname": "", "locale": "en"})

    assert after == {"given_name": "Kimberly", "custom:team": "red", "custom:badge": "7", "locale": "en"}
    assert before["nickname"] == "K"


VERIFIED = {"email": "kim@example.com", "email_verified": "true", "phone_number": "+15555550100"}


@pytest.mark.attack("R16")
@pytest.mark.parametrize("by_admin", [False, True])
def test_new_address_is_unverified(by_admin: bool) -> None:
    after = check_update(FREE, VERIFIED, {"email": "eve@example.com"}, by_admin=by_admin)

    assert after["email_verified"] == "false"


def test_same_address_stays_verified() -> None:
    assert check_update(FREE, VERIFIED, {"email": "kim@example.com"}) == VERIFIED


def test_first_address_of_a_user_is_unverified() -> None:
    after = check_update(FREE, {}, {"email": "kim@example.com", "phone_number": "+15555550100"})

    assert (after["email_verified"], after["phone_number_verified"]) == ("false", "false")


def test_administrator_verifies_an_address_with_or_without_changing_it() -> None:
    changes = {"email": "kim@example.org", "email_verified": "TRUE"}

    assert check_update(FREE, VERIFIED, changes, by_admin=True)["email_verified"] == "true"
    assert check_update(FREE, VERIFIED, {"phone_number_verified": "true"}, by_admin=True) == VERIFIED | {
        "phone_number_verified": "true"
    }
    assert check_update(FREE, VERIFIED, {"email_verified": "false"}, by_admin=True)["email_verified"] == "false"


def test_emptied_address_takes_its_flag_along() -> None:
    assert check_update(FREE, VERIFIED, {"email": ""}) == {"phone_number": "+15555550100"}


def test_administrator_writes_developer_attributes() -> None:
    assert check_update(POOL, KIM, {"dev:custom:note": "x"}, by_admin=True) == KIM | {"dev:custom:note": "x"}


# --- deletions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, message",
    [
        ("custom:nowhere", "Invalid user attributes: Type for attribute {custom:nowhere} could not be determined"),
        (
            "custom:badge",
            (
                "Invalid user attributes: Custom.User.badge: "
                "This attribute does not satisfy the mutability validation defined in the schema."
            ),
        ),
        ("given_name", "Invalid user attributes: name.givenName: The attribute name.givenName is required"),
        ("dev:custom:note", "Invalid user attributes: Type for attribute {dev:custom:note} could not be determined"),
    ],
)
def test_wrong_deletion_is_refused(name: str, message: str) -> None:
    assert refusal_of_delete(["nickname", name]) == message


def test_deleting_takes_the_flag_along_and_minds_no_absence() -> None:
    assert check_delete(FREE, VERIFIED, ["email", "nickname"]) == {"phone_number": "+15555550100"}


# --- what a client may write --------------------------------------------------------------------


def test_client_without_a_list_writes_everything_but_the_servers_own() -> None:
    names = attributes.writable_names(None, POOL)

    assert names == set(POOL.schema) - {"sub", "email_verified", "phone_number_verified", "dev:custom:note"}
    attributes.check_writable(["nickname", "custom:team", "custom:nowhere", "sub"], None, POOL)


@pytest.mark.attack("R16")
@pytest.mark.parametrize("names", [["locale"], ["nickname", "locale"], ["Nickname"], ["custom:nowhere"]])
def test_one_name_outside_the_list_refuses_the_whole_request(names: list[str]) -> None:
    with pytest.raises(NotAuthorized) as refusal:
        attributes.check_writable(names, ("nickname",), POOL)

    assert refusal.value.message == "A client attempted to write unauthorized attribute"


@pytest.mark.attack("R16")
@pytest.mark.parametrize("write_attributes", [None, ("dev:custom:note",)])
def test_developer_attributes_are_no_clients_to_write(write_attributes: tuple[str, ...] | None) -> None:
    with pytest.raises(NotAuthorized):
        attributes.check_writable(["dev:custom:note"], write_attributes, POOL)


@pytest.mark.attack("R16")
def test_listing_a_flag_makes_it_no_more_writable() -> None:
    assert attributes.writable_names(("email", "email_verified", "sub"), POOL) == {"email"}


# --- what a client may read ---------------------------------------------------------------------

USER = {
    "email": "kim@example.com",
    "email_verified": "true",
    "phone_number": "+15555550100",
    "phone_number_verified": "false",
    "given_name": "Kim",
    "address": "1 Main St",
    "updated_at": "1760000000.5",
    "custom:team": "red",
    "custom:tier": "7",
    "dev:custom:note": "hidden",
}
EVERYTHING = set(USER) - {"dev:custom:note"}
PROFILE = {"given_name", "address", "updated_at", "custom:team", "custom:tier"}


def test_client_without_a_list_reads_everything_but_developer_attributes() -> None:
    assert attributes.readable_names(None, POOL) >= set(POOL.schema) - {"dev:custom:note"}
    assert "dev:custom:note" not in attributes.readable_names(None, POOL)


def test_sub_is_always_readable_and_unknown_names_never() -> None:
    assert attributes.readable_names(("email", "dev:custom:note", "custom:gone"), POOL) - {"identities"} == {
        "sub",
        "email",
    }


@pytest.mark.parametrize(
    "scopes, cognito, oidc",
    [
        ([], set(), set()),
        (["email", "profile"], set(), set()),
        (["openid"], EVERYTHING, set()),
        (["openid", "aws.cognito.signin.user.admin"], EVERYTHING, set()),
        (["openid", "orders/read"], EVERYTHING, set()),
        (["openid", "email"], {"email", "email_verified"}, {"email", "email_verified"}),
        (["email", "openid", "orders/email"], {"email", "email_verified"}, {"email", "email_verified"}),
        (
            ["openid", "phone"],
            {"phone_number", "phone_number_verified"},
            {"phone_number", "phone_number_verified"},
        ),
        (["openid", "profile"], PROFILE, PROFILE),
        (["openid", "profile", "email"], PROFILE | {"email", "email_verified"}, PROFILE | {"email", "email_verified"}),
        (["openid", "profile", "email", "phone"], EVERYTHING, EVERYTHING),
    ],
)
@pytest.mark.compliance("OIDC Core", "5.4", "scopes ask for groups of claims")
def test_scopes_open_groups_of_attributes(scopes: list[str], cognito: set[str], oidc: set[str]) -> None:
    for dialect, expected in ((COGNITO, cognito), (OIDC, oidc)):
        seen = attributes.visible(USER, read_attributes=None, scopes=scopes, pool=POOL, dialect=dialect)
        assert seen == {name: USER[name] for name in expected}


def test_read_attributes_narrow_what_scopes_open() -> None:
    for scopes in (["openid"], ["openid", "profile", "email"]):
        seen = attributes.visible(
            USER, read_attributes=("email", "custom:team"), scopes=scopes, pool=POOL, dialect=COGNITO
        )
        assert seen == {"email": "kim@example.com", "custom:team": "red"}


@pytest.mark.attack("R16")
@given(
    read_attributes=st.none() | st.lists(st.sampled_from([*POOL.schema, "dev:custom:note", "custom:gone"])).map(tuple),
    scopes=st.lists(
        st.sampled_from(["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin", "orders/read"])
    ),
    dialect=st.sampled_from([COGNITO, OIDC]),
    stored=st.dictionaries(st.sampled_from([*POOL.schema, "identities", "custom:gone", "sub"]), st.text(min_size=1)),
)
def test_nothing_unreadable_is_ever_visible(
    read_attributes: tuple[str, ...] | None, scopes: list[str], dialect: Dialect, stored: dict[str, str]
) -> None:
    seen = attributes.visible(stored, read_attributes=read_attributes, scopes=scopes, pool=POOL, dialect=dialect)

    assert seen.keys() <= attributes.readable_names(read_attributes, POOL)
    assert seen.items() <= stored.items()
    assert not any(name.startswith("dev:") for name in seen)
    assert not seen or "openid" in scopes


@pytest.mark.parametrize(
    "scopes, read_attributes, expected",
    [
        (["openid", "email"], None, False),
        (["openid", "email"], ("email", "email_verified"), False),
        (["openid", "email"], ("email",), True),
        (["openid", "email"], ("email_verified",), True),
        (["openid", "phone"], ("phone_number", "phone_number_verified"), False),
        (["openid", "phone"], ("phone_number",), True),
        (["openid", "phone", "email"], ("email", "email_verified"), True),
        (["openid", "profile"], ("email",), False),
        (["openid"], ("nickname",), False),
    ],
)
def test_scope_that_the_client_cannot_read_is_noticed(
    scopes: list[str], read_attributes: tuple[str, ...] | None, expected: bool
) -> None:
    assert attributes.scopes_unreadable(scopes, read_attributes) is expected


LINKED = json.dumps([{"userId": "7", "providerName": "Google", "primary": "true"}])


@pytest.mark.compliance("OIDC Core", "5.1", "types of the standard claims")
def test_id_token_has_typed_standard_claims_and_custom_texts() -> None:
    values = attributes.id_token_values(USER | {"identities": LINKED, "custom:vip": "true"})

    assert values["email_verified"] is True
    assert values["phone_number_verified"] is False
    assert values["updated_at"] == 1760000000
    assert values["address"] == {"formatted": "1 Main St"}
    assert values["identities"] == json.loads(LINKED)
    assert (values["custom:tier"], values["custom:vip"]) == ("7", "true")


def test_userinfo_has_texts_only_in_the_cognito_dialect() -> None:
    stored = USER | {"identities": LINKED}

    assert attributes.userinfo_values(stored, COGNITO) == stored
    assert attributes.userinfo_values(stored, OIDC) == attributes.id_token_values(stored)


def test_identities_are_shown_beside_other_claims() -> None:
    stored = {"email": "kim@example.com", "identities": LINKED}
    seen = attributes.visible(
        stored, read_attributes=("email", "email_verified"), scopes=["openid", "email"], pool=POOL, dialect=COGNITO
    )

    assert seen == stored
