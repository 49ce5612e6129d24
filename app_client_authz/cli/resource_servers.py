"""``flask authz resource-server``: where custom scopes come from."""

import click
from flask.cli import AppGroup

from app_client_authz.cli import documents, output
from app_client_authz.cli.params import option_json, scope
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from app_client_authz.proxies import current_authz

resource_server = AppGroup("resource-server", help="Protected APIs and their custom scopes.")

_option_scope = click.option(
    "--scope",
    "scopes",
    type=scope,
    multiple=True,
    metavar="NAME:DESCRIPTION",
    help="Such as 'read:Read the orders'; repeatable.",
)


@resource_server.command("create")
@click.argument("pool_id", metavar="POOL")
@click.argument("identifier")
@click.option("--name", required=True, help="What people call it.")
@_option_scope
@option_json
def create(pool_id: str, identifier: str, name: str, scopes: tuple[ResourceServerScope, ...], wants_json: bool) -> None:
    """Create a resource server in the user pool POOL; its scopes are IDENTIFIER/NAME."""
    server = ResourceServer.create(pool_id=pool_id, identifier=identifier, name=name, scopes=scopes)
    _show(current_authz.resource_servers.create(server), wants_json)


@resource_server.command("list")
@click.argument("pool_id", metavar="POOL")
@option_json
def list_servers(pool_id: str, wants_json: bool) -> None:
    """List the resource servers of the user pool POOL."""
    found = current_authz.resource_servers.of_pool(pool_id)
    if wants_json:
        output.as_json([documents.resource_server(each) for each in found])
        return
    rows = [(each.identifier, str(len(each.scopes)), each.name) for each in found]
    output.table(("IDENTIFIER", "SCOPES", "NAME"), rows, empty="The pool has no resource server.")


@resource_server.command("describe")
@click.argument("pool_id", metavar="POOL")
@click.argument("identifier")
@option_json
def describe(pool_id: str, identifier: str, wants_json: bool) -> None:
    """Show a resource server with its scopes."""
    _show(current_authz.resource_servers.describe(pool_id, identifier), wants_json)


@resource_server.command("update")
@click.argument("pool_id", metavar="POOL")
@click.argument("identifier")
@click.option("--name", help="What people call it.")
@_option_scope
@option_json
def update(
    pool_id: str, identifier: str, name: str | None, scopes: tuple[ResourceServerScope, ...], wants_json: bool
) -> None:
    """Change the name or all scopes of a resource server, and nothing else.

    Clients keep a scope that is gone, but no token carries it any more.
    """
    before = current_authz.resource_servers.describe(pool_id, identifier)
    after = before.replace(name=before.name if name is None else name, scopes=scopes or before.scopes)
    if after == before:
        raise click.UsageError("Nothing to change: no option differs from what the resource server has.")
    _show(current_authz.resource_servers.replace(after), wants_json)


@resource_server.command("delete")
@click.argument("pool_id", metavar="POOL")
@click.argument("identifier")
def delete(pool_id: str, identifier: str) -> None:
    """Delete a resource server: no token carries its scopes any more."""
    current_authz.resource_servers.delete(pool_id, identifier)
    click.echo(f"Deleted the resource server {output.cell(identifier)}.")


def _show(server: ResourceServer, wants_json: bool) -> None:
    if wants_json:
        output.as_json(documents.resource_server(server))
        return
    output.fields({"User pool": server.pool_id, "Identifier": server.identifier, "Name": server.name})
    rows = [(f"{server.identifier}/{each.name}", each.description) for each in server.scopes]
    click.echo()
    output.table(("SCOPE", "DESCRIPTION"), rows, empty="It has no scope.")
