"""Challenge sessions: what stands between two steps of a sign-in (api.md 4.5, API-4)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from app_client_authz.crypto import digests
from app_client_authz.domain.auth_event import Answered, EventResponse, EventType, answers
from app_client_authz.domain.challenge import Door, StepState
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.errors import ChallengeExpired
from app_client_authz.domain.names import MAX_KEY
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.user import User, goes_by, username_key
from app_client_authz.services import auth_events
from app_client_authz.storage.challenge_sessions import ChallengeSession
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

INVALID_SESSION = "Invalid session for the user."
USED = "Invalid session for the user, session can only be used once."

Settle = Callable[[Unit], None]
"""Uses up what was answered, in the transaction that does what the answer was for; refuses whoever comes second."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The last challenge was answered. The answer is used up by whoever lets the user in, and not before.

    ``Tokens.sign_in`` and ``Sessions.begin`` do it. ``device_id`` is the user's device that signs in, if it was named.
    ``answered`` is what goes on record then.
    """

    user: User
    settle: Settle = field(repr=False)
    device_id: str | None = None
    answered: tuple[Answered, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that waits for its answer; ``stored`` is None where no user is behind it."""

    digest: str = field(repr=False)
    registration: Registration
    challenge: str
    state: StepState
    stored: StoredUser | None

    @property
    def user(self) -> User:
        """Raises:
        ChallengeExpired: nobody's.
        """
        if self.stored is None:
            raise ChallengeExpired(INVALID_SESSION, detail="nobody's")
        return self.stored.user


class Challenges:
    """Only the digest of a session string is stored. Used once on success; a refused answer leaves it open."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def begin(
        self,
        unit: Unit,
        registration: Registration,
        user: User | None,
        challenge: str,
        state: StepState,
        seal: Callable[[str], str] | None = None,
    ) -> str:
        """The string of a new session, with a clock of its own; without a ``user``, one that nobody answers.

        Hold the user's row before, or lock it with ``check_unchanged``: who ends sessions comes before or after.
        ``seal`` makes what the session keeps sealed, given the digest that it is found by.
        """
        session, now = digests.random_token(), self._clock()
        digest = digests.digest(session)
        if seal is not None:
            state = replace(state, sealed=seal(digest))
        begun = ChallengeSession(
            registration.client.client_id,
            None if user is None else user.sub,
            challenge,
            now,
            now + state.seconds,
            state=state,
        )
        unit.challenge_sessions.begin(digest, begun)
        # Only of who proved something: anybody can begin a sign-in of somebody else's.
        if user is not None and state.first_factor is not None and not state.done:
            so_far = answers(state.first_factor)
            auth_events.record(
                unit, registration, user.sub, EventType.SIGN_IN, EventResponse.IN_PROGRESS, now, answered=so_far
            )
        return session

    def find(
        self,
        session: str,
        challenge: str | frozenset[str],
        *,
        door: Door,
        registration: Registration | None = None,
        name: str | None = None,
    ) -> OpenSession:
        """The session, if it waits for the answer to ``challenge``, or one of them, and the user may still give it.

        ``registration`` is the client that must have begun it, ``name`` who answers, where these are said.

        Raises:
            ChallengeExpired: unknown, another client's, user's, door's or challenge's, answered already, or expired.
        """
        digest = digests.digest(session)
        found = self._units.read(lambda unit: self._look(unit, digest, registration))
        awaited = frozenset({challenge}) if isinstance(challenge, str) else challenge
        if found is None or found[0].challenge not in awaited or found[0].state is None or found[0].state.door != door:
            raise ChallengeExpired(INVALID_SESSION)
        row, owner, stored = found
        return self._open(digest, row, owner, stored, name)

    def find_waiting(self, challenge: str, *, registration: Registration, name: str, device_id: str) -> OpenSession:
        """The newest session of the API that waits for the device's answer to ``challenge``, without its string.

        For SDKs that answer without one, where the answer leads to nothing but a proof.

        Raises:
            ChallengeExpired: none waits.
        """
        pool, client_id, now = registration.pool, registration.client.client_id, self._clock()

        def look(unit: Unit) -> tuple[str, ChallengeSession, StoredUser] | None:
            stored = unit.users.find_by_name(pool.id, session_key(pool, name), typed=name)
            if stored is None:
                return None
            waiting = unit.challenge_sessions.waiting(client_id, stored.user.sub, challenge, now)
            of_device = ((*each, stored) for each in waiting if each[1].state and each[1].state.device_id == device_id)
            return next(of_device, None)

        found = self._units.read(look)
        if found is None:
            raise ChallengeExpired(INVALID_SESSION, detail="none waits")
        digest, row, stored = found
        return self._open(digest, row, registration, stored, name)

    def _open(
        self, digest: str, row: ChallengeSession, owner: Registration, stored: StoredUser | None, name: str | None
    ) -> OpenSession:
        state = row.state
        assert state is not None  # noqa: S101 - looked at by both who call
        if row.consumed_at is not None:
            raise ChallengeExpired(USED)
        if self._clock() >= row.expires_at:
            raise ChallengeExpired("Invalid session for the user, session is expired.")
        if stored is not None and not stored.user.enabled:
            raise ChallengeExpired(INVALID_SESSION, detail="disabled since")
        if name is not None and not _is_of(owner, stored, state, name) and not self._is_found_by(owner, stored, name):
            raise ChallengeExpired(INVALID_SESSION, detail="another user's")
        return OpenSession(digest, owner, row.challenge, state, stored)

    def _is_found_by(self, owner: Registration, stored: StoredUser | None, name: str) -> bool:
        """By which names a user of a directory goes, only the directory knows."""
        if stored is None or stored.directory_key is None:
            return False
        pool = owner.pool
        found = self._units.read(lambda unit: unit.users.find_by_name(pool.id, session_key(pool, name), typed=name))
        return found is not None and found.user.sub == stored.user.sub

    def consume(self, unit: Unit, opened: OpenSession) -> None:
        """Use the session up; for exactly one caller (ATM-1).

        Raises:
            ChallengeExpired: it was answered, ended or expired since it was found.
        """
        if not unit.challenge_sessions.consume(opened.digest, self._clock()):
            raise ChallengeExpired(USED)

    def settling(self, opened: OpenSession) -> Settle:
        """``consume``, to be called later."""
        return lambda unit: self.consume(unit, opened)

    @staticmethod
    def _look(
        unit: Unit, digest: str, registration: Registration | None
    ) -> tuple[ChallengeSession, Registration, StoredUser | None] | None:
        row = unit.challenge_sessions.find(digest)
        if row is None:
            return None
        owner = registration or unit.app_clients.find(row.client_id)
        if owner is None or row.client_id != owner.client.client_id:
            return None
        stored = None if row.sub is None else unit.users.find(owner.pool.id, row.sub)
        return None if row.sub is not None and stored is None else (row, owner, stored)


def _is_of(owner: Registration, stored: StoredUser | None, state: StepState, name: str) -> bool:
    if stored is not None:
        return goes_by(owner.pool, stored.user, name)
    return session_key(owner.pool, name) == state.name_key or name == state.user_id


def session_key(pool: UserPool, name: str) -> str:
    """A name as sessions of nobody know it: what is too long for a name is nobody's anyway."""
    key = username_key(name, pool.case_sensitive)
    return key if len(key) <= MAX_KEY else digests.digest(key)
