"""``flask authz client secret``: two at most, so that one can be replaced without a pause."""

import click
from flask.cli import AppGroup

from app_client_authz.cli import documents, output
from app_client_authz.cli.naming import client_argument, named_client
from app_client_authz.cli.params import option_json, secret_text
from app_client_authz.proxies import current_authz

secret = AppGroup("secret", help="The secrets of a confidential client: two at most.")


@secret.command("add")
@client_argument
@click.option(
    "--secret",
    "value",
    type=secret_text,
    metavar="TEXT",
    help="Use this one; - reads it from stdin. Made here unless given.",
)
@option_json
def add(names: tuple[str, ...], value: str | None, wants_json: bool) -> None:
    """Add a second secret; the first goes on working until it is deleted."""
    found = named_client(names)
    kept, clear = current_authz.app_clients.add_secret(found.pool.id, found.client.client_id, value)
    shown = clear if value is None else None
    if wants_json:
        output.as_json(documents.client_secret(kept, shown))
        return
    output.fields({"Secret ID": kept.secret_id, "Client secret": shown})
    click.echo("When every instance uses it, delete the other one: flask authz client secret delete")


@secret.command("list")
@client_argument
@option_json
def list_secrets(names: tuple[str, ...], wants_json: bool) -> None:
    """List the IDs of the secrets, the oldest first; never a secret itself."""
    secrets = named_client(names).client.secrets
    if wants_json:
        output.as_json([documents.client_secret(each) for each in secrets])
        return
    rows = [(each.created_at, each.secret_id) for each in secrets]
    output.table(("CREATED", "SECRET ID"), rows, empty="The client is public: it has no secret.")


@secret.command("delete")
@client_argument
@click.argument("secret_id")
def delete(names: tuple[str, ...], secret_id: str) -> None:
    """Delete one of two secrets: it stops working at once."""
    found = named_client(names)
    current_authz.app_clients.delete_secret(found.pool.id, found.client.client_id, secret_id)
    click.echo(f"Deleted the secret {output.cell(secret_id)}.")
