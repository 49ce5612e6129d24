"""What the doctor looks at, and what an answer is made of."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app_client_authz.config import Settings
from app_client_authz.domain import scopes
from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.dialect import Dialect
from app_client_authz.domain.errors import InvalidScope
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration


class Verdict(StrEnum):
    """``INFO`` answers nothing that could be wrong."""

    OK = "ok"
    PROBLEM = "problem"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Answer:
    """``topic`` is stable. ``details`` are lines to show as they are, ``command`` is one for the shell."""

    topic: str
    question: str
    verdict: Verdict
    text: str
    remedy: str | None = None
    command: str | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A client with what its requests are judged by; ``redirect_uri`` and ``scope`` are those of a request."""

    registration: Registration
    dialect: Dialect
    live_scopes: frozenset[str]
    settings: Settings
    redirect_uri: str | None = None
    scope: str | None = None

    @property
    def client(self) -> AppClient:
        return self.registration.client

    @property
    def pool(self) -> UserPool:
        return self.registration.pool

    @property
    def signs_people_in(self) -> bool:
        return self.client.allows_flow("code") or self.client.allows_flow("implicit")

    @property
    def granted(self) -> tuple[str, ...] | None:
        """What the request's scope gives; None where it is refused."""
        return self._resolved(self.scope)

    @property
    def obtainable(self) -> tuple[str, ...]:
        """What the request gives, or would give if it were not refused for its scope."""
        granted = self.granted
        return (self._resolved(None) or ()) if granted is None else granted

    def update(self, *options: str) -> str:
        """The command that sets these options, each name and each value a word of its own."""
        return shlex.join(("flask", "authz", "client", "update", self.client.client_id, *options))

    def _resolved(self, scope: str | None) -> tuple[str, ...] | None:
        try:
            if self.client.allows_flow("client_credentials"):
                return scopes.resolve_machine(scope, self.client, self.live_scopes)
            return scopes.resolve(scope, self.client, self.live_scopes, ignore=self.dialect.ignored_scopes)
        except InvalidScope:
            return None


def each(option: str, values: Iterable[str]) -> tuple[str, ...]:
    """A repeatable option with each of its values once."""
    return tuple(word for value in dict.fromkeys(values) for word in (option, value))
