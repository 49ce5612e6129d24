"""External identity providers of a pool: stored and listed (api.md 3.2)."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from app_client_authz.domain import ids, shapes
from app_client_authz.domain.client_rules import LOCAL_PROVIDER
from app_client_authz.domain.errors import InvalidParameter, UnsupportedIdentityProvider
from app_client_authz.domain.shapes import Checker, plain

MAX_PER_POOL = 300
MAX_DETAILS_CHARACTERS = 256 * 1024
"""All names and values of the details together: SAML metadata has 131,072 at most."""

NAME = shapes.regex(1, 32, r"[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+")
IDENTIFIER = shapes.regex(1, 40, r"[\w\s+=.@-]+")
MAX_IDENTIFIERS = 50
_MAPPED_NAME = shapes.anything(1, 32)
_ACR_VALUE = shapes.regex(1, 64, r"[\x21\x23-\x5B\x5D-\x7E]+")
ACR_LEVELS = ("Level1", "Level2", "Level3", "Level4")

SOCIAL = ("Facebook", "Google", "LoginWithAmazon", "SignInWithApple")
"""Types of which a pool has one provider at most, named as its type."""

_SOCIAL_KEYS = (
    ("client_id", "client_secret", "authorize_scopes"),
    "clientId, clientSecret and authorizeScopes are all required idp details.",
)
_REQUIRED = {
    "Facebook": _SOCIAL_KEYS,
    "Google": _SOCIAL_KEYS,
    "LoginWithAmazon": _SOCIAL_KEYS,
    "SignInWithApple": (
        ("client_id", "private_key", "team_id", "key_id", "authorize_scopes"),
        "clientId, privateKey, teamId, and keyId are all required idp details.",
    ),
    "OIDC": (
        ("client_id", "authorize_scopes", "oidc_issuer", "attributes_request_method"),
        "clientId, authorizeScopes, oidcIssuer and attributesRequestMethod are all required idp details.",
    ),
}
_OIDC_URLS = ("oidc_issuer", "authorize_url", "token_url", "attributes_url", "jwks_uri")
TYPES = ("SAML", "Facebook", "Google", "LoginWithAmazon", "SignInWithApple", "OIDC")


@dataclass(frozen=True, slots=True)
class ListedProvider:
    """A provider as lists show it."""

    name: str
    type: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """One provider. ``details`` hold client secrets and private keys: they are never shown by ``repr``.

    ``attribute_mapping``, ``identifiers`` and ``acr_mapping`` are None as long as nobody gave any.
    """

    pool_id: str
    name: str
    type: str
    details: Mapping[str, str] = field(repr=False)
    created_at: float
    updated_at: float
    attribute_mapping: Mapping[str, str] | None = None
    identifiers: tuple[str, ...] | None = None
    acr_mapping: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        for name in ("details", "attribute_mapping", "acr_mapping"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, MappingProxyType(dict(value)))

    @classmethod
    def create(
        cls,
        *,
        pool_id: str,
        name: str,
        provider_type: str,
        details: Mapping[str, str],
        attribute_mapping: Mapping[str, str] | None = None,
        identifiers: tuple[str, ...] | None = None,
        acr_mapping: Mapping[str, str] | None = None,
        now: float,
    ) -> "IdentityProvider":
        """A new provider (CreateIdentityProvider).

        Raises:
            InvalidParameter: a member is malformed, the name does not fit the type, or details are missing.
            UnsupportedIdentityProvider: there is no such type.
        """
        ids.check("providerName", name, NAME)
        if provider_type not in TYPES:
            raise UnsupportedIdentityProvider(f"There is no identity provider of type {plain(provider_type)}.")
        # A social provider is the only one of its kind in a pool, and nothing else can pass for it.
        reserved = (*SOCIAL, LOCAL_PROVIDER)
        if (name in reserved or provider_type in reserved) and name != provider_type:
            raise InvalidParameter(f"Provider {name} cannot be of type {provider_type}.")
        provider = cls(
            pool_id, name, provider_type, details, now, now, attribute_mapping, _distinct(identifiers), acr_mapping
        )
        provider._check()
        return provider

    def replace(
        self,
        *,
        details: Mapping[str, str] | None = None,
        attribute_mapping: Mapping[str, str] | None = None,
        identifiers: tuple[str, ...] | None = None,
        acr_mapping: Mapping[str, str] | None = None,
        now: float,
    ) -> "IdentityProvider":
        """The provider after UpdateIdentityProvider: what is None stays, what is empty is cleared.

        Raises:
            InvalidParameter: a member is malformed, or details are missing.
        """
        provider = dataclasses.replace(
            self,
            details=self.details if details is None else details,
            attribute_mapping=self.attribute_mapping if attribute_mapping is None else attribute_mapping,
            identifiers=self.identifiers if identifiers is None else _distinct(identifiers),
            acr_mapping=self.acr_mapping if acr_mapping is None else acr_mapping,
            updated_at=now,
        )
        provider._check()
        return provider

    def shown_details(self) -> dict[str, str]:
        """The details as answers have them, secrets included."""
        # Cognito's own word on whether it asks userInfo for attributes by name: read-only, and never so with OIDC.
        added = {"attributes_url_add_attributes": "false"} if self.type == "OIDC" else {}
        return {**self.details, **added}

    def _check(self) -> None:
        checker = Checker()
        for name in self.attribute_mapping or {}:
            checker.text("attributeMapping", name, _MAPPED_NAME)
        checker.texts("idpIdentifiers", self.identifiers, IDENTIFIER, at_most=MAX_IDENTIFIERS)
        for level, value in (self.acr_mapping or {}).items():
            checker.one_of("acrMapping", level, ACR_LEVELS)
            checker.text("acrMapping", value, _ACR_VALUE)
        checker.done()
        if self.acr_mapping and self.type != "OIDC":
            raise InvalidParameter("AcrMapping is supported for identity providers of type OIDC only.")
        if sum(len(name) + len(value) for name, value in self.details.items()) > MAX_DETAILS_CHARACTERS:
            raise InvalidParameter(f"Provider details have {MAX_DETAILS_CHARACTERS} characters at most.")
        self._check_details()

    def _check_details(self) -> None:
        if self.type == "SAML":
            if not (self.details.get("MetadataURL") or self.details.get("MetadataFile")):
                raise InvalidParameter("At least one of the MetadataURL or MetadataFile should be provided.")
            return
        required, refusal = _REQUIRED[self.type]
        if not all(self.details.get(name) for name in required):
            raise InvalidParameter(refusal)
        if self.type == "OIDC":
            given = [self.details[name] for name in _OIDC_URLS if self.details.get(name)]
            if not all(url.startswith("https://") for url in given):
                raise InvalidParameter("OIDC endpoint must start with https://")


def _distinct(identifiers: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if identifiers is None else tuple(dict.fromkeys(identifiers))
