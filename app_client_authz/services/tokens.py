"""Tokens of a user: what a code, a sign-in or a refresh token gives."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from app_client_authz.crypto import digests
from app_client_authz.domain import attributes, claims, device, pkce, scopes
from app_client_authz.domain.auth_event import Answered, EventResponse, EventType
from app_client_authz.domain.authorization_code import AuthorizationCode
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import (
    CallbackMismatch,
    InvalidGrant,
    RefreshTokenExpired,
    RefreshTokenOfAnotherClient,
    RefreshTokenOfAnotherDevice,
    RefreshTokenReused,
    RefreshTokenRevoked,
    RefreshTokenUserDeleted,
    RefreshTokenUserDisabled,
    ResourceNotFound,
)
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.token_session import PresentedToken, TokenSession, Verdict, decide, is_signed_in
from app_client_authz.domain.token_trigger import TokenChanges, TokenSource
from app_client_authz.domain.trigger import Caller, Metadata
from app_client_authz.domain.user import SIGNED_IN, User
from app_client_authz.services import audit, auth_events
from app_client_authz.services.challenges import Passed
from app_client_authz.services.issuer import Issuer, TokenSet
from app_client_authz.services.pools import Dialects, LiveScopes
from app_client_authz.services.stored_users import check_unchanged
from app_client_authz.services.triggers import Triggers
from app_client_authz.services.user_sessions import lock_to_open, note_use, open_within_limit
from app_client_authz.storage.unit import Unit, Units


@dataclass(frozen=True, slots=True)
class RedeemableCode:
    """A code that its own client presented with the right callback URL; consumed ones too."""

    digest: str
    code: AuthorizationCode
    user: User | None


class _Outcome(Enum):
    DONE = auto()
    REFUSED = auto()
    REPLAYED = auto()


_REFUSALS = {
    Verdict.REVOKED: RefreshTokenRevoked,
    Verdict.EXPIRED: RefreshTokenExpired,
    Verdict.REUSED: RefreshTokenReused,
}


class Tokens:
    """Every method takes ``base``, the outside URL of the mounted prefix, because it shapes the issuer.

    PreTokenGeneration triggers are asked once all else is right, and before anything is consumed: what they refuse
    (TriggerFailed) changes nothing. ``metadata`` is for them.
    """

    def __init__(
        self,
        units: Units,
        issuer: Issuer,
        dialects: Dialects,
        live_scopes: LiveScopes,
        triggers: Triggers,
        clock: Clock,
    ) -> None:
        self._units = units
        self._dialects = dialects
        self._issuer = issuer
        self._triggers = triggers
        self._live_scopes = live_scopes
        self._clock = clock

    # --- authorization code ---------------------------------------------------------------------

    def find_code(self, registration: Registration, code: str, redirect_uri: str) -> RedeemableCode:
        """The code that this client may redeem, without touching it.

        Raises:
            InvalidGrant: unknown, expired, or another client's (which changes nothing, COD-2).
            CallbackMismatch: not the callback URL of the authorization request (COD-4).
        """
        digest = digests.digest(code)
        found = self._units.read(lambda unit: unit.codes.find(digest))
        if found is None or found[0].client_id != registration.client.client_id:
            raise InvalidGrant(detail="unknown code")
        stored, user = found
        if stored.consumed_at is None and self._clock() >= stored.expires_at:
            raise InvalidGrant(detail="code expired")
        if redirect_uri != stored.redirect_uri:
            raise CallbackMismatch(detail="redirect_uri differs from the authorization request")
        return RedeemableCode(digest, stored, user)

    def redeem_code(
        self, registration: Registration, redeemable: RedeemableCode, verifier: str | None, base: str
    ) -> TokenSet:
        """Tokens for a code, once (RFC 6749 section 4.1.3, RFC 7636 section 4.6).

        Everything else is checked first, so that a bad request does not burn the code (ATM-1). A second
        presentation by its own client revokes what the first gave, and nothing else (COD-2).

        Raises:
            InvalidGrant: PKCE fails, the user or a scope is not what it was, or the code was used before.
        """
        client, pool = registration.client, registration.pool
        code, user, now = redeemable.code, redeemable.user, self._clock()
        pkce.verify(code.code_challenge, verifier)
        granted = scopes.still_allowed(code.scopes, client, self._live_scopes.of(pool))
        # Before anything is consumed: without keys there is nothing to give for it (ATM-6).
        signing = self._issuer.signing(pool)
        changes: tuple[TokenChanges, ...] = ()
        if code.consumed_at is None:
            if user is None or not is_signed_in(user, code.created_at) or code.created_at < pool.sessions_valid_from:
                raise InvalidGrant(detail="the user of the code is gone, disabled or signed out")
            if attributes.scopes_unreadable(granted, client.spec.read_attributes):
                raise InvalidGrant(detail="the client may not read the attributes of a requested scope")
            changes = self._issuer.ask(registration, user, granted, TokenSource.HOSTED)
        session = TokenSession(
            id=digests.random_uuid(),
            client_id=client.client_id,
            sub=code.sub,
            scopes=granted,
            auth_time=code.auth_time,
            event_id=digests.random_uuid(),
            created_at=now,
            expires_at=now + client.refresh_token_seconds,
            resource=code.resource,
            sso_session_id=code.sso_session_id,
        )
        refresh_token = digests.random_token()
        outcome = self._units.write(
            lambda unit: self._consume(unit, pool, redeemable, session, digests.digest(refresh_token), now)
        )
        if outcome is _Outcome.REPLAYED:
            audit.record("code_replayed", pool_id=pool.id, client_id=client.client_id, sub=code.sub)
        if outcome is not _Outcome.DONE or user is None:
            raise InvalidGrant(detail="code already used, or its user just signed out")
        grant = claims.Grant(
            granted, code.auth_time, session.id, session.event_id, nonce=code.nonce, resource=code.resource
        )
        audit.record("tokens_issued", pool_id=pool.id, client_id=client.client_id, sub=user.sub, session=session.id)
        tokens = self._issuer.issue(registration, user, grant, base, now, signing, changes)
        return replace(tokens, refresh_token=refresh_token)

    @staticmethod
    def _consume(
        unit: Unit, pool: UserPool, redeemable: RedeemableCode, session: TokenSession, refresh_digest: str, now: float
    ) -> _Outcome:
        # The user's row first: sign-out, disabling and deletion come before or after us (ATM-3).
        standing = lock_to_open(unit, pool, session.sub)
        if unit.codes.consume(redeemable.digest, session.id, now):
            if standing is None or not standing.enabled or standing.status not in SIGNED_IN:
                return _Outcome.REFUSED
            if (standing.signed_out_at or 0) >= redeemable.code.created_at:
                return _Outcome.REFUSED
            open_within_limit(unit, pool, session, refresh_digest)
            return _Outcome.DONE
        consumed = unit.codes.find(redeemable.digest)
        if consumed is None:
            # Dropped since it was found, by what ended its sign-in.
            return _Outcome.REFUSED
        if consumed[0].token_session_id is not None:
            unit.token_sessions.revoke(consumed[0].token_session_id, now)
        return _Outcome.REPLAYED

    # --- sign-in by the JSON API ----------------------------------------------------------------

    def sign_in(
        self,
        registration: Registration,
        who: User | Passed,
        event_id: str,
        base: str,
        source: TokenSource = TokenSource.AUTHENTICATION,
        metadata: Metadata = None,
        *,
        ip: str | None = None,
    ) -> TokenSet:
        """Tokens of a user who just proved to be one (InitiateAuth), with a token session of their own.

        The user comes with groups; ``event_id`` is the request's; ``source`` is the last step of the sign-in. Where
        the pool tracks devices, the session is tied to the one that was named, last seen at ``ip``, or to a new one
        whose key comes with the tokens (api.md 3.8).

        Raises:
            NotAuthorized: the user was disabled, deleted, signed out or changed since, or the answer to the last
                challenge was used by another request.
            ExpiredCode: likewise, with a code.
            ResourceNotFound: the device was forgotten since.
        """
        user, known = (who, None) if isinstance(who, User) else (who.user, who.device_id)
        client, pool, now = registration.client, registration.pool, self._clock()
        signing = self._issuer.signing(pool)
        device_id, new_device = device.tied(pool, user.sub, known, digests.random_uuid())
        session = TokenSession(
            id=digests.random_uuid(),
            client_id=client.client_id,
            sub=user.sub,
            scopes=(scopes.ADMIN,),
            auth_time=now,
            event_id=event_id,
            created_at=now,
            expires_at=now + client.refresh_token_seconds,
            by_api=True,
            device_id=device_id,
        )
        refresh_token = digests.random_token()
        caller = Caller.of(registration, metadata)
        self._triggers.post_authentication(user, caller, new_device=new_device is not None)
        changes = self._issuer.ask(registration, user, session.scopes, source, metadata)

        def open_session(unit: Unit) -> None:
            # Held: sign-out, disabling and deletion come before or after us (ATM-3).
            check_unchanged(unit, user, alone=pool.tracks_sessions)
            if isinstance(who, Passed):
                who.settle(unit)
            if known is not None and not unit.devices.note_sign_in(user.sub, known, now, device.ip_address(ip)):
                raise ResourceNotFound(device.UNKNOWN)
            open_within_limit(unit, pool, session, digests.digest(refresh_token))
            auth_events.record(
                unit,
                registration,
                user.sub,
                EventType.SIGN_IN,
                EventResponse.PASS,
                now,
                answered=who.answered if isinstance(who, Passed) else (Answered.PASSWORD_RIGHT,),
                event_id=event_id,
            )

        self._units.write(open_session)
        audit.record("tokens_issued", pool_id=pool.id, client_id=client.client_id, sub=user.sub, session=session.id)
        grant = _grant_of(pool, session, session.scopes)
        tokens = self._issuer.issue(registration, user, grant, base, now, signing, changes)
        return replace(tokens, refresh_token=refresh_token, new_device=new_device)

    # --- refresh token --------------------------------------------------------------------------

    def refresh(
        self,
        registration: Registration,
        refresh_token: str,
        base: str,
        metadata: Metadata = None,
        *,
        device_key: str | None = None,
    ) -> TokenSet:
        """New access and ID tokens; a new refresh token too where the client rotates (RFC 6749 section 6).

        Attributes and groups are read anew; scopes only ever narrow (R17). ``device_key`` is what the caller shows of
        its device, which sessions of tracked devices need (api.md 4.11).

        Raises:
            InvalidGrant: unknown, another client's or device's, expired, revoked or reused. Reuse outside the grace
                period revokes the token session, and that is committed before this is raised (R6).
        """
        client, now = registration.client, self._clock()
        digest = digests.digest(refresh_token)
        found = self._units.read(lambda unit: unit.token_sessions.present(digest))
        if found is None:
            raise InvalidGrant(detail="unknown refresh token")
        presented, user = found
        if presented.session.client_id != client.client_id:
            raise self._foreign(registration, presented.session.client_id)
        # As before: who does not hold the device changes nothing, however old the token is (REF-1).
        if not device.may_refresh(registration.pool, presented.session.device_id, device_key):
            raise RefreshTokenOfAnotherDevice(detail="another device's refresh token")
        # Both before the rotation: without them there is nothing to give for the old token (ATM-6).
        signing = self._issuer.signing(registration.pool)
        granted = presented.session.scopes
        if not presented.session.by_api:
            granted = scopes.still_allowed(granted, client, self._live_scopes.of(registration.pool))
        verdict = self._decide(registration, presented, user, now)
        changes: tuple[TokenChanges, ...] = ()
        if user is not None and user.enabled and verdict in {Verdict.FRESH, Verdict.GRACE}:
            changes = self._issuer.ask(registration, user, granted, TokenSource.REFRESH, metadata)
        successor: str | None = None
        if verdict is Verdict.REUSED or (verdict in {Verdict.FRESH, Verdict.GRACE} and client.rotation_enabled):
            successor = digests.random_token()
            successor_digest = digests.digest(successor)
            verdict = self._units.write(
                lambda unit: self._rotate(unit, registration, digest, presented, verdict, successor_digest, now)
            )
        elif verdict is Verdict.FRESH and not note_use(self._units, registration.pool, presented.session, now):
            verdict = Verdict.REVOKED
        if verdict is Verdict.REUSED:
            audit.record(
                "refresh_token_reused",
                pool_id=registration.pool.id,
                client_id=client.client_id,
                sub=presented.session.sub,
            )
        if user is None:
            raise RefreshTokenUserDeleted(detail=verdict.value)
        if not user.enabled:
            raise RefreshTokenUserDisabled(detail=verdict.value)
        if verdict in _REFUSALS:
            raise _REFUSALS[verdict](detail=verdict.value)
        grant = _grant_of(registration.pool, presented.session, granted)
        tokens = self._issuer.issue(registration, user, grant, base, now, signing, changes, at_sign_in=False)
        ids = {"pool_id": registration.pool.id, "client_id": client.client_id, "sub": user.sub}
        audit.record("tokens_refreshed", session=presented.session.id, **ids)
        return replace(tokens, refresh_token=successor if client.rotation_enabled else None)

    def _foreign(self, registration: Registration, client_id: str) -> InvalidGrant:
        """Within a pool clients are told apart; of another pool nothing is told (API-7)."""
        other = self._units.read(lambda unit: unit.app_clients.find(client_id))
        if other is None or other.pool.id != registration.pool.id:
            return InvalidGrant(detail="another pool's refresh token")
        return RefreshTokenOfAnotherClient(detail="another client's refresh token")

    def owner(self, refresh_token: str) -> str | None:
        """The username of whoever a refresh token was given to; None if nobody is known."""
        digest = digests.digest(refresh_token)
        found = self._units.read(lambda unit: unit.token_sessions.present(digest, to_be_used=False))
        return None if found is None or found[1] is None else found[1].username

    def _rotate(
        self,
        unit: Unit,
        registration: Registration,
        digest: str,
        presented: PresentedToken,
        verdict: Verdict,
        successor_digest: str,
        now: float,
    ) -> Verdict:
        """Exactly one caller supersedes a token; whoever comes second is judged again (ATM-2)."""
        session_id = presented.session.id
        if verdict is Verdict.FRESH and unit.token_sessions.supersede(digest, now):
            if not unit.token_sessions.rotate(session_id, now):
                return Verdict.REVOKED
            unit.token_sessions.add_token(session_id, successor_digest)
            return Verdict.FRESH
        if not unit.token_sessions.lock(session_id):
            return Verdict.REVOKED
        again = unit.token_sessions.present(digest)
        verdict = Verdict.REVOKED if again is None else self._decide(registration, *again, now)
        if verdict is Verdict.GRACE:
            unit.token_sessions.add_token(session_id, successor_digest)
        elif verdict is Verdict.REUSED and self._dialects.of(registration.pool).reuse_ends_token_session:
            unit.token_sessions.revoke(session_id, now)
        return verdict

    @staticmethod
    def _decide(registration: Registration, presented: PresentedToken, user: User | None, now: float) -> Verdict:
        valid_from = registration.pool.sessions_valid_from
        return decide(presented, registration.client, user, now, valid_from=valid_from)


def _grant_of(pool: UserPool, session: TokenSession, granted: tuple[str, ...]) -> claims.Grant:
    return claims.Grant(
        granted,
        session.auth_time,
        session.id,
        session.event_id,
        resource=session.resource,
        by_api=session.by_api,
        device_key=device.claimed_key(pool, session.device_id),
    )
