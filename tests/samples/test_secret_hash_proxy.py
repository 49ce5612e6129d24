"""An app without the secret signs its users up and in through the proxy, and nobody does without either."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from flask import Flask, request
from pycognito.aws_srp import AWSSRP

from app_client_authz import AppClientAuthz
from tests.samples.launching import SAMPLES, Sample, launched, module, modules_of
from tests.samples.test_docs import fenced
from tests.samples.test_sample_pages import page
from tests.support.aws import AWS_JSON, REGION, TARGET
from tests.support.clock import MovableClock
from tests.support.live import LiveServer
from tests.support.outbox import newest_code
from tests.support.site import PASSWORD, PREFIX, USERNAME, Registered, Site, claims, copied_site

NAME, MAIL, FRESH = "lee", "lee@example.com", "Fresh-passw0rd!"
FLOWS = ("ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
Serve = Callable[[Flask], LiveServer]


@dataclass
class Doors:
    """One API twice: through the proxy, and past it. ``seen`` are the requests that reach the API."""

    site: Site
    client: Registered
    proxy: str
    direct: str
    seen: list[tuple[dict[str, str], bytes]]

    @property
    def app(self) -> Any:
        """What the page shows to its readers."""
        namespace: dict[str, Any] = {}
        (code,) = fenced(page("secret_hash_proxy"), "python")
        exec(code, namespace)
        return namespace["sign_in_api"](self.proxy)

    @property
    def past(self) -> Any:
        return unsigned(self.direct)

    def post(self, body: object, operation: str = "InitiateAuth", **headers: str) -> requests.Response:
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{operation}", **headers}
        return requests.post(self.proxy, octets, headers=sent, timeout=30)

    def sign_in(self, name: str = USERNAME, password: str = PASSWORD) -> dict[str, str]:
        answer = self.app.initiate_auth(
            ClientId=self.client.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        return dict(answer["AuthenticationResult"])


def unsigned(url: str) -> Any:
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.client("cognito-idp", endpoint_url=url, region_name=REGION, config=config)


@pytest.fixture
def site(sqlite_url_migrated: str, clock: MovableClock) -> Site:
    """Its pool proves addresses by a code, and keeps a record of sign-ins."""
    site = copied_site(sqlite_url_migrated, clock)
    AppClientAuthz().client("cognito-idp", app=site.app).update_user_pool(
        UserPoolId=site.pool.id,
        AutoVerifiedAttributes=["email"],
        UserPoolTier="PLUS",
        UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"},
    )
    return site


@pytest.fixture
def client(site: Site) -> Registered:
    return site.client(
        generate_secret=True,
        explicit_auth_flows=FLOWS,
        prevent_user_existence_errors="ENABLED",
        enable_propagate_additional_user_context_data=True,
    )


@pytest.fixture
def proxy_app() -> Iterator[Callable[[str, Registered], Flask]]:
    def make(upstream: str, client: Registered) -> Flask:
        app: Flask = module("proxy").create_app(upstream, client.client_id, client.secret)
        return app

    with modules_of("secret_hash_proxy"):
        yield make


@pytest.fixture
def doors(site: Site, client: Registered, proxy_app: Callable[[str, Registered], Flask], live_server: Serve) -> Doors:
    seen: list[tuple[dict[str, str], bytes]] = []

    @site.app.before_request
    def note() -> None:
        seen.append((dict(request.headers), request.get_data(cache=True)))

    direct = live_server(site.app).url + PREFIX + "/"
    return Doors(site, client, live_server(proxy_app(direct, client)).url + "/", direct, seen)


def refused(call: Callable[..., Any], **given: Any) -> tuple[str, str, int]:
    """Code, message and status of what boto3 raises."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_user_signs_up_confirms_signs_in_and_is_known(doors: Doors) -> None:
    app, client_id = doors.app, doors.client.client_id

    address = [{"Name": "email", "Value": MAIL}]
    app.sign_up(ClientId=client_id, Username=NAME, Password=PASSWORD, UserAttributes=address)
    app.resend_confirmation_code(ClientId=client_id, Username=NAME)
    app.confirm_sign_up(ClientId=client_id, Username=NAME, ConfirmationCode=newest_code(doors.site, NAME))
    tokens = doors.sign_in(NAME)

    assert claims(tokens["AccessToken"])["client_id"] == client_id
    known = app.get_user(AccessToken=tokens["AccessToken"])
    assert known["Username"] == NAME
    assert {"Name": "email_verified", "Value": "true"} in known["UserAttributes"]


def test_tokens_are_refreshed_both_ways(doors: Doors) -> None:
    first = doors.sign_in()

    by_flow = doors.app.initiate_auth(
        ClientId=doors.client.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={
            "REFRESH_TOKEN": first["RefreshToken"],
            "USERNAME": claims(first["AccessToken"])["username"],
        },
    )
    by_operation = doors.app.get_tokens_from_refresh_token(
        ClientId=doors.client.client_id, RefreshToken=first["RefreshToken"]
    )

    texts = {each["AuthenticationResult"]["AccessToken"] for each in (by_flow, by_operation)} | {first["AccessToken"]}
    assert len(texts) == 3
    assert len({claims(text)["origin_jti"] for text in texts}) == 1


def test_refresh_in_the_name_of_an_address_is_refused(doors: Doors) -> None:
    parameters = {"REFRESH_TOKEN": doors.sign_in()["RefreshToken"], "USERNAME": "kim@example.com"}

    code, message, _ = refused(
        doors.app.initiate_auth,
        ClientId=doors.client.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters=parameters,
    )

    assert (code, message) == (
        "NotAuthorizedException",
        f"Unable to verify secret hash for client {doors.client.client_id}",
    )


def test_revoked_token_refreshes_no_more(doors: Doors) -> None:
    client_id, token = doors.client.client_id, doors.sign_in()["RefreshToken"]

    doors.app.revoke_token(ClientId=client_id, Token=token)

    again = refused(doors.app.get_tokens_from_refresh_token, ClientId=client_id, RefreshToken=token)
    assert again[:2] == ("NotAuthorizedException", "Refresh Token has been revoked")


def test_forgotten_password_is_reset(doors: Doors) -> None:
    client_id = doors.client.client_id

    doors.app.forgot_password(ClientId=client_id, Username=USERNAME)
    code = newest_code(doors.site, USERNAME)
    doors.app.confirm_forgot_password(ClientId=client_id, Username=USERNAME, ConfirmationCode=code, Password=FRESH)

    assert doors.sign_in(password=FRESH)["AccessToken"]


def test_password_is_proved_by_srp(doors: Doors, clock: MovableClock) -> None:
    clock.advance(time.time() - clock())  # pycognito signs the time of the machine
    srp = AWSSRP(USERNAME, PASSWORD, doors.site.pool.id, doors.client.client_id, client=doors.app)

    assert srp.authenticate_user()["AuthenticationResult"]["AccessToken"]


def test_challenge_is_answered(doors: Doors) -> None:
    attributes = {"email": MAIL, "email_verified": "true"}
    doors.site.services.users.create(doors.site.pool.id, NAME, attributes, password="Temp0rary-pass!", permanent=False)
    asked = doors.app.initiate_auth(
        ClientId=doors.client.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": NAME, "PASSWORD": "Temp0rary-pass!"},
    )

    answer = doors.app.respond_to_auth_challenge(
        ClientId=doors.client.client_id,
        ChallengeName=asked["ChallengeName"],
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": NAME, "NEW_PASSWORD": FRESH},
    )

    assert answer["AuthenticationResult"]["AccessToken"]


@pytest.mark.parametrize(
    "operation, given",
    [
        ("sign_up", {"Username": NAME, "Password": PASSWORD}),
        ("confirm_sign_up", {"Username": USERNAME, "ConfirmationCode": "123456"}),
        ("resend_confirmation_code", {"Username": USERNAME}),
        ("forgot_password", {"Username": USERNAME}),
        ("confirm_forgot_password", {"Username": USERNAME, "ConfirmationCode": "123456", "Password": FRESH}),
        (
            "initiate_auth",
            {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": USERNAME, "PASSWORD": PASSWORD}},
        ),
        ("initiate_auth", {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "x"}}),
        (
            "respond_to_auth_challenge",
            {"ChallengeName": "NEW_PASSWORD_REQUIRED", "ChallengeResponses": {"USERNAME": USERNAME}},
        ),
        ("get_tokens_from_refresh_token", {"RefreshToken": "x"}),
    ],
)
def test_past_the_proxy_the_secret_is_asked_for(doors: Doors, operation: str, given: dict[str, Any]) -> None:
    code, message, status = refused(getattr(doors.past, operation), ClientId=doors.client.client_id, **given)

    assert (code, status) == ("NotAuthorizedException", 400)
    assert re.search("but (SECRET_HASH|secret) was not received$", message)


def test_revocation_past_the_proxy_is_refused_too(doors: Doors) -> None:
    token = doors.sign_in()["RefreshToken"]

    code, _, _ = refused(doors.past.revoke_token, ClientId=doors.client.client_id, Token=token)

    assert code == "UnauthorizedException"
    assert doors.app.get_tokens_from_refresh_token(ClientId=doors.client.client_id, RefreshToken=token)


def test_refusal_of_the_api_comes_back_as_it_is(doors: Doors) -> None:
    parameters = {"USERNAME": USERNAME, "PASSWORD": "wrong"}
    body = {"ClientId": doors.client.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters}

    answer = doors.post(body)

    assert answer.status_code == 400
    assert answer.content == b'{"__type":"NotAuthorizedException","message":"Incorrect username or password."}'
    assert answer.headers["Content-Type"] == AWS_JSON
    assert answer.headers["x-amzn-ErrorType"] == "NotAuthorizedException:"
    assert answer.headers["x-amzn-ErrorMessage"] == "Incorrect username or password."
    assert answer.headers["x-amzn-RequestId"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_nothing_but_operation_and_body_goes_on(doors: Doors) -> None:
    body = {"ClientId": doors.client.client_id, "Username": USERNAME}

    doors.post(
        body, "ForgotPassword", Cookie="a=b", Authorization="AWS4-HMAC-SHA256 x", Forwarded="for=x", Origin="https://x"
    )

    ((headers, _),) = doors.seen
    assert {"Cookie", "Authorization", "Forwarded", "Origin", "X-Forwarded-For"}.isdisjoint(headers)
    assert (headers["Content-Type"], headers["X-Amz-Target"]) == (AWS_JSON, f"{TARGET}.ForgotPassword")


@pytest.mark.parametrize(
    "operation, own",
    [
        ("ForgotPassword", {"Username": USERNAME, "SecretHash": "guessed"}),
        (
            "InitiateAuth",
            {
                "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": USERNAME, "PASSWORD": PASSWORD, "SECRET_HASH": "guessed"},
            },
        ),
        ("GetTokensFromRefreshToken", {"ClientSecret": "guessed"}),
    ],
)
def test_what_an_app_sends_as_proof_does_not_count(doors: Doors, operation: str, own: dict[str, Any]) -> None:
    if operation == "GetTokensFromRefreshToken":
        own = {**own, "RefreshToken": doors.sign_in()["RefreshToken"]}

    answer = doors.post({"ClientId": doors.client.client_id, **own}, operation)

    assert answer.status_code == 200, answer.text
    assert b"guessed" not in doors.seen[-1][1]


def test_record_of_sign_ins_names_the_users_address_and_not_what_the_app_claims(
    doors: Doors, proxy_app: Callable[[str, Registered], Flask]
) -> None:
    parameters = {"USERNAME": USERNAME, "PASSWORD": PASSWORD}
    body = {"ClientId": doors.client.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters}
    claimed = {"UserContextData": {"IpAddress": "198.51.100.1"}}

    proxy_app(doors.direct, doors.client).test_client().post(
        "/",
        json={**body, **claimed},
        headers={"X-Amz-Target": f"{TARGET}.InitiateAuth"},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )

    administrator = AppClientAuthz().client("cognito-idp", app=doors.site.app)
    record = administrator.admin_list_user_auth_events(UserPoolId=doors.site.pool.id, Username=USERNAME)
    assert record["AuthEvents"][0]["EventContextData"]["IpAddress"] == "203.0.113.9"


@pytest.mark.parametrize(
    "operation", ["ListUsers", "AdminInitiateAuth", "GetClientToken", "DeleteUser", "", "signup", "SignUp.SignUp"]
)
def test_other_operations_are_refused(doors: Doors, operation: str) -> None:
    told = refusal(doors.post({"ClientId": doors.client.client_id, "Username": USERNAME}, operation))

    assert told == ("AccessDeniedException", "This proxy does not forward that operation.")
    assert doors.seen == []


def test_other_clients_are_refused(doors: Doors) -> None:
    for client_id in (doors.site.web.client_id, None, "", [doors.client.client_id]):
        told = refusal(doors.post({"ClientId": client_id, "Username": USERNAME}, "ForgotPassword"))

        assert told == ("ResourceNotFoundException", "This proxy is for another app client.")
    assert doors.seen == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b"\xff", b'"x"', b"[" * 60_000, b'{"a":' * 10_000, b'{"ClientId":' + b"9" * 5_000],
    ids=lambda body: body[:12].decode(errors="replace"),
)
def test_what_is_no_json_object_is_refused(doors: Doors, body: bytes) -> None:
    assert refusal(doors.post(body)) == ("SerializationException", "The body is no JSON object.")
    assert doors.seen == []


@pytest.mark.parametrize(
    "operation, given",
    [
        ("SignUp", {}),
        ("SignUp", {"Username": 7}),
        ("SignUp", {"Username": ""}),
        ("SignUp", {"Username": "\ud800"}),
        ("SignUp", {"Username": "a\x00"}),
        ("InitiateAuth", {}),
        ("InitiateAuth", {"AuthParameters": None}),
        ("InitiateAuth", {"AuthParameters": ["USERNAME"]}),
        ("InitiateAuth", {"AuthParameters": {"REFRESH_TOKEN": "x"}}),
        ("RespondToAuthChallenge", {"ChallengeResponses": {"USERNAME": {}}}),
    ],
)
def test_request_without_a_name_to_prove_is_refused(doors: Doors, operation: str, given: dict[str, Any]) -> None:
    told = refusal(doors.post({"ClientId": doors.client.client_id, **given}, operation))

    assert told == ("InvalidParameterException", "Missing required parameter USERNAME")
    assert doors.seen == []


def test_what_the_api_cannot_read_is_refused_by_it(doors: Doors) -> None:
    body = {"ClientId": doors.client.client_id, "Username": USERNAME, "UserContextData": [], "ClientMetadata": 1e999}

    assert refusal(doors.post(body, "ForgotPassword"))[0] == "SerializationException"


def test_large_request_is_refused(doors: Doors) -> None:
    body = {"ClientId": doors.client.client_id, "Username": "x" * 65_536}

    assert refusal(doors.post(body, "SignUp"), status=413)[0] == "RequestEntityTooLargeException"
    assert doors.seen == []


def test_api_that_does_not_answer_is_told_as_such_and_the_secret_to_nobody(
    client: Registered, proxy_app: Callable[[str, Registered], Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = proxy_app("http://127.0.0.1:9/", client)

    answer = app.test_client().post(
        "/",
        json={"ClientId": client.client_id, "RefreshToken": "x"},
        headers={"X-Amz-Target": f"{TARGET}.GetTokensFromRefreshToken"},
    )

    assert (answer.status_code, json.loads(answer.text)["__type"]) == (503, "InternalErrorException")
    assert "the JSON API does not answer: ConnectionError" in caplog.text
    assert client.secret
    assert client.secret not in caplog.text + answer.text


def test_browser_may_ask_from_any_page(doors: Doors) -> None:
    asked = "cache-control,content-type,x-amz-target,x-amz-user-agent"
    headers = {"Origin": "https://app.example", "Access-Control-Request-Headers": asked}

    preflight = requests.options(doors.proxy, headers=headers, timeout=30)

    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert set(asked.split(",")) <= set(preflight.headers["Access-Control-Allow-Headers"].split(", "))
    assert "x-amzn-ErrorType" in doors.post({}).headers["Access-Control-Expose-Headers"]
    assert doors.seen == []


def refusal(answer: requests.Response, *, status: int = 400) -> tuple[str, str]:
    """Code and message of an error, its form checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == AWS_JSON
    body = answer.json()
    assert answer.headers["x-amzn-ErrorType"] == f"{body['__type']}:"
    assert answer.headers["x-amzn-RequestId"]
    return body["__type"], body.get("message", "")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    log = tmp_path_factory.mktemp("secret_hash_proxy") / "log"
    with launched(SAMPLES / "secret_hash_proxy", servers=2, log=log) as sample:
        yield sample


@pytest.mark.xdist_group("secret_hash_proxy")
def test_printed_commands_sign_up_and_in_and_past_the_proxy_nobody(running: Sample) -> None:
    ask, *commands = running.commands()

    def answer(command: str) -> Any:
        script = f"{ask}\n{command}"
        return json.loads(subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True).stdout)

    sign_up, confirm, sign_in, past = commands
    assert answer(sign_up)["UserConfirmed"] is False
    (code,) = re.findall(r"^  To kim@example\.com: .*\b(\d{6})\b", running.output, re.MULTILINE)
    assert answer(confirm.replace("123456", code)) == {}
    assert answer(sign_in)["AuthenticationResult"]["TokenType"] == "Bearer"
    assert answer(past)["__type"] == "NotAuthorizedException"
