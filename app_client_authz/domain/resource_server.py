"""Resource servers: where custom scopes come from (api.md 3.1)."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field

from app_client_authz.domain import shapes
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.shapes import Checker

IDENTIFIER = shapes.regex(1, 256, r"[\x21\x23-\x5B\x5D-\x7E]+")
NAME = shapes.regex(1, 256, r"[\w\s+=,.@-]+")
SCOPE_NAME = shapes.regex(1, 256, r"[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]+")
SCOPE_DESCRIPTION = shapes.anything(1, 256)

MAX_SCOPES = 100
MAX_PER_POOL = 25

# aws.cognito/dcr/register opens dynamic client registration: no owner of a pool may mint it by name.
_RESERVED_IDENTIFIER = "aws.cognito/dcr"


@dataclass(frozen=True, slots=True)
class ResourceServerScope:
    """One custom scope; its name holds no slash."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class ResourceServer:
    """A protected API of a pool with its scopes; the identifier never changes."""

    pool_id: str
    identifier: str
    name: str
    scopes: tuple[ResourceServerScope, ...] = ()
    scope_strings: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The scopes as clients and tokens carry them: ``<identifier>/<name>``."""

    def __post_init__(self) -> None:
        strings = tuple(f"{self.identifier}/{scope.name}" for scope in self.scopes)
        object.__setattr__(self, "scope_strings", strings)

    @classmethod
    def create(
        cls, *, pool_id: str, identifier: str, name: str, scopes: Iterable[ResourceServerScope] = ()
    ) -> "ResourceServer":
        """A new resource server (CreateResourceServer).

        Raises:
            InvalidParameter: a member is malformed, the identifier is reserved, or a scope is named twice.
        """
        server = cls(pool_id, identifier, name, tuple(scopes))
        server._check()
        return server

    def replace(self, *, name: str, scopes: Iterable[ResourceServerScope] = ()) -> "ResourceServer":
        """The resource server after UpdateResourceServer: no scopes given means none are left.

        Raises:
            InvalidParameter: a member is malformed, or a scope is named twice.
        """
        server = dataclasses.replace(self, name=name, scopes=tuple(scopes))
        server._check()
        return server

    def _check(self) -> None:
        checker = Checker()
        checker.text("identifier", self.identifier, IDENTIFIER, required=True)
        checker.text("name", self.name, NAME, required=True)
        names = [scope.name for scope in self.scopes]
        if len(names) > MAX_SCOPES:
            checker.refuse("scopes", names, f"Member must have length less than or equal to {MAX_SCOPES}")
        for position, scope in enumerate(self.scopes, start=1):
            path = f"scopes.{position}.member"
            checker.text(f"{path}.scopeName", scope.name, SCOPE_NAME, required=True)
            checker.text(f"{path}.scopeDescription", scope.description, SCOPE_DESCRIPTION, required=True)
        checker.done()
        if self.identifier == _RESERVED_IDENTIFIER:
            raise InvalidParameter(f"The identifier {self.identifier} is reserved.")
        if len(set(names)) < len(names):
            raise InvalidParameter("A resource server cannot have two scopes of the same name.")
