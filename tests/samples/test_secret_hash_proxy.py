"""An app without the secret signs its users up and in through the proxy, and nobody does without either."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pycognito.aws_srp import AWSSRP

from tests.samples.launching import SAMPLES, Sample, launched
from tests.samples.proxied import Doors, Serve, proxied
from tests.support.clock import MovableClock
from tests.support.outbox import newest_code
from tests.support.site import PASSWORD, USERNAME, claims, copied_site

NAME, MAIL, FRESH = "lee", "lee@example.com", "Fresh-passw0rd!"


@pytest.fixture
def doors(sqlite_url_migrated: str, clock: MovableClock, live_server: Serve) -> Iterator[Doors]:
    with proxied(copied_site(sqlite_url_migrated, clock), live_server) as opened:
        yield opened


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
