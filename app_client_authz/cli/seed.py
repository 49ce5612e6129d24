"""``flask authz seed``, ``import cognito`` and ``export``: pools out of files, and into files."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

import click
from flask.cli import AppGroup, with_appcontext

from app_client_authz.cli import output
from app_client_authz.cli.params import option_json, pair
from app_client_authz.config import Settings
from app_client_authz.proxies import current_authz
from app_client_authz.seeding import cognito, documents, export, files, parts, seeds
from app_client_authz.seeding.plan import Outcome, Plan
from app_client_authz.seeding.problems import Problems, Refused

ROWS = 50
"""Lines of a table for people; there may be as many users as a city has."""

_file = click.Path(dir_okay=False, path_type=Path)
_dry_run = click.option("--dry-run", is_flag=True, help="Check and say what would be done; write nothing.")


@click.command("seed")
@click.argument("file", type=_file)
@_dry_run
@option_json
@with_appcontext
def seed(file: Path, dry_run: bool, wants_json: bool) -> None:
    """Create what FILE describes, or change what differs; nothing is ever deleted.

    FILE is JSON, or YAML where PyYAML is installed: pools with app clients, groups, users and more, as
    docs/how-to/standalone.md tells. It is checked as a whole before anything is written. Once more changes nothing.
    """
    try:
        problems = Problems()
        described = documents.of_seed(files.read(file), problems)
        _check_settings(described, problems)
        plan = seeds.plan(current_authz, described.pools, problems)
    except Refused as refused:
        _refuse(refused)
    _carry_out(plan, [], dry_run=dry_run, wants_json=wants_json)


@click.group("import", cls=AppGroup)
def import_group() -> None:
    """Bring in what another service has."""


@import_group.command("cognito")
@click.argument("paths", metavar="FILE...", type=_file, nargs=-1, required=True)
@click.option("--pool", "pool_id", metavar="POOL", help="The user pool, where no file names it.")
@click.option(
    "--members",
    "members",
    type=pair,
    multiple=True,
    metavar="GROUP=FILE",
    help="What list-users-in-group printed of a group, which does not say which; repeatable.",
)
@_dry_run
@option_json
def import_cognito(
    paths: Sequence[Path], pool_id: str | None, members: Sequence[tuple[str, str]], dry_run: bool, wants_json: bool
) -> None:
    """Recreate a real user pool from what the aws command line printed of it.

    FILEs hold the JSON of describe-user-pool, get-user-pool-mfa-config, describe-user-pool-client,
    list-resource-servers, describe-identity-provider, list-groups and list-users. IDs, secrets, scopes and subs stay
    as they are. What cannot come along is listed; users set a new password by a code. Once more changes nothing.
    """
    try:
        problems = Problems()
        found = cognito.Export(problems)
        for path in paths:
            found.add(path.name, files.read(path))
        for group, name in members:
            found.add_members(group, Path(name).name, files.read(Path(name)))
        document = found.document(pool_id, partial(parts.provider_names, current_authz))
        plan = seeds.plan(current_authz, [] if document is None else [document], problems)
    except Refused as refused:
        _refuse(refused)
    _carry_out(plan, found.notes, dry_run=dry_run, wants_json=wants_json)


@click.command("export")
@click.argument("pool_id", metavar="POOL")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write; a folder called as the pool, unless set.",
)
@click.option("--with-secrets", is_flag=True, help="Write the secrets of clients and identity providers, too.")
@option_json
@with_appcontext
def export_pool(pool_id: str, folder: Path | None, with_secrets: bool, wants_json: bool) -> None:
    """Write the user pool POOL into files, as the aws command line would print it.

    'flask authz import cognito' reads them again. Passwords, sessions and signing keys are never written: a backup of
    the database is another thing.
    """
    try:
        written = export.write(current_authz, pool_id, folder or Path(pool_id), with_secrets=with_secrets)
    except Refused as refused:
        raise click.ClickException(refused.lines[0]) from None
    if wants_json:
        output.as_json({"Files": [str(path) for path in written.paths], "Notes": written.notes})
        return
    for path in written.paths:
        click.echo(path)
    for note in written.notes:
        click.echo(f"Note: {output.cell(note)}", err=True)


def _check_settings(described: documents.SeedFile, problems: Problems) -> None:
    """Settings in a seed file are for 'app-client-authz serve'; an app that runs has its own."""
    if not described.settings or problems.count:
        return
    with problems.at(documents.SETTINGS):
        wanted = Settings.from_mapping({"SECRET_KEY": "x", **described.settings})
        for key in described.settings:
            field = key.removeprefix("AUTHZ_").lower()
            if getattr(wanted, field) != getattr(current_authz.settings, field):
                told = "this app is configured otherwise: set it there, or take it out of the file"
                problems.add(f"{documents.SETTINGS}.{key}", told)


def _carry_out(plan: Plan, notes: Sequence[str], *, dry_run: bool, wants_json: bool) -> None:
    if not dry_run:
        plan.apply()
    if wants_json:
        lines = [
            {"Kind": each.kind, "UserPoolId": each.pool_id, "Name": each.name, "Outcome": str(each.outcome)}
            for each in plan.lines
        ]
        output.as_json({"Applied": not dry_run, "Items": lines, "Notes": list(notes)})
        return
    say(plan)
    for note in notes:
        click.echo(f"Note: {output.cell(note)}")
    if dry_run:
        click.echo("Nothing was written.")


def say(plan: Plan) -> None:
    """What was created, changed, and found as it is to be."""
    shown = [each for each in plan.lines if each.outcome is not Outcome.UNCHANGED]
    rows = [(each.outcome, each.kind, each.pool_id, each.name) for each in shown[:ROWS]]
    if rows:
        output.table(("OUTCOME", "WHAT", "POOL", "NAME"), rows, empty="")
    if len(shown) > len(rows):
        click.echo(f"… and {len(shown) - len(rows)} more")
    click.echo(", ".join(f"{plan.count(outcome)} {outcome}" for outcome in Outcome))


def _refuse(refused: Refused) -> NoReturn:
    for line in refused.lines:
        click.echo(f"Error: {line}", err=True)
    click.echo("Nothing was written.", err=True)
    raise click.exceptions.Exit(1)
