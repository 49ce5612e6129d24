"""Callables of the host that are registered as triggers, and what becomes of a request that asks them."""

import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from app_client_authz.domain import ids
from app_client_authz.domain.errors import ConfigurationError, InvalidLambdaResponse, UserLambdaValidation
from app_client_authz.domain.token_trigger import VERSIONS
from app_client_authz.domain.trigger import Answer, Event, Trigger, answer_of
from app_client_authz.services.host_code import raised_at

log = logging.getLogger("app_client_authz.triggers")

MAX_MESSAGE = 1_024
Handler = Callable[..., Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Registered:
    """One callable, for one pool or (None) for all; ``version`` is that of PreTokenGeneration's events."""

    handler: Handler
    pool_id: str | None
    version: str
    takes_context: bool

    def __call__(self, event: Event) -> object:
        returned: object = self.handler(event, None) if self.takes_context else self.handler(event)
        return returned


class TriggerRegistry:
    """Callables by name, in the order of registration. What is read is never changed: threads need no lock."""

    def __init__(self) -> None:
        self._registered: dict[Trigger, tuple[Registered, ...]] = {}

    def register(self, name: str, handler: object, *, pool_id: str | None = None, version: str | None = None) -> None:
        """Call ``handler`` whenever the trigger of that name is due, for all pools or for one.

        Raises:
            ConfigurationError: no such trigger, pool ID or version, or nothing that can be called here.
        """
        if name not in set(Trigger):
            raise ConfigurationError(f"There is no trigger {name!r}; there are: {', '.join(Trigger)}.")
        if pool_id is not None and not ids.is_pool_id(pool_id):
            raise ConfigurationError(f"pool_id={pool_id!r} is not the ID of a user pool.")
        if version is not None and (name != Trigger.PRE_TOKEN_GENERATION or version not in VERSIONS):
            raise ConfigurationError(
                f"version={version!r}: only PreTokenGeneration has versions, and they are {', '.join(VERSIONS)}."
            )
        if not callable(handler) or inspect.iscoroutinefunction(handler):
            raise ConfigurationError(f"The trigger {name} needs a callable that is no coroutine function.")
        one = Registered(handler, pool_id, version or VERSIONS[0], _takes_context(handler))
        trigger = Trigger(name)
        self._registered = {**self._registered, trigger: (*self._registered.get(trigger, ()), one)}

    def of(self, trigger: Trigger, pool_id: str) -> tuple[Registered, ...]:
        """Who is to be called for a pool, in the order of registration."""
        found = self._registered.get(trigger, ())
        return tuple(each for each in found if each.pool_id in {None, pool_id}) if found else found


def answer(trigger: Trigger, registered: Iterable[Registered], event: Event, read: Callable[[Answer], T]) -> T:
    """What ``read`` makes of the response after each had the event with what the one before answered.

    Raises:
        UserLambdaValidation: one of them raised, whatever it was; what it said is shown to the caller.
        InvalidLambdaResponse: one of them returned no event, or a response that is no answer to it.
    """
    response: dict[str, object] = {}
    try:
        for each in registered:
            response = answer_of(_call(trigger, each, event))
            event = {**event, "response": response}
        return read(response)
    except InvalidLambdaResponse as error:
        log.error("%s: %s.", trigger, error.detail)
        raise


def _call(trigger: Trigger, registered: Registered, event: Event) -> object:
    try:
        return registered(event)
    except Exception as error:  # noqa: BLE001 - it is the host's, and refuses as it likes
        log.warning("%s raised %s at %s", trigger, type(error).__name__, raised_at(error, own_frames=1))
        message = f"{trigger} failed with error {_text_of(error)}."
        raise UserLambdaValidation(message, detail=type(error).__name__) from None


def _text_of(error: Exception) -> str:
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - an error that cannot say what it is
        said = type(error).__name__
    return said[:MAX_MESSAGE].encode("utf-8", "replace").decode("utf-8")


def _takes_context(handler: Handler) -> bool:
    """Whether it wants Lambda's second argument, which is None here."""
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):  # what is written in C tells no signature
        return False
    positional = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    wanted = [each for each in parameters if each.kind in positional and each.default is inspect.Parameter.empty]
    return len(wanted) > 1
