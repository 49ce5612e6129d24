"""``flask authz …``: everything an operator does, thin over the services."""

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from app_client_authz.domain.errors import AuthzError, Unavailable
from app_client_authz.domain.shapes import plain

__all__ = ["group"]

UNAVAILABLE = "The database does not answer: is it up, and is it migrated ('flask authz upgrade')?"


class _Authz(AppGroup):
    """Imports the commands once one is asked for: a process that serves requests never pays for them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._load()
        return list(self.commands)  # in the order of a site's life, not of the alphabet

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        self._load()
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """One clear line and exit code 1 for whatever the services refuse; never a traceback."""
        try:
            return super().invoke(ctx)
        except Unavailable as error:
            said = error.message or UNAVAILABLE
            raise click.ClickException(plain(f"{said} ({error.detail})" if error.detail else said)) from None
        except AuthzError as error:
            raise click.ClickException(plain(error.message or error.code)) from None
        except SQLAlchemyError as error:
            # Its text may hold the statement and its values.
            raise click.ClickException(f"The database does not answer ({type(error).__name__}).") from None

    def _load(self) -> None:
        if self.commands:
            return
        from app_client_authz.cli import (
            access_keys,
            clients,
            doctor,
            groups,
            keys,
            messages,
            pools,
            resource_servers,
            seed,
            site,
            users,
        )

        for command in (
            site.upgrade,
            pools.pool,
            resource_servers.resource_server,
            clients.client,
            users.user,
            groups.group,
            messages.messages,
            keys.keys,
            access_keys.access_key,
            seed.seed,
            seed.import_group,
            seed.export_pool,
            site.prune,
            site.check,
            doctor.doctor,
        ):
            self.add_command(command)


group = _Authz("authz", help="Administer the authorization server of this app.")
