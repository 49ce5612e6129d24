"""What the forms ask for, in words and as inputs, and what comes back."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from app_client_authz.domain import ids, passwords
from app_client_authz.domain.delivery import CodeDelivery
from app_client_authz.domain.errors import InvalidParameter, InvalidPassword
from app_client_authz.domain.message import Medium
from app_client_authz.domain.pool import PasswordPolicy, UserPool
from app_client_authz.services.handovers import Handover

ATTRIBUTE = "userAttributes."
DIFFERENT = "The two passwords are not the same."
NO_PASSWORD = "Enter a new password."
NO_CODE = "Enter the code."
NO_EMAIL = "Enter an email address."
NO_NAME = "Enter your {}."
NOT_A_NAME = "A name has at most 128 characters and no spaces."
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


_MEDIA = {Medium.EMAIL: "by email", Medium.SMS: "by text message"}
_HINTS = {"phone_number": "With the country code, such as +14155550100"}
_NAMES = {"email": "email", "phone_number": "phone number"}


def name_label(pool: UserPool) -> str:
    """What the first input asks for: the names that sign in at this pool (api.md 4.1)."""
    beside = [_NAMES[name] for name in _NAMES if name in pool.alias_attributes]
    return " or ".join(_instead(pool) or ["username", *beside]).capitalize()


def new_name_label(pool: UserPool) -> str:
    """The same of a new user: an alias is no name that one can register with."""
    return " or ".join(_instead(pool) or ["username"]).capitalize()


def new_name_kind(pool: UserPool) -> str:
    """The type of that input; an address of either kind is text."""
    kinds = pool.username_attributes
    return _KINDS[kinds[0]] if len(kinds) == 1 else "text"


def _instead(pool: UserPool) -> list[str]:
    return [_NAMES[name] for name in _NAMES if name in pool.username_attributes]


@dataclass(frozen=True, slots=True)
class AttributeInput:
    """One input for an attribute that the user does not have."""

    name: str
    label: str
    kind: str
    autocomplete: str
    value: str
    hint: str
    required: bool


def attribute_inputs(
    names: Iterable[str], given: Mapping[str, str], *, optional: Collection[str] = ()
) -> list[AttributeInput]:
    """An input for each attribute, holding what was given before."""
    return [
        AttributeInput(
            name=f"{ATTRIBUTE}{name}",
            label=f"{_label(name)} (optional)" if name in optional else _label(name),
            kind=_KINDS.get(name, "text"),
            autocomplete=_AUTOCOMPLETE.get(name, "off"),
            value=given.get(name, ""),
            hint=_HINTS.get(name, ""),
            required=name not in optional,
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


def username(fields: Mapping[str, str], label: str) -> str:
    """The name, without blanks around: no name holds one, but what fills in forms adds some.

    Raises:
        InvalidParameter: there is none, or nobody can have it.
    """
    name = fields.get("username", "").strip()
    if not name:
        raise InvalidParameter(NO_NAME.format(label.lower()))
    if ids.USERNAME.phrases(name):
        raise InvalidParameter(NOT_A_NAME)
    return name


def code(fields: Mapping[str, str]) -> str:
    """The code, without the blanks that people group digits with.

    Raises:
        InvalidParameter: there is none.
    """
    digits = "".join(fields.get("code", "").split())
    if not digits:
        raise InvalidParameter(NO_CODE)
    return digits


def email(fields: Mapping[str, str]) -> str:
    """The address, without blanks around.

    Raises:
        InvalidParameter: there is none.
    """
    address = fields.get("email", "").strip()
    if not address:
        raise InvalidParameter(NO_EMAIL)
    return address


def sent_to(handed: Handover | None) -> str | None:
    """Where a code went, masked; None if the page does not know."""
    if handed is None or handed.medium is None or handed.destination is None:
        return None
    return f"{_MEDIA[handed.medium]} to {handed.destination}"


def destination_of(sent: CodeDelivery) -> str:
    """Where a code went, masked, as in "We have sent a code …"."""
    return f"{_MEDIA[sent.medium]} to {sent.destination}"


def in_groups(secret_code: str) -> str:
    """A key that is easier to type: four characters, a blank."""
    return " ".join(secret_code[at : at + 4] for at in range(0, len(secret_code), 4))


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
