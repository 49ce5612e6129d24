"""Usernames, aliases and groups (api.md 4.1 and 5)."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app_client_authz.domain.errors import AliasExists, InvalidParameter, OperationError, UsernameExists
from app_client_authz.domain.names import is_email, is_phone_number, looks_like_email, looks_like_phone_number
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.user import (
    Group,
    User,
    UserStatus,
    aliases_of,
    check_username,
    name_refusal,
    preferred_role,
    sign_in_attribute,
    signs_in_without_password,
    username_key,
    with_sign_in_attribute,
)

NAMES = st.text(st.characters(categories=("L", "M", "N", "P", "S")), min_size=1, max_size=40)


def pool(
    *,
    alias_attributes: tuple[str, ...] | None = None,
    username_attributes: tuple[str, ...] | None = None,
    case_sensitive: bool | None = None,
) -> UserPool:
    spec = PoolSpec(
        name="people",
        alias_attributes=alias_attributes,
        username_attributes=username_attributes,
        case_sensitive=case_sensitive,
    )
    return UserPool.create(spec, pool_id="us-east-1_abc", now=1.0)


PLAIN = pool()
ALIASES = pool(alias_attributes=("email", "phone_number", "preferred_username"))
BY_EMAIL = pool(username_attributes=("email",))
BY_PHONE = pool(username_attributes=("phone_number",))
BY_BOTH = pool(username_attributes=("email", "phone_number"))


# --- new users ----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"email": ""}, {"email": "kim@example.com"}, {"email": "KIM@Example.com"}])
def test_address_as_username_is_an_attribute_too(given: dict[str, str]) -> None:
    assert with_sign_in_attribute(BY_EMAIL, "Kim@example.com", given) == {"email": "Kim@example.com"}
    assert with_sign_in_attribute(PLAIN, "Kim@example.com", given) == given


def test_attributes_keep_their_order_beside_the_username() -> None:
    given = {"name": "Kim", "email": "kim@example.com", "locale": "ko"}
    assert list(with_sign_in_attribute(BY_EMAIL, "kim@example.com", given)) == ["name", "email", "locale"]


def test_another_address_than_the_username_is_refused() -> None:
    message = "User {0} should be empty or same as username, since username attribute is {0}"
    with pytest.raises(InvalidParameter) as refused:
        with_sign_in_attribute(BY_BOTH, "kim@example.com", {"email": "eve@example.com"})
    assert refused.value.message == message.format("email")
    with pytest.raises(InvalidParameter) as refused:
        with_sign_in_attribute(BY_BOTH, "+15550100", {"phone_number": "+15550101"})
    assert refused.value.message == message.format("phone_number")


NAMED = User("us-east-1_abc", "sub", "kim", UserStatus.CONFIRMED, attributes={"email_verified": "true"})
ADDRESSED = replace(NAMED, username="sub", attributes={"email": "kim@example.com"})


@pytest.mark.parametrize(
    "user, wanted, expected, message",
    [
        (NAMED, "username", UsernameExists, "User account already exists"),
        (NAMED, "email", AliasExists, "User account already exists for the alias."),
        (NAMED, "preferred_username", AliasExists, "User account already exists for the alias."),
        (ADDRESSED, "email", UsernameExists, "An account with the given email already exists."),
        (ADDRESSED, "phone_number", UsernameExists, "An account with the given phone_number already exists."),
        (
            replace(ADDRESSED, attributes={"email_verified": "true"}),
            "email",
            AliasExists,
            "An account with the given email already exists.",
        ),
    ],
)
def test_refusal_says_whether_a_username_or_an_alias_is_taken(
    user: User, wanted: str, expected: type[OperationError], message: str
) -> None:
    refusal = name_refusal(user, wanted)

    assert (type(refusal), refusal.message) == (expected, message)


def test_only_a_verified_address_that_the_pool_sends_codes_to_replaces_a_password() -> None:
    spec = PoolSpec(name="codes", allowed_first_auth_factors=("PASSWORD", "EMAIL_OTP"))
    by_code = UserPool.create(spec, pool_id="us-east-1_abc", now=1.0)
    verified = {"email": "kim@example.com", "email_verified": "true"}

    assert signs_in_without_password(by_code, verified)
    assert not signs_in_without_password(PLAIN, verified)
    for attributes in (
        {**verified, "email_verified": "false"},
        {"email_verified": "true"},
        {"phone_number": "+15550100", "phone_number_verified": "true"},
    ):
        assert not signs_in_without_password(by_code, attributes)


# --- keys ---------------------------------------------------------------------------------------


@given(NAMES, st.booleans())
@example("\u0345\u03b1", False)
@example("\u1e9e", False)
@example("\ufdfa", True)
@example("\u3164a", False)
def test_key_of_a_key_is_the_key(name: str, case_sensitive: bool) -> None:
    key = username_key(name, case_sensitive)

    assert username_key(key, case_sensitive) == key


@given(NAMES)
def test_spellings_of_one_name_have_one_key(name: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert username_key(unicodedata.normalize(form, name)) == username_key(name)
    assert username_key(name.casefold()) == username_key(name)


@pytest.mark.attack("R16")
@pytest.mark.parametrize(
    "name, other",
    [
        ("Kim", "kim"),
        ("\u212aim", "kim"),
        ("straße", "STRASSE"),
        ("ｋｉｍ", "kim"),
        ("Ａdmin", "admin"),
        ("cafe\u0301", "café"),
        ("kim\ufe0f", "kim"),
        ("ki\u3164m", "kim"),
        ("①", "1"),
        ("Σίσυφος", "σίσυφοσ"),
    ],
)
def test_look_alikes_are_the_same_user(name: str, other: str) -> None:
    assert username_key(name) == username_key(other)


def test_case_counts_in_a_case_sensitive_pool_and_width_does_not() -> None:
    assert username_key("Kim", case_sensitive=True) != username_key("kim", case_sensitive=True)
    assert username_key("ｋｉｍ", case_sensitive=True) == "kim"


# --- usernames ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kim", "Kim.O'Hara-2", "김", "a" * 128, "❤", "kim@example.com", "+15555550100"])
def test_name_of_letters_marks_symbols_digits_and_punctuation_is_fine(name: str) -> None:
    check_username(PLAIN, name)


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "name",
    [
        "a b",
        " kim",
        "kim\u00a0",
        "kim\n",
        "kim\x00",
        "kim\u200b",
        "kim\u202e",
        "kim\ue000",
        "kim\ud800",
        "kim\u0378",
        "\u3164",
        "\ufdfa" * 128,
    ],
)
def test_name_with_anything_else_is_refused_and_not_shown(name: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        check_username(PLAIN, name)

    assert refusal.value.message == (
        "1 validation error detected: Value at 'username' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+"
    )


def test_name_has_1_to_128_characters() -> None:
    with pytest.raises(InvalidParameter) as refusal:
        check_username(PLAIN, "a" * 129)
    assert refusal.value.message == (
        "1 validation error detected: Value at 'username' failed to satisfy constraint: "
        "Member must have length less than or equal to 128"
    )

    with pytest.raises(InvalidParameter, match=r"^2 validation errors detected: .* greater than or equal to 1; "):
        check_username(PLAIN, "")


@pytest.mark.parametrize(
    "where, name, message",
    [
        (BY_EMAIL, "kim", "Username should be an email."),
        (BY_EMAIL, "+15555550100", "Username should be an email."),
        (BY_PHONE, "kim@example.com", "Username should be a phone number."),
        (BY_BOTH, "kim", "Username should be either an email or a phone number."),
        (
            ALIASES,
            "kim@example.com",
            "Username cannot be of email format, since user pool is configured for email alias.",
        ),
        (
            ALIASES,
            "kim＠example．com",
            "Username cannot be of email format, since user pool is configured for email alias.",
        ),
        (
            ALIASES,
            "+15555550100",
            "Username cannot be of phone number format, since user pool is configured for phone number alias.",
        ),
        (
            ALIASES,
            "＋１5555550100",
            "Username cannot be of phone number format, since user pool is configured for phone number alias.",
        ),
    ],
)
def test_name_of_the_wrong_format_is_refused(where: UserPool, name: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        check_username(where, name)

    assert refusal.value.message == message


def test_sign_in_attribute_is_what_the_caller_sent_as_username() -> None:
    assert sign_in_attribute(BY_EMAIL, "kim@example.com") == "email"
    assert sign_in_attribute(BY_PHONE, "+15555550100") == "phone_number"
    assert sign_in_attribute(BY_BOTH, "+15555550100") == "phone_number"
    assert sign_in_attribute(BY_EMAIL, "+15555550100") is None
    assert sign_in_attribute(ALIASES, "kim@example.com") is None
    check_username(BY_BOTH, "kim@example.com")
    check_username(BY_BOTH, "+15555550100")


@pytest.mark.parametrize(
    "address", ["kim@example.com", "kim+tag@sub.example.co.uk", "o'hara@example.com", "김@예시.한국", "a@b.c"]
)
def test_plain_addresses_are_addresses(address: str) -> None:
    assert is_email(address)


@pytest.mark.attack("R16")
@pytest.mark.parametrize(
    "address",
    [
        "",
        "kim",
        "@example.com",
        "kim@",
        "kim@example",
        "kim@@example.com",
        "kim@example.com,eve@example.com",
        "Kim <kim@example.com>",
        '"kim"@example.com',
        "kim @example.com",
        "kim@example..com",
        "kim@.com",
        "kim@example.com\r\nBcc: eve@example.com",
        "kim@example.com\x00",
        "kim＠example.com",
        "a@\u3164.\u3164",
        "\u3164@example.com",
    ],
)
def test_anything_but_one_plain_address_is_none(address: str) -> None:
    assert not is_email(address)


@pytest.mark.parametrize(
    "number, expected",
    [
        ("+15555550100", True),
        ("+491701234567", True),
        ("+123456789012345", True),
        ("+1234567890123456", False),
        ("15555550100", False),
        ("+05555550100", False),
        ("+1 555 555", False),
        ("+1", False),
        ("+", False),
        ("", False),
        ("+1555555٠100", False),
        ("+15555550100\n", False),
    ],
)
def test_phone_number_is_a_plus_and_digits(number: str, expected: bool) -> None:
    assert is_phone_number(number) is expected


@pytest.mark.attack("R16")
@given(st.builds("{}@{}.{}".format, NAMES, NAMES, NAMES) | NAMES)
def test_no_username_can_have_the_key_of_an_address(name: str) -> None:
    if is_email(name):
        assert looks_like_email(name)
        assert looks_like_email(username_key(name))
        assert looks_like_email(username_key(name, case_sensitive=True))
    if is_phone_number(name):
        assert looks_like_phone_number(name)


# --- aliases ------------------------------------------------------------------------------------

KIM = {"email": "Kim@Example.com", "phone_number": "+15555550100", "preferred_username": "Kimmy"}


@pytest.mark.attack("R16")
def test_unverified_address_is_no_alias() -> None:
    assert aliases_of(ALIASES, "kim", KIM) == {"preferred_username": "kimmy"}
    assert aliases_of(ALIASES, "kim", KIM | {"email_verified": "false", "phone_number_verified": "True"}) == {
        "preferred_username": "kimmy"
    }


def test_verified_addresses_and_preferred_username_are_aliases() -> None:
    verified = KIM | {"email_verified": "true", "phone_number_verified": "true"}

    assert aliases_of(ALIASES, "kim", verified) == {
        "email": "kim@example.com",
        "phone_number": "+15555550100",
        "preferred_username": "kimmy",
    }


def test_where_addresses_are_the_username_they_need_no_proof() -> None:
    assert aliases_of(BY_BOTH, "0c1f7d3a", KIM) == {"email": "kim@example.com", "phone_number": "+15555550100"}
    assert aliases_of(BY_EMAIL, "0c1f7d3a", KIM) == {"email": "kim@example.com"}


def test_pool_without_aliases_has_none() -> None:
    assert aliases_of(PLAIN, "kim", KIM | {"email_verified": "true"}) == {}


def test_preferred_username_that_is_the_username_adds_nothing() -> None:
    assert aliases_of(ALIASES, "kimmy", {"preferred_username": "KIMMY"}) == {}


def test_aliases_follow_the_pools_case_rule() -> None:
    strict = pool(alias_attributes=("preferred_username",), case_sensitive=True)

    assert aliases_of(strict, "kim", {"preferred_username": "Kim"}) == {"preferred_username": "Kim"}


# --- users and groups ---------------------------------------------------------------------------


@pytest.mark.attack("R11")
def test_user_is_printed_without_attributes() -> None:
    user = User("us-east-1_abc", "0c1f7d3a", "kim", UserStatus.CONFIRMED, attributes=KIM)

    assert "Example" not in repr(user)


def test_status_is_cognitos_string() -> None:
    assert str(UserStatus("FORCE_CHANGE_PASSWORD")) == "FORCE_CHANGE_PASSWORD"
    assert len(UserStatus) == 8


def group(name: str = "staff", *, role: str | None = None, precedence: int | None = None) -> Group:
    arn = None if role is None else f"arn:aws:iam::123456789012:role/{role}"
    return Group("us-east-1_abc", name, role_arn=arn, precedence=precedence)


NAME = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+"


@pytest.mark.parametrize(
    "members, message",
    [
        (
            {"precedence": -1},
            (
                "1 validation error detected: Value '-1' at 'precedence' failed to satisfy constraint: "
                "Member must have value greater than or equal to 0"
            ),
        ),
        (
            {"name": "two words"},
            (
                "1 validation error detected: Value 'two words' at 'groupName' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {NAME}"
            ),
        ),
        (
            {"name": "g" * 129},
            (
                f"1 validation error detected: Value '{'g' * 129}' at 'groupName' failed to satisfy constraint: "
                "Member must have length less than or equal to 128"
            ),
        ),
        (
            {"description": "d" * 2049},
            (
                f"1 validation error detected: Value '{'d' * 2049}' at 'description' failed to satisfy constraint: "
                "Member must have length less than or equal to 2048"
            ),
        ),
    ],
)
def test_wrong_group_cannot_exist(members: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        Group(**({"pool_id": "us-east-1_abc", "name": "staff"} | members))  # type: ignore[arg-type]

    assert refusal.value.message == message


@pytest.mark.parametrize("role", ["", "arn:aws", "x" * 30, "arn:aws:iam::abc:role/staff", "arn:" + "a" * 3000])
def test_group_role_is_an_arn(role: str) -> None:
    with pytest.raises(InvalidParameter, match="at 'roleArn' failed to satisfy constraint"):
        Group("us-east-1_abc", "staff", role_arn=role)


@pytest.mark.parametrize(
    "groups, role",
    [
        ([], None),
        ([group(precedence=1)], None),
        ([group(role="a")], None),
        ([group(role="a", precedence=2), group(role="b", precedence=1)], "b"),
        ([group(role="a", precedence=0), group(role="b", precedence=1)], "a"),
        ([group(role="a", precedence=5), group(precedence=1)], "a"),
        ([group(role="a", precedence=5), group(role="b")], "a"),
        ([group(role="a", precedence=1), group(role="b", precedence=1)], None),
        ([group(role="a", precedence=1), group("other", role="a", precedence=1)], "a"),
        ([group(role="a", precedence=1), group(role="b", precedence=1), group(role="c", precedence=9)], None),
    ],
)
def test_preferred_role_is_that_of_the_lowest_precedence(groups: list[Group], role: str | None) -> None:
    assert preferred_role(groups) == (role and f"arn:aws:iam::123456789012:role/{role}")


@pytest.mark.attack("R22")
def test_name_that_nobody_can_have_is_not_folded() -> None:
    marks = "\u0301" * 60_000 + "\u0323" * 60_000  # reordering them takes time with the square of their number

    assert username_key(marks) == marks
    assert not is_email(f"{marks}@example.com") or username_key(f"{marks}@example.com") == f"{marks}@example.com"


@pytest.mark.attack("R22")
@pytest.mark.parametrize(
    "address",
    ["=?utf-8?q?victim=40corp.com=2C?=@evil.com", "=?utf-8?q?a=40b.c=0D=0ABcc=3A=20x=40y.z?=@evil.com", "a@=?x?=.com"],
)
def test_address_that_mail_programs_decode_is_none(address: str) -> None:
    assert not is_email(address)
