"""Sign-in by SRP: nobody sends a password, and nobody learns from the challenge who exists (api.md 4.6, 6.1)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from app_client_authz.crypto import digests
from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain import auth_flows, challenge, ids, srp
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.credentials import SrpVerifier
from app_client_authz.domain.errors import InvalidParameter, NotAuthorized, UserNotFound
from app_client_authz.domain.names import MAX_KEY, looks_like_email, looks_like_phone_number
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import goes_by, id_for_srp, username_key
from app_client_authz.services.directories import Directories
from app_client_authz.services.password_attempts import WRONG, PasswordAttempts
from app_client_authz.services.secret_blocks import BLOCK, SIGNATURE, TIMESTAMP, SecretBlocks
from app_client_authz.services.site_secret import SiteSecret
from app_client_authz.services.triggers import Triggers
from app_client_authz.storage.challenge_sessions import ChallengeSession
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser

PASSWORD_VERIFIER = challenge.PASSWORD_VERIFIER
_VALUE_DIGESTS = 12
NO_VERIFIERS = (
    "SRP is not possible in this user pool: its users are in a directory that checks passwords. Use USER_PASSWORD_AUTH."
)


@dataclass(frozen=True, slots=True)
class _State:
    """What SECRET_BLOCK holds, sealed for one client. Instants are epoch seconds.

    ``name_key`` is the name that was asked for; nobody has ``sub`` where no user has that name. ``device_id`` is empty
    unless the user named a device.
    """

    a: str
    b: str = field(repr=False)
    sub: str
    name_key: str
    begun_at: int
    expires_at: int
    device_id: str = ""


@dataclass(frozen=True, slots=True)
class ProvedPassword:
    """Whose password the caller knows, and the device that was named when it all began."""

    stored: StoredUser
    device_id: str | None


class SrpSignIn:
    """The server's side of both messages; the numbers are ``domain.srp``'s."""

    def __init__(
        self,
        units: Units,
        sealer: Sealer,
        site_secret: SiteSecret,
        attempts: PasswordAttempts,
        directories: Directories,
        triggers: Triggers,
        clock: Clock,
    ) -> None:
        self._units = units
        self._blocks = SecretBlocks(sealer, "srp")
        self._custom_blocks = SecretBlocks(sealer, "custom")
        self._site_secret = site_secret
        self._attempts = attempts
        self._directories = directories
        self._triggers = triggers
        self._clock = clock

    def challenge(
        self,
        registration: Registration,
        name: str,
        public_a: str,
        caller: Caller | None = None,
        *,
        in_custom_flow: bool = False,
        device_id: str | None = None,
    ) -> dict[str, str]:
        """The parameters of PASSWORD_VERIFIER; good for the client's session time.

        Those that are made ``in_custom_flow`` prove nothing outside of it (API-4). There PreAuthentication was asked.
        ``device_id`` is the user's device that signs in, if it was named.

        Raises:
            InvalidParameter: SRP_A is no number of the group's length, or the pool's users are in a directory, which
                checks passwords and has no verifiers.
            UserNotFound, UserDisabled, UserNotConfirmed, PasswordResetRequired: only where
                PreventUserExistenceErrors is LEGACY; elsewhere the parameters are made up.
            TriggerFailed: a PreAuthentication trigger refused.
        """
        pool, now = registration.pool, self._clock()
        if self._directories.has(pool.id):
            # Said of the pool, whoever is named: nothing is told of users (ENU-1).
            raise InvalidParameter(NO_VERIFIERS)
        a = srp.parse_a(public_a)
        if a is None:
            raise InvalidParameter(srp.NO_NUMBER)
        key = username_key(name, pool.case_sensitive)
        if len(key) > MAX_KEY:
            key = digests.digest(key)  # nobody's, and short enough for the block

        def look(unit: Unit) -> tuple[StoredUser | None, SrpVerifier | None]:
            stored = unit.users.find_by_name(pool.id, key)
            return stored, unit.srp_verifiers.find(stored.user.sub if stored else self._nobody(pool, key))

        stored, verifier = self._units.read(look)
        if not registration.client.prevents_user_existence_errors:
            if stored is None:
                raise UserNotFound
            self._attempts.check_standing(registration, stored)
        if not in_custom_flow:
            user = None if stored is None else stored.user
            self._triggers.pre_authentication(registration, name, user, caller or Caller.of(registration))
        user_id = self.user_id(pool, key, stored)
        used = verifier or self._made_up(pool, user_id if stored else key)
        b = digests.random_int(srp.SECRET_BITS)
        state = _State(
            a=f"{a:x}",
            b=f"{b:0{srp.SECRET_BITS // 4}x}",
            sub=stored.user.sub if stored else self._nobody(pool, key),
            name_key=key,
            begun_at=int(now),
            expires_at=int(now) + registration.client.auth_session_seconds,
            device_id=device_id or "",
        )
        blocks = self._custom_blocks if in_custom_flow else self._blocks
        return {
            "SALT": f"{used.salt:0{2 * srp.SALT_BYTES}x}",
            "SECRET_BLOCK": blocks.make(registration, asdict(state)),
            "SRP_B": f"{srp.public_b(used.value, b):x}",
            "USERNAME": user_id,
            "USER_ID_FOR_SRP": user_id,
        }

    def prove(
        self, registration: Registration, responses: Mapping[str, str], *, in_custom_flow: bool = False
    ) -> ProvedPassword:
        """The user whose password the caller knows; the caller of this judges what comes next.

        One block proves once, however many present it at the same time (API-3).

        Raises:
            InvalidParameter: a response is missing.
            NotAuthorized: no proof, whatever the reason; it counts as a wrong password.
            PasswordAttemptsExceeded, TooManyRequests, UserDisabled, UserNotConfirmed, PasswordResetRequired: as
                ``PasswordAttempts.judge``.
        """
        auth_flows.require(responses, BLOCK, SIGNATURE, TIMESTAMP)
        pool, name = registration.pool, responses["USERNAME"]
        opened = self._open(self._custom_blocks if in_custom_flow else self._blocks, registration, responses[BLOCK])
        if opened is None:
            key = username_key(name, pool.case_sensitive)
            named = self._units.read(lambda unit: unit.users.find_by_name(pool.id, key))
            self._attempts.judge(registration, key, named, lambda: False)
            raise NotAuthorized(WRONG)
        state, block = opened
        # The user first: of a password that changes meanwhile, the verifier is the later one, and fits no old proof.
        stored, verifier = self._units.read(
            lambda unit: (unit.users.find(pool.id, state.sub), unit.srp_verifiers.find(state.sub))
        )

        def proves() -> bool:
            user_id = self.user_id(pool, state.name_key, stored)
            used = verifier or self._made_up(pool, user_id if stored else state.name_key)
            # Always: with no such user, too, the numbers are worked out (ENU-6).
            right = srp.Exchange(int(state.a, 16), int(state.b, 16), used.value).proves(
                responses[SIGNATURE],
                group=srp.pool_name(pool.id),
                user_id=user_id,
                secret_block=block,
                timestamp=responses[TIMESTAMP],
            )
            timely = srp.is_timely(responses[TIMESTAMP], self._clock())
            if not right or not timely or verifier is None or stored is None:
                return False
            return goes_by(pool, stored.user, name) and self._spend(registration, state)

        self._attempts.judge(registration, state.name_key, stored, proves)
        if stored is None:
            raise NotAuthorized(WRONG)
        return ProvedPassword(stored, state.device_id or None)

    # --------------------------------------------------------------------------------------------

    def _open(self, blocks: SecretBlocks, registration: Registration, text: str) -> tuple[_State, bytes] | None:
        """The state and the octets that the proof is over; None unless it is this client's, and in time."""
        read = blocks.open(registration, text)
        if read is None:
            return None
        state, block = _State(**read[0]), read[1]
        if self._clock() >= state.expires_at or state.begun_at < registration.pool.sessions_valid_from:
            return None
        return state, block

    def _spend(self, registration: Registration, state: _State) -> bool:
        now = self._clock()
        # By what is inside: the same block can be spelled in more than one way.
        digest = digests.digest(f"{PASSWORD_VERIFIER} {state.b}")
        used = ChallengeSession(
            registration.client.client_id, state.sub, PASSWORD_VERIFIER, now, float(state.expires_at), now
        )

        def spend(unit: Unit) -> bool:
            return unit.users.lock(state.sub) is not None and unit.challenge_sessions.spend(digest, used)

        return self._units.write(spend)

    def user_id(self, pool: UserPool, key: str, stored: StoredUser | None) -> str:
        """USER_ID_FOR_SRP: the username that never changes, or what it could be if there were such a user.

        Where a name is an address, users have another one to be known by: a UUID, in pools without usernames and
        in most pools with aliases. Elsewhere the name itself. Either way as names are compared, so that its spelling
        tells nothing.
        """
        if stored is not None:
            return id_for_srp(pool, stored.user.username)
        if pool.username_attributes:
            return key if ids.is_sub(key) else self._nobody(pool, key)
        is_alias = ("email" in pool.alias_attributes and looks_like_email(key)) or (
            "phone_number" in pool.alias_attributes and looks_like_phone_number(key)
        )
        return self._nobody(pool, key) if is_alias else key

    def _nobody(self, pool: UserPool, key: str) -> str:
        """A ``sub`` that nobody has, always the same for a name of a pool."""
        return ids.sub_from(int(self._site_secret.digest("srp-sub", pool.id, key)[:32], 16))

    def _made_up(self, pool: UserPool, key: str) -> SrpVerifier:
        """Always the same for a name of a pool, whatever the client (ENU-2); no password fits."""
        salt = bytes.fromhex(self._site_secret.digest("srp-salt", pool.id, key))[: srp.SALT_BYTES]
        value = "".join(
            self._site_secret.digest("srp-verifier", pool.id, key, str(number)) for number in range(_VALUE_DIGESTS)
        )
        return SrpVerifier(srp.salt_from(salt), int(value, 16) % srp.N)
