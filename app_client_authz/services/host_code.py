"""What becomes of a request that asks code of the host which is no trigger, and what the log says of any."""

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

from app_client_authz.domain.errors import AuthzError, TooManyRequests, Unavailable

T = TypeVar("T")


FAILURES: tuple[type[AuthzError], ...] = (Unavailable, TooManyRequests)
"""What anything of the host may raise in our words; what changes something may also refuse."""


def ask(
    log: logging.Logger,
    what: str,
    work: Callable[[], T],
    unavailable: str,
    *,
    passes: tuple[type[AuthzError], ...] = FAILURES,
) -> T:
    """What ``work`` returns; ``what`` names it in the log, ``passes`` are the errors that it may end the request with.

    What it said when it failed stays out, as it may hold what it was given (OPS-1).

    Raises:
        AuthzError: one of ``passes``.
        Unavailable: it raised anything else; ``unavailable`` is what the caller is told.
    """
    try:
        return work()
    except passes:
        raise
    except Exception as error:  # noqa: BLE001 - it is the host's, and fails as it likes
        log.error("%s raised %s at %s", what, type(error).__name__, raised_at(error, own_frames=2))
        raise Unavailable(unavailable, detail=f"{what} raised {type(error).__name__}") from None


def raised_at(error: Exception, *, own_frames: int) -> str:
    """Where it was raised, for who wrote it, without so many frames of ours, which come first.

    Its text stays out: it may hold what the host's code was given (OPS-1).
    """
    frames = traceback.extract_tb(error.__traceback__)[own_frames:]
    places = [f"{Path(each.filename).name}:{each.lineno} in {each.name}" for each in reversed(frames)]
    return " < ".join(places) or "its call"


def refuse(log: logging.Logger, what: str, returned: str, unavailable: str) -> NoReturn:
    """The same for what makes no sense.

    Raises:
        Unavailable: always.
    """
    log.error("%s returned %s", what, returned)
    raise Unavailable(unavailable, detail=f"{what} returned {returned}")
