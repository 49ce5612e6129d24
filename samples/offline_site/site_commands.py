"""``flask site``: what the operator of several user pools does to all of them."""

import click
from flask.cli import AppGroup

from app_client_authz import current_authz

DAY = 86_400
KEYS_LAST_SECONDS = 90 * DAY
STAGED_SECONDS = DAY
"""How long the next keys are published before they sign: some libraries keep a key set for a day."""

commands = AppGroup("site", help="All user pools at once.")


@commands.command("rotate-keys")
def rotate_keys() -> None:
    """Stage the next signing keys of every pool after 90 days, and sign with them from a day later on.

    Run it daily: it looks at the age of the keys, so that a day on which the machine was off changes nothing.
    """
    now = current_authz.clock()
    for pool in current_authz.pools.all():
        ages = {key.state: now - key.created_at for key in current_authz.keys.of_pool(pool.id)}
        if ages.get("next", 0) >= STAGED_SECONDS:
            current_authz.keys.rotate(pool.id, at_once=False)
            click.echo(f"{pool.id} signs with its next keys.")
        elif "next" not in ages and ages["current"] >= KEYS_LAST_SECONDS:
            current_authz.keys.stage(pool.id)
            click.echo(f"{pool.id} publishes its next keys.")


@commands.command("sign-out-everyone")
def sign_out_everyone() -> None:
    """End every session of every pool: what was revoked since a backup is alive again in it."""
    for pool in current_authz.pools.all():
        current_authz.pools.forget_sessions(pool.id)
        click.echo(f"Everybody in the user pool {pool.id} has to sign in again.")
