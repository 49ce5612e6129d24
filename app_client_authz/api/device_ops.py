"""Devices: Confirm, Get, List, UpdateStatus, Forget, by their user and by an administrator (api.md 4.26)."""

from operator import attrgetter

from app_client_authz.api import device_wire
from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.paging import page
from app_client_authz.api.wire import present
from app_client_authz.domain import auth_flows
from app_client_authz.domain.device import Device
from app_client_authz.services import origin
from app_client_authz.services.devices import Owner

DEFAULT_PAGE = 60
_REMEMBERED = {"remembered": True, "not_remembered": False}


def confirm_device(call: Call) -> Json:
    necessary = call.services.devices.confirm(
        call.input["AccessToken"],
        call.base,
        call.input["DeviceKey"],
        device_wire.to_verifier(call.input.get("DeviceSecretVerifierConfig")),
        name=call.input.get("DeviceName"),
        ip_address=origin.present().address,
    )
    return {"UserConfirmationNecessary": necessary}


def get_device(call: Call) -> Json:
    return _get(call, _holder(call))


def admin_get_device(call: Call) -> Json:
    return _get(call, _user(call))


def list_devices(call: Call) -> Json:
    return _list(call, _holder(call))


def admin_list_devices(call: Call) -> Json:
    return _list(call, _user(call))


def update_device_status(call: Call) -> None:
    _update(call, _holder(call))


def admin_update_device_status(call: Call) -> None:
    _update(call, _user(call))


def forget_device(call: Call) -> None:
    call.services.devices.forget(_holder(call), call.input["DeviceKey"])


def admin_forget_device(call: Call) -> None:
    call.services.devices.forget(_user(call), call.input["DeviceKey"])


def _holder(call: Call) -> Owner:
    """Where the model does not require the token, the operation does."""
    auth_flows.require({"AccessToken": call.input.get("AccessToken", "")}, "AccessToken")
    return call.services.devices.holder(call.input["AccessToken"], call.base)


def _user(call: Call) -> Owner:
    return call.services.devices.user(call.input["UserPoolId"], call.input["Username"])


def _get(call: Call, owner: Owner) -> Json:
    found = call.services.devices.get(owner, call.input["DeviceKey"])
    return {"Device": device_wire.from_device(found, owner)}


def _list(call: Call, owner: Owner) -> Json:
    """Of ``Limit``, 0 stands for the default, as at ListUsers."""

    def fetch(after: str, limit: int) -> list[Device]:
        return call.services.devices.page(owner, after=after, limit=limit)

    size = call.input.get("Limit") or DEFAULT_PAGE
    found, more = page(call, fetch, attrgetter("id"), owner.sub, size=size, token="PaginationToken")
    devices = [device_wire.from_device(each, owner) for each in found]
    return present({"Devices": devices, "PaginationToken": more})


def _update(call: Call, owner: Owner) -> None:
    status = call.input.get("DeviceRememberedStatus", "")
    call.services.devices.set_remembered(owner, call.input["DeviceKey"], _REMEMBERED.get(status))


OPERATIONS: dict[str, Run] = {
    "ConfirmDevice": confirm_device,
    "GetDevice": get_device,
    "ListDevices": list_devices,
    "UpdateDeviceStatus": update_device_status,
    "ForgetDevice": forget_device,
    "AdminGetDevice": admin_get_device,
    "AdminListDevices": admin_list_devices,
    "AdminUpdateDeviceStatus": admin_update_device_status,
    "AdminForgetDevice": admin_forget_device,
}
