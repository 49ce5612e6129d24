"""A user in Cognito's JSON (api.md 4.1 and part 5)."""

from collections.abc import Collection, Mapping

from app_client_authz.api.wire import Json, instant, pairs, present
from app_client_authz.domain.pool import STANDARD_ATTRIBUTES
from app_client_authz.domain.user import User
from app_client_authz.domain.user_mfa import SMS

_POSITION = {attribute.name: position for position, attribute in enumerate(STANDARD_ATTRIBUTES)}


def in_order(user: User) -> dict[str, str]:
    """All attributes in the order of the schema, custom ones behind, ``sub`` at the end."""
    names = sorted(user.attributes, key=lambda name: _POSITION.get(name, len(_POSITION)))
    return {**{name: user.attributes[name] for name in names}, "sub": user.sub}


def as_given(user: User) -> dict[str, str]:
    """All attributes in the order of the request that created the user, ``sub`` at the end."""
    return {**user.attributes, "sub": user.sub}


def picked(user: User, names: Collection[str] | None) -> dict[str, str]:
    """The attributes of these names, as far as the user has them; with None, all."""
    return {name: value for name, value in in_order(user).items() if names is None or name in names}


def mfa(user: User) -> Json:
    """The second factors that are switched on; ``MFAOptions`` is the old form, which knows SMS only."""
    enabled = user.mfa.enabled
    options = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}] if SMS in enabled else None
    return present(
        {
            "MFAOptions": options,
            "PreferredMfaSetting": user.mfa.preferred,
            "UserMFASettingList": list(enabled) or None,
        }
    )


def described(user: User, attributes: Mapping[str, str], *, under: str = "Attributes") -> Json:
    """``UserType``, and with another name for the attributes the answer of AdminGetUser."""
    return {
        "Username": user.username,
        under: pairs(attributes),
        "UserCreateDate": instant(user.created_at),
        "UserLastModifiedDate": instant(user.updated_at),
        "Enabled": user.enabled,
        "UserStatus": str(user.status),
    }
