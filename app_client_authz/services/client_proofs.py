"""How a confidential client proves itself to the JSON API: by secret hash or by secret (api.md 4.3, CLI-10)."""

from app_client_authz.domain import secret_hash
from app_client_authz.domain.errors import NotAuthorized, ResourceNotFound, Unauthorized
from app_client_authz.domain.registration import Registration
from app_client_authz.services import audit
from app_client_authz.services.app_clients import AppClients
from app_client_authz.services.pools import Pools
from app_client_authz.storage.unit import Units


class ClientProofs:
    """Every refusal comes before any look at a user."""

    def __init__(self, units: Units, pools: Pools, app_clients: AppClients) -> None:
        self._units = units
        self._pools = pools
        self._app_clients = app_clients

    def client(self, client_id: str, *, pool_id: str | None = None) -> Registration:
        """The client and its pool; ``pool_id`` is the pool that an administrator named.

        Raises:
            ResourceNotFound: no such client, or none in that pool.
        """
        found = self._app_clients.find(client_id)
        if pool_id is not None and (found is None or found.pool.id != pool_id):
            self._pools.describe(pool_id)
            raise ResourceNotFound(f"User pool client {client_id} does not exist in user pool {pool_id}.")
        if found is None:
            raise ResourceNotFound(f"User pool client {client_id} does not exist.")
        return found

    def check_hash(self, registration: Registration, username: str | None, presented: str | None) -> None:
        """Nothing, if the client is public or the hash fits either of its secrets and the name as it was sent.

        Without a name that it could be held against, a hash only has to be there.

        Raises:
            NotAuthorized: missing or wrong.
        """
        client = registration.client
        if not client.confidential:
            return
        if not presented:
            raise NotAuthorized(f"Client {client.client_id} is configured with secret but SECRET_HASH was not received")
        if username is None:
            return
        secrets = self._units.read(lambda unit: unit.app_clients.open_secrets(client.client_id))
        if not secret_hash.matches(presented, secrets.values(), username, client.client_id):
            raise self._refused(registration)

    def member(self, client_id: str, username: str, presented: str | None) -> Registration:
        """The client of a call with a ``SecretHash`` member, proved by it if it is confidential (SignUp).

        Raises:
            ResourceNotFound: no such client.
            NotAuthorized: missing or wrong.
        """
        registration = self.client(client_id)
        self._require_sent(registration, presented)
        self.check_hash(registration, username, presented)
        return registration

    def check_secret(self, registration: Registration, presented: str | None) -> None:
        """The same for a secret that is sent in clear; a public client's is ignored.

        Raises:
            NotAuthorized: missing or wrong.
        """
        client = registration.client
        self._require_sent(registration, presented)
        if client.confidential and not client.secret_matches(presented or ""):
            raise self._refused(registration)

    def machine(self, client_id: str, secret: str) -> Registration:
        """The client of a GetClientToken, which only confidential ones have.

        Raises:
            ResourceNotFound: no such client.
            NotAuthorized: not its secret, or it has none.
        """
        registration = self.client(client_id)
        if not registration.client.secret_matches(secret):
            raise self._refused(registration)
        return registration

    def revoker(self, client_id: str, secret: str | None) -> Registration:
        """The client of a RevokeToken.

        Raises:
            Unauthorized: no such client, or a missing or wrong secret: all the same (R8).
        """
        try:
            registration = self.client(client_id)
            self.check_secret(registration, secret)
        except (ResourceNotFound, NotAuthorized):
            raise Unauthorized("Invalid client or secret") from None
        return registration

    @staticmethod
    def _require_sent(registration: Registration, presented: str | None) -> None:
        client = registration.client
        if client.confidential and not presented:
            raise NotAuthorized(f"Client {client.client_id} is configured for secret but secret was not received")

    @staticmethod
    def _refused(registration: Registration) -> NotAuthorized:
        client = registration.client
        audit.record("client_refused", pool_id=registration.pool.id, client_id=client.client_id)
        return NotAuthorized(f"Unable to verify secret hash for client {client.client_id}")
