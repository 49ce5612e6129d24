"""The exceptions of the in-process client, against boto3's for the same call."""

import logging
import pickle
import re
import subprocess
import sys
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError as BotoClientError

from app_client_authz import AuthzError
from app_client_authz.api import dispatch
from app_client_authz.api.operation import Call, Json
from app_client_authz.api.operations import OPERATIONS
from app_client_authz.api.shapes import model
from app_client_authz.domain.errors import ResourceNotFound, Unavailable
from app_client_authz.exceptions import ClientError


@pytest.fixture(scope="module")
def service_model() -> Any:
    return botocore.session.get_session().get_service_model("cognito-idp")


def plain(error: BotoClientError) -> str:
    """Its text without the note that the tests' boto3 is told to try only once."""
    return str(error).replace(" (reached max retries: 0)", "")


def refusal(call: Any, **parameters: Any) -> ClientError:
    with pytest.raises(ClientError) as told:
        call(**parameters)
    return told.value


def test_exceptions_are_those_of_botocore(local: Any, cognito: Any, service_model: Any) -> None:
    for shape in service_model.error_shapes:
        ours = getattr(local.exceptions, shape.name)
        assert issubclass(ours, local.exceptions.ClientError)
        assert local.exceptions.from_code(shape.error_code) is ours
        assert ours.__name__ == shape.name
        assert shape.name in dir(local.exceptions)
    assert local.exceptions.from_code("Unheard") is local.exceptions.ClientError is ClientError
    texts = []
    for client in (local, cognito):
        with pytest.raises(AttributeError) as told:
            _ = client.exceptions.NoSuchThing
        texts.append(re.sub(r"<\S+ object at 0x\w+>", "<>", str(told.value)))
    assert sorted(re.findall(r"\w+", texts[0])) == sorted(re.findall(r"\w+", texts[1]))


def test_error_is_boto3s_to_the_letter(local: Any, cognito: Any, pool_id: str) -> None:
    asked = {"UserPoolId": pool_id, "ClientId": "nobody"}
    with pytest.raises(local.exceptions.ResourceNotFoundException) as ours:
        local.describe_user_pool_client(**asked)
    with pytest.raises(cognito.exceptions.ResourceNotFoundException) as theirs:
        cognito.describe_user_pool_client(**asked)

    assert str(ours.value) == plain(theirs.value)
    assert ours.value.operation_name == theirs.value.operation_name == "DescribeUserPoolClient"
    metadata, other = (error.value.response.pop("ResponseMetadata") for error in (ours, theirs))
    assert ours.value.response == theirs.value.response
    assert set(metadata) == set(other) - {"MaxAttemptsReached"}
    assert metadata["HTTPStatusCode"] == other["HTTPStatusCode"] == 400
    assert metadata["HTTPHeaders"]["x-amzn-errortype"] == other["HTTPHeaders"]["x-amzn-errortype"]


def test_cause_of_an_error_is_ours_and_the_error_is_not(local: Any, pool_id: str) -> None:
    refused = refusal(local.describe_user_pool_client, UserPoolId=pool_id, ClientId="nobody")

    assert isinstance(refused.__cause__, ResourceNotFound)
    assert not isinstance(refused, AuthzError)


def test_error_survives_pickling(local: Any, pool_id: str) -> None:
    refused = refusal(local.describe_user_pool_client, UserPoolId=pool_id, ClientId="nobody")
    again = pickle.loads(pickle.dumps(refused))

    assert type(again) is local.exceptions.ResourceNotFoundException
    assert (str(again), again.response) == (str(refused), refused.response)


def test_classes_are_the_same_for_all_clients_and_threads() -> None:
    """In a process of its own: the classes are made when the first client is."""
    program = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from threading import Barrier\n"
        "from flask import Flask\n"
        "from app_client_authz import AppClientAuthz\n"
        "app = Flask('x')\n"
        "app.config.update(SECRET_KEY='s' * 40, SQLALCHEMY_DATABASE_URI='sqlite://')\n"
        "authz, gate = AppClientAuthz(app), Barrier(8)\n"
        "def ask(_):\n"
        "    gate.wait()\n"
        "    return authz.client('cognito-idp').exceptions.NotAuthorizedException\n"
        "with ThreadPoolExecutor(8) as threads:\n"
        "    print(len(set(threads.map(ask, range(8)))))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "1"


def test_operation_that_this_release_does_not_have_is_unknown(local: Any, cognito: Any, pool_id: str) -> None:
    (missing, *_) = sorted(set(model().operations) - set(OPERATIONS))
    method = xform_name(missing)
    with pytest.raises(BotoClientError) as theirs:
        getattr(cognito, method)()
    ours = refusal(getattr(local, method))

    assert (
        ours.response["Error"] == theirs.value.response["Error"] == {"Code": "UnknownOperationException", "Message": ""}
    )
    assert str(ours) == plain(theirs.value)


@pytest.mark.parametrize(
    "failure,status", [(Unavailable(detail="gone"), 503), (AuthzError("odd"), 500), (ZeroDivisionError(), 500)]
)
def test_internal_failure_is_an_internal_error_exception_with_its_cause(
    local: Any,
    pool_id: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
    status: int,
) -> None:
    def fail(_call: Call) -> Json | None:
        raise failure

    monkeypatch.setattr(dispatch, "OPERATIONS", {"DeleteGroup": fail})
    with (
        caplog.at_level(logging.ERROR, "app_client_authz.api"),
        pytest.raises(local.exceptions.InternalErrorException) as told,
    ):
        local.delete_group(UserPoolId=pool_id, GroupName="g")

    assert told.value.response["Error"] == {"Code": "InternalErrorException", "Message": ""}
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert told.value.__cause__ is failure
    assert len(caplog.records) == 1
