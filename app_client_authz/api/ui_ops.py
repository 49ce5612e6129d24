"""Classic branding of the sign-in pages: Get, Set."""

import base64
import time

from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.wire import instant, present
from app_client_authz.domain.ui_customization import ALL, UiCustomization


def get_ui_customization(call: Call) -> Json:
    found = call.services.ui_customizations.get(call.input["UserPoolId"], call.input.get("ClientId", ALL))
    return {"UICustomization": _shown(found)}


def set_ui_customization(call: Call) -> Json:
    counting = call.services.ui_customizations.set(
        call.input["UserPoolId"],
        call.input.get("ClientId", ALL),
        css=call.input.get("CSS"),
        image=call.input.get("ImageFile"),
    )
    return {"UICustomization": _shown(counting)}


OPERATIONS: dict[str, Run] = {
    "GetUICustomization": get_ui_customization,
    "SetUICustomization": set_ui_customization,
}


def _shown(customization: UiCustomization | None) -> Json:
    if customization is None:
        return {}
    return present(
        {
            "UserPoolId": customization.pool_id,
            "ClientId": customization.applies_to,
            "ImageUrl": _image_url(customization),
            "CSS": customization.css,
            # As on AWS, the moment of the change to the second.
            "CSSVersion": time.strftime("%Y%m%d%H%M%S", time.gmtime(customization.updated_at)),
            "LastModifiedDate": instant(customization.updated_at),
            "CreationDate": instant(customization.created_at),
        }
    )


def _image_url(customization: UiCustomization) -> str | None:
    """The image itself as a ``data:`` URL (RFC 2397): there is no host of images beside this server."""
    if customization.image is None:
        return None
    return f"data:{customization.image_type};base64,{base64.b64encode(customization.image).decode('ascii')}"
