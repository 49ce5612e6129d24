"""Devices that their users confirmed, with the sealed verifiers of the devices' own passwords."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, tuple_, update

from app_client_authz.crypto.sealing import Sealer
from app_client_authz.domain.device import Device, DeviceVerifier
from app_client_authz.domain.srp import N
from app_client_authz.domain.uuids import octets_of, text_of
from app_client_authz.storage.insert_once import insert_once
from app_client_authz.storage.tables import devices as table

_VALUE_BYTES = (N.bit_length() + 7) // 8
_COLUMNS = (
    table.c.sub,
    table.c.id,
    table.c.remembered,
    table.c.created_at,
    table.c.updated_at,
    table.c.last_authenticated_at,
    table.c.name,
    table.c.last_ip,
    table.c.sealed_verifier.is_not(None).label("has_password"),
)


class Devices:
    """Keyed by the user's ``sub`` and the UUID in the device's key."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def add(self, device: Device, verifier: DeviceVerifier | None) -> bool:
        """False if the user has that device already: nothing changed."""
        return insert_once(
            self._connection,
            table,
            sub=device.sub,
            id=octets_of(device.id),
            name=device.name,
            remembered=device.remembered,
            sealed_verifier=None if verifier is None else self._sealed(device.sub, device.id, verifier),
            last_ip=device.last_ip,
            last_authenticated_at=device.last_authenticated_at,
            created_at=device.created_at,
            updated_at=device.updated_at,
        )

    def find(self, sub: str, device_id: str) -> Device | None:
        row = self._connection.execute(select(*_COLUMNS).where(*_own(sub, device_id))).one_or_none()
        return None if row is None else _device_of(row)

    def verifier(self, sub: str, device_id: str) -> DeviceVerifier | None:
        """None for a device without one, and for none.

        Raises:
            SealError: sealed under a key that we do not have.
        """
        sealed = self._connection.execute(
            select(table.c.sealed_verifier).where(*_own(sub, device_id))
        ).scalar_one_or_none()
        if sealed is None:
            return None
        clear = self._sealer.open(sealed, row=_identity(sub, device_id))
        return DeviceVerifier(clear[_VALUE_BYTES:], int.from_bytes(clear[:_VALUE_BYTES], "big"))

    def page(self, sub: str, *, after: str = "", limit: int = 60, remembered_only: bool = False) -> list[Device]:
        """At most ``limit`` devices of the user in the order of their UUIDs, beginning behind ``after``."""
        statement = select(*_COLUMNS).where(table.c.sub == sub, table.c.id > octets_of(after))
        if remembered_only:
            statement = statement.where(table.c.remembered.is_(True))
        return [_device_of(row) for row in self._connection.execute(statement.order_by(table.c.id).limit(limit))]

    def set_remembered(self, sub: str, device_id: str, remembered: bool, now: float) -> bool:
        """False if there is no such device."""
        hit = update(table).where(*_own(sub, device_id)).values(remembered=remembered, updated_at=now)
        return self._connection.execute(hit).rowcount == 1

    def note_sign_in(self, sub: str, device_id: str, now: float, last_ip: str | None) -> bool:
        """The user signed in from the device just now; False if it was forgotten meanwhile."""
        hit = update(table).where(*_own(sub, device_id)).values(last_authenticated_at=now, last_ip=last_ip)
        return self._connection.execute(hit).rowcount == 1

    def delete(self, sub: str, device_id: str) -> bool:
        """False if there is no such device."""
        return self._connection.execute(delete(table).where(*_own(sub, device_id))).rowcount == 1

    def reseal(self, after: tuple[str, str], *, limit: int) -> tuple[tuple[str, str] | None, int]:
        """Seal anew what is not under the first sealing key, of the ``limit`` devices behind ``after``.

        Returns:
            ``sub`` and UUID of the last that was looked at, None at the end; and how many verifiers were under
            another key.
        """
        rows = self._connection.execute(
            select(table.c.sub, table.c.id, table.c.sealed_verifier)
            .where(tuple_(table.c.sub, table.c.id) > (after[0], octets_of(after[1])))
            .where(table.c.sealed_verifier.is_not(None))
            .order_by(table.c.sub, table.c.id)
            .limit(limit)
            .with_for_update()
        ).all()
        resealed = 0
        for sub, octets, sealed in rows:
            if self._sealer.needs_reseal(sealed):
                device_id = text_of(octets)
                clear = self._sealer.open(sealed, row=_identity(sub, device_id))
                anew = self._sealer.seal(clear, row=_identity(sub, device_id))
                self._connection.execute(update(table).where(*_own(sub, device_id)).values(sealed_verifier=anew))
                resealed += 1
        return ((rows[-1].sub, text_of(rows[-1].id)) if rows else None), resealed

    def _sealed(self, sub: str, device_id: str, verifier: DeviceVerifier) -> str:
        clear = verifier.value.to_bytes(_VALUE_BYTES, "big") + verifier.salt
        return self._sealer.seal(clear, row=_identity(sub, device_id))


def _own(sub: str, device_id: str) -> tuple[Any, Any]:
    return table.c.sub == sub, table.c.id == octets_of(device_id)


def _identity(sub: str, device_id: str) -> str:
    return f"authz_devices/sealed_verifier/{sub}/{device_id}"


def _device_of(values: Sequence[Any]) -> Device:
    """The device of values in the order of ``_COLUMNS``."""
    sub, octets, *others = values
    return Device(sub, text_of(octets), *others)
