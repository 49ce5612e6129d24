"""Attributes of a pool's schema (api.md 3.5)."""

import pytest

from app_client_authz.domain.errors import InvalidParameter, LimitExceeded
from app_client_authz.domain.pool import STANDARD_ATTRIBUTES, PoolSpec, SchemaAttribute, UserPool


def pool_with(*attributes: SchemaAttribute) -> UserPool:
    return UserPool.create(PoolSpec(name="people", schema=attributes), pool_id="us-east-1_abc", now=1.0)


def test_every_pool_has_the_twenty_standard_attributes_in_cognitos_order() -> None:
    assert [attribute.name for attribute in STANDARD_ATTRIBUTES] == [
        "sub",
        "name",
        "given_name",
        "family_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "email",
        "email_verified",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "phone_number",
        "phone_number_verified",
        "address",
        "updated_at",
    ]
    assert list(pool_with().schema) == [attribute.name for attribute in STANDARD_ATTRIBUTES]


@pytest.mark.parametrize(
    "name, expected",
    [
        ("sub", SchemaAttribute("sub", mutable=False, required=True, min_length="1", max_length="2048")),
        ("birthdate", SchemaAttribute("birthdate", min_length="10", max_length="10")),
        ("updated_at", SchemaAttribute("updated_at", "Number", min_value="0")),
        ("email_verified", SchemaAttribute("email_verified", "Boolean")),
        ("phone_number_verified", SchemaAttribute("phone_number_verified", "Boolean")),
        ("locale", SchemaAttribute("locale", min_length="0", max_length="2048")),
    ],
)
def test_standard_attribute_has_cognitos_type_and_limits(name: str, expected: SchemaAttribute) -> None:
    assert pool_with().schema[name] == expected


def test_custom_attributes_follow_the_standard_ones_and_get_their_prefix() -> None:
    pool = pool_with(
        SchemaAttribute("tier", "Number"), SchemaAttribute("custom:team"), SchemaAttribute("note", developer_only=True)
    )

    assert list(pool.schema)[20:] == ["custom:tier", "custom:team", "dev:custom:note"]
    assert [pool.schema[name].bare_name for name in list(pool.schema)[20:]] == ["tier", "team", "note"]
    assert pool.schema["custom:tier"].mutable
    assert pool.schema["custom:team"].max_length is None


def test_developer_prefix_makes_an_attribute_developer_only() -> None:
    assert pool_with(SchemaAttribute("dev:custom:note")).schema["dev:custom:note"].developer_only


def test_override_of_a_standard_attribute_keeps_its_unsaid_limits() -> None:
    pool = pool_with(SchemaAttribute("email", required=True), SchemaAttribute("name", mutable=False, max_length="9"))

    assert pool.schema["email"] == SchemaAttribute("email", required=True, min_length="0", max_length="2048")
    assert pool.schema["name"] == SchemaAttribute("name", mutable=False, min_length="0", max_length="9")
    assert list(pool.schema) == [attribute.name for attribute in STANDARD_ATTRIBUTES]


@pytest.mark.attack("R16")
def test_sub_cannot_be_made_mutable_or_optional() -> None:
    pool = pool_with(SchemaAttribute("sub", mutable=True, required=False))

    assert pool.schema["sub"] == STANDARD_ATTRIBUTES[0]


def test_required_attributes_leave_out_what_the_server_gives() -> None:
    assert pool_with().required_attributes == ()
    assert pool_with(SchemaAttribute("email", required=True)).required_attributes == ("email",)


@pytest.mark.parametrize(
    "attributes, message",
    [
        ([SchemaAttribute("tier", required=True)], "Required custom attributes are not supported currently."),
        (
            [SchemaAttribute("email", "Number")],
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email",
        ),
        (
            [SchemaAttribute("email", developer_only=True)],
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email",
        ),
        (
            [SchemaAttribute("tier"), SchemaAttribute("custom:tier", "Number")],
            "Duplicate custom attribute names custom:tier are not allowed in a user pool schema.",
        ),
        (
            [SchemaAttribute("email"), SchemaAttribute("email")],
            "Duplicate attribute names email are not allowed in a user pool schema.",
        ),
        (
            [SchemaAttribute("tier", "Number", min_value="5", max_value="4")],
            "Attribute custom:tier cannot have a max value smaller than it's min value",
        ),
        (
            [SchemaAttribute("tier", min_length="5", max_length="4")],
            "Attribute custom:tier cannot have a max length shorter than it's min length",
        ),
        ([SchemaAttribute("tier", min_length="few")], "Attribute custom:tier has a constraint that is not a number"),
        (
            [SchemaAttribute("t" * 21)],
            (
                f"1 validation error detected: Value '{'t' * 21}' at 'schema.1.member.name' "
                "failed to satisfy constraint: Member must have length less than or equal to 20"
            ),
        ),
        (
            [SchemaAttribute("ok"), SchemaAttribute("a b")],
            (
                "1 validation error detected: Value 'a b' at 'schema.2.member.name' failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+"
            ),
        ),
        (
            [SchemaAttribute("tier", "Text")],
            (
                "1 validation error detected: Value 'Text' at 'schema.1.member.attributeDataType' failed to satisfy "
                "constraint: Member must satisfy enum value set: [String, Number, DateTime, Boolean]"
            ),
        ),
    ],
)
def test_wrong_schema_is_refused_in_cognitos_words(attributes: list[SchemaAttribute], message: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        pool_with(*attributes)

    assert refusal.value.message == message


def test_fifty_custom_attributes_are_enough_for_a_pool() -> None:
    fifty = [SchemaAttribute(f"a{number}") for number in range(50)]
    pool = pool_with(*fifty)

    with pytest.raises(LimitExceeded):
        pool_with(*fifty, SchemaAttribute("last"))
    with pytest.raises(LimitExceeded):
        pool.add_custom_attributes([SchemaAttribute("last")], now=2.0)


def test_added_attributes_come_last_and_change_nothing_else() -> None:
    before = pool_with(SchemaAttribute("team"))

    after = before.add_custom_attributes([SchemaAttribute("email"), SchemaAttribute("tier", "Number")], now=2.0)

    assert list(after.schema)[20:] == ["custom:team", "custom:email", "custom:tier"]
    assert (after.updated_at, after.version) == (2.0, 2)
    assert list(before.schema)[20:] == ["custom:team"]


@pytest.mark.parametrize(
    "additions, message",
    [
        (["team"], "custom:team: Existing attribute already has name custom:team."),
        (["tier", "custom:tier"], "custom:tier: Existing attribute already has name custom:tier."),
        (
            ["x" * 21],
            (
                f"1 validation error detected: Value '{'x' * 21}' at 'customAttributes.1.member.name' "
                "failed to satisfy constraint: Member must have length less than or equal to 20"
            ),
        ),
    ],
)
def test_addition_with_a_bad_name_is_refused(additions: list[str], message: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        pool_with(SchemaAttribute("team")).add_custom_attributes(map(SchemaAttribute, additions), now=2.0)

    assert refusal.value.message == message


def test_at_most_25_attributes_are_added_at_once() -> None:
    additions = [SchemaAttribute(f"a{number}") for number in range(26)]

    with pytest.raises(InvalidParameter, match=r"at 'customAttributes' .* length less than or equal to 25$"):
        pool_with().add_custom_attributes(additions, now=2.0)


def test_added_attribute_cannot_be_required() -> None:
    with pytest.raises(InvalidParameter, match=r"^Required custom attributes are not supported currently\.$"):
        pool_with().add_custom_attributes([SchemaAttribute("tier", required=True)], now=2.0)
