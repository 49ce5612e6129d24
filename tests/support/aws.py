"""AWS's own clients against a site: boto3 over a socket, and botocore's signer for requests made by hand."""

import hashlib
import hmac
import io
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from flask import Flask
from werkzeug.test import TestResponse, run_wsgi_app
from werkzeug.wrappers import Request

from tests.support.site import PREFIX

ACCESS_KEY, SECRET_KEY, REGION = "AKIAOFTHETESTS000000", "secret-of-the-tests", "us-east-1"
AWS_JSON = "application/x-amz-json-1.1"
TARGET = "AWSCognitoIdentityProviderService"


def boto_client(
    url: str, *, path: str = PREFIX, key: str = ACCESS_KEY, secret: str = SECRET_KEY, region: str = REGION
) -> Any:
    """boto3's client of the user pools API; ``url`` is the server's, ``path`` where the API is mounted."""
    return boto3.client(
        "cognito-idp",
        endpoint_url=url + path,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


def signed_headers(
    operation: str,
    body: bytes,
    *,
    url: str = f"http://localhost{PREFIX}/",
    key: str = ACCESS_KEY,
    secret: str = SECRET_KEY,
    token: str | None = None,
    region: str = REGION,
    service: str = "cognito-idp",
    **headers: str,
) -> dict[str, str]:
    """The headers of a request as botocore signs it now."""
    request = AWSRequest(
        "POST", url, {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{operation}", **headers}, body
    )
    SigV4Auth(Credentials(key, secret, token), service, region).add_auth(request)
    return dict(request.headers.items())


def told_of(endpoint: str, access_token: str) -> str:
    """What GetUser says to an access token: the user's name, or why not."""
    headers = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.GetUser"}
    told = requests.post(endpoint, json.dumps({"AccessToken": access_token}), headers=headers, timeout=30).json()
    return str(told.get("Username") or told["message"])


@dataclass
class Wire:
    """Raw requests without a socket, for what boto3 would never send."""

    app: Flask
    key: str = ACCESS_KEY
    secret: str = SECRET_KEY

    def __call__(self, operation: str, body: object = None, *, signed: bool = True, **headers: str) -> TestResponse:
        """``body`` is sent as it is if it is bytes, else as JSON; ``headers`` with ``_`` for ``-``."""
        octets = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if signed:
            sent = signed_headers(operation, octets, key=self.key, secret=self.secret, **named)
        else:
            sent = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{operation}", **named}
        return self.app.test_client().post(f"{PREFIX}/", data=octets, headers=sent)


class QuickWire(Wire):
    """The same for tests that send thousands: signed here, and past the test client. The date is the clock's."""

    def __call__(self, operation: str, body: object = None, *, signed: bool = True, **headers: str) -> TestResponse:
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        target = f"{TARGET}.{operation}"
        sent = {"content-type": AWS_JSON, "host": "localhost", "x-amz-date": now, "x-amz-target": target}
        environ = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": f"{PREFIX}/",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(octets),
            "wsgi.errors": sys.stderr,
            "CONTENT_LENGTH": str(len(octets)),
            "CONTENT_TYPE": AWS_JSON,
            "HTTP_HOST": "localhost",
            "HTTP_X_AMZ_DATE": now,
            "HTTP_X_AMZ_TARGET": target,
        }
        if signed:
            environ["HTTP_AUTHORIZATION"] = authorization(sent, octets, now, self.key, self.secret)
        return TestResponse(*run_wsgi_app(self.app, environ), request=Request(environ))


def authorization(
    signed: dict[str, str], body: bytes, now: str, key: str = ACCESS_KEY, secret: str = SECRET_KEY
) -> str:
    """The Authorization header over exactly these headers, which botocore would not leave to its caller."""
    names = ";".join(signed)
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    hashed = hashlib.sha256(body).hexdigest()
    canonical = hashlib.sha256(f"POST\n{PREFIX}/\n\n{lines}\n{names}\n{hashed}".encode()).hexdigest()
    scope = f"{now[:8]}/{REGION}/cognito-idp/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{canonical}"
    signature = hmac.new(_signing_key(secret, now[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"


@cache
def _signing_key(secret: str, date: str) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in (date, REGION, "cognito-idp", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def refusal(answer: TestResponse, *, status: int = 400) -> tuple[str, str | None]:
    """Code and message of an error, its form checked: headers and body say the same (api.md 1.5)."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == AWS_JSON
    body = json.loads(answer.data)
    assert set(body) <= {"__type", "message"}
    code, message = body["__type"], body.get("message")
    assert answer.headers["x-amzn-ErrorType"] == f"{code}:"
    assert ("x-amzn-ErrorMessage" in answer.headers) == (message is not None)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert message != ""
    return code, message


def output(answer: TestResponse) -> Any:
    """What an operation that succeeded answered; None for no body at all."""
    assert answer.status_code == 200, answer.text
    assert answer.content_type == AWS_JSON
    return json.loads(answer.data) if answer.data else None
