"""Sign-in with a remembered device: it proves to be there in place of a second factor (api.md 4.6 to 4.8).

SDKs answer with the session of the challenge before, or without any: then what waits is found by client, user and
device, and holds no longer than a session would.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app_client_authz.crypto import digests
from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain import auth_flows, device, srp
from app_client_authz.domain.auth_event import Answered, answers
from app_client_authz.domain.challenge import DEVICE_PASSWORD_VERIFIER, DEVICE_SRP_AUTH, NextStep
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.device import Device, DeviceVerifier
from app_client_authz.domain.errors import ChallengeExpired, InvalidParameter, NotAuthorized, ResourceNotFound
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import User, UserStatus
from app_client_authz.services.challenges import INVALID_SESSION, Challenges, OpenSession, Passed, session_key
from app_client_authz.services.next_steps import ChallengeRequired, NextSteps
from app_client_authz.services.password_attempts import WRONG, PasswordAttempts
from app_client_authz.services.secret_blocks import BLOCK, SIGNATURE, TIMESTAMP, SecretBlocks
from app_client_authz.storage.unit import Unit, Units
from app_client_authz.storage.users import StoredUser


@dataclass(frozen=True, slots=True)
class DeviceProofRequired:
    """The second message: the parameters of DEVICE_PASSWORD_VERIFIER."""

    parameters: Mapping[str, str]
    session: str = field(repr=False)


class DeviceSignIn:
    """The server's side of both messages; the numbers are ``domain.srp``'s."""

    def __init__(
        self,
        units: Units,
        sealer: Sealer,
        attempts: PasswordAttempts,
        challenges: Challenges,
        next_steps: NextSteps,
        clock: Clock,
    ) -> None:
        self._units = units
        self._blocks = SecretBlocks(sealer, "device-srp")
        self._attempts = attempts
        self._challenges = challenges
        self._next_steps = next_steps
        self._clock = clock

    def named(self, registration: Registration, name: str, key: str | None) -> str | None:
        """The UUID of the device whose key comes along; None without one, or where devices are not tracked.

        Said before anything is proved, so that SDKs can go on without the key and with the same proof. It tells
        nothing: nobody guesses a key.

        Raises:
            ResourceNotFound: the user of that name has no such device, whether there is such a user or not.
        """
        pool = registration.pool
        if not key or not pool.tracks_devices:
            return None
        device_id = device.id_of(pool.id, key)

        def look(unit: Unit) -> tuple[StoredUser | None, Device | None]:
            stored = unit.users.find_by_name(pool.id, session_key(pool, name), typed=name)
            known = None if device_id is None else unit.devices.find(stored.user.sub if stored else "", device_id)
            return stored, known

        stored, known = self._units.read(look)
        if stored is None and not registration.client.prevents_user_existence_errors:
            return None  # who tells that there is no such user has another word for it
        if known is None:
            raise ResourceNotFound(device.UNKNOWN)
        return known.id

    def challenge(
        self, registration: Registration, session: str, name: str, key: str, public_a: str
    ) -> DeviceProofRequired:
        """What the device has to prove, for its answer to DEVICE_SRP_AUTH.

        Raises:
            InvalidParameter: SRP_A is no number of the group's length.
            ResourceNotFound: no such device of the user's, or one that is not remembered any more.
            ChallengeExpired: no such step waits, or it is another device's.
        """
        a = srp.parse_a(public_a)
        if a is None:
            raise InvalidParameter(srp.NO_NUMBER)
        device_id = self.named(registration, name, key)
        if session or device_id is None:
            opened = self._challenges.find(session, DEVICE_SRP_AUTH, door="api", registration=registration, name=name)
        else:
            opened = self._challenges.find_waiting(
                DEVICE_SRP_AUTH, registration=registration, name=name, device_id=device_id
            )
        user = _able(opened, device_id)
        verifier = self._verifier(user, device_id)
        settle = self._challenges.settling(opened)
        step = self._next_steps.set(registration, user, NextStep(DEVICE_PASSWORD_VERIFIER), opened.state, settle)
        b = digests.random_int(srp.SECRET_BITS)
        state = {"a": f"{a:x}", "b": f"{b:0{srp.SECRET_BITS // 4}x}", "session": step.session}
        parameters = {
            "DEVICE_KEY": key,
            "SALT": verifier.salt.hex(),
            "SECRET_BLOCK": self._blocks.make(registration, state),
            "SRP_B": f"{srp.public_b(verifier.value, b):x}",
            "USERNAME": user.username,
        }
        return DeviceProofRequired(parameters, step.session)

    def prove(
        self, registration: Registration, session: str, responses: Mapping[str, str], caller: Caller | None = None
    ) -> User | Passed | ChallengeRequired:
        """The user, or the second factor where a remembered device does not stand in for it.

        The step is used up by whoever lets the user in. A wrong proof counts as a wrong password.

        Raises:
            InvalidParameter: a response is missing.
            ResourceNotFound: no such device of the user's, or one that is not remembered any more.
            ChallengeExpired: the step is over, or another session's or device's.
            NotAuthorized, PasswordAttemptsExceeded, TooManyRequests: as ``PasswordAttempts.judge``.
        """
        auth_flows.require(responses, "DEVICE_KEY", BLOCK, SIGNATURE, TIMESTAMP)
        name, key = responses["USERNAME"], responses["DEVICE_KEY"]
        read = self._blocks.open(registration, responses[BLOCK])
        if read is None:
            raise NotAuthorized(WRONG, detail="no block of ours")
        state, block = read
        if session and session != state["session"]:
            raise ChallengeExpired(INVALID_SESSION, detail="another block's")
        opened = self._challenges.find(
            state["session"], DEVICE_PASSWORD_VERIFIER, door="api", registration=registration, name=name
        )
        pool, device_id = registration.pool, self.named(registration, name, key)
        user = _able(opened, device_id)
        verifier = self._verifier(user, device_id)

        def proves() -> bool:
            exchange = srp.Exchange(int(state["a"], 16), int(state["b"], 16), verifier.value)
            right = exchange.proves(
                responses[SIGNATURE],
                group=device.group_key(pool.id, user.sub),
                user_id=key,
                secret_block=block,
                timestamp=responses[TIMESTAMP],
            )
            return right and srp.is_timely(responses[TIMESTAMP], self._clock())

        wrong = answers(opened.state.first_factor, Answered.MFA_WRONG)
        self._attempts.judge(registration, session_key(pool, user.username), opened.stored, proves, wrong=wrong)
        settle = self._challenges.settling(opened)
        if device.stands_in(pool):
            return Passed(user, settle, device_id, answers(opened.state.first_factor, Answered.MFA_RIGHT))
        return self._next_steps.second_factor(registration, user, opened.state, settle, caller)

    # --------------------------------------------------------------------------------------------

    def _verifier(self, user: User, device_id: str | None) -> DeviceVerifier:
        def look(unit: Unit) -> DeviceVerifier | None:
            known = unit.devices.find(user.sub, device_id or "")
            return unit.devices.verifier(user.sub, known.id) if known is not None and known.proves_itself else None

        verifier = self._units.read(look)
        if verifier is None:
            raise ResourceNotFound(device.UNKNOWN)
        return verifier


def _able(opened: OpenSession, device_id: str | None) -> User:
    """The user of the step, if it is that device's and the user may go on."""
    if device_id is None or opened.state.device_id != device_id:
        raise ChallengeExpired(INVALID_SESSION, detail="another device's")
    if opened.user.status != UserStatus.CONFIRMED:
        raise ChallengeExpired(INVALID_SESSION, detail=f"status {opened.user.status}")
    return opened.user
