"""What goes into the in-process client and what comes out, against boto3 and botocore's own checks."""

import copy
import json
import pickle
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore.errorfactory
import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError as BotoClientError
from botocore.exceptions import ParamValidationError as BotoParamValidationError
from botocore.validate import validate_parameters

from app_client_authz.api import local_values
from app_client_authz.exceptions import BotoCoreError, ClientError, ParamValidationError
from tests.support.clock import MovableClock
from tests.support.site import Site


@pytest.fixture(scope="module")
def service_model() -> Any:
    return botocore.session.get_session().get_service_model("cognito-idp")


def a_client(local: Any, pool_id: str, **members: Any) -> dict[str, Any]:
    return dict(local.create_user_pool_client(UserPoolId=pool_id, ClientName="web", **members)["UserPoolClient"])


# --- results ---------------------------------------------------------------------------------------


def test_result_has_aware_dates_and_boto3s_metadata(local: Any, cognito: Any, site: Site, clock: MovableClock) -> None:
    made = local.create_user_pool_client(UserPoolId=site.pool.id, ClientName="web")
    asked = {"UserPoolId": site.pool.id, "ClientId": made["UserPoolClient"]["ClientId"]}
    theirs = cognito.describe_user_pool_client(**asked)

    created = made["UserPoolClient"]["CreationDate"]
    assert created.tzinfo is UTC
    assert created == datetime.fromtimestamp(round(clock(), 3), UTC)
    assert made["UserPoolClient"] == theirs["UserPoolClient"]
    assert list(made["UserPoolClient"]) == list(theirs["UserPoolClient"])
    told = made["ResponseMetadata"]
    assert set(told) == set(theirs["ResponseMetadata"]) - {"MaxAttemptsReached"}
    assert (told["HTTPStatusCode"], told["RetryAttempts"]) == (200, 0)
    assert told["HTTPHeaders"]["x-amzn-requestid"] == told["RequestId"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", told["RequestId"])


def test_operation_without_output_gives_metadata_alone(local: Any, site: Site) -> None:
    gone = local.delete_user_pool_client(UserPoolId=site.pool.id, ClientId=site.spa.client_id)

    assert set(gone) == {"ResponseMetadata"}


def test_result_belongs_to_the_caller(local: Any, site: Site) -> None:
    asked = {"UserPoolId": site.pool.id, "ClientId": site.web.client_id}
    first = local.describe_user_pool_client(**asked)["UserPoolClient"]
    kept = copy.deepcopy(first)
    first["CallbackURLs"].append("https://evil.example")

    assert local.describe_user_pool_client(**asked)["UserPoolClient"] == kept


def test_values_follow_the_output_shapes() -> None:
    shapes = {
        "Out": {
            "type": "structure",
            "members": {"At": "Date", "Bytes": "Blob", "Many": "List", "By": "Map", "Any": "Doc"},
        },
        "Date": {"type": "timestamp"},
        "Blob": {"type": "blob"},
        "List": {"type": "list", "member": "Blob"},
        "Map": {"type": "map", "key": "Text", "value": "Date"},
        "Text": {"type": "string"},
        "Doc": {"type": "document"},
    }
    document = {"a": [1, {"b": None}]}
    output = {"Any": document, "By": {"x": 0.5}, "Many": (b"\x00", "AQ=="), "Bytes": b"\xff", "At": 1.25, "Odd": 1}
    with patch.object(local_values, "model") as fake:
        fake.return_value.shapes = shapes
        fake.return_value.operations = {"Op": {"output": "Out"}, "Mute": {}}
        parsed = local_values.received("Op", output)
        assert local_values.received("Mute", None) == {}

    assert list(parsed) == ["At", "Bytes", "Many", "By", "Any"]
    assert parsed == {
        "At": datetime(1970, 1, 1, 0, 0, 1, 250_000, tzinfo=UTC),
        "Bytes": b"\xff",
        "Many": [b"\x00", b"\x01"],
        "By": {"x": datetime(1970, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)},
        "Any": document,
    }
    assert parsed["Any"]["a"] is not document["a"]


# --- what goes in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation,parameters",
    [
        ("CreateUserPoolClient", {"UserPoolId": "x_1", "ClientName": "a", "Nope": 1}),
        ("CreateUserPoolClient", {"UserPoolId": "x_1", "ClientName": "a", "TokenValidityUnits": {"b": 1}, "B": 2}),
        ("AdminCreateUser", {"UserPoolId": "x_1", "Username": "a", "UserAttributes": [{"Name": "n", "Size": 1}]}),
        ("CreateUserPool", {"PoolName": "p", "Policies": {"PasswordPolicy": {"Minimum": 8}}, "LambdaConfig": {"a": 1}}),
    ],
)
def test_unknown_parameter_is_told_in_botocores_words(
    local: Any, service_model: Any, operation: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(BotoParamValidationError) as theirs:
        validate_parameters(parameters, service_model.operation_model(operation).input_shape)
    with pytest.raises(ParamValidationError) as ours:
        getattr(local, xform_name(operation))(**parameters)

    assert str(ours.value) == str(theirs.value)
    assert isinstance(ours.value, BotoCoreError)
    assert str(pickle.loads(pickle.dumps(ours.value))) == str(ours.value)


class Secretive:
    def __repr__(self) -> str:
        return "hunter2"


@pytest.mark.parametrize(
    "parameters,told",
    [
        (
            {"ExplicitAuthFlows": {"ALLOW_USER_SRP_AUTH"}},
            "Invalid type for parameter ExplicitAuthFlows, type: <class 'set'>, *<class 'list'>, <class 'tuple'>",
        ),
        (
            {"CallbackURLs": ["https://a.example", Path("/x")]},
            "Invalid type for parameter CallbackURLs[1], type: <class '*PosixPath'>, valid types: <class 'str'>",
        ),
        (
            {"ClientName": {"a": [Secretive()]}},
            "Invalid type for parameter ClientName.a[0], type: <class '*Secretive'>, *",
        ),
        ({"ClientName": {1: "a"}}, "Invalid type for parameter ClientName (key), type: <class 'int'>, *"),
    ],
)
def test_value_that_no_request_could_carry_is_named_and_not_shown(
    local: Any, pool_id: str, parameters: dict[str, Any], told: str
) -> None:
    given = {"UserPoolId": pool_id, "ClientName": "web", "ClientSecret": b"hunter2"} | parameters
    with pytest.raises(ParamValidationError) as refused:
        local.create_user_pool_client(**given)
    first, *lines = str(refused.value).splitlines()

    assert first == "Parameter validation failed:"
    pattern = re.escape(told).replace(r"\*", ".*")
    assert any(re.fullmatch(pattern, line) for line in lines)
    assert any(line.startswith("Invalid type for parameter ClientSecret, type: <class 'bytes'>") for line in lines)
    assert "hunter2" not in str(refused.value)


def test_tuples_stand_for_lists(local: Any, pool_id: str) -> None:
    made = a_client(local, pool_id, ExplicitAuthFlows=("ALLOW_REFRESH_TOKEN_AUTH",))

    assert made["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]


def test_none_counts_as_left_out(local: Any, pool_id: str) -> None:
    assert a_client(local, pool_id, CallbackURLs=None).get("CallbackURLs") is None


def test_bytes_and_dates_go_in_as_boto3_sends_them() -> None:
    shapes = {
        "In": {"type": "structure", "members": {"At": "Date", "Raw": "Blob", "Text": "Blob", "Doc": "Doc"}},
        "Date": {"type": "timestamp"},
        "Blob": {"type": "blob"},
        "Doc": {"type": "document"},
    }
    with patch.object(local_values, "model") as fake:
        fake.return_value.shapes = shapes
        fake.return_value.operations = {"Op": {"input": "In"}}
        at = datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
        body = local_values.sent("Op", {"At": at, "Raw": bytearray(b"\xff"), "Text": "ü", "Doc": {"a": (1, None)}})

    assert json.loads(body) == {"At": 1.5, "Raw": "/w==", "Text": "w7w=", "Doc": {"a": [1, None]}}


def circular() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["again"] = value
    return value


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a\0b", id="NUL"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param(float("nan"), id="NaN"),
        pytest.param(10**5000, id="long number"),
        pytest.param(circular(), id="circle"),
        pytest.param(["x"], id="list"),
        pytest.param(5, id="number"),
    ],
)
def test_what_the_wire_cannot_carry_is_a_serialization_exception(local: Any, pool_id: str, name: Any) -> None:
    with pytest.raises(ClientError) as refused:
        local.create_user_pool_client(UserPoolId=pool_id, ClientName=name)

    assert refused.value.response["Error"]["Code"] == "SerializationException"
    assert type(refused.value) is ClientError


def test_call_larger_than_a_request_may_be_is_refused_likewise(local: Any, cognito: Any, pool_id: str) -> None:
    given = {"UserPoolId": pool_id, "ClientName": "x" * 1024 * 1024}
    with pytest.raises(ClientError) as ours:
        local.create_user_pool_client(**given)
    with pytest.raises(BotoClientError) as theirs:
        cognito.create_user_pool_client(**given)

    for response in (ours.value.response, theirs.value.response):
        assert response["Error"]["Code"] == "RequestEntityTooLargeException"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 413
