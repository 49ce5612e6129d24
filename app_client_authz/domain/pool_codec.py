"""User pools as plain JSON objects, for storage.

Values read back were checked when they were made; they are not judged again, so that a rule that becomes
stricter does not lock a site out of its own rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import TypeVar, cast

from app_client_authz.domain.pool_settings import (
    DeviceConfiguration,
    EmailConfiguration,
    EmailMfaConfiguration,
    InviteMessageTemplate,
    MfaFactors,
    VerificationMessageTemplate,
    WebAuthnConfiguration,
)
from app_client_authz.domain.pool_spec import PasswordPolicy, PoolSpec, RecoveryMechanism
from app_client_authz.domain.schema import SchemaAttribute

Json = dict[str, object]
Reader = Callable[[object], object]
_Part = TypeVar("_Part")


def pool_spec_to_dict(spec: PoolSpec) -> Json:
    """The spec as JSON knows it; what is not set is left out."""
    plain = {field.name: _plain(getattr(spec, field.name)) for field in fields(spec)}
    return {name: value for name, value in plain.items() if value is not None}


def pool_spec_from_dict(plain: Mapping[str, object]) -> PoolSpec:
    """The spec that ``pool_spec_to_dict`` wrote; members of a later release are passed over."""
    return _part(PoolSpec, _MEMBERS)(plain)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        members = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {name: member for name, member in members.items() if member is not None}
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(member) for member in value]
    return value


def _part(kind: type[_Part], members: Mapping[str, Reader] | None = None) -> Callable[[object], _Part]:
    """What reads a dataclass; ``members`` read those of its members that are no plain values."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    readers = members or {}

    def read(plain: object) -> _Part:
        given = {name: value for name, value in cast(Json, plain).items() if name in known and value is not None}
        return kind(**{name: readers.get(name, _tuple_if_list)(value) for name, value in given.items()})

    return read


def _parts(kind: type[_Part]) -> Callable[[object], tuple[_Part, ...]]:
    read = _part(kind)
    return lambda plain: tuple(read(member) for member in cast(list[object], plain))


def _tuple_if_list(plain: object) -> object:
    return tuple(plain) if isinstance(plain, list) else plain


_MEMBERS: Mapping[str, Reader] = {
    "password_policy": _part(PasswordPolicy),
    "schema": _parts(SchemaAttribute),
    "account_recovery": _parts(RecoveryMechanism),
    "verification": _part(VerificationMessageTemplate),
    "email": _part(EmailConfiguration),
    "invitation": _part(InviteMessageTemplate),
    "devices": _part(DeviceConfiguration),
    "factors": _part(MfaFactors, {"email": _part(EmailMfaConfiguration), "web_authn": _part(WebAuthnConfiguration)}),
}
