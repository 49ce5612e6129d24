"""``flask authz group``: groups of a pool's users."""

import dataclasses
from typing import Any

import click
from flask.cli import AppGroup

from app_client_authz.cli import documents, output
from app_client_authz.cli.params import option_json
from app_client_authz.domain.user import Group
from app_client_authz.proxies import current_authz

group = AppGroup("group", help="Groups of users; tokens carry them as cognito:groups.")

_option_precedence = click.option(
    "--precedence", type=click.IntRange(0), metavar="NUMBER", help="The lowest number decides the preferred role."
)
_option_role = click.option("--role-arn", metavar="ARN", help="Tokens carry it in cognito:roles.")


@group.command("create")
@click.argument("pool_id", metavar="POOL")
@click.argument("name")
@click.option("--description")
@_option_precedence
@_option_role
@option_json
def create(
    pool_id: str, name: str, description: str | None, precedence: int | None, role_arn: str | None, wants_json: bool
) -> None:
    """Create the group NAME in the user pool POOL."""
    made = current_authz.users.create_group(Group(pool_id, name, description, role_arn, precedence))
    if wants_json:
        output.as_json(documents.group(made))
        return
    click.echo(f"Created the group {output.cell(name)}.")


@group.command("list")
@click.argument("pool_id", metavar="POOL")
@option_json
def list_groups(pool_id: str, wants_json: bool) -> None:
    """List the groups of the user pool POOL."""
    found = current_authz.users.groups(pool_id)
    if wants_json:
        output.as_json([documents.group(each) for each in found])
        return
    rows = [(each.name, each.precedence, each.description) for each in found]
    output.table(("GROUP", "PRECEDENCE", "DESCRIPTION"), rows, empty="The pool has no groups.")


@group.command("describe")
@click.argument("pool_id", metavar="POOL")
@click.argument("name")
@option_json
def describe(pool_id: str, name: str, wants_json: bool) -> None:
    """Show a group with the usernames in it."""
    found, members = current_authz.users.describe_group(pool_id, name)
    if wants_json:
        output.as_json(documents.group(found, members))
        return
    output.fields(
        {
            "Group": found.name,
            "Description": found.description,
            "Precedence": found.precedence,
            "Role": found.role_arn,
            "Created": found.created_at,
            "Changed": found.updated_at,
            "Users": members or "none",
        }
    )


@group.command("update")
@click.argument("pool_id", metavar="POOL")
@click.argument("name")
@click.option("--description")
@_option_precedence
@_option_role
@click.option(
    "--clear",
    "cleared",
    type=click.Choice(["description", "precedence", "role-arn"]),
    multiple=True,
    help="Take it away; repeatable.",
)
@option_json
def update(pool_id: str, name: str, cleared: tuple[str, ...], wants_json: bool, **given: Any) -> None:
    """Change what the options say of a group, and nothing else."""
    before, _ = current_authz.users.describe_group(pool_id, name)
    changes: dict[str, Any] = dict.fromkeys((option.replace("-", "_") for option in cleared), None)
    changes |= {member: value for member, value in given.items() if value is not None}
    after = dataclasses.replace(before, **changes)
    if after == before:
        raise click.UsageError("Nothing to change: no option differs from what the group has.")
    after = current_authz.users.replace_group(after)
    if wants_json:
        output.as_json(documents.group(after))
        return
    click.echo(f"Changed the group {output.cell(name)}.")


@group.command("delete")
@click.argument("pool_id", metavar="POOL")
@click.argument("name")
def delete(pool_id: str, name: str) -> None:
    """Delete a group; its users stay."""
    current_authz.users.delete_group(pool_id, name)
    click.echo(f"Deleted the group {output.cell(name)}.")


@group.command("add-user")
@click.argument("pool_id", metavar="POOL")
@click.argument("name")
@click.argument("username")
def add_user(pool_id: str, name: str, username: str) -> None:
    """Put the user USERNAME into the group NAME."""
    current_authz.users.add_to_group(pool_id, username, name)
    click.echo(f"The user {output.cell(username)} is in the group {output.cell(name)}.")


@group.command("remove-user")
@click.argument("pool_id", metavar="POOL")
@click.argument("name")
@click.argument("username")
def remove_user(pool_id: str, name: str, username: str) -> None:
    """Take the user USERNAME out of the group NAME."""
    current_authz.users.remove_from_group(pool_id, username, name)
    click.echo(f"The user {output.cell(username)} is not in the group {output.cell(name)}.")
