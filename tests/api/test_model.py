"""The service model in the package: as old as botocore, and the table of operations fits it."""

import json
from importlib.resources import files

import botocore

from app_client_authz.api.operations import _ROOMS, OPERATIONS, PUBLIC
from app_client_authz.api.shapes import _SCALARS, model
from app_client_authz.domain.access_key import READING
from tests.support import condense
from tests.support.samples import PATTERNS, input_shapes


def test_the_data_file_is_what_botocore_has() -> None:
    stored = json.loads(files("app_client_authz.api").joinpath("model/cognito-idp.json").read_bytes())
    installed = condense.condensed()
    # A release of botocore that did not touch this service makes nothing old.
    for content in (stored, installed):
        content.pop("botocore")
        content.pop("derived_from")

    differing = [part for part in installed if stored.get(part) != installed[part]]
    assert not differing, (
        f"{', '.join(differing)}: botocore {botocore.__version__} has another model than the package "
        f"(from botocore {model().botocore}): run 'make model' and look at the difference"
    )
    assert stored.keys() == installed.keys()


def test_the_data_file_is_written_as_the_script_writes_it() -> None:
    text = condense.TARGET.read_text(encoding="utf-8")
    assert text == condense.written(json.loads(text))


def test_the_model_has_153_operations_and_60_exceptions() -> None:
    assert (len(model().operations), len(model().exceptions)) == (153, 60)


def test_what_the_file_changes_in_the_model_is_what_cognito_does() -> None:
    shapes = model().shapes
    assert shapes["OAuthFlowType"]["enum"] == ["implicit", "client_credentials", "code"]
    assert shapes["ExplicitAuthFlowsType"]["enum"][-1] == "ALLOW_CLIENT_TOKEN_AUTH"
    assert "pattern" not in shapes["DomainType"]
    assert not set(condense._AS_SEEN) - set(shapes)


def test_sensitive_shapes_are_the_fifteen_of_the_model() -> None:
    assert {name for name, shape in model().shapes.items() if shape.get("sensitive")} == {
        *("AttributeValueType", "AuthParametersType", "ChallengeResponsesType", "ClientIdType", "ClientSecretType"),
        *("GetDerivedTokenTokenModelType", "PasswordType", "SecretCodeType", "SecretHashType", "SessionIpAddressType"),
        *("SessionType", "SoftwareTokenMFAUserCodeType", "TokenModelType", "UserContextDataType", "UsernameType"),
    }


def test_the_validator_knows_every_kind_of_shape_that_requests_are_made_of() -> None:
    kinds = {model().shapes[name]["type"] for name in input_shapes()}
    assert kinds == {"structure", "list", "map", "document", *_SCALARS}


def test_every_pattern_of_requests_has_its_samples() -> None:
    patterns = {pattern for name in input_shapes() if (pattern := model().shapes[name].get("pattern"))}
    assert patterns == set(PATTERNS)


def test_the_table_holds_operations_of_the_model_each_once() -> None:
    assert set(OPERATIONS) <= set(model().operations)
    assert sum(len(room.OPERATIONS) for room in _ROOMS) == len(OPERATIONS)
    assert set(model().operations) >= PUBLIC


def test_what_changes_nothing_is_told_by_name_with_two_exceptions() -> None:
    looking = ("Describe", "List", "Get", "AdminGet", "AdminList")
    signed = set(model().operations) - PUBLIC
    issuing_tokens = {"GetClientToken", "GetDerivedToken"}

    assert {name for name in signed if name.startswith(looking)} == READING | issuing_tokens
    assert not READING & issuing_tokens
