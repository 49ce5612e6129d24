"""What an operation is: a name, a function, and the pool that it belongs to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app_client_authz.domain import ids
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
    input: Json = field(repr=False)
    request_id: str
    base: str
    access_key: AccessKey | None = None

    @property
    def pool_id(self) -> str | None:
        """The pool that the call says it is about; None if it names none."""
        if "ResourceArn" in self.input:
            return ids.pool_id_of_arn(self.input["ResourceArn"])
        pool_id: str | None = self.input.get("UserPoolId")
        return pool_id


Run = Callable[[Call], Json | None]
"""Answers one call with its output, or None where the operation has no output shape."""
