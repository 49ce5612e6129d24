"""What a crash reporter would keep of a request holds no secret (R11)."""

from typing import Any, cast

import pytest

from app_client_authz.api import sigv4
from app_client_authz.api.operation import Call

SECRET = "Secret-passw0rd!"


@pytest.mark.attack("R11")
def test_call_and_signed_request_print_no_input() -> None:
    call = Call(cast(Any, None), "AdminSetUserPassword", {"Password": SECRET}, "id", "http://localhost/auth")
    request = sigv4.Request("POST", "", {"authorization": SECRET}, SECRET.encode())

    assert SECRET not in repr(call)
    assert SECRET not in repr(request)
