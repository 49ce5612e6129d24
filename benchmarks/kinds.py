"""The kinds of request that are measured, each as bytes for a socket and as a WSGI environment for a direct call."""

import base64
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from app_client_authz.storage.unit import Units
from benchmarks.site import CALLBACK, VERIFIER, Contents, Credentials, add_codes, add_token_sessions

PREFIX = "/auth"
FORM = "application/x-www-form-urlencoded"
AWS_JSON = "application/x-amz-json-1.1"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; a body is a form unless ``content_type`` says otherwise."""

    method: str
    path: str
    authorization: str = ""
    body: bytes = b""
    content_type: str = FORM
    headers: Mapping[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, Any]:
        """For one direct call: the body can be read once."""
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if self.authorization:
            environ["HTTP_AUTHORIZATION"] = self.authorization
        if self.body:
            environ |= {"CONTENT_TYPE": self.content_type, "CONTENT_LENGTH": str(len(self.body))}
        environ.update({f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()})
        return environ

    def raw(self, host: str) -> bytes:
        """For a kept connection."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}"]
        if self.authorization:
            lines.append(f"Authorization: {self.authorization}")
        if self.body:
            lines += [f"Content-Type: {self.content_type}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class WrongAnswer(Exception):
    """The server did not answer as a benchmark needs it: the figures would mean nothing."""


def call(app: Flask, environ: dict[str, Any]) -> bytes:
    """The body of the answer to one direct WSGI call.

    Raises:
        WrongAnswer: it is not a 200.
    """
    status, body = _answer(app, environ)
    if status != "200 OK":
        raise WrongAnswer(f"{environ['PATH_INFO']}: {status} {body[:200]!r}")
    return body


def sent(app: Flask, request: Request) -> tuple[str, dict[str, Any]]:
    """Status line and JSON of the answer, whatever it is."""
    status, body = _answer(app, request.environ())
    return status, json.loads(body)


def _answer(app: Flask, environ: dict[str, Any]) -> tuple[str, bytes]:
    statuses: list[str] = []

    def start_response(status: str, _headers: list[tuple[str, str]], _info: object = None) -> Callable[[bytes], object]:
        statuses.append(status)
        return io.BytesIO().write

    answer = app.wsgi_app(environ, start_response)
    body = b"".join(answer)
    close = getattr(answer, "close", None)
    if close is not None:
        close()
    return statuses[0], body


def answer_of(app: Flask, request: Request) -> dict[str, Any]:
    """The JSON of a 200."""
    parsed: dict[str, Any] = json.loads(call(app, request.environ()))
    return parsed


def basic(client: Credentials) -> str:
    return "Basic " + base64.b64encode(f"{client.client_id}:{client.secret}".encode()).decode()


def token_request(client: Credentials, **parameters: str) -> Request:
    return Request("POST", f"{PREFIX}/oauth2/token", basic(client), urlencode(parameters).encode())


def client_credentials(client: Credentials) -> Request:
    return token_request(client, grant_type="client_credentials")


def refreshes(client: Credentials, tokens: Iterable[str]) -> list[Request]:
    return [token_request(client, grant_type="refresh_token", refresh_token=token) for token in tokens]


def exchanges(client: Credentials, codes: Iterable[str]) -> list[Request]:
    return [
        token_request(client, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=VERIFIER)
        for code in codes
    ]


def userinfo(access_token: str) -> Request:
    return Request("GET", f"{PREFIX}/oauth2/userInfo", f"Bearer {access_token}")


def well_known(pool_id: str, document: str) -> Request:
    return Request("GET", f"{PREFIX}/{pool_id}/.well-known/{document}")


def public(operation: str, **members: object) -> Request:
    """A call of the JSON API that nobody signs."""
    headers = {"X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}"}
    return Request("POST", f"{PREFIX}/", "", json.dumps(members).encode(), AWS_JSON, headers)


@dataclass(frozen=True, slots=True)
class Kind:
    """``make(n)`` prepares n requests; what is single-use is new in each."""

    name: str
    make: Callable[[int], Sequence[Request]]
    bar: float
    """Of CPU per request, in S; so is ``ambition``."""
    ambition: float
    sql: str
    """Statements/writes/commits at most."""


def kinds(app: Flask, units: Units, contents: Contents, now: float) -> list[Kind]:
    """Every kind of part 1 of the targets that the OAuth face answers."""
    [token] = add_token_sessions(units, contents.web.client_id, [contents.sub], now)
    [refresh] = refreshes(contents.web, [token])
    bearer = userinfo(answer_of(app, refresh)["access_token"])
    machine = client_credentials(contents.machine)
    jwks, discovery = (well_known(contents.pool_id, name) for name in ("jwks.json", "openid-configuration"))

    def rotated(count: int) -> list[Request]:
        client = contents.rotating
        return refreshes(client, add_token_sessions(units, client.client_id, [contents.sub] * count, now))

    def redeemed(count: int) -> list[Request]:
        client = contents.web
        return exchanges(client, add_codes(units, client.client_id, [contents.sub] * count, now))

    return [
        Kind("client_credentials", lambda count: [machine] * count, 2.0, 1.5, "1/0/0"),
        Kind("refresh", lambda count: [refresh] * count, 3.8, 2.9, "2/0/0"),
        Kind("refresh, rotated", rotated, 4.4, 3.5, "5/3/1"),
        Kind("code + PKCE", redeemed, 4.4, 3.5, "6/3/1"),
        Kind("userInfo", lambda count: [bearer] * count, 0.85, 0.55, "2/0/0"),
        Kind("JWKS", lambda count: [jwks] * count, 0.25, 0.03, "0/0/0"),
        Kind("discovery", lambda count: [discovery] * count, 0.25, 0.03, "0/0/0"),
    ]
