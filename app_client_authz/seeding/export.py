"""A user pool as files, in the form that the aws command line prints."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from app_client_authz.api import (
    client_wire,
    group_wire,
    identity_provider_ops,
    mfa_ops,
    pool_session_ops,
    pool_wire,
    resource_server_ops,
    user_wire,
)
from app_client_authz.api.wire import Json
from app_client_authz.domain.app_client import AppClient
from app_client_authz.seeding.problems import unreadable
from app_client_authz.services.registry import Services

PAGE = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_SECRET_DETAIL = "client_secret"


@dataclass(slots=True)
class Written:
    """The files, and what is not in them."""

    paths: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write(services: Services, pool_id: str, folder: Path, *, with_secrets: bool) -> Written:
    """Write the pool into a folder that is empty or not there yet; what is in it is for its owner only.

    Raises:
        ResourceNotFound: no such pool.
        Refused: the folder holds something, or a file cannot be written.
    """
    described = services.pools.described(pool_id)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise unreadable(folder, "it is not empty: whatever is in it would be imported along")
        writer = _Writer(services, pool_id, folder, with_secrets)
        # Said in any case: an import takes a pool that says nothing for a real one, in whose names case counts.
        names = {"UsernameConfiguration": {"CaseSensitive": described.pool.case_sensitive}}
        writer.write("describe-user-pool", {"UserPool": pool_wire.from_pool(described) | names})
        writer.write("get-user-pool-mfa-config", mfa_ops.factors(described.pool))
        writer.write("get-user-pool-session-configuration", pool_session_ops.sessions(described.pool))
        writer.write_parts()
        writer.write_clients()
        writer.write_users()
    except OSError as error:
        raise unreadable(folder, error.strerror or type(error).__name__) from None
    if any(each.custom for each in described.domains):
        writer.written.notes.append("The custom domain is not imported again: it belongs to the proxy in front.")
    return writer.written


class _Writer:
    """Writes one pool, file by file."""

    def __init__(self, services: Services, pool_id: str, folder: Path, with_secrets: bool) -> None:
        self.written = Written()
        self._services = services
        self._pool_id = pool_id
        self._folder = folder
        self._with_secrets = with_secrets

    def write(self, name: str, answer: Json) -> None:
        self._write(name, [json.dumps(_dated(answer), indent=4, ensure_ascii=False), "\n"])

    def write_parts(self) -> None:
        servers = self._services.resource_servers.of_pool(self._pool_id)
        self.write("list-resource-servers", {"ResourceServers": [resource_server_ops.shown(each) for each in servers]})
        for name in self._provider_names():
            provider = self._services.identity_providers.describe(self._pool_id, name)
            shown = identity_provider_ops.shown(provider)
            if not self._with_secrets and shown["ProviderDetails"].pop(_SECRET_DETAIL, None) is not None:
                self.written.notes.append(f"The identity provider {name} is written without its {_SECRET_DETAIL}.")
            self.write(f"describe-identity-provider.{name}", {"IdentityProvider": shown})
        self.write("list-groups", {"Groups": list(self._groups())})

    def write_clients(self) -> None:
        clients = self._services.app_clients
        without = 0
        for client in clients.all(self._pool_id):
            described = clients.describe(self._pool_id, client.client_id)
            shown = client_wire.from_client(described) | _ours(client)
            if not self._with_secrets and shown.pop("ClientSecret", None) is not None:
                without += 1
            if len(client.secrets) > 1:
                told = f"The app client {client.client_id} has two secrets: the older one is written."
                self.written.notes.append(told)
            self.write(f"describe-user-pool-client.{client.client_id}", {"UserPoolClient": shown})
        if without:
            self.written.notes.append(
                f"{without} app clients are written without their secrets, and get new ones where they are imported:"
                " --with-secrets"
            )

    def write_users(self) -> None:
        """One at a time: there may be more than fit into memory."""

        def text() -> Iterator[str]:
            yield '{\n    "Users": ['
            separator = "\n"
            for user in self._users():
                yield f"{separator}        {json.dumps(_dated(user), ensure_ascii=False)}"
                separator = ",\n"
            yield "\n    ]\n}\n"

        self._write("list-users", text())

    def _users(self) -> Iterator[Json]:
        after = ""
        while page := self._services.user_lists.page(self._pool_id, after=after, limit=PAGE):
            yield from (user_wire.described(user, user_wire.in_order(user)) for _, user in page)
            after = page[-1][0]

    def _groups(self) -> Iterator[Json]:
        """Groups with the names of their users, which is a member of ours."""
        after = ""
        while page := self._services.groups.page(self._pool_id, after=after, limit=PAGE):
            for group in page:
                yield group_wire.from_group(group) | {"Users": list(self._members(group.name))}
            after = page[-1].name

    def _members(self, group: str) -> Iterator[str]:
        after = ""
        while page := self._services.groups.members(self._pool_id, group, after=after, limit=PAGE):
            yield from (user.username for user in page)
            after = page[-1].sub

    def _provider_names(self) -> Iterator[str]:
        after = ""
        while page := self._services.identity_providers.page(self._pool_id, after=after, limit=PAGE):
            yield from (each.name for each in page)
            after = page[-1].name

    def _write(self, name: str, texts: Iterable[str]) -> None:
        path = self._folder / f"{_UNSAFE.sub('_', name)}.json"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(texts)
        self.written.paths.append(path)


def _ours(client: AppClient) -> Json:
    """What no answer of AWS's has: set where it is not the default."""
    ours: Json = {"Confidential": True} if client.confidential else {}
    if client.spec.require_pkce:
        ours["RequirePkce"] = True
    if client.spec.sso_max_validity_minutes is not None:
        ours["SSOSession"] = {"MaxValidityMinutes": client.sso_max_minutes}
    return ours


def _dated(value: object) -> object:
    """The answer with its instants in ISO 8601, as the aws command line writes them."""
    if isinstance(value, dict):
        return {name: _instant(member) if name.endswith("Date") else _dated(member) for name, member in value.items()}
    return [_dated(member) for member in value] if isinstance(value, list) else value


def _instant(value: object) -> object:
    return datetime.fromtimestamp(value, UTC).isoformat() if isinstance(value, int | float) else value
