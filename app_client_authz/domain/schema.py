"""What attributes the users of a pool can have (api.md 3.5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from app_client_authz.domain import shapes
from app_client_authz.domain.errors import InvalidParameter, LimitExceeded

DATA_TYPES = ("String", "Number", "DateTime", "Boolean")
CUSTOM = "custom:"
DEVELOPER = "dev:"
MAX_CUSTOM_ATTRIBUTES = 50
MAX_ATTRIBUTES_PER_ADDITION = 25

_BARE_NAME = shapes.regex(1, 20, r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+")


@dataclass(frozen=True, slots=True)
class SchemaAttribute:
    """One attribute of a pool's schema.

    A custom attribute's name carries its prefix, ``custom:`` or ``dev:custom:``. Limits are texts, as in
    Cognito's JSON: lengths count characters and hold for String, values hold for Number.
    """

    name: str
    data_type: str = "String"
    mutable: bool = True
    required: bool = False
    developer_only: bool = False
    min_length: str | None = None
    max_length: str | None = None
    min_value: str | None = None
    max_value: str | None = None

    @property
    def is_custom(self) -> bool:
        return self.name.startswith((CUSTOM, DEVELOPER))

    @property
    def bare_name(self) -> str:
        """The name without its prefix, as CreateUserPool's ``Schema`` has it."""
        return bare_name(self.name)


def bare_name(name: str) -> str:
    """An attribute's name without the prefix of custom ones."""
    return name.removeprefix(DEVELOPER).removeprefix(CUSTOM)


def _text(name: str) -> SchemaAttribute:
    return SchemaAttribute(name, min_length="0", max_length="2048")


STANDARD_ATTRIBUTES: tuple[SchemaAttribute, ...] = (
    SchemaAttribute("sub", mutable=False, required=True, min_length="1", max_length="2048"),
    *map(_text, ("name", "given_name", "family_name", "middle_name", "nickname", "preferred_username")),
    *map(_text, ("profile", "picture", "website", "email")),
    SchemaAttribute("email_verified", "Boolean"),
    _text("gender"),
    SchemaAttribute("birthdate", min_length="10", max_length="10"),
    *map(_text, ("zoneinfo", "locale", "phone_number")),
    SchemaAttribute("phone_number_verified", "Boolean"),
    _text("address"),
    SchemaAttribute("updated_at", "Number", min_value="0"),
)
"""The 20 attributes of every pool, in the order of Cognito's answers."""

_STANDARD = {attribute.name: attribute for attribute in STANDARD_ATTRIBUTES}


def complete(attributes: Iterable[SchemaAttribute]) -> Mapping[str, SchemaAttribute]:
    """Every attribute of a pool by name: the standard ones, as far as not overridden, then the custom ones."""
    schema = dict(_STANDARD)
    schema.update((attribute.name, attribute) for attribute in attributes)
    return MappingProxyType(schema)


def at_creation(attributes: Iterable[SchemaAttribute]) -> tuple[SchemaAttribute, ...]:
    """CreateUserPool's ``Schema``, checked: overrides of standard attributes and custom attributes.

    A name that is no standard attribute's becomes a custom one, with the prefix if it lacks it.

    Raises:
        InvalidParameter: an attribute is malformed, or named twice.
        LimitExceeded: more than 50 custom attributes.
    """
    named = tuple(given if given.name in _STANDARD else _prefixed(given) for given in attributes)
    _check_shape("schema", named)
    checked: dict[str, SchemaAttribute] = {}
    for attribute in named:
        if attribute.name in checked:
            kind = "custom attribute" if attribute.is_custom else "attribute"
            raise InvalidParameter(f"Duplicate {kind} names {attribute.name} are not allowed in a user pool schema.")
        checked[attribute.name] = _custom(attribute) if attribute.is_custom else _override(attribute)
    _check_count(checked.values())
    return tuple(checked.values())


def with_additions(
    existing: tuple[SchemaAttribute, ...], additions: Iterable[SchemaAttribute]
) -> tuple[SchemaAttribute, ...]:
    """A schema after AddCustomAttributes; each name gets the prefix if it lacks it, standard names too.

    Raises:
        InvalidParameter: an attribute is malformed, or its name is taken.
        LimitExceeded: more than 50 custom attributes.
    """
    named = tuple(map(_prefixed, additions))
    checker = shapes.Checker()
    names = [attribute.bare_name for attribute in named]
    if len(names) > MAX_ATTRIBUTES_PER_ADDITION:
        phrase = f"Member must have length less than or equal to {MAX_ATTRIBUTES_PER_ADDITION}"
        checker.refuse("customAttributes", names, phrase)
    checker.done()
    _check_shape("customAttributes", named)
    schema = {attribute.name: attribute for attribute in existing}
    for attribute in named:
        if attribute.name in schema:
            raise InvalidParameter(
                f"{attribute.name}: Existing attribute already has name {attribute.name}.",
            )
        schema[attribute.name] = _custom(attribute)
    _check_count(schema.values())
    return tuple(schema.values())


def _prefixed(attribute: SchemaAttribute) -> SchemaAttribute:
    name, developer_only = attribute.name, attribute.developer_only
    if name.startswith(DEVELOPER + CUSTOM):
        return replace(attribute, developer_only=True)
    if not name.startswith(CUSTOM):
        name = CUSTOM + name
    return replace(attribute, name=DEVELOPER + name if developer_only else name)


def _check_shape(path: str, attributes: tuple[SchemaAttribute, ...]) -> None:
    checker = shapes.Checker()
    for position, attribute in enumerate(attributes, start=1):
        member = f"{path}.{position}.member"
        if attribute.is_custom:
            checker.text(f"{member}.name", attribute.bare_name, _BARE_NAME)
        checker.one_of(f"{member}.attributeDataType", attribute.data_type, DATA_TYPES)
    checker.done()


def _custom(attribute: SchemaAttribute) -> SchemaAttribute:
    if attribute.required:
        raise InvalidParameter("Required custom attributes are not supported currently.")
    _check_limits(attribute)
    return attribute


def _override(attribute: SchemaAttribute) -> SchemaAttribute:
    standard = _STANDARD[attribute.name]
    if attribute.data_type != standard.data_type or attribute.developer_only:
        raise InvalidParameter(
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute "
            f"{attribute.name}"
        )
    if attribute.name == "sub":  # nobody but the server ever sets it
        return standard
    merged = replace(
        attribute,
        min_length=attribute.min_length or standard.min_length,
        max_length=attribute.max_length or standard.max_length,
        min_value=attribute.min_value or standard.min_value,
        max_value=attribute.max_value or standard.max_value,
    )
    _check_limits(merged)
    return merged


def _check_limits(attribute: SchemaAttribute) -> None:
    name = attribute.name
    shortest, longest = _limit(name, attribute.min_length), _limit(name, attribute.max_length)
    if shortest is not None and longest is not None and longest < shortest:
        raise InvalidParameter(f"Attribute {name} cannot have a max length shorter than it's min length")
    least, most = _limit(name, attribute.min_value), _limit(name, attribute.max_value)
    if least is not None and most is not None and most < least:
        raise InvalidParameter(f"Attribute {name} cannot have a max value smaller than it's min value")


def _limit(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.removeprefix("-")
    # 18 digits fit every database's and every client's integer.
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise InvalidParameter(f"Attribute {name} has a constraint that is not a number")
    return int(text)


def _check_count(attributes: Iterable[SchemaAttribute]) -> None:
    if sum(attribute.is_custom for attribute in attributes) > MAX_CUSTOM_ATTRIBUTES:
        raise LimitExceeded(f"A user pool can have at most {MAX_CUSTOM_ATTRIBUTES} custom attributes")
