"""What ``app-client-authz serve`` says once it serves: where, what there is, and what to try."""

from collections.abc import Iterator
from pathlib import Path

from app_client_authz.cli import output
from app_client_authz.domain.app_client import AppClient
from app_client_authz.services.registry import Services

CLIENTS_AT_MOST = 20


def text(services: Services, base: str, kept_in: str | None, folder: Path | None) -> str:
    """One screen for a server at ``base``; no secret is on it."""
    lines = [f"Serving {base} until Ctrl+C, for development."]
    lines.append(
        f"Everything is kept in {kept_in}." if kept_in else "All is in memory, and gone at the end: --data DIR."
    )
    machines: list[str] = []
    left = CLIENTS_AT_MOST
    for pool in services.pools.all():
        clients = services.app_clients.all(pool.id)
        lines += ["", f"User pool {pool.id} ({output.cell(pool.name)})"]
        lines += [f"  {line}" for line in _urls(services, base, pool.id)]
        lines += [f"  {line}" for line in _clients(clients, left)]
        left = max(0, left - len(clients))
        machines += [
            each.client_id for each in clients if each.oauth_enabled and each.allows_flow("client_credentials")
        ]
    if len(lines) == len(("serving", "kept")):
        lines += ["", "There is no user pool yet: --seed FILE makes some, and so does the JSON API."]
    lines += ["", "Try", *(f"  {line}" for line in _commands(services, base, machines, folder))]
    return "\n".join(f"  {line}".rstrip() for line in ("", *lines, ""))


def _urls(services: Services, base: str, pool_id: str) -> Iterator[str]:
    yield f"issuer     {services.settings.issuers.of(base, pool_id)}"
    yield f"discovery  {base}/{pool_id}/.well-known/openid-configuration"
    yield f"keys       {base}/{pool_id}/.well-known/jwks.json"


def _clients(clients: list[AppClient], at_most: int) -> Iterator[str]:
    for client in clients[:at_most]:
        kind = "confidential" if client.confidential else "public"
        yield f"client     {client.client_id}  {kind}  {output.cell(client.name)}"
    if len(clients) > at_most:
        yield f"           and {output.counted(len(clients) - at_most, 'client')} more"


def _commands(services: Services, base: str, machines: list[str], folder: Path | None) -> Iterator[str]:
    if machines:
        yield f"curl -u {machines[0]}:SECRET -d grant_type=client_credentials {base}/oauth2/token"
    if services.settings.access_keys:
        region = services.settings.region
        yield f"export AWS_ACCESS_KEY_ID={next(iter(services.settings.access_keys))} AWS_SECRET_ACCESS_KEY=SECRET"
        yield f"aws --endpoint-url {base}/ --region {region} cognito-idp list-user-pools --max-results 10"
    else:
        yield "--access-key ID:SECRET, and the JSON API is open to boto3, the aws command line and Terraform"
    if folder is not None:
        yield f"APP_CLIENT_AUTHZ_DATA={folder} flask --app app_client_authz.standalone authz --help"
