"""A device in Cognito's JSON (api.md 4.26)."""

from app_client_authz.api.wire import Json, instant, pairs, present
from app_client_authz.domain import device, ids
from app_client_authz.domain.device import Device, DeviceVerifier, NewDevice
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.services.devices import Owner


def to_verifier(members: Json | None) -> DeviceVerifier | None:
    """``DeviceSecretVerifierConfig``; None where it is left out.

    Raises:
        InvalidParameter: one of its two members is missing or wrong.
    """
    if not members:
        return None
    for name in ("PasswordVerifier", "Salt"):
        if not members.get(name):
            raise InvalidParameter(f"Missing required parameter {name}")
    return device.verifier_from(members["PasswordVerifier"], members["Salt"])


def from_device(found: Device, owner: Owner) -> Json:
    """``DeviceType``; an administrator is told more than the owner."""
    key = device.key_of(owner.pool.id, found.id)
    # Whose it is stands in the ARN, as Cognito spells both.
    whose = f"{owner.username}.{owner.pool.id}"
    attributes = {"device_status": "valid", "device_name": found.name}
    if owner.holder is None:
        attributes["dev:device_arn"] = f"{ids.owner_arn(owner.pool.id, whose)}/device/{key}"
        attributes["dev:device_owner"] = whose
    attributes["last_ip_used"] = found.last_ip
    if owner.holder is None:
        attributes["dev:device_remembered_status"] = status_of(found)
    return {
        "DeviceKey": key,
        "DeviceAttributes": pairs(present(attributes)),
        "DeviceCreateDate": instant(found.created_at),
        "DeviceLastModifiedDate": instant(found.updated_at),
        "DeviceLastAuthenticatedDate": int(found.last_authenticated_at),
    }


def status_of(found: Device) -> str:
    """``DeviceRememberedStatus``."""
    return "remembered" if found.remembered else "not_remembered"


def from_new(new: NewDevice) -> Json:
    """``NewDeviceMetadata``."""
    return {"DeviceKey": new.key, "DeviceGroupKey": new.group_key}
