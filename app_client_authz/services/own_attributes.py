"""What users read and change of themselves: GetUser, attributes, and proofs of an address (api.md 4.19, 4.20)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from app_client_authz.domain import attributes
from app_client_authz.domain.clock import Clock
from app_client_authz.domain.delivery import MEDIA, CodeDelivery
from app_client_authz.domain.errors import InvalidParameter, NotAuthorized
from app_client_authz.domain.message import Medium, MessageKind
from app_client_authz.domain.trigger import Caller, Metadata
from app_client_authz.domain.user import VERIFIABLE, User
from app_client_authz.domain.verification import BY_ATTRIBUTE, Purpose
from app_client_authz.services import audit
from app_client_authz.services.access_tokens import AccessTokens, Holder, held
from app_client_authz.services.delivery import VERIFY_ATTRIBUTE, Delivery
from app_client_authz.services.directory_writes import NO_ATTRIBUTES, DirectoryWrites
from app_client_authz.services.pools import Dialects
from app_client_authz.services.stored_users import store
from app_client_authz.services.verification_codes import VerificationCodes
from app_client_authz.storage.attempts import Account
from app_client_authz.storage.unit import Unit, Units

SENDS_PER_HOUR = 5
_NO_ADDRESS = {
    "email": "User does not have a valid registered email address",
    "phone_number": "User does not have a valid registered phone number",
}


class OwnAttributes:
    """Whose attributes: the holder of a live access token, and nobody else's (API-9)."""

    def __init__(
        self,
        units: Units,
        access_tokens: AccessTokens,
        directory: DirectoryWrites,
        dialects: Dialects,
        codes: VerificationCodes,
        delivery: Delivery,
        clock: Clock,
    ) -> None:
        self._units = units
        self._access_tokens = access_tokens
        self._directory = directory
        self._dialects = dialects
        self._codes = codes
        self._delivery = delivery
        self._clock = clock

    def read(self, access_token: str, base: str) -> tuple[User, dict[str, str]]:
        """The user, and the attributes that the client may read now (GetUser).

        Raises:
            As ``AccessTokens.holder``.
        """
        holder = self._access_tokens.holder(access_token, base)
        pool = holder.registration.pool
        visible = attributes.visible(
            holder.user.attributes,
            read_attributes=holder.registration.client.spec.read_attributes,
            scopes=None,
            pool=pool,
            dialect=self._dialects.of(pool),
        )
        return holder.user, visible

    def update(
        self, access_token: str, base: str, changes: Mapping[str, str], metadata: Metadata = None
    ) -> list[CodeDelivery]:
        """Change attributes; an empty value deletes. Where codes went that prove new addresses (UpdateUserAttributes).

        Where the pool wants a proof before the change, the old address stays until ``verify``. ``metadata`` is for
        a CustomMessage trigger.

        Raises:
            NotAuthorized: the client may not write one of them: nothing is changed (ATT-2).
            InvalidParameter, AliasExists: see ``attributes.check_update``.
            LimitExceeded: five codes were sent within the hour: nothing is changed.
            CodeDeliveryFailure, TriggerFailed: the attributes are changed, but a code could not be sent.
        """
        holder = self._access_tokens.holder(access_token, base)
        pool, client = holder.registration.pool, holder.registration.client
        attributes.check_writable(changes, client.spec.write_attributes, pool)
        hosted = self._directory.user(pool.id, holder.user.sub)
        if hosted is not None:
            # Whether a new address needs a proof, is the directory's matter.
            self._directory.update_attributes(hosted, changes)
            return []
        waits = pool.spec.attributes_require_verification_before_update or ()

        def change(unit: Unit) -> tuple[User, list[tuple[Medium, str, str]]]:
            stored = held(unit, holder)
            current = stored.user.attributes
            # All of it is held against the rules, also what waits for its proof.
            after = attributes.check_update(pool, current, changes)
            proofs = []
            for name in pool.spec.auto_verified_attributes or ():
                address = after.get(name, "")
                if not changes.get(name) or address == current.get(name):
                    continue
                account = Account(pool.id, stored.user.sub)
                proofs.append((MEDIA[name], address, self._issue(unit, account, BY_ATTRIBUTE[name], address)))
                if name in waits:
                    after = attributes.until_proved(name, current, after)
            user = store(unit, pool, stored, replace(stored.user, attributes=after, updated_at=self._clock()))
            return user, proofs

        user, proofs = self._units.write(change)
        self._tell("user_attributes_changed", holder)
        for medium, address, code in proofs:
            caller = Caller(client.client_id, metadata or {})
            self._delivery.send_code(MessageKind.VERIFY_ATTRIBUTE, pool, user, medium, address, code, caller)
        return [CodeDelivery.of(medium, address) for medium, address, _ in proofs]

    def delete(self, access_token: str, base: str, names: Iterable[str]) -> None:
        """Delete attributes; what is absent anyway is fine (DeleteUserAttributes).

        Raises:
            NotAuthorized, InvalidParameter: see ``attributes.check_writable`` and ``check_delete``.
        """
        gone = tuple(names)
        holder = self._access_tokens.holder(access_token, base)
        pool = holder.registration.pool
        attributes.check_writable(gone, holder.registration.client.spec.write_attributes, pool)
        hosted = self._directory.user(pool.id, holder.user.sub)
        if hosted is not None:
            self._directory.delete_attributes(hosted, gone)
            return

        def change(unit: Unit) -> None:
            stored = held(unit, holder)
            after = attributes.check_delete(pool, stored.user.attributes, gone)
            store(unit, pool, stored, replace(stored.user, attributes=after, updated_at=self._clock()))

        self._units.write(change)
        self._tell("user_attributes_changed", holder)

    def send_code(self, access_token: str, base: str, attribute: str, metadata: Metadata = None) -> CodeDelivery:
        """Send a code to the user's present address (GetUserAttributeVerificationCode).

        Raises:
            InvalidParameter: an attribute that nobody verifies, or one that the user does not have.
            NotAuthorized: a directory vouches for the user's addresses.
            LimitExceeded: five were sent within the hour.
            CodeDeliveryFailure, TriggerFailed: the code could not be sent.
        """
        holder = self._access_tokens.holder(access_token, base)
        medium, purpose = _verifiable(attribute)
        pool = holder.registration.pool
        self._check_is_ours(holder)
        account = Account(pool.id, holder.user.sub)

        def issue(unit: Unit) -> tuple[User, str, str]:
            stored = held(unit, holder)
            address = stored.user.attributes.get(attribute)
            if not address:
                raise InvalidParameter(_NO_ADDRESS[attribute])
            return stored.user, address, self._issue(unit, account, purpose, address)

        user, address, code = self._units.write(issue)
        caller = Caller(holder.registration.client.client_id, metadata or {})
        self._delivery.send_code(
            MessageKind.VERIFY_ATTRIBUTE, pool, user, medium, address, code, caller, source=VERIFY_ATTRIBUTE
        )
        return CodeDelivery.of(medium, address)

    def verify(self, access_token: str, base: str, attribute: str, code: str) -> None:
        """The address that the code was sent to is the user's, and verified (VerifyUserAttribute).

        Raises:
            InvalidParameter: an attribute that nobody verifies.
            NotAuthorized: as ``send_code``.
            CodeMismatch, ExpiredCode, LimitExceeded: see ``VerificationCodes.prove``.
            AliasExists: another user proved to own the address first.
        """
        holder = self._access_tokens.holder(access_token, base)
        _, purpose = _verifiable(attribute)
        pool = holder.registration.pool
        self._check_is_ours(holder)
        proof = self._codes.prove(Account(pool.id, holder.user.sub), purpose, code)
        waits = attribute in (pool.spec.attributes_require_verification_before_update or ())

        def change(unit: Unit) -> None:
            stored = held(unit, holder)
            self._codes.redeem(unit, proof)
            if not waits:
                proof.check_address(stored.user)
            after = {**stored.user.attributes, attribute: proof.destination, VERIFIABLE[attribute]: "true"}
            store(unit, pool, stored, replace(stored.user, attributes=after, updated_at=self._clock()))

        self._units.write(change)
        self._tell("user_attribute_verified", holder)

    def _check_is_ours(self, holder: Holder) -> None:
        """For the addresses of its users a directory vouches itself."""
        if self._directory.user(holder.user.pool_id, holder.user.sub) is not None:
            raise NotAuthorized(NO_ATTRIBUTES)

    def _issue(self, unit: Unit, account: Account, purpose: Purpose, address: str) -> str:
        self._codes.count_sending(unit, account, purpose, per_hour=SENDS_PER_HOUR)
        return self._codes.issue(unit, account, purpose, address)

    @staticmethod
    def _tell(event: str, holder: Holder) -> None:
        registration = holder.registration
        audit.record(event, pool_id=registration.pool.id, client_id=registration.client.client_id, sub=holder.user.sub)


def _verifiable(attribute: str) -> tuple[Medium, Purpose]:
    if attribute not in BY_ATTRIBUTE:
        raise InvalidParameter("Invalid attribute name. Only phone_number and email can be verified.")
    return MEDIA[attribute], BY_ATTRIBUTE[attribute]
