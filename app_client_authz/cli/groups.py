"""``flask authz group``: groups of a pool's users."""

import dataclasses
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar, cast

import click
from flask.cli import AppGroup

from app_client_authz.cli import documents, output
from app_client_authz.cli.naming import in_pool
from app_client_authz.cli.params import option_json
from app_client_authz.domain.user import Group, GroupChanges
from app_client_authz.proxies import current_authz

T = TypeVar("T")

group = AppGroup("group", help="Groups of users; tokens carry them as cognito:groups.")

_option_precedence = click.option(
    "--precedence", type=click.IntRange(0), metavar="NUMBER", help="The lowest number decides the preferred role."
)
_option_role = click.option("--role-arn", metavar="ARN", help="Tokens carry it in cognito:roles.")


@group.command("create")
@in_pool("name")
@click.option("--description")
@_option_precedence
@_option_role
@option_json
def create(
    pool_id: str, name: str, description: str | None, precedence: int | None, role_arn: str | None, wants_json: bool
) -> None:
    """Create the group NAME in the user pool POOL."""
    made = current_authz.groups.create(Group(pool_id, name, description, role_arn, precedence))
    if wants_json:
        output.as_json(documents.group(made))
        return
    click.echo(f"Created the group {output.cell(name)}.")


@group.command("list")
@in_pool()
@option_json
def list_groups(pool_id: str, wants_json: bool) -> None:
    """List the groups of the user pool POOL in the order of their names."""
    found = _all(partial(current_authz.groups.page, pool_id), attrgetter("name"))
    if wants_json:
        output.as_json([documents.group(each) for each in found])
        return
    rows = [(each.name, each.precedence, each.description) for each in found]
    output.table(("GROUP", "PRECEDENCE", "DESCRIPTION"), rows, empty="The pool has no groups.")


@group.command("describe")
@in_pool("name")
@option_json
def describe(pool_id: str, name: str, wants_json: bool) -> None:
    """Show a group with the usernames in it."""
    found = current_authz.groups.describe(pool_id, name)
    users = _all(partial(current_authz.groups.members, pool_id, name), attrgetter("sub"))
    members = sorted(each.username for each in users)
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
@in_pool("name")
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
    changes: dict[str, Any] = dict.fromkeys((option.replace("-", "_") for option in cleared), None)
    changes |= {member: value for member, value in given.items() if value is not None}
    before = current_authz.groups.describe(pool_id, name)
    if dataclasses.replace(before, **changes) == before:
        raise click.UsageError("Nothing to change: no option differs from what the group has.")
    after = current_authz.groups.update(pool_id, name, cast(GroupChanges, changes))
    if wants_json:
        output.as_json(documents.group(after))
        return
    click.echo(f"Changed the group {output.cell(name)}.")


@group.command("delete")
@in_pool("name")
def delete(pool_id: str, name: str) -> None:
    """Delete a group; its users stay."""
    current_authz.groups.delete(pool_id, name)
    click.echo(f"Deleted the group {output.cell(name)}.")


@group.command("add-user")
@in_pool("name", "username")
def add_user(pool_id: str, name: str, username: str) -> None:
    """Put the user USERNAME into the group NAME."""
    current_authz.groups.add_member(pool_id, name, username)
    click.echo(f"The user {output.cell(username)} is in the group {output.cell(name)}.")


@group.command("remove-user")
@in_pool("name", "username")
def remove_user(pool_id: str, name: str, username: str) -> None:
    """Take the user USERNAME out of the group NAME."""
    current_authz.groups.remove_member(pool_id, name, username)
    click.echo(f"The user {output.cell(username)} is not in the group {output.cell(name)}.")


def _all(page: Callable[..., list[T]], mark: Callable[[T], str]) -> list[T]:
    """Whatever a list has, page by page."""
    found: list[T] = []
    while more := page(after=mark(found[-1]) if found else ""):
        found += more
    return found
