"""What an operation is: a name, a function, and the pool that it belongs to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app_client_authz.domain.access_key import AccessKey
from app_client_authz.services.registry import Services

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one operation, its input validated.

    ``access_key`` is who signed it; None for public operations and for callers in the same process, who may do
    everything. ``base`` is the outside URL of the mounted prefix: issuers begin with it.
    """

    services: Services
    operation: str
    input: Json
    request_id: str
    base: str
    access_key: AccessKey | None = None


Run = Callable[[Call], Json | None]
"""Answers one call with its output, or None where the operation has no output shape."""


def pool_of(call: Call) -> str | None:
    """The pool that a call says it is about; None if it names none."""
    pool_id: str | None = call.input.get("UserPoolId")
    if pool_id is None and "ResourceArn" in call.input:
        return str(call.input["ResourceArn"]).rpartition("/")[2]
    return pool_id
