"""App client descriptions and secrets as plain JSON, for storage. A secret in clear is never written."""

import dataclasses
from collections.abc import Iterable, Mapping

from app_client_authz.domain.client_secret import ClientSecret
from app_client_authz.domain.client_spec import ClientSpec, RefreshTokenRotation, TokenValidityUnits

Json = dict[str, object]

_TEXTS = frozenset({"client_name", "default_redirect_uri", "prevent_user_existence_errors"})
_NUMBERS = frozenset(
    {
        "refresh_token_validity",
        "access_token_validity",
        "id_token_validity",
        "auth_session_validity",
        "sso_max_validity_minutes",
    }
)
_FLAGS = frozenset(
    {
        "generate_secret",
        "allowed_oauth_flows_user_pool_client",
        "enable_token_revocation",
        "enable_propagate_additional_user_context_data",
        "require_pkce",
    }
)
_LISTS = frozenset(
    {
        "read_attributes",
        "write_attributes",
        "explicit_auth_flows",
        "supported_identity_providers",
        "callback_urls",
        "logout_urls",
        "allowed_oauth_flows",
        "allowed_oauth_scopes",
    }
)
_SPEC = tuple(item.name for item in dataclasses.fields(ClientSpec) if item.name != "client_secret")
_UNITS = frozenset(item.name for item in dataclasses.fields(TokenValidityUnits))
_ROTATION = frozenset(item.name for item in dataclasses.fields(RefreshTokenRotation))
_SECRET = frozenset(item.name for item in dataclasses.fields(ClientSecret))


def spec_to_dict(spec: ClientSpec) -> Json:
    """The description as plain JSON types; what is unset is left out.

    Raises:
        ValueError: it holds a secret.
    """
    if spec.client_secret is not None:
        raise ValueError("a description with a secret is not stored")
    written: Json = {}
    for name in _SPEC:
        value = getattr(spec, name)
        if value is None:
            continue
        written[name] = _plain(value)
    return written


def spec_from_dict(stored: Mapping[str, object]) -> ClientSpec:
    """The description that was stored.

    Raises:
        ValueError: a key is unknown or a value is not of its type; no value is shown.
    """
    _refuse_unknown(stored, _SPEC)
    if "client_name" not in stored:
        raise ValueError("client_name is missing")
    read: dict[str, object] = {name: _read(name, value) for name, value in stored.items()}
    return ClientSpec(**read)  # type: ignore[arg-type]  # each value was read as its member's type


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (TokenValidityUnits, RefreshTokenRotation)):
        return {name: member for name, member in dataclasses.asdict(value).items() if member is not None}
    return value


def _read(name: str, value: object) -> object:
    if name in _LISTS:
        if isinstance(value, list) and all(isinstance(member, str) for member in value):
            return tuple(value)
    elif name in _TEXTS:
        if isinstance(value, str):
            return value
    elif name in _FLAGS:
        if isinstance(value, bool):
            return value
    elif name in _NUMBERS:
        if _is_number(value, int):
            return value
    elif isinstance(value, dict):
        if name == "token_validity_units":
            return _units(value)
        if name == "refresh_token_rotation":
            return _rotation(value)
        return dict(value)
    raise ValueError(f"{name} is not of its type")


def _units(stored: Mapping[str, object]) -> TokenValidityUnits:
    _refuse_unknown(stored, _UNITS)
    access, identity, refresh = (stored.get(name) for name in ("access_token", "id_token", "refresh_token"))
    given = stored.get("given", False)
    if (
        not isinstance(access, str | None)
        or not isinstance(identity, str | None)
        or not isinstance(refresh, str | None)
        or not isinstance(given, bool)
    ):
        raise ValueError("token_validity_units is not of its type")
    return TokenValidityUnits(access, identity, refresh, given)


def _rotation(stored: Mapping[str, object]) -> RefreshTokenRotation:
    _refuse_unknown(stored, _ROTATION)
    feature, grace = stored.get("feature"), stored.get("retry_grace_period_seconds")
    if not isinstance(feature, str) or not (grace is None or _is_number(grace, int)):
        raise ValueError("refresh_token_rotation is not of its type")
    return RefreshTokenRotation(feature, grace if isinstance(grace, int) else None)


def _is_number(value: object, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _refuse_unknown(stored: Mapping[str, object], known: Iterable[str]) -> None:
    unknown = stored.keys() - set(known)
    if unknown:
        raise ValueError(f"unknown members: {', '.join(sorted(map(str, unknown)))}")
