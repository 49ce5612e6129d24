"""What a view that is guarded knows of the token that opened it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from app_client_authz.domain.errors import InvalidToken

Claims = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AcceptedToken:
    """A token that was verified, by the names that ID and access tokens of Cognito have in common.

    ``sub`` is the user's, or the client's own ID in the token of a machine, which has no ``username``.
    ``groups`` are those that the user was in when the token was issued, as in Cognito.
    """

    claims: Claims = field(repr=False)
    """All of them; nobody can change them."""
    use: str
    """``access`` or ``id``."""
    issuer: str
    pool_id: str
    client_id: str
    sub: str
    username: str | None
    scopes: frozenset[str]
    """Empty in an ID token."""
    groups: tuple[str, ...]

    @classmethod
    def of(cls, claims: Claims, *, use: str) -> "AcceptedToken":
        """The token with these claims, whose signature, issuer, use, client and dates are proven.

        Raises:
            InvalidToken: a claim has another type than Cognito's.
        """
        access = use == "access"
        issuer = _text(claims, "iss")
        return cls(
            claims=MappingProxyType(dict(claims)),
            use=use,
            issuer=issuer,
            pool_id=issuer.rpartition("/")[2],
            client_id=_text(claims, "client_id" if access else "aud"),
            sub=_text(claims, "sub"),
            username=_optional_text(claims, "username" if access else "cognito:username"),
            scopes=frozenset((_optional_text(claims, "scope") or "").split(" ")) - {""} if access else frozenset(),
            groups=_texts(claims, "cognito:groups"),
        )

    @property
    def is_of_a_machine(self) -> bool:
        """Whether a client got it for itself, by client credentials."""
        return self.sub == self.client_id


def _text(claims: Claims, name: str) -> str:
    value = _optional_text(claims, name)
    if not value:
        raise InvalidToken(detail=name)
    return value


def _optional_text(claims: Claims, name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidToken(detail=name)
    return value


def _texts(claims: Claims, name: str) -> tuple[str, ...]:
    values = claims.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidToken(detail=name)
    return tuple(values)
