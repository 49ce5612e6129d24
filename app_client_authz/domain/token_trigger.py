"""What a PreTokenGeneration trigger is told, and what it may change of tokens (endpoints.md 3.6).

A version 1 event changes the ID token and the groups of both; versions 2 and 3 change both tokens, and the scopes of
the access token. Version 3 is asked for client_credentials too.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from app_client_authz.domain import attributes, scopes
from app_client_authz.domain.claims import Claims, roles
from app_client_authz.domain.errors import InvalidLambdaResponse
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.schema import DEVELOPER
from app_client_authz.domain.trigger import Answer, Caller, Event, attributes_of, event, members, pairs, text, texts
from app_client_authz.domain.user import VERIFIABLE, User, preferred_role

VERSIONS: Final = ("V1_0", "V2_0", "V3_0")
MAX_CHARACTERS: Final = 8_192
"""How much JSON one answer may add: tokens travel in headers, and ours are read up to 16 KiB."""

_MACHINE = "ClientCredentials"
_RESERVED_SCOPES = "aws.cognito"
_GROUPS, _ROLES, _PREFERRED = "cognito:groups", "cognito:roles", "cognito:preferred_role"
_OURS = frozenset(
    (
        *("acr", "amr", "at_hash", "auth_time", "azp", "cnf", "exp", "iat", "iss", "jti"),
        *("nbf", "nonce", "origin_jti", "sub", "token_use"),
    )
)
_OURS_IN_ID_TOKENS = _OURS | {"aud", "cognito:username", "identities"}
_OURS_IN_ACCESS_TOKENS = _OURS | {"aud", "client_id", "device_key", "event_id", "scope", "username", "version"}
_GROUP_CLAIMS = frozenset({_GROUPS, _ROLES, _PREFERRED})
"""Said by ``groupOverrideDetails`` alone, which keeps lists lists (R16)."""
_SIMPLE = frozenset({*VERIFIABLE.values(), "updated_at", "address"})


class TokenSource(StrEnum):
    """Why tokens are made; a ``triggerSource``."""

    HOSTED = "TokenGeneration_HostedAuth"
    AUTHENTICATION = "TokenGeneration_Authentication"
    NEW_PASSWORD = "TokenGeneration_NewPasswordChallenge"
    DEVICE = "TokenGeneration_AuthenticateDevice"
    REFRESH = "TokenGeneration_RefreshTokens"
    MACHINE = "TokenGeneration_ClientCredentials"


@dataclass(frozen=True, slots=True)
class Groups:
    """What tokens say of groups: names, roles, and the preferred one of these."""

    names: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    preferred_role: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimChanges:
    """What to change of one token; what is both added and suppressed is suppressed."""

    added: Mapping[str, object] = field(default_factory=dict, repr=False)
    suppressed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TokenChanges:
    """What one answer changes. ``groups`` is None where they stay as they are."""

    id_token: ClaimChanges = ClaimChanges()
    access_token: ClaimChanges = ClaimChanges()
    scopes_added: tuple[str, ...] = ()
    scopes_suppressed: frozenset[str] = frozenset()
    groups: Groups | None = None

    def granted(self, before: tuple[str, ...]) -> tuple[str, ...]:
        """The scopes of the access token: a reserved one is never added (R17)."""
        added = [scope for scope in self.scopes_added if not scope.startswith(_RESERVED_SCOPES)]
        return tuple(scope for scope in dict.fromkeys((*before, *added)) if scope not in self.scopes_suppressed)

    def for_machine(self) -> "TokenChanges":
        """What is left for a token of client_credentials: no groups, no scopes of users (SCP-2)."""
        added = tuple(scope for scope in self.scopes_added if scope not in scopes.BUILT_IN)
        return replace(self, scopes_added=added, groups=None)

    def on_id_token(self, claims: Claims) -> Claims:
        """The claims of the ID token with these changes."""
        changed = _with_groups(claims, self.groups, with_roles=True)
        return _changed(changed, self.id_token, _OURS_IN_ID_TOKENS)

    def on_access_token(self, claims: Claims) -> Claims:
        """The claims of the access token with these changes; its scopes are the caller's to set."""
        changed = _changed(
            _with_groups(claims, self.groups, with_roles=False), self.access_token, _OURS_IN_ACCESS_TOKENS
        )
        if "aud" not in claims and self.access_token.added.get("aud") == claims["client_id"]:
            # The one audience that a trigger can name is the client itself.
            changed["aud"] = claims["client_id"]
        return changed


def version_of(pool: UserPool) -> str | None:
    """The event version that the pool's LambdaConfig asks for; None if it says nothing."""
    config = (pool.spec.lambda_config or {}).get("PreTokenGenerationConfig")
    version = config.get("LambdaVersion") if isinstance(config, Mapping) else None
    return version if isinstance(version, str) else None


def user_event(
    source: TokenSource, version: str, pool: UserPool, user: User, granted: tuple[str, ...], caller: Caller
) -> Event:
    """The event for a user's tokens; the scopes are told from version 2 on."""
    preferred = preferred_role(user.groups)
    request: dict[str, object] = {
        "userAttributes": attributes_of(user),
        "groupConfiguration": {
            "groupsToOverride": [group.name for group in user.groups],
            "iamRolesToOverride": roles(user.groups),
            "preferredRole": preferred,
        },
    }
    if version != "V1_0":
        request["scopes"] = list(granted)
    response = {"claimsOverrideDetails" if version == "V1_0" else "claimsAndScopeOverrideDetails": None}
    return event(source, pool.id, user.username, caller, request, response, version=version[1])


def machine_event(pool: UserPool, granted: tuple[str, ...], caller: Caller) -> Event:
    """The event for a token of client_credentials: there is no user, and so neither attributes nor groups."""
    request: dict[str, object] = {"userAttributes": {}, "groupConfiguration": None, "scopes": list(granted)}
    response = {"claimsAndScopeOverrideDetails": None}
    return event(TokenSource.MACHINE, pool.id, _MACHINE, caller, request, response, version="3")


def changes(answer: Answer, version: str) -> TokenChanges:
    """What an answer to an event of that version changes.

    Raises:
        InvalidLambdaResponse: a member has another shape than Cognito's, or there is too much of it.
    """
    if len(json.dumps(answer, separators=(",", ":"))) > MAX_CHARACTERS:
        raise InvalidLambdaResponse(detail=f"more than {MAX_CHARACTERS} characters")
    if version == "V1_0":
        told = members(answer, "claimsOverrideDetails") or {}
        # Texts only: values with a structure came with version 2.
        added = _typed(pairs(told, "claimsToAddOrOverride"))
        return TokenChanges(ClaimChanges(added, frozenset(texts(told, "claimsToSuppress"))), groups=_groups(told))
    told = members(answer, "claimsAndScopeOverrideDetails") or {}
    of_access = members(told, "accessTokenGeneration") or {}
    return TokenChanges(
        _claim_changes(members(told, "idTokenGeneration") or {}, typed=True),
        _claim_changes(of_access, typed=False),
        _scopes(texts(of_access, "scopesToAdd")),
        frozenset(texts(of_access, "scopesToSuppress")),
        _groups(told),
    )


# --- reading ----------------------------------------------------------------------------------------


def _claim_changes(told: Answer, *, typed: bool) -> ClaimChanges:
    added = members(told, "claimsToAddOrOverride") or {}
    for name, value in added.items():
        if value is None:
            raise InvalidLambdaResponse(detail="a claim has no value")
        if name in _SIMPLE and isinstance(value, dict | list):
            raise InvalidLambdaResponse(detail=f"{name} takes no structure")
    return ClaimChanges(_typed(added) if typed else added, frozenset(texts(told, "claimsToSuppress")))


def _typed(added: Mapping[str, object]) -> dict[str, object]:
    """What OpenID Connect gives a type, a text included, in that type."""
    as_text = {name: value for name, value in added.items() if name in _SIMPLE and isinstance(value, str)}
    for name, value in as_text.items():
        wrong_flag = name in VERIFIABLE.values() and value not in {"true", "false"}
        if wrong_flag or (name == "updated_at" and not (value.isascii() and value.isdigit())):
            raise InvalidLambdaResponse(detail=f"{name} has another type")
    for name in _SIMPLE & added.keys() - as_text.keys():
        kind = bool if name in VERIFIABLE.values() else int
        if name == "address" or type(added[name]) is not kind:
            raise InvalidLambdaResponse(detail=f"{name} has another type")
    return {**added, **attributes.id_token_values(as_text)}


def _scopes(added: Iterable[str]) -> tuple[str, ...]:
    found = tuple(added)
    if not all(map(scopes.is_scope, found)):
        raise InvalidLambdaResponse(detail="a scope holds a blank or is none")
    return found


def _groups(told: Answer) -> Groups | None:
    """None where nothing is said; null and an empty object take all groups out, as in Cognito."""
    if "groupOverrideDetails" not in told:
        return None
    given = members(told, "groupOverrideDetails") or {}
    return Groups(texts(given, "groupsToOverride"), texts(given, "iamRolesToOverride"), text(given, "preferredRole"))


# --- applying ---------------------------------------------------------------------------------------


def _with_groups(claims: Claims, groups: Groups | None, *, with_roles: bool) -> Claims:
    if groups is None:
        return claims
    said: Claims = {_GROUPS: list(groups.names)}
    if with_roles:
        said |= {_ROLES: list(groups.roles), _PREFERRED: groups.preferred_role}
    merged = {**claims, **said}
    return {name: value for name, value in merged.items() if name not in said or value}


def _changed(claims: Claims, change: ClaimChanges, ours: frozenset[str]) -> Claims:
    added = {
        name: value
        for name, value in change.added.items()
        if name not in ours and name not in _GROUP_CLAIMS and not name.startswith(DEVELOPER)
    }
    gone = {name for name in change.suppressed if name not in ours and not name.startswith(DEVELOPER)}
    return {name: value for name, value in {**claims, **added}.items() if name not in gone}
