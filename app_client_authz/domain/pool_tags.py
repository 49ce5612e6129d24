"""Tags of a user pool. Two of them are settings of ours, so that AWS's own tools can set them.

Such a tag is kept as the setting and nowhere else: what one shows, the other shows.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from app_client_authz.domain.dialect import DIALECTS
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool_spec import PoolSpec

DIALECT = "app-client-authz:dialect"
REQUIRE_PKCE = "app-client-authz:require-pkce"
MAX_TAGS = 50

_RESERVED = "aws:"
_FLAGS = {"true": True, "false": False}


def of(spec: PoolSpec) -> dict[str, str]:
    """Every tag of a pool, those among them that are settings."""
    shown = dict(spec.tags or {})
    if spec.dialect is not None:
        shown[DIALECT] = spec.dialect
    if spec.require_pkce is not None:
        shown[REQUIRE_PKCE] = "true" if spec.require_pkce else "false"
    return shown


def settled(spec: PoolSpec) -> PoolSpec:
    """The spec with those tags moved into their settings; no tags at all are an empty mapping.

    Raises:
        InvalidParameter: a value that the setting does not have, a reserved name, or more than 50 tags.
    """
    plain = dict(spec.tags or {})
    dialect, require_pkce = spec.dialect, spec.require_pkce
    if DIALECT in plain:
        dialect = _one_of(DIALECTS, DIALECT, plain.pop(DIALECT))
    if REQUIRE_PKCE in plain:
        require_pkce = _FLAGS[_one_of(_FLAGS, REQUIRE_PKCE, plain.pop(REQUIRE_PKCE))]
    if any(name.lower().startswith(_RESERVED) for name in plain):
        raise InvalidParameter("aws: prefixed tag key names are not allowed for external use.")
    after = replace(spec, tags=MappingProxyType(plain), dialect=dialect, require_pkce=require_pkce)
    if len(of(after)) > MAX_TAGS:
        raise InvalidParameter(f"A user pool can have at most {MAX_TAGS} tags.")
    return after


def added(spec: PoolSpec, additions: Mapping[str, str]) -> PoolSpec:
    """The spec with these tags as well (TagResource).

    Raises:
        InvalidParameter: as ``settled``.
    """
    return _replaced(spec, {**of(spec), **additions})


def removed(spec: PoolSpec, names: Iterable[str]) -> PoolSpec:
    """The spec without these tags; those that it does not have do not matter (UntagResource)."""
    unwanted = frozenset(names)
    return _replaced(spec, {name: value for name, value in of(spec).items() if name not in unwanted})


def _replaced(spec: PoolSpec, tags: Mapping[str, str]) -> PoolSpec:
    return settled(replace(spec, tags=tags, dialect=None, require_pkce=None))


def _one_of(options: Collection[str], name: str, value: str) -> str:
    if value not in options:
        raise InvalidParameter(f"The tag {name} must be one of: {', '.join(options)}.")
    return value
