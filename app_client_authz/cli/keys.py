"""``flask authz keys``: signing keys of a pool, and what secrets are sealed with."""

from collections.abc import Iterable

import click
from flask.cli import AppGroup

from app_client_authz.cli import output
from app_client_authz.cli.params import option_json
from app_client_authz.proxies import current_authz
from app_client_authz.storage.keys import StoredKey

keys = AppGroup("keys", help="Signing keys: next, current, retired; and the sealing keys.")


@keys.command("list")
@click.argument("pool_id", metavar="POOL")
@option_json
def list_keys(pool_id: str, wants_json: bool) -> None:
    """List the signing keys of the user pool POOL; never a private part."""
    _show(current_authz.keys.of_pool(pool_id), wants_json)


@keys.command("stage")
@click.argument("pool_id", metavar="POOL")
@option_json
def stage(pool_id: str, wants_json: bool) -> None:
    """Publish the next signing keys, one per purpose, without signing with them yet."""
    _show(current_authz.keys.stage(pool_id), wants_json)
    click.echo("When every API has seen them (5 minutes; some libraries keep keys for a day):", err=True)
    click.echo(f"  flask authz keys rotate {pool_id}", err=True)


@keys.command("rotate")
@click.argument("pool_id", metavar="POOL")
@click.option("--now", "at_once", is_flag=True, help="Stage and rotate in one step, for a key that leaked.")
@option_json
def rotate(pool_id: str, at_once: bool, wants_json: bool) -> None:
    """Sign with the staged keys from now on.

    The present ones retire: they stay published until the last token that they signed has expired.
    """
    _show(current_authz.keys.rotate(pool_id, at_once=at_once), wants_json)
    if at_once:
        hint = f"Tokens of the old keys live on until you say: flask authz keys withdraw {pool_id} KID"
        click.echo(hint, err=True)


@keys.command("withdraw")
@click.argument("pool_id", metavar="POOL")
@click.argument("kid")
def withdraw(pool_id: str, kid: str) -> None:
    """Stop publishing a key that signs no more: every token that it signed is dead."""
    current_authz.keys.withdraw(pool_id, kid)
    click.echo(f"Withdrew the key {output.cell(kid)}.")


@keys.command("reseal")
def reseal() -> None:
    """Seal all secrets of the site anew under the first of the sealing keys."""
    resealed = output.counted(current_authz.upkeep.reseal(), "secret")
    click.echo(f"Resealed {resealed}: the older sealing keys (or SECRET_KEY_FALLBACKS) can be taken out now.")


def _show(found: Iterable[StoredKey], wants_json: bool) -> None:
    if wants_json:
        output.as_json(
            [
                {
                    "Kid": key.kid,
                    "Purpose": key.purpose,
                    "State": key.state,
                    "CreationDate": output.moment(key.created_at),
                    "PublishedUntil": None if key.published_until is None else output.moment(key.published_until),
                }
                for key in found
            ]
        )
        return
    rows = [(key.purpose, key.state, key.published_until, key.kid) for key in found]
    output.table(("PURPOSE", "STATE", "PUBLISHED UNTIL", "KID"), rows, empty="The pool has no keys.")
