"""The proxy of the sample between an app and a site, and the way past it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import requests
from botocore import UNSIGNED
from botocore.config import Config
from flask import Flask, request

from app_client_authz import AppClientAuthz
from tests.samples.launching import module, modules_of
from tests.support.aws import AWS_JSON, REGION, TARGET
from tests.support.documents import taken
from tests.support.live import LiveServer
from tests.support.site import PASSWORD, PREFIX, USERNAME, Registered, Site

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
        """The client that the page shows to its readers."""
        namespace: dict[str, Any] = {}
        exec(taken("docs/how-to/secret-hash-proxy.md", "import boto3"), namespace)
        return namespace["sign_in_api"](self.proxy)

    @property
    def past(self) -> Any:
        """The same without the proxy."""
        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
        return boto3.client("cognito-idp", endpoint_url=self.direct, region_name=REGION, config=config)

    def proxy_to(self, upstream: str) -> Flask:
        """One more proxy for the same app client, without a socket."""
        app: Flask = module("proxy").create_app(upstream, self.client.client_id, self.client.secret)
        return app

    def post(self, body: object, operation: str = "InitiateAuth", **headers: str) -> requests.Response:
        """A raw request to the proxy."""
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": AWS_JSON, "X-Amz-Target": f"{TARGET}.{operation}", **headers}
        return requests.post(self.proxy, octets, headers=sent, timeout=30)

    def sign_in(self, name: str = USERNAME, password: str = PASSWORD) -> dict[str, str]:
        """The tokens of a user who signs in through the proxy."""
        answer = self.app.initiate_auth(
            ClientId=self.client.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        return dict(answer["AuthenticationResult"])


@contextmanager
def proxied(site: Site, serve: Serve) -> Iterator[Doors]:
    """The site, whose pool now proves addresses by a code and keeps a record of sign-ins, behind a proxy."""
    AppClientAuthz().client("cognito-idp", app=site.app).update_user_pool(
        UserPoolId=site.pool.id,
        AutoVerifiedAttributes=["email"],
        UserPoolTier="PLUS",
        UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"},
    )
    client = site.client(
        generate_secret=True,
        explicit_auth_flows=FLOWS,
        prevent_user_existence_errors="ENABLED",
        enable_propagate_additional_user_context_data=True,
    )
    seen: list[tuple[dict[str, str], bytes]] = []

    @site.app.before_request
    def note() -> None:
        seen.append((dict(request.headers), request.get_data(cache=True)))

    direct = serve(site.app).url + PREFIX + "/"
    with modules_of("secret_hash_proxy"):
        doors = Doors(site, client, "", direct, seen)
        doors.proxy = serve(doors.proxy_to(direct)).url + "/"
        yield doors
