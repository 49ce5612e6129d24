"""The filter of ListUsers (api.md part 5)."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.user import UserStatus
from app_client_authz.domain.user_filter import (
    SEARCHABLE,
    SEARCHABLE_ATTRIBUTES,
    ByAttribute,
    ByEnabled,
    ByName,
    ByStatus,
    BySub,
    Criterion,
    parse,
)


def pool(*, username_attributes: tuple[str, ...] | None = None, case_sensitive: bool | None = None) -> UserPool:
    spec = PoolSpec(name="people", username_attributes=username_attributes, case_sensitive=case_sensitive)
    return UserPool.create(spec, pool_id="us-east-1_abc", now=1.0)


PLAIN = pool()
REFUSED = r"^Error while parsing filter\.$"


@pytest.mark.parametrize(
    "text, expected",
    [
        ('username = "Kim"', ByName("username", "kim")),
        ('username ^= "KI"', ByName("username", "ki", prefix=True)),
        ('sub = "34c84488"', BySub("34c84488")),
        ('sub ^= "34c"', BySub("34c", prefix=True)),
        ('email = "Kim@example.com"', ByAttribute("email", "Kim@example.com")),
        ('preferred_username ^= "K"', ByAttribute("preferred_username", "K", prefix=True)),
        ('family_name="Reddy"', ByAttribute("family_name", "Reddy")),
        ('  given_name\t^=   "Jon" ', ByAttribute("given_name", "Jon", prefix=True)),
        ('name = ""', ByAttribute("name", "")),
        ('name = "a = b"', ByAttribute("name", "a = b")),
        (r'name = "say \"hi\""', ByAttribute("name", 'say "hi"')),
        (r'name = "C:\\dir\\"', ByAttribute("name", r"C:\dir" + "\\")),
        ('name = "50% of_all"', ByAttribute("name", "50% of_all")),
        ('phone_number ^= "+1555"', ByAttribute("phone_number", "+1555", prefix=True)),
        ('cognito:user_status = "confirmed"', ByStatus((UserStatus.CONFIRMED,))),
        ('cognito:user_status ^= "UN"', ByStatus((UserStatus.UNCONFIRMED, UserStatus.UNKNOWN))),
        ('cognito:user_status = "CONF"', ByStatus(())),
        ('status = "Enabled"', ByEnabled((True,))),
        ('status ^= "Dis"', ByEnabled((False,))),
        ('status = "disabled"', ByEnabled(())),
        ('status ^= ""', ByEnabled((True, False))),
        ('status = "CONFIRMED"', ByEnabled(())),
    ],
)
def test_filter_names_what_is_looked_for(text: str, expected: Criterion) -> None:
    assert parse(PLAIN, text) == expected


def test_empty_filter_asks_for_everybody() -> None:
    assert parse(PLAIN, "") is None


def test_names_that_open_a_sign_in_are_compared_as_there() -> None:
    by_email = pool(username_attributes=("email",))
    assert parse(by_email, 'email ^= "KIM@"') == ByName("email", "kim@", prefix=True)
    assert parse(by_email, 'phone_number = "+15550100"') == ByAttribute("phone_number", "+15550100")
    assert parse(pool(case_sensitive=True), 'username = "Kim"') == ByName("username", "Kim")


@pytest.mark.attack("R19")
@pytest.mark.parametrize(
    "text",
    [
        " ",
        "email",
        "email =",
        'email "kim"',
        "email = kim",
        "email = 'kim'",
        'email = "kim',
        'email = kim"',
        'email == "kim"',
        'email =^ "kim"',
        'email ^ = "kim"',
        'email != "kim"',
        'email ~= "kim"',
        'email = "kim" or name = "x"',
        'email = "kim";',
        'email = "kim"" ',
        r'email = "kim\"',
        r'email = "k\im"',
        '"email" = "kim"',
        'Email = "kim"',
        'custom:team = "red"',
        'nickname = "kim"',
        'email_verified = "true"',
        'enabled = "true"',
        'attributes = "x"',
        'password_hash ^= "$argon2"',
        '= "kim"',
        '"kim"',
        'email = "a\x00b"',
        'email = "a\ud800b"',
        '\x00email = "kim"',
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match=REFUSED):
        parse(PLAIN, text)


@given(st.text(max_size=256))
@example('name = "\\')
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(InvalidParameter):
        assert (parse(PLAIN, text) is None) == (text == "")


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")), st.booleans())
def test_every_value_can_be_written_with_escapes(value: str, prefix: bool) -> None:
    quoted = value.replace("\\", r"\\").replace('"', r"\"")
    operator = "^=" if prefix else "="
    for name in SEARCHABLE_ATTRIBUTES:
        assert parse(PLAIN, f'{name} {operator} "{quoted}"') == ByAttribute(name, value, prefix)


def test_searchable_attributes_are_cognitos() -> None:
    assert set(SEARCHABLE) == {
        "username",
        "email",
        "phone_number",
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "cognito:user_status",
        "status",
        "sub",
    }
