"""``flask authz client``: app clients."""

from typing import Any

import click
from flask.cli import AppGroup

from app_client_authz.cli import client_options, client_secrets, documents, output
from app_client_authz.cli.client_view import labelled
from app_client_authz.cli.naming import client_argument, named_client
from app_client_authz.cli.params import option_json, secret_text
from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.proxies import current_authz

client = AppGroup("client", help="App clients: one application's configuration within a pool.")
client.add_command(client_secrets.secret)


@client.command("create")
@click.argument("pool_id", metavar="POOL")
@click.argument("name")
@click.option("--id", "client_id", help="Reproduce a known client ID.")
@click.option("--generate-secret", is_flag=True, help="Make it a confidential client; the secret is printed.")
@click.option(
    "--secret",
    "client_secret",
    type=secret_text,
    metavar="TEXT",
    help="Make it a confidential client with this secret (24 to 64 letters, digits, _ or +); - reads it from stdin.",
)
@client_options.described
@click.option(
    "--prevent-user-existence-errors",
    type=click.Choice(["ENABLED", "LEGACY"]),
    default="ENABLED",
    show_default=True,
    help="Whether a sign-in hides who exists. The API's own default is LEGACY.",
)
@option_json
def create(
    pool_id: str,
    name: str,
    client_id: str | None,
    generate_secret: bool,
    client_secret: str | None,
    prevent_user_existence_errors: str,
    wants_json: bool,
    **given: Any,
) -> None:
    """Create an app client called NAME in the user pool POOL.

    OAuth is switched on where a --flow is given, and the pool's own directory (COGNITO) is the identity provider
    of code and implicit flows unless --identity-provider says otherwise.
    """
    spec = ClientSpec(
        client_name=name,
        generate_secret=generate_secret,
        client_secret=client_secret,
        prevent_user_existence_errors=prevent_user_existence_errors,
    )
    spec = client_options.with_defaults_of_creation(client_options.changed(spec, given), given)
    made = current_authz.app_clients.create(pool_id, spec, client_id=client_id)
    # Whoever brings a secret along knows it.
    secret = made.secret if generate_secret else None
    if wants_json:
        output.as_json(documents.client(made.client, secret))
        return
    click.echo(f"Created the {'confidential' if made.client.confidential else 'public'} app client.")
    output.fields({"Client ID": made.client.client_id, "Client secret": secret})


@client.command("list")
@click.argument("pool_id", metavar="POOL")
@option_json
def list_clients(pool_id: str, wants_json: bool) -> None:
    """List the app clients of the user pool POOL."""
    found = current_authz.app_clients.all(pool_id)
    if wants_json:
        output.as_json([documents.client(each) for each in found])
        return
    rows = [
        (
            each.client_id,
            "confidential" if each.confidential else "public",
            (each.spec.allowed_oauth_flows or "no flow") if each.oauth_enabled else "OAuth off",
            each.name,
        )
        for each in found
    ]
    output.table(
        ("CLIENT ID", "TYPE", "OAUTH FLOWS", "NAME"),
        rows,
        empty=f"No app client yet: flask authz client create {pool_id} NAME",
    )


@client.command("describe")
@client_argument
@click.option("--show-secret", is_flag=True, help="Print the oldest secret too.")
@option_json
def describe(names: tuple[str, ...], show_secret: bool, wants_json: bool) -> None:
    """Show everything about an app client; the secret only on demand."""
    found = named_client(names)
    secret = None
    if show_secret:
        secret = current_authz.app_clients.describe(found.pool.id, found.client.client_id).secret
    if wants_json:
        output.as_json(documents.client(found.client, secret))
        return
    output.fields(labelled(found) | {"Client secret": secret})


@client.command("update")
@client_argument
@click.option("--name")
@client_options.described
@click.option(
    "--prevent-user-existence-errors",
    type=click.Choice(["ENABLED", "LEGACY"]),
    help="Whether a sign-in hides who exists.",
)
@click.option(
    "--clear",
    "cleared",
    type=click.Choice(list(client_options.CLEARED)),
    metavar="OPTION",
    multiple=True,
    help="Take an option back, such as read-attribute; repeatable.",
)
@option_json
def update(names: tuple[str, ...], name: str | None, cleared: tuple[str, ...], wants_json: bool, **given: Any) -> None:
    """Change what the options say of an app client, and nothing else.

    A repeatable option replaces the whole list.
    """
    found = named_client(names)
    before = found.client.spec
    spec = client_options.changed(client_options.cleared(before, cleared), given | {"client_name": name})
    if spec == before:
        raise click.UsageError("Nothing to change: no option differs from what the client has.")
    after = current_authz.app_clients.replace(
        found.pool.id, found.client.client_id, spec, expected_version=found.client.version
    ).client
    if wants_json:
        output.as_json(documents.client(after))
        return
    click.echo(f"Changed the app client {after.client_id}.")


@client.command("delete")
@client_argument
def delete(names: tuple[str, ...]) -> None:
    """Delete an app client: its codes, sessions and tokens are dead at once."""
    found = named_client(names)
    current_authz.app_clients.delete(found.pool.id, found.client.client_id)
    click.echo(f"Deleted the app client {found.client.client_id}.")
