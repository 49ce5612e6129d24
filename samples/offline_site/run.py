"""The whole site on this machine, for a look: PostgreSQL, gunicorn and nginx with the files of this folder.

    make serve SAMPLE=offline_site

Needs nginx. PostgreSQL comes out of a package; AUTHZ_SITE_DATABASE_URL names a server that is there, with a role that
may create databases. Everything is in a temporary folder, and gone after Ctrl+C.
The words ``stop``, ``start`` and ``reload``, typed in, do to the server what ``systemctl`` does.
"""

import argparse
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

from make_certificate import make as make_certificate
from make_secrets import make as make_secrets
from run_postgresql import postgresql

SAMPLE = Path(__file__).parent
SCRIPTS = ("flask.sh", "site.sh", "backup.sh", "restore.sh", "site_app.py", "site_commands.py", "gunicorn.conf.py")
POOL = "us-east-1_Staff0001"
CLIENT = "1offline0site0example0web1"
STATE = "try"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""The code challenge that RFC 7636 gives as an example (appendix B): nobody redeems the code of a look."""
START_SECONDS = 60
NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    include {folder}/site.nginx;
}}
"""
# As systemd hands over a socket: descriptor 3, for the process that it starts and no other.
ACTIVATED = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); "
    "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); os.execvp(sys.argv[2], sys.argv[2:])"
)


class Site:
    """The site in a folder: its processes, and the environment that its scripts want."""

    def __init__(self, folder: Path, port: int, plain_port: int, database: Mapping[str, str], tools: str) -> None:
        self.folder, self.port, self.plain_port = folder, port, plain_port
        self.url = f"https://localhost:{port}"
        self.database = database
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AUTHZ_", "FLASK_", "PG"))}
        # With its variable, for the eyes of who reads it.
        self.path = os.pathsep.join(filter(None, [tools, str(Path(sys.executable).parent), "$PATH", "/usr/sbin"]))
        path = self.path.replace("$PATH", os.environ["PATH"])
        self.environment = {**kept, "OFFLINE_SITE": str(folder / "etc"), "PATH": path}
        self.server: subprocess.Popen[bytes] | None = None
        for name in ("app", "etc", "run", "log", "backups", "keys"):
            (folder / name).mkdir(mode=0o700)
        # Bound once, as by offline-site-web.socket: requests wait in it while the server restarts.
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / "run" / "gunicorn.sock"))
        self.listener.listen(128)

    def install(self) -> None:
        """The files of the sample with the paths and ports of this folder, a certificate, and secrets."""
        app, etc = self.folder / "app", self.folder / "etc"
        for name in SCRIPTS:
            shutil.copy(SAMPLE / name, app)
        make_secrets(etc)
        make_certificate("localhost", etc / "tls")
        here = {
            "https://login.example.com": self.url,
            "login.example.com": "localhost",
            "/etc/offline-site": str(etc),
            "/run/offline-site": str(self.folder / "run"),
            "/var/log/nginx": str(self.folder / "log"),
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
        }
        (self.folder / "site.nginx").write_text(replaced((SAMPLE / "nginx.conf").read_text(), here))
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder))
        settings = (SAMPLE / "etc" / "settings.toml").read_text()
        (etc / "settings.toml").write_text(replaced(settings, {"https://login.example.com": self.url}))
        given = dict(
            line.split("=", 1)
            for line in (SAMPLE / "etc" / "site.env").read_text().splitlines()
            if not line.startswith("#")
        )
        folders = {"BACKUPS": str(self.folder / "backups"), "KEY_COPIES": str(self.folder / "keys")}
        known = {**given, **self.database, **folders}
        (etc / "site.env").write_text("".join(f"{name}={value}\n" for name, value in known.items()))

    def flask(self, *arguments: str) -> str:
        command = [str(self.folder / "app" / "flask.sh"), *arguments]
        return subprocess.run(
            command, env=self.environment, check=True, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
        ).stdout

    def seed(self) -> str:
        """A pool, a client and ann, whose password is returned."""
        self.flask("authz", "upgrade")
        self.flask("authz", "pool", "create", "Staff", "--id", POOL, "--deletion-protection")
        self.flask(
            *("authz", "client", "create", POOL, "web", "--id", CLIENT, "--require-pkce", "--rotate-refresh-tokens"),
            *("--flow", "code", "--scope", "openid", "--scope", "email", "--grace", "10"),
            *("--callback-url", f"{self.url}/", "--logout-url", f"{self.url}/"),
        )
        printed = self.flask(
            *("authz", "user", "create", POOL, "ann", "--generate", "--permanent"),
            *("--attribute", "email=ann@example.com", "--attribute", "email_verified=true"),
        )
        return dict(line.split(None, 1) for line in printed.splitlines()[1:])["Password"]

    def start(self) -> None:
        if self.server is not None and self.server.poll() is None:
            return
        self.flask("authz", "upgrade", "--check")
        descriptor = self.listener.fileno()
        command = [sys.executable, "-c", ACTIVATED, str(descriptor), sys.executable, "-m", "gunicorn"]
        self.server = subprocess.Popen(
            [*command, "--config", str(self.folder / "app" / "gunicorn.conf.py")],
            env={**self.environment, **self.variables()},
            pass_fds=(descriptor,),
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "log" / "server.log").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl+C is for this program, which ends the others in their order
        )

    def variables(self) -> dict[str, str]:
        """What EnvironmentFile= gives to the service."""
        lines = (self.folder / "etc" / "site.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if not line.startswith("#"))

    def reload(self) -> None:
        self.flask("authz", "upgrade", "--check")
        if self.server is not None:
            self.server.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.wait()

    def answers(self) -> bool:
        trusted = ssl.create_default_context(cafile=self.folder / "etc" / "tls" / "ca.crt")
        keys = f"{self.url}/auth/{POOL}/.well-known/jwks.json"
        with suppress(OSError), urllib.request.urlopen(keys, context=trusted, timeout=10):
            return True
        return False

    @property
    def sign_in_url(self) -> str:
        query = {
            "client_id": CLIENT,
            "redirect_uri": f"{self.url}/",
            "response_type": "code",
            "scope": "openid email",
            "state": STATE,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return f"{self.url}/auth/oauth2/authorize?{urlencode(query)}"


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """The text with all changes made; each has to have something to change."""
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"there is no {old} any more")
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(site: Site) -> Iterator[None]:
    binary = shutil.which("nginx", path=site.environment["PATH"])
    if binary is None:
        sys.exit("There is no nginx here: apt-get install nginx-light")
    folder = str(site.folder)
    errors = site.folder / "log" / "nginx.log"
    command = [binary, "-p", folder, "-e", str(errors), "-c", str(site.folder / "nginx.conf")]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(folder: Path, port: int) -> Iterator[tuple[Site, str]]:
    """The site, answering, and ann's password."""
    with postgresql(folder) as (database, tools):
        site = Site(folder, port or free_port(), free_port(), database, tools)
        site.install()
        password = site.seed()
        try:
            with nginx(site):
                site.start()
                wait_for(site)
                yield site, password
        finally:
            site.stop()
            site.listener.close()


def wait_for(site: Site) -> None:
    give_up = time.monotonic() + START_SECONDS
    while not site.answers():
        if time.monotonic() > give_up:
            sys.exit(f"The site does not answer:\n{(site.folder / 'log' / 'server.log').read_text()}")
        time.sleep(0.1)


def announcement(site: Site, password: str) -> str:
    etc = site.folder / "etc"
    return f"""
  Sign in as ann with {password}

    {site.sign_in_url}

  The browser warns unless it trusts the authority of this site, {etc / "tls" / "ca.crt"};
  http://localhost:{site.plain_port} leads to https. The issuer is {site.url}/auth/{POOL}.

  Its scripts, in another terminal:

    export OFFLINE_SITE="{etc}" PATH="{site.path}"
    {site.folder}/app/flask.sh authz check
    {site.folder}/app/backup.sh

  Type stop, start or reload for what systemctl does. Ctrl+C ends and deletes everything.
"""


def obey(words: Iterator[str], does: Mapping[str, Callable[[], None]]) -> None:
    """One word per line, until there are no more; then wait for a signal."""
    for line in words:
        action = does.get(line.strip())
        if action is None:
            print(f"  {', '.join(does)}, or Ctrl+C")
            continue
        try:
            action()
        except subprocess.CalledProcessError as error:
            print(f"  refused: {' '.join(error.cmd[1:])} says no")
        else:
            print(f"  {line.strip()}: done", flush=True)
    while True:
        signal.pause()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=5000, help="of https; 0 takes one that is free (default: 5000)")
    port = parser.parse_args().port
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Short, since the path of a socket is; and not in a home, where the account of PostgreSQL cannot go.
    folder = Path(tempfile.mkdtemp(prefix="offline-site-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with served(folder, port) as (site, password):
            print(announcement(site, password), flush=True)
            obey(iter(sys.stdin), {"stop": site.stop, "start": site.start, "reload": site.reload})
    except KeyboardInterrupt:
        print("  The site is gone.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
