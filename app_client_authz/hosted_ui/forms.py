"""What the forms ask for, in words and as inputs, and what comes back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app_client_authz.domain import passwords
from app_client_authz.domain.errors import InvalidParameter, InvalidPassword
from app_client_authz.domain.pool import PasswordPolicy, UserPool

ATTRIBUTE = "userAttributes."
DIFFERENT = "The two passwords are not the same."
NO_PASSWORD = "Enter a new password."
NOT_A_PASSWORD = f"A password has at most {passwords.MAX_LENGTH} characters and no spaces."

_KINDS = {"email": "email", "phone_number": "tel", "birthdate": "date", "picture": "url", "website": "url"}
_AUTOCOMPLETE = {
    "name": "name",
    "given_name": "given-name",
    "middle_name": "additional-name",
    "family_name": "family-name",
    "nickname": "nickname",
    "email": "email",
    "phone_number": "tel",
    "birthdate": "bday",
    "address": "street-address",
    "website": "url",
    "gender": "sex",
}


_NAMES = {"email": "email", "phone_number": "phone number"}


def name_label(pool: UserPool) -> str:
    """What the first input asks for: the names that sign in at this pool (api.md 4.1)."""
    instead = [_NAMES[name] for name in _NAMES if name in pool.username_attributes]
    beside = [_NAMES[name] for name in _NAMES if name in pool.alias_attributes]
    return " or ".join(instead or ["username", *beside]).capitalize()


@dataclass(frozen=True, slots=True)
class AttributeInput:
    """One input for an attribute that the pool requires and the user does not have."""

    name: str
    label: str
    kind: str
    autocomplete: str
    value: str


def attribute_inputs(names: Iterable[str], given: Mapping[str, str]) -> list[AttributeInput]:
    """An input for each attribute, holding what was given before."""
    return [
        AttributeInput(
            name=f"{ATTRIBUTE}{name}",
            label=_label(name),
            kind=_KINDS.get(name, "text"),
            autocomplete=_AUTOCOMPLETE.get(name, "off"),
            value=given.get(name, ""),
        )
        for name in names
    ]


def given_attributes(fields: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The attributes that were asked for, and no other that a form may hold."""
    return {name: fields[ATTRIBUTE + name] for name in names if ATTRIBUTE + name in fields}


def check_complete(given: Mapping[str, str], names: Iterable[str]) -> None:
    """Ends an answer that leaves an attribute out.

    Raises:
        InvalidParameter: naming the first by its label.
    """
    for name in names:
        if name not in given:
            raise InvalidParameter(f"{_label(name)} is missing.")


def new_password(fields: Mapping[str, str]) -> str:
    """The password, typed twice alike.

    Raises:
        InvalidPassword: it was not, or can be nobody's password.
    """
    password = fields.get("password", "")
    if not password:
        raise InvalidPassword(NO_PASSWORD)
    if password != fields.get("confirm_password", ""):
        raise InvalidPassword(DIFFERENT)
    try:
        passwords.check_shape(password)
    except InvalidParameter:
        raise InvalidPassword(NOT_A_PASSWORD) from None
    return password


def policy_hints(policy: PasswordPolicy) -> list[str]:
    """The pool's rules for passwords, for people."""
    return [
        f"at least {policy.minimum_length} characters, no spaces",
        *(
            text
            for required, text in (
                (policy.require_uppercase, "an uppercase letter"),
                (policy.require_lowercase, "a lowercase letter"),
                (policy.require_numbers, "a number"),
                (policy.require_symbols, "a symbol, such as ! or %"),
            )
            if required
        ),
    ]


def _label(attribute: str) -> str:
    return attribute.replace("_", " ").capitalize()
