"""What a crash reporter would keep of a request holds no secret (R11)."""

from typing import Any, cast

import pytest

from app_client_authz.api import sigv4
from app_client_authz.api.operation import Call
from app_client_authz.domain.challenge import StepState
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services.challenges import Passed
from app_client_authz.services.next_steps import ChallengeRequired
from app_client_authz.services.second_factors import Reply
from app_client_authz.services.software_tokens import Association
from app_client_authz.storage.software_tokens import SoftwareToken

SECRET = "Secret-passw0rd!"


@pytest.mark.attack("R11")
def test_call_and_signed_request_print_no_input() -> None:
    call = Call(cast(Any, None), "AdminSetUserPassword", {"Password": SECRET}, "id", "http://localhost/auth")
    request = sigv4.Request("POST", "", {"authorization": SECRET}, SECRET.encode())

    assert SECRET not in repr(call)
    assert SECRET not in repr(request)


@pytest.mark.attack("R11")
def test_steps_of_a_sign_in_print_no_session_and_no_secret() -> None:
    user = User("us-east-1_abc", "sub", "kim", UserStatus.CONFIRMED)
    steps = [
        Reply(cast(Any, None), SECRET),
        ChallengeRequired(SECRET, "SMS_MFA", "kim"),
        Association(SECRET, SECRET, SECRET),
        SoftwareToken(SECRET.encode(), SECRET.encode(), 1),
        StepState("api", 180, destination=SECRET, code_digest=SECRET, name_key=SECRET),
        Passed(user, lambda unit: None),
    ]

    assert SECRET not in repr(steps)
