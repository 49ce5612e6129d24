"""AWS's own clients against a site: boto3 over a socket, and botocore's signer for requests made by hand."""

import json
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.site import PREFIX

ACCESS_KEY, SECRET_KEY, REGION = "AKIAOFTHETESTS000000", "secret-of-the-tests", "us-east-1"
AWS_JSON = "application/x-amz-json-1.1"
TARGET = "AWSCognitoIdentityProviderService"


def boto_client(url: str, *, key: str = ACCESS_KEY, secret: str = SECRET_KEY, region: str = REGION) -> Any:
    """boto3's client of the user pools API; ``url`` is the server's, without the prefix."""
    return boto3.client(
        "cognito-idp",
        endpoint_url=url + PREFIX,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


def signed_headers(
    operation: str, body: bytes, *, url: str = f"http://localhost{PREFIX}/", **headers: str
) -> dict[str, str]:
    """The headers of a request as botocore signs it now."""
    request = AWSRequest(
        "POST", url, {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{operation}", **headers}, body
    )
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "cognito-idp", REGION).add_auth(request)
    return dict(request.headers.items())


@dataclass
class Wire:
    """Raw requests without a socket, for what boto3 would never send."""

    app: Flask

    def __call__(self, operation: str, body: object = None, *, signed: bool = True, **headers: str) -> TestResponse:
        """``body`` is sent as it is if it is bytes, else as JSON; ``headers`` with ``_`` for ``-``."""
        octets = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if signed:
            sent = signed_headers(operation, octets, **named)
        else:
            sent = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{operation}", **named}
        return self.app.test_client().post(f"{PREFIX}/", data=octets, headers=sent)
