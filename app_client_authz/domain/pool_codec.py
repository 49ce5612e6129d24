"""User pools as plain JSON objects, for storage.

Values read back were checked when they were made; they are not judged again, so that a rule that becomes
stricter does not lock a site out of its own rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TypeVar, cast

from app_client_authz.domain.pool import PasswordPolicy, PoolSpec, RecoveryMechanism, SchemaAttribute

Json = dict[str, object]
_Part = TypeVar("_Part", PasswordPolicy, RecoveryMechanism, SchemaAttribute)


def pool_spec_to_dict(spec: PoolSpec) -> Json:
    """The spec as JSON knows it; what is not set is left out."""
    plain = {field.name: _plain(getattr(spec, field.name)) for field in fields(spec)}
    return {name: value for name, value in plain.items() if value is not None}


def pool_spec_from_dict(plain: Mapping[str, object]) -> PoolSpec:
    """The spec that ``pool_spec_to_dict`` wrote; members of a later release are passed over."""
    members = {field.name: plain[field.name] for field in fields(PoolSpec) if plain.get(field.name) is not None}
    for name, value in members.items():
        members[name] = _READERS[name](value) if name in _READERS else _tuple_if_list(value)
    return PoolSpec(**members)  # type: ignore[arg-type]


def _plain(value: object) -> object:
    if isinstance(value, PasswordPolicy | RecoveryMechanism | SchemaAttribute):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value


def _part(kind: type[_Part], plain: object) -> _Part:
    known = {field.name for field in fields(kind)}
    members = {name: value for name, value in cast(Json, plain).items() if name in known}
    return kind(**members)  # type: ignore[arg-type]


def _parts(kind: type[_Part], plain: object) -> tuple[_Part, ...]:
    return tuple(_part(kind, member) for member in cast(list[object], plain))


def _tuple_if_list(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


_READERS: dict[str, Callable[[object], object]] = {
    "password_policy": lambda plain: _part(PasswordPolicy, plain),
    "schema": lambda plain: _parts(SchemaAttribute, plain),
    "account_recovery": lambda plain: _parts(RecoveryMechanism, plain),
}
