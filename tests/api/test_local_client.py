"""The in-process client: boto3's surface without HTTP, and which app it belongs to."""

import copy
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from unittest.mock import patch

import botocore.errorfactory
import botocore.session
import pytest
from botocore import xform_name
from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.api import dispatch
from app_client_authz.api.local_client import LocalClient, methods
from app_client_authz.api.operation import Call
from app_client_authz.api.operations import OPERATIONS
from app_client_authz.exceptions import BotoCoreError, UnknownServiceError
from tests.support.clock import MovableClock
from tests.support.site import BASE, PREFIX, Site, make_site

SHOP = "https://shop.example/auth"


@pytest.fixture(scope="module")
def service_model() -> Any:
    return botocore.session.get_session().get_service_model("cognito-idp")


# --- the surface -----------------------------------------------------------------------------------


def test_methods_have_the_names_that_botocore_gives_them(local: Any, service_model: Any) -> None:
    theirs = {xform_name(operation): operation for operation in service_model.operation_names}

    assert dict(methods()) == theirs
    assert set(theirs) <= set(dir(local))
    for name in theirs:
        assert getattr(local, name).__name__ == name
    for name in ("set_user_mfa_preference", "get_ui_customization", "list_user_pool_client_secrets"):
        assert name in theirs


def test_method_says_what_it_takes(local: Any) -> None:
    assert "Required: UserPoolId, ClientId." in local.describe_user_pool_client.__doc__
    assert "Optional: nothing." in local.describe_user_pool_client.__doc__


def test_attribute_that_is_no_operation_is_refused(local: Any) -> None:
    with pytest.raises(AttributeError, match="no attribute 'create_bucket'"):
        _ = local.create_bucket
    assert not hasattr(local, "__deepcopy__")
    assert isinstance(copy.copy(local), LocalClient)


def test_only_keyword_arguments_are_taken(local: Any, cognito: Any) -> None:
    for client in (local, cognito):
        with pytest.raises(TypeError, match=re.escape("describe_user_pool() only accepts keyword arguments.")):
            client.describe_user_pool("us-east-1_AbCdEf123")


def test_method_can_be_replaced_in_a_test_of_the_host(local: Any) -> None:
    with patch.object(local, "describe_user_pool", return_value={"UserPool": {}}):
        assert local.describe_user_pool(UserPoolId="x") == {"UserPool": {}}
    with pytest.raises(local.exceptions.ClientError):
        local.describe_user_pool(UserPoolId="x")


def test_meta_tells_what_boto3s_does(local: Any, cognito: Any, site: Site) -> None:
    assert local.meta.region_name == cognito.meta.region_name == "us-east-1"
    assert local.meta.service_model.service_name == cognito.meta.service_model.service_name
    assert list(local.meta.service_model.operation_names) == sorted(cognito.meta.service_model.operation_names)
    assert dict(local.meta.method_to_api_mapping) == cognito.meta.method_to_api_mapping
    assert local.meta.endpoint_url == BASE
    assert local.waiter_names == cognito.waiter_names == []
    for client in (local, cognito):
        with pytest.raises(ValueError, match="Waiter does not exist: pool_exists"):
            client.get_waiter("pool_exists")
    assert local.close() is None
    assert local.describe_user_pool_client(UserPoolId=site.pool.id, ClientId=site.web.client_id)


# --- which app -------------------------------------------------------------------------------------


def app(url: str, name: str, **settings: object) -> Flask:
    made = Flask(name)
    made.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI=url, **settings)
    return made


def test_other_services_are_unknown(site: Site) -> None:
    with pytest.raises(UnknownServiceError) as told:
        AppClientAuthz().client("s3", app=site.app)

    assert str(told.value) == "Unknown service: 's3'. Valid service names are: cognito-idp"
    assert isinstance(told.value, BotoCoreError)


def test_current_app_comes_before_the_only_one() -> None:
    # Each region tells whose client it is.
    authz = AppClientAuthz(app("sqlite://", "one", AUTHZ_REGION="eu-one-1"))
    other = app("sqlite://", "two", AUTHZ_REGION="eu-two-1")
    AppClientAuthz(other)

    assert authz.client("cognito-idp").meta.region_name == "eu-one-1"
    assert authz.client("cognito-idp", app=other).meta.region_name == "eu-two-1"
    with other.app_context():
        assert authz.client("cognito-idp").meta.region_name == "eu-two-1"


def test_app_that_cannot_be_guessed_has_to_be_named() -> None:
    authz, one, two = AppClientAuthz(), app("sqlite://", "one"), app("sqlite://", "two")
    with pytest.raises(RuntimeError, match="no app has this AppClientAuthz"):
        authz.client("cognito-idp")
    authz.init_app(one)
    authz.init_app(two)

    with pytest.raises(RuntimeError, match=r"2 apps have this AppClientAuthz.*app=app"):
        authz.client("cognito-idp")
    assert authz.client("cognito-idp", app=one)


def test_app_without_the_extension_is_refused() -> None:
    authz, bare = AppClientAuthz(app("sqlite://", "one")), Flask("bare")

    with pytest.raises(RuntimeError, match="'bare' carries no AppClientAuthz"):
        authz.client("cognito-idp", app=bare)
    with bare.app_context(), pytest.raises(RuntimeError, match="'bare' carries no AppClientAuthz"):
        authz.client("cognito-idp")


def test_site_without_the_json_face_has_the_client_all_the_same() -> None:
    authz = AppClientAuthz(app("sqlite://", "quiet", AUTHZ_FACES=("oauth",)))

    with pytest.raises(authz.client("cognito-idp").exceptions.ResourceNotFoundException):
        authz.client("cognito-idp").describe_user_pool_client(UserPoolId="us-east-1_AbCdEf123", ClientId="abc")


# --- what issuers begin with -----------------------------------------------------------------------


@pytest.fixture
def bases(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes DeleteGroup note the base that it is called with."""
    seen: list[str] = []

    def note(call: Call) -> None:
        seen.append(call.base)

    monkeypatch.setattr(dispatch, "OPERATIONS", {**OPERATIONS, "DeleteGroup": note})
    return seen


def test_base_is_the_public_url_wherever_the_call_comes_from(
    sqlite_url_migrated: str, clock: MovableClock, bases: list[str]
) -> None:
    site = make_site(sqlite_url_migrated, clock, AUTHZ_PUBLIC_URL=SHOP)
    local = AppClientAuthz().client("cognito-idp", app=site.app)

    local.delete_group(UserPoolId=site.pool.id, GroupName="g")
    with site.app.test_request_context(base_url="http://elsewhere.example"):
        local.delete_group(UserPoolId=site.pool.id, GroupName="g")

    assert bases == [SHOP, SHOP]


def test_base_without_a_public_url_follows_the_request_to_a_loopback_host_only(
    site: Site, local: Any, bases: list[str]
) -> None:
    other = Flask("other")
    for here, url in (
        (site.app, "http://127.0.0.1:5000"),
        (site.app, "http://localhost:8000/below"),
        (site.app, "http://forged.example"),
        (other, "http://127.0.0.1:9000"),
    ):
        with here.test_request_context(base_url=url):
            local.delete_group(UserPoolId=site.pool.id, GroupName="g")
    local.delete_group(UserPoolId=site.pool.id, GroupName="g")

    assert bases == [f"http://127.0.0.1:5000{PREFIX}", f"http://localhost:8000/below{PREFIX}", BASE, BASE, BASE]


# --- cost ------------------------------------------------------------------------------------------


def test_neither_botocore_nor_the_client_is_loaded_unasked() -> None:
    program = (
        "import sys\n"
        "from flask import Flask\n"
        "from app_client_authz import AppClientAuthz\n"
        "from app_client_authz.api import shapes\n"
        "app = Flask('x')\n"
        "app.config.update(SECRET_KEY='s' * 40, SQLALCHEMY_DATABASE_URI='sqlite://')\n"
        "authz = AppClientAuthz(app)\n"
        "print([name for name in sys.modules if '.local_' in name], shapes.model.cache_info().currsize)\n"
        "client = authz.client('cognito-idp')\n"
        "try:\n"
        "    client.describe_user_pool_client(UserPoolId='us-east-1_AbCdEf123', ClientId='abc')\n"
        "except client.exceptions.ResourceNotFoundException as error:\n"
        "    print(error)\n"
        "list(client.get_paginator('list_users').result_keys)\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'boto3', 'botocore', 'jmespath', 's3transfer'}))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, error, foreign = run.stdout.splitlines()

    assert before == "[] 0"
    assert error.endswith("User pool us-east-1_AbCdEf123 does not exist.")
    assert foreign == "[]"


def test_threads_share_a_client(local: Any, pool_id: str) -> None:
    gate = Barrier(4)

    def create(number: int) -> str:
        gate.wait()
        made = local.create_user_pool_client(UserPoolId=pool_id, ClientName=f"web-{number}")["UserPoolClient"]
        assert made["ClientName"] == f"web-{number}"
        return str(made["ClientId"])

    with ThreadPoolExecutor(4) as threads:
        ids = set(threads.map(create, range(4)))

    assert len(ids) == 4
    for client_id in ids:
        local.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
