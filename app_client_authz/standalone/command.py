"""``app-client-authz serve``: the server for development and CI, in one command."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from app_client_authz.config import is_loopback
from app_client_authz.domain import ids
from app_client_authz.domain.errors import AuthzError, ConfigurationError, ResourceNotFound
from app_client_authz.domain.shapes import plain
from app_client_authz.seeding import documents, files, seeds
from app_client_authz.seeding.documents import SeedFile
from app_client_authz.seeding.problems import Problems, Refused
from app_client_authz.services.registry import Services
from app_client_authz.standalone import environment, screen, server
from app_client_authz.standalone.building import Site, build

_PLACE = "/{pool_id}"


@click.group()
def main() -> None:
    """An authorization server with the semantics of Amazon Cognito app clients, on its own."""


@main.command("serve")
@click.option(
    "--seed",
    "seed_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Pools, clients and users to begin with: YAML or JSON.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; with --public-url beyond it.",
)
@click.option(
    "--port", default=5000, show_default=True, type=click.IntRange(0, 65535), help="0 takes one that is free."
)
@click.option(
    "--data",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep database and secret key in this folder. Unset: all is in memory, and gone at the end.",
)
@click.option(
    "--database", metavar="URL", help="Another database, migrated at the start; with --data or SECRET_KEY for its key."
)
@click.option("--public-url", metavar="URL", help="AUTHZ_PUBLIC_URL: where others reach the server.")
@click.option("--issuer", metavar="URL", help="The issuer of a real pool, for services that pin it.")
@click.option(
    "--access-key", "access_keys", multiple=True, metavar="ID:SECRET", help="Who may call the JSON API; repeatable."
)
def serve(
    seed_file: Path | None,
    host: str,
    port: int,
    folder: Path | None,
    database: str | None,
    public_url: str | None,
    issuer: str | None,
    access_keys: tuple[str, ...],
) -> None:
    """Serve the pools, clients and users of a seed file, for development and CI.

    Settings are read from the environment (AUTHZ_…, as in docs/reference/configuration.md): options go before them,
    and they go before the settings of the seed file.
    """
    _check_database(database)
    try:
        seed = _read(seed_file)
        options = _from_options(public_url, issuer, access_keys)
        site = build({**seed.settings, **environment.settings(os.environ), **options}, folder, database)
        _check_host(host, site.services)
        seeds.plan(site.services, seed.pools, Problems()).apply()
        _check_issuer(issuer, site.services)
    except Refused as refused:
        for line in refused.lines:
            click.echo(f"Error: {line}", err=True)
        raise click.exceptions.Exit(1) from None
    except AuthzError as error:
        raise click.ClickException(plain(error.message or error.code)) from None
    except SQLAlchemyError as error:
        # Its text may hold the URL and its password.
        raise click.ClickException(f"The database does not answer ({type(error).__name__}).") from None
    except ModuleNotFoundError as error:
        raise click.ClickException(f"The driver that --database asks for is not installed: {error.name}.") from None
    _serve(site, host, port)


def _serve(site: Site, host: str, port: int) -> None:
    def ready(port: int) -> None:
        settings = site.services.settings
        shown = "localhost" if host == "127.0.0.1" else f"[{host}]" if ":" in host else host
        base = settings.public_url or f"http://{shown}:{port}{settings.url_prefix}"
        click.echo(screen.text(site.services, base, site.kept_in, site.folder))

    try:
        server.serve(site.app, host, port, ready)
    except OSError as error:
        raise click.ClickException(f"{host} port {port}: {error.strerror}") from None


def _read(seed_file: Path | None) -> SeedFile:
    if seed_file is None:
        return SeedFile({}, ())
    problems = Problems()
    seed = documents.of_seed(files.read(seed_file), problems)
    problems.done()
    return seed


def _from_options(public_url: str | None, issuer: str | None, access_keys: tuple[str, ...]) -> Mapping[str, Any]:
    given: dict[str, Any] = {}
    if public_url is not None:
        given["AUTHZ_PUBLIC_URL"] = public_url
    if issuer is not None:
        start, _, end = issuer.rpartition("/")
        # A pinned issuer ends with the ID of its pool; the issuers of other pools are made likewise.
        given["AUTHZ_ISSUER"] = start + _PLACE if ids.is_pool_id(end) else issuer
    pairs = [each.partition(":") for each in access_keys]
    if not all(key_id and secret for key_id, _, secret in pairs):
        raise click.BadOptionUsage("--access-key", "--access-key is of the form ID:SECRET.")
    if pairs:
        given["AUTHZ_ACCESS_KEYS"] = {key_id: secret for key_id, _, secret in pairs}
    return given


def _check_database(url: str | None) -> None:
    try:
        make_url(url or "sqlite://")
    except (ArgumentError, ValueError):
        # Not what it was: there may be a password in it.
        raise click.BadOptionUsage("--database", "--database is no URL of a database.") from None


def _check_host(host: str, services: Services) -> None:
    if not is_loopback(host) and services.settings.public_url is None:
        raise ConfigurationError(
            f"--host {host} lets other machines in: say with --public-url under which URL they reach the server"
        )


def _check_issuer(issuer: str | None, services: Services) -> None:
    pool_id = (issuer or "").rpartition("/")[2]
    if ids.is_pool_id(pool_id):
        try:
            services.pools.describe(pool_id)
        except ResourceNotFound:
            raise ConfigurationError(f"--issuer names the pool {pool_id}, and there is none of that ID") from None
