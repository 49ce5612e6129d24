"""``flask authz messages``: what the development sender keeps."""

import click
from flask.cli import with_appcontext

from app_client_authz.cli import output
from app_client_authz.cli.params import option_json
from app_client_authz.proxies import current_authz
from app_client_authz.storage.messages import KeptMessage


@click.command("messages")
@click.option("--pool", "pool_id", required=True, metavar="ID", help="The user pool.")
@click.option("--username", required=True, metavar="NAME", help="Username, alias or sub.")
@option_json
@with_appcontext
def messages(pool_id: str, username: str, wants_json: bool) -> None:
    """Show what a user was sent in the last day, the newest first, with codes and temporary passwords.

    Only the development sender keeps messages.
    """
    outbox = current_authz.outbox
    if outbox is None:
        raise click.ClickException("Messages are sent here, and not kept: only the development sender keeps them.")
    sub = current_authz.users.describe(pool_id, username).sub
    found = outbox.of_user(pool_id, sub)
    if wants_json:
        output.as_json([_document(each) for each in found])
    elif not found:
        click.echo("No messages in the last day.")
    for each in () if wants_json else found:
        _show(each)


def _document(message: KeptMessage) -> dict[str, str]:
    return {
        "kind": message.kind,
        "code": message.code,
        "destination": message.destination,
        "medium": message.medium,
        "subject": message.subject,
        "body": message.body,
        "sent_at": output.moment(message.sent_at),
    }


def _show(message: KeptMessage) -> None:
    output.fields(
        {
            "Sent": message.sent_at,
            "Kind": message.kind,
            "To": message.destination,
            "Code": message.code,
            "Subject": message.subject,
            "Body": message.body.splitlines(),
        }
    )
    click.echo()
