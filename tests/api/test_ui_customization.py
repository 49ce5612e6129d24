"""Classic branding by boto3: stored and shown to its owner."""

import base64
from datetime import UTC
from typing import Any

import pytest

from app_client_authz.domain.ui_customization import MAX_IMAGE_BYTES
from tests.support.clock import MovableClock
from tests.support.refusals import refused
from tests.support.site import Site

NOWHERE = "us-east-1_nowhere00"
CSS = ".logo-customizable {\n  max-width: 80%;\n}\n.submitButton-customizable:hover { background-color: #286090; }"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0" + bytes(64)


def test_style_sheet_and_logo_of_a_pool_come_back(cognito: Any, pool_id: str) -> None:
    made = cognito.set_ui_customization(UserPoolId=pool_id, CSS=CSS, ImageFile=PNG)["UICustomization"]

    assert made == {
        "UserPoolId": pool_id,
        "ClientId": "ALL",
        "ImageUrl": f"data:image/png;base64,{base64.b64encode(PNG).decode()}",
        "CSS": CSS,
        "CSSVersion": made["CreationDate"].astimezone(UTC).strftime("%Y%m%d%H%M%S"),
        "LastModifiedDate": made["CreationDate"],
        "CreationDate": made["CreationDate"],
    }
    assert cognito.get_ui_customization(UserPoolId=pool_id)["UICustomization"] == made
    assert cognito.get_ui_customization(UserPoolId=pool_id, ClientId="ALL")["UICustomization"] == made


def test_nothing_set_is_an_empty_object(cognito: Any, pool_id: str, site: Site) -> None:
    assert cognito.get_ui_customization(UserPoolId=pool_id)["UICustomization"] == {}
    of_client = cognito.get_ui_customization(UserPoolId=pool_id, ClientId=site.web.client_id)
    assert of_client["UICustomization"] == {}


def test_client_has_the_pools_until_it_has_its_own(cognito: Any, pool_id: str, site: Site) -> None:
    client = {"UserPoolId": pool_id, "ClientId": site.web.client_id}
    of_pool = cognito.set_ui_customization(UserPoolId=pool_id, CSS=CSS)["UICustomization"]
    assert cognito.get_ui_customization(**client)["UICustomization"] == of_pool

    own = cognito.set_ui_customization(**client, ImageFile=JPEG)["UICustomization"]
    assert own["ClientId"] == site.web.client_id
    assert own["ImageUrl"].startswith("data:image/jpeg;base64,")
    assert "CSS" not in own
    assert cognito.get_ui_customization(**client)["UICustomization"] == own
    assert cognito.get_ui_customization(UserPoolId=pool_id)["UICustomization"] == of_pool

    assert cognito.set_ui_customization(**client)["UICustomization"] == of_pool
    assert cognito.get_ui_customization(**client)["UICustomization"] == of_pool


def test_set_replaces_both_and_keeps_the_day_of_creation(cognito: Any, pool_id: str, clock: MovableClock) -> None:
    before = cognito.set_ui_customization(UserPoolId=pool_id, CSS=CSS, ImageFile=PNG)["UICustomization"]
    clock.advance(100)

    after = cognito.set_ui_customization(UserPoolId=pool_id, ImageFile=JPEG)["UICustomization"]

    assert "CSS" not in after
    assert after["CreationDate"] == before["CreationDate"]
    assert (after["LastModifiedDate"] - before["LastModifiedDate"]).total_seconds() == 100
    assert after["CSSVersion"] > before["CSSVersion"]


def test_neither_style_sheet_nor_logo_takes_the_pools_away(cognito: Any, pool_id: str) -> None:
    cognito.set_ui_customization(UserPoolId=pool_id, CSS=CSS)

    assert cognito.set_ui_customization(UserPoolId=pool_id, CSS="")["UICustomization"] == {}
    assert cognito.get_ui_customization(UserPoolId=pool_id)["UICustomization"] == {}


def test_what_belongs_to_a_client_goes_with_it(cognito: Any, pool_id: str, site: Site) -> None:
    own = {"UserPoolId": pool_id, "ClientId": site.client(client_name="short-lived").client_id}
    before = site.row_counts()["authz_ui_customizations"]
    cognito.set_ui_customization(**own, CSS=CSS)
    assert site.row_counts()["authz_ui_customizations"] == before + 1

    cognito.delete_user_pool_client(**own)

    assert site.row_counts()["authz_ui_customizations"] == before


@pytest.mark.parametrize("image", [b"GIF89a" + bytes(64), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG"])
def test_only_png_and_jpeg_are_images(cognito: Any, pool_id: str, image: bytes) -> None:
    with refused("InvalidParameter", f"ImageFile must be a PNG or JPEG image of at most {MAX_IMAGE_BYTES} bytes."):
        cognito.set_ui_customization(UserPoolId=pool_id, ImageFile=image)
    assert cognito.get_ui_customization(UserPoolId=pool_id)["UICustomization"] == {}


def test_image_of_the_largest_size_is_kept(cognito: Any, pool_id: str) -> None:
    image = PNG.ljust(MAX_IMAGE_BYTES, b"\0")

    made = cognito.set_ui_customization(UserPoolId=pool_id, ImageFile=image)["UICustomization"]

    assert base64.b64decode(made["ImageUrl"].partition(",")[2]) == image
    with pytest.raises(cognito.exceptions.InvalidParameterException, match=f"less than or equal to {MAX_IMAGE_BYTES}"):
        cognito.set_ui_customization(UserPoolId=pool_id, ImageFile=image + b"\0")


def test_style_sheet_that_may_do_harm_is_refused_and_nothing_is_stored(cognito: Any, pool_id: str) -> None:
    with refused("InvalidParameter", "CSS value is not allowed: url(https://attacker.example/x.png)"):
        cognito.set_ui_customization(
            UserPoolId=pool_id, CSS=".logo-customizable{background:url(https://attacker.example/x.png)}", ImageFile=PNG
        )
    assert cognito.get_ui_customization(UserPoolId=pool_id)["UICustomization"] == {}


@pytest.mark.parametrize("operation", ["get_ui_customization", "set_ui_customization"])
def test_unknown_pool_or_client_is_not_found(cognito: Any, pool_id: str, site: Site, operation: str) -> None:
    call = getattr(cognito, operation)
    other = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]

    with refused("ResourceNotFound", f"User pool {NOWHERE} does not exist."):
        call(UserPoolId=NOWHERE)
    with refused("ResourceNotFound", "User pool client does not exist."):
        call(UserPoolId=pool_id, ClientId="nobody")
    with refused("ResourceNotFound", "User pool client does not exist."):
        call(UserPoolId=other, ClientId=site.web.client_id)
