"""``flask authz user``: the users of a pool."""

import click
from flask.cli import AppGroup

from app_client_authz.cli import documents, output, passwords
from app_client_authz.cli.naming import in_pool
from app_client_authz.cli.params import option_json, pair
from app_client_authz.proxies import current_authz

user = AppGroup("user", help="Users of a pool, named by username, alias or sub.")


@user.command("create")
@in_pool("username")
@click.option(
    "--attribute",
    "attributes",
    type=pair,
    multiple=True,
    metavar="NAME=VALUE",
    help="Such as email=ann@example.com or custom:team=blue; repeatable.",
)
@passwords.option_password
@click.option("--permanent", is_flag=True, help="The user need not change the password at the first sign-in.")
@option_json
def create(
    pool_id: str,
    username: str,
    attributes: tuple[tuple[str, str], ...],
    password: str | None,
    generate: bool,
    permanent: bool,
    wants_json: bool,
) -> None:
    """Create the user USERNAME in the user pool POOL."""
    pool = current_authz.pools.describe(pool_id)
    chosen = passwords.chosen(pool.password_policy, password, generate=generate)
    made = current_authz.users.create(pool_id, username, dict(attributes), password=chosen, permanent=permanent)
    shown = chosen if generate else None
    if wants_json:
        output.as_json(documents.user(made) | ({"Password": shown} if shown else {}))
        return
    click.echo(f"Created the user {output.cell(username)}.")
    output.fields({"Sub": made.sub, "Status": str(made.status), "Password": shown})


@user.command("list")
@in_pool()
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Users at most.")
@click.option("--filter", "searched", default="", metavar="FILTER", help="As in ListUsers, such as 'email ^= \"ann\"'.")
@option_json
def list_users(pool_id: str, limit: int, searched: str, wants_json: bool) -> None:
    """List the users of the user pool POOL in the order of their usernames."""
    found = [each for _, each in current_authz.user_lists.page(pool_id, searched, limit=limit + 1)]
    if wants_json:
        output.as_json([documents.user(each, groups=False) for each in found[:limit]])
    else:
        rows = [(each.sub, str(each.status), each.enabled, each.username) for each in found[:limit]]
        empty = "The pool has no such users." if searched else "The pool has no users."
        output.table(("SUB", "STATUS", "ENABLED", "USERNAME"), rows, empty=empty)
    if len(found) > limit:
        click.echo(f"There are more: --limit {limit * 10}", err=True)


@user.command("describe")
@in_pool("username")
@option_json
def describe(pool_id: str, username: str, wants_json: bool) -> None:
    """Show a user with attributes and groups."""
    found = current_authz.users.describe(pool_id, username)
    if wants_json:
        output.as_json(documents.user(found))
        return
    output.fields(
        {
            "Username": found.username,
            "Sub": found.sub,
            "Status": str(found.status),
            "Enabled": found.enabled,
            "Temporary password until": found.temporary_password_until,
            "Signed out everywhere": found.signed_out_at,
            "Groups": [each.name for each in found.groups] or "none",
            "Created": found.created_at,
            "Changed": found.updated_at,
        }
    )
    click.echo()
    rows = sorted(found.attributes.items())
    output.table(("ATTRIBUTE", "VALUE"), rows, empty="The user has no attributes.")


@user.command("update")
@in_pool("username")
@click.option("--attribute", "attributes", type=pair, multiple=True, metavar="NAME=VALUE", help="Set it; repeatable.")
@click.option("--clear", "cleared", multiple=True, metavar="NAME", help="Delete the attribute; repeatable.")
@option_json
def update(
    pool_id: str,
    username: str,
    attributes: tuple[tuple[str, str], ...],
    cleared: tuple[str, ...],
    wants_json: bool,
) -> None:
    """Change attributes of a user, and nothing else."""
    changes = dict.fromkeys(cleared, "") | dict(attributes)
    if not changes:
        raise click.UsageError("Nothing to change: give --attribute or --clear.")
    changed = current_authz.users.update_attributes(pool_id, username, changes)
    if wants_json:
        output.as_json(documents.user(changed))
        return
    click.echo(f"Changed the user {output.cell(username)}.")


@user.command("set-password")
@in_pool("username")
@passwords.option_password
@click.option("--permanent", is_flag=True, help="The user need not change it at the next sign-in.")
def set_password(pool_id: str, username: str, password: str | None, generate: bool, permanent: bool) -> None:
    """Set a user's password; browser sessions of the user end with the old one."""
    current_authz.users.describe(pool_id, username)  # nobody types a password for a user who is not there
    policy = current_authz.pools.describe(pool_id).password_policy
    chosen = passwords.chosen(policy, password, generate=generate)
    current_authz.users.set_password(pool_id, username, chosen, permanent=permanent)
    click.echo(f"Set the {'permanent' if permanent else 'temporary'} password of {output.cell(username)}.")
    if generate:
        output.fields({"Password": chosen})


@user.command("enable")
@in_pool("username")
def enable(pool_id: str, username: str) -> None:
    """Let a disabled user sign in again; earlier sessions stay dead."""
    current_authz.users.enable(pool_id, username)
    click.echo(f"Enabled the user {output.cell(username)}.")


@user.command("disable")
@in_pool("username")
def disable(pool_id: str, username: str) -> None:
    """Lock a user out: no sign-in any more, and every session is dead at once."""
    current_authz.users.disable(pool_id, username)
    click.echo(f"Disabled the user {output.cell(username)}.")


@user.command("sign-out")
@in_pool("username")
def sign_out(pool_id: str, username: str) -> None:
    """Revoke every token session of a user."""
    current_authz.users.sign_out(pool_id, username)
    click.echo(f"Signed out the user {output.cell(username)} everywhere.")


@user.command("delete")
@in_pool("username")
def delete(pool_id: str, username: str) -> None:
    """Delete a user with all sessions."""
    current_authz.users.delete(pool_id, username)
    click.echo(f"Deleted the user {output.cell(username)}.")
