"""Password policies (api.md 3.4)."""

import pytest

from app_client_authz.domain import passwords
from app_client_authz.domain.errors import InvalidParameter, InvalidPassword
from app_client_authz.domain.pool import PasswordPolicy

DEFAULT = PasswordPolicy()
LENGTH_ONLY = PasswordPolicy(15, False, False, False, False)


def refusal(policy: PasswordPolicy, password: str, prefix: str = passwords.CHOSEN) -> str:
    with pytest.raises(InvalidPassword) as error:
        passwords.check(policy, password, prefix=prefix)
    return error.value.message


@pytest.mark.parametrize(
    "password, suffix",
    [
        ("", "Password not long enough"),
        ("Aa1!567", "Password not long enough"),
        ("aa1!5678", "Password must have uppercase characters"),
        ("AA1!5678", "Password must have lowercase characters"),
        ("Aab!cdef", "Password must have numeric characters"),
        ("Aa125678", "Password must have symbol characters"),
        ("short", "Password not long enough"),
        ("--------", "Password must have uppercase characters"),
        ("Ä" * 4 + "a1!5", "Password must have uppercase characters"),
        ("Aab!cde\u0663", "Password must have numeric characters"),
        ("Aa12567€", "Password must have symbol characters"),
    ],
)
@pytest.mark.parametrize("prefix", ["Password did not conform with policy: ", "Password does not conform to policy: "])
def test_first_failure_is_named(password: str, suffix: str, prefix: str) -> None:
    assert refusal(DEFAULT, password, prefix) == prefix + suffix


def test_prefixes_are_cognitos() -> None:
    assert passwords.CHOSEN == "Password did not conform with policy: "
    assert passwords.ASSIGNED == "Password does not conform to policy: "


@pytest.mark.parametrize("symbol", "^$*.[]{}()?\"!@#%&/\\,><':;|_~`+=-")
def test_each_of_cognitos_symbols_counts(symbol: str) -> None:
    passwords.check(DEFAULT, f"Aa12567{symbol}", prefix=passwords.CHOSEN)


def test_minimum_length_counts_characters_and_is_met_exactly() -> None:
    passwords.check(PasswordPolicy(20), "Aa1!" + "é" * 16, prefix=passwords.CHOSEN)
    assert refusal(PasswordPolicy(20), "Aa1!" + "é" * 15).endswith("Password not long enough")


def test_long_passwords_without_classes_are_possible() -> None:
    passwords.check(LENGTH_ONLY, "correcthorsebattery", prefix=passwords.CHOSEN)
    assert refusal(LENGTH_ONLY, "correcthorse").endswith("Password not long enough")


@pytest.mark.attack("R22")
def test_password_longer_than_256_characters_is_refused_and_not_cut() -> None:
    passwords.check(DEFAULT, "Aa1!" + "x" * 252, prefix=passwords.CHOSEN)

    with pytest.raises(InvalidParameter) as error:
        passwords.check(DEFAULT, "Aa1!" + "x" * 253, prefix=passwords.CHOSEN)

    assert error.value.message == (
        "1 validation error detected: Value at 'password' failed to satisfy constraint: "
        "Member must have length less than or equal to 256"
    )


@pytest.mark.parametrize(
    "password", [" Aa1!5678", "Aa1!5678 ", "Aa1! 5678", "Aa1!5678\n", "Aa1!\t5678", "Aa1!567\ud800"]
)
def test_blanks_are_refused_and_not_trimmed(password: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        passwords.check(DEFAULT, password, prefix=passwords.CHOSEN, path="proposedPassword")

    assert error.value.message == (
        "1 validation error detected: Value at 'proposedPassword' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\S]+"
    )


@pytest.mark.attack("R11")
def test_refusal_never_shows_the_password() -> None:
    assert "Horse" not in refusal(DEFAULT, "Horse123")
