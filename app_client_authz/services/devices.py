"""Devices that users confirm, look at, remember and forget; administrators too (api.md 4.26)."""

from dataclasses import dataclass

from app_client_authz.domain import device
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.device import Device, DeviceVerifier
from app_client_authz.domain.errors import DeviceKeyExists, InvalidParameter, ResourceNotFound
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.pool_settings import DeviceConfiguration
from app_client_authz.services import audit
from app_client_authz.services.access_tokens import AccessTokens, Holder, held
from app_client_authz.services.pools import existing_pool
from app_client_authz.services.stored_users import existing_user
from app_client_authz.storage.unit import Unit, Units

_INVALID_KEY = "Invalid device key given."


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose devices; ``holder`` is None where an administrator asks, who sees those not remembered too."""

    pool: UserPool
    sub: str
    username: str
    holder: Holder | None = None

    def hold(self, unit: Unit) -> None:
        """Nobody changes, deletes or signs out the owner until the transaction ends (ATM-3).

        Raises:
            UserNotFound, UserDisabled, NotAuthorized: that happened since the owner was looked at.
        """
        if self.holder is None:
            existing_user(unit, self.pool, self.sub, hold=True)
        else:
            held(unit, self.holder)


class Devices:
    """Another user's device does not exist, nor does one that has not been confirmed."""

    def __init__(self, units: Units, access_tokens: AccessTokens, clock: Clock) -> None:
        self._units = units
        self._access_tokens = access_tokens
        self._clock = clock

    def holder(self, access_token: str, base: str) -> Owner:
        """The holder of a live access token, for their own devices (API-9).

        Raises:
            InvalidParameter: the pool tracks no devices.
            As ``AccessTokens.holder``.
        """
        owner = _owner(self._access_tokens.holder(access_token, base))
        _tracking(owner.pool)
        return owner

    def user(self, pool_id: str, username: str) -> Owner:
        """A user of the pool, as an administrator names them.

        Raises:
            ResourceNotFound, InvalidParameter, UserNotFound: no such pool; it tracks no devices; no such user.
        """

        def look(unit: Unit) -> Owner:
            pool = existing_pool(unit, pool_id)
            _tracking(pool)
            user = existing_user(unit, pool, username).user
            return Owner(pool, user.sub, user.username)

        return self._units.read(look)

    # --------------------------------------------------------------------------------------------

    def confirm(
        self,
        access_token: str,
        base: str,
        key: str,
        verifier: DeviceVerifier | None,
        *,
        name: str | None = None,
        ip_address: str | None = None,
    ) -> bool:
        """Keep the device that the token was given to; True if its user has yet to say "remember it" (ConfirmDevice).

        A device without a ``verifier`` is known, and cannot prove later that it is there.

        Raises:
            InvalidParameter: the pool tracks no devices, or the key is not the one that came with the token.
            DeviceKeyExists: it is confirmed already, whoever was faster.
            As ``AccessTokens.holder``.
        """
        holder = self._access_tokens.holder(access_token, base)
        owner, claims = _owner(holder), holder.claims
        on_prompt = _tracking(owner.pool).device_only_remembered_on_user_prompt
        device_id = device.id_of(owner.pool.id, key)
        if device_id is None or claims.get("device_key") != key:
            raise InvalidParameter(_INVALID_KEY)
        client_id, now = holder.registration.client.client_id, self._clock()
        confirmed = Device(
            owner.sub,
            device_id,
            remembered=not on_prompt,
            created_at=now,
            updated_at=now,
            last_authenticated_at=float(str(claims["auth_time"])),
            name=name,
            last_ip=device.ip_address(ip_address),
            has_password=verifier is not None,
        )

        def add(unit: Unit) -> None:
            owner.hold(unit)
            # Once forgotten it never comes back: another sign-in gives another key. By what every token has, as some
            # name no session.
            if not unit.token_sessions.is_on_device(client_id, owner.sub, device_id):
                raise InvalidParameter(_INVALID_KEY)
            if not unit.devices.add(confirmed, verifier):
                raise DeviceKeyExists

        self._units.write(add)
        self._tell("device_confirmed", owner, key)
        return on_prompt

    def get(self, owner: Owner, key: str) -> Device:
        """Raises:
        ResourceNotFound: no such device of the owner's; for the owner, none that is remembered.
        """
        device_id = _id_of(owner, key)
        found = self._units.read(lambda unit: unit.devices.find(owner.sub, device_id))
        if found is None or (owner.holder is not None and not found.remembered):
            raise _not_found()
        return found

    def page(self, owner: Owner, *, after: str = "", limit: int = 60) -> list[Device]:
        """At most ``limit`` devices in the order of their UUIDs, behind ``after``; the owner sees remembered ones."""
        remembered_only = owner.holder is not None
        return self._units.read(
            lambda unit: unit.devices.page(owner.sub, after=after, limit=limit, remembered_only=remembered_only)
        )

    def set_remembered(self, owner: Owner, key: str, remembered: bool | None) -> None:
        """Say whether the device is remembered; None changes nothing (UpdateDeviceStatus).

        Raises:
            ResourceNotFound: no such device of the owner's.
            As ``Owner.hold``.
        """
        device_id, now = _id_of(owner, key), self._clock()

        def change(unit: Unit) -> None:
            owner.hold(unit)
            if remembered is None:
                found = unit.devices.find(owner.sub, device_id) is not None
            else:
                found = unit.devices.set_remembered(owner.sub, device_id, remembered, now)
            if not found:
                raise _not_found()

        self._units.write(change)
        if remembered is not None:
            self._tell("device_remembered" if remembered else "device_not_remembered", owner, key)

    def forget(self, owner: Owner, key: str) -> None:
        """Delete the device; refresh tokens that it was given are over (ForgetDevice).

        Raises:
            ResourceNotFound: no such device of the owner's.
            As ``Owner.hold``.
        """
        device_id = _id_of(owner, key)

        def change(unit: Unit) -> None:
            owner.hold(unit)
            if not unit.devices.delete(owner.sub, device_id):
                raise _not_found()
            unit.token_sessions.forget_device(owner.pool.id, owner.sub, device_id)

        self._units.write(change)
        self._tell("device_forgotten", owner, key)

    @staticmethod
    def _tell(event: str, owner: Owner, key: str) -> None:
        client_id = None if owner.holder is None else owner.holder.registration.client.client_id
        audit.record(event, pool_id=owner.pool.id, client_id=client_id, sub=owner.sub, device_key=key)


def _owner(holder: Holder) -> Owner:
    return Owner(holder.registration.pool, holder.user.sub, holder.user.username, holder)


def _tracking(pool: UserPool) -> DeviceConfiguration:
    if pool.spec.devices is None:
        raise InvalidParameter("Device tracking not currently enabled for this pool.")
    return pool.spec.devices


def _id_of(owner: Owner, key: str) -> str:
    device_id = device.id_of(owner.pool.id, key)
    if device_id is None:
        raise _not_found()
    return device_id


def _not_found() -> ResourceNotFound:
    return ResourceNotFound(device.UNKNOWN)
