"""Commands about the site as a whole."""

import click
from flask.cli import with_appcontext
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app_client_authz.cli import output
from app_client_authz.cli.params import option_json
from app_client_authz.proxies import current_authz
from app_client_authz.services import posture
from app_client_authz.services.posture import Finding
from app_client_authz.storage import migrate
from app_client_authz.storage.migrate import TABLE_PREFIX


@click.command("upgrade")
@click.option("--check", is_flag=True, help="Change nothing: exit with 1 if there is something to migrate.")
@with_appcontext
def upgrade(check: bool) -> None:
    """Create or migrate the tables of this release.

    Safe to repeat, and to start on several hosts at once: one migrates, the others wait.
    """
    engine = current_authz.engine
    if migrate.is_current(engine):
        click.echo(f"{_database(engine)} is up to date.")
    elif check:
        raise click.ClickException(f"{_database(engine)} is not migrated: run 'flask authz upgrade'.")
    else:
        try:
            migrate.upgrade(engine)
        except (SQLAlchemyError, migrate.BrokenMigration) as error:
            raise click.ClickException(f"{_database(engine)} was not changed: {_first_line(error)}") from None
        click.echo(f"{_database(engine)} is migrated.")
    current_authz.upkeep.check_sealing_keys()
    click.echo("The sealing keys fit it.")


@click.command("prune")
@with_appcontext
def prune() -> None:
    """Delete what is over: expired sessions, codes, attempts and retired keys.

    Run it daily. Several processes may do so at once.
    """
    rows = [(str(count), table.removeprefix(TABLE_PREFIX)) for table, count in current_authz.upkeep.prune().items()]
    output.table(("DELETED", "FROM"), rows, empty="There is nothing to prune.")


@click.command("check")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@option_json
@with_appcontext
def check(strict: bool, wants_json: bool) -> None:
    """List what is weaker than it should be, with stable codes.

    Exits with 1 if there is an error (E); warnings (W) may be meant. docs/reference/posture-codes.md explains each
    code.
    """
    found = posture.findings(current_authz)
    if wants_json:
        output.as_json([_finding(each) for each in found])
    else:
        _list(found)
    if any(each.is_error or strict for each in found):
        click.get_current_context().exit(1)


def _list(found: list[Finding]) -> None:
    if not found:
        click.echo("No findings.")
        return
    subjects = {(each.pool_id, each.client_id): each.name for each in found}
    for (pool_id, client_id), name in subjects.items():
        kind = "Site" if pool_id is None else f"User pool {pool_id}" if client_id is None else f"App client {client_id}"
        click.echo(kind if name is None else f"{kind} ({output.cell(name)})")
        for each in found:
            if (each.pool_id, each.client_id) == (pool_id, client_id):
                output.paragraph(f"{each.code}  {each.text}.", indent="  ", hanging=" " * 14)
        click.echo()
    errors = sum(each.is_error for each in found)
    click.echo(f"{output.counted(errors, 'error')}, {output.counted(len(found) - errors, 'warning')}")


def _finding(value: Finding) -> dict[str, object]:
    members = {
        "Code": value.code,
        "Level": "error" if value.is_error else "warning",
        "UserPoolId": value.pool_id,
        "ClientId": value.client_id,
        "Name": value.name,
        "Text": value.text,
    }
    return {name: member for name, member in members.items() if member is not None}


def _database(engine: Engine) -> str:
    place = f" at {engine.url.host}" if engine.url.host else ""
    return f"The {engine.dialect.name} database {engine.url.database or 'in memory'}{place}"


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return (str(cause).splitlines() or [type(error).__name__])[0]
