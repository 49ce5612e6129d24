"""Two sites that start from the same rows: one is called by boto3 over a socket, one in its own process.

``Recorder`` calls one of them and writes down what came back, with IDs by the order of their appearance: two
transcripts of the same calls are equal, or the clients differ.
"""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app_client_authz import AppClientAuthz
from tests.support.clock import MovableClock
from tests.support.site import Site

STEP_SECONDS = 0.25
"""Between two calls, so that what is made first is older; boto3's signatures bear 5 minutes in all."""

# Page tokens and JWTs, sessions and refresh tokens, secrets of authenticator apps, UUIDs, pool and session IDs, what
# domain/ids.py makes in base 32.
_RANDOM = re.compile(
    r"eyJ[\w-]+\.[\w.-]+"
    r"|(?<![\w-])[\w-]{43}(?![\w-])"
    r"|\b[A-Z2-7]{52}\b"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?<=[a-z]-\d_)[0-9A-Za-z]{9}\b"
    r"|\b(?:tkn|sso)[0-9a-z]{25}\b"
    r"|\b[0-9a-v]{20,64}(?=\b|--)"
)
_RETRIES = " (reached max retries: 0)"  # the tests' boto3 tries once, and says so


def twin(site: Site, clock: MovableClock, folder: Path) -> Flask:
    """An app over a copy of the site's database, with the same settings and a clock of its own."""
    origin = sa.make_url(site.app.config["SQLALCHEMY_DATABASE_URI"]).database
    copy = folder / "twin.sqlite"
    source, target = sqlite3.connect(str(origin)), sqlite3.connect(copy)
    source.backup(target)
    source.close()
    target.close()
    app = Flask(site.app.name)
    ours = {name: value for name, value in site.app.config.items() if name.startswith(("AUTHZ_", "SECRET_KEY"))}
    app.config.update(ours, SQLALCHEMY_DATABASE_URI=f"sqlite:///{copy}")
    AppClientAuthz(app, clock=clock)
    return app


@dataclass
class Refused:
    """A ClientError as it stands in a transcript, and in place of a result that a scenario asks for."""

    code: str
    told: dict[str, Any]

    def __getitem__(self, member: str) -> Any:
        raise AssertionError(f"asked for {member} of a refused call: {self.told}")


@dataclass
class Recorder:
    """``recorder.create_user_pool(PoolName="x")`` calls, notes and returns the result, or what refused it."""

    client: Any
    clock: MovableClock
    transcript: list[tuple[str, Any]] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)

    def __getattr__(self, method: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.clock.advance(STEP_SECONDS)
            outcome: Any
            try:
                outcome = getattr(self.client, method)(**parameters)
                status = outcome.pop("ResponseMetadata")["HTTPStatusCode"]
                assert status == 200
            except self.client.exceptions.ClientError as error:
                outcome = _refused(error)
            noted = self._plain(outcome.told if isinstance(outcome, Refused) else outcome)
            self.transcript.append((f"{method}({', '.join(parameters)})", noted))
            return outcome

        return call

    def pages(self, method: str, **parameters: Any) -> list[Any]:
        """The pages of a paginator, noted likewise."""
        found = list(self.client.get_paginator(method).paginate(**parameters))
        for page in found:
            page.pop("ResponseMetadata")
        self.transcript.append((method, self._plain(found)))
        return found

    @property
    def succeeded(self) -> set[str]:
        """The methods of which at least one call was not refused."""
        return {call.partition("(")[0] for call, noted in self.transcript if not _is_refusal(noted)}

    def _plain(self, value: Any) -> Any:
        """Without what is random, and without what makes dates of two time zones different."""
        if isinstance(value, str):
            return _RANDOM.sub(lambda found: self._names.setdefault(found[0], f"<{len(self._names)}>"), value)
        if isinstance(value, Mapping):
            # As pairs: the order of members is part of the answer.
            return [(self._plain(name), self._plain(member)) for name, member in value.items()]
        if isinstance(value, list):
            return [self._plain(member) for member in value]
        if isinstance(value, datetime):
            assert value.tzinfo is not None
            return value.timestamp()
        return value


def _refused(error: Any) -> Refused:
    response = dict(error.response)
    metadata = response.pop("ResponseMetadata")
    code = response["Error"]["Code"]
    told = {
        "refused": str(error).replace(_RETRIES, ""),
        "class": type(error).__name__,
        "operation": error.operation_name,
        "status": metadata["HTTPStatusCode"],
        "type": metadata["HTTPHeaders"]["x-amzn-errortype"],
        "response": sorted(response),
        "error": dict(sorted(response["Error"].items())),
        "message": response.get("message"),
    }
    return Refused(code, told)


def _is_refusal(noted: Any) -> bool:
    return bool(noted) and isinstance(noted[0], tuple) and noted[0][0] == "refused"
