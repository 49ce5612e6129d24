"""The files of the offline site: what its page installs, units, certificates, secrets, the rotation of keys."""

import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click import Group
from cryptography import x509
from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.cli import group
from app_client_authz.domain.pool import PoolSpec
from tests.samples.launching import module, modules_of
from tests.samples.offline import SAMPLE
from tests.samples.running import environment
from tests.support.clock import MovableClock
from tests.support.documents import all_taken
from tests.support.imports import ROOT
from tests.support.site import SMALL_HASHES
from tests.support.systemd import analyze

PAGE = ROOT / "docs" / "how-to" / "offline-site.md"
UNITS = SAMPLE / "systemd"
STOOD_IN = ("apt-get", "adduser", "chown", "runuser", "systemctl")
# What "python3 -m venv" makes, as far as the scripts care: the programs of this environment, and no pip.
VENV = """#!/bin/sh
mkdir -p "$3/bin"
for program in python flask gunicorn; do ln -s {bin}/$program "$3/bin/$program"; done
printf '#!/bin/sh\\n' > "$3/bin/pip"
chmod +x "$3/bin/pip"
"""


def section(title: str) -> list[str]:
    """The commands of a part of the page."""
    part = PAGE.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", part, re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The root of what the commands of "Install" make, with stand-ins for what needs a machine of its own."""
    root, programs = tmp_path / "root", tmp_path / "programs"
    programs.mkdir()
    for name in STOOD_IN:
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/called\n')
    (programs / "python3").write_text(VENV.format(bin=Path(sys.executable).parent))
    for program in programs.iterdir():
        program.chmod(0o755)
    for folder in ("etc/systemd/system", "etc/nginx/sites-available", "etc/nginx/sites-enabled", "opt", "var"):
        (root / folder).mkdir(parents=True)
    (root / "etc/nginx/sites-enabled/default").touch()
    commands = re.sub(r"(?<=[ =])/(?=(opt|etc|var)/)", f"{root}/", "\n".join(section("Install")).replace("\n/", "\n /"))
    # The only command of it that wants PostgreSQL; the running site does that one.
    commands = commands.replace("flask.sh authz upgrade", "flask.sh --version")
    path = os.pathsep.join([str(programs), os.environ["PATH"]])

    subprocess.run(
        ["sh", "-euc", commands],
        cwd=ROOT,
        env={**environment(), "PATH": path, "OFFLINE_SITE": str(root / "etc/offline-site")},
        check=True,
        capture_output=True,
    )

    return root


def test_commands_of_the_page_install_every_file(installed: Path, tmp_path: Path) -> None:
    app, etc = installed / "opt/offline-site", installed / "etc/offline-site"
    files = {path.name for path in SAMPLE.iterdir() if path.suffix in {".py", ".sh"}}

    assert {path.name for path in app.iterdir() if path.is_file()} == files - {"run.py", "run_postgresql.py"}
    assert {path.name for path in etc.iterdir()} == {"settings.toml", "site.env", "secrets.toml", "tls"}
    assert (installed / "etc/nginx/sites-enabled/offline-site").read_text() == (SAMPLE / "nginx.conf").read_text()
    assert not (installed / "etc/nginx/sites-enabled/default").exists()
    assert stat.S_IMODE((etc / "secrets.toml").stat().st_mode) == 0o600
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in (etc / "tls").iterdir()} == {
        "ca.crt": 0o644,
        "ca.key": 0o600,
        "site.crt": 0o644,
        "site.key": 0o600,
    }
    enabled = re.findall(r"systemctl enable --now (.*)", (tmp_path / "called").read_text())
    startable = {path.name for path in UNITS.iterdir() if path.is_file() and "WantedBy=" in path.read_text()}
    assert set(" ".join(enabled).split()) == startable


def in_another_root(installed: Path) -> list[str]:
    """The installed units with their paths where the files are; the folder of nginx's socket stays."""
    units = installed / "etc/systemd/system"
    for path in units.rglob("*.*"):
        if path.is_file():
            path.write_text(re.sub(r"/(?=(opt|etc|var)/)", f"{installed}/", path.read_text()))
    return sorted(str(path) for path in units.iterdir() if path.is_file())


def test_systemd_finds_nothing_wrong_with_the_units(installed: Path) -> None:
    done = subprocess.run(
        [analyze(), "verify", "--man=no", *in_another_root(installed)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_hardening_reaches_every_service(installed: Path) -> None:
    services = [unit for unit in in_another_root(installed) if unit.endswith(".service")]
    assert len(services) == 4

    for service in services:
        # Without the drop-in file the exposure is 9.6 of 10.
        done = subprocess.run(
            [analyze(), "security", "--offline=true", "--threshold=25", "--no-pager", service],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "SYSTEMD_UNIT_PATH": f"{Path(service).parent}:"},
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("timer", sorted(UNITS.glob("*.timer")), ids=lambda path: path.stem)
def test_timers_have_a_service_and_a_time_of_each_day(timer: Path) -> None:
    (calendar,) = re.findall(r"^OnCalendar=(.*)$", timer.read_text(), re.MULTILINE)
    assert timer.with_suffix(".service").is_file()

    shown = subprocess.run([analyze(), "calendar", "--iterations=2", calendar], capture_output=True, check=True)

    assert shown.stdout.count(b"(in UTC)") in {0, 2}
    assert b"Iteration #2" in shown.stdout or b"Iter. #2" in shown.stdout


@pytest.mark.parametrize("block", [block.text for block in all_taken("docs/how-to/offline-site.md", "sh")])
def test_commands_of_the_page_are_shell_and_name_what_there_is(block: str) -> None:
    subprocess.run(["sh", "-n", "-c", block], check=True)
    for name in re.findall(r"/opt/offline-site/([\w.]+)", block):
        assert name == "venv" or (SAMPLE / name).is_file()
    for unit in re.findall(r"offline-site-[a-z]+\.(?:service|socket|timer)", block):
        assert (UNITS / unit).is_file()
    for line in re.findall(r"flask\.sh (authz .*)", block.replace("\\\n", " ")):
        known(shlex.split(line)[1:])


def known(words: list[str]) -> None:
    """Fails unless the command and its options exist."""
    found = group
    while isinstance(found, Group):
        inner = found.get_command(None, words.pop(0))  # type: ignore[arg-type]
        assert inner is not None
        found = inner  # type: ignore[assignment]
    options = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= options


def test_shell_scripts_are_plain_sh() -> None:
    for script in SAMPLE.glob("*.sh"):
        subprocess.run(["sh", "-n", str(script)], check=True)


def test_no_secret_is_in_the_sample() -> None:
    tracked = subprocess.run(["git", "ls-files", str(SAMPLE)], cwd=ROOT, capture_output=True, text=True, check=False)
    names = {Path(line).name for line in tracked.stdout.splitlines()}

    assert not names & {"secrets.toml", "ca.key", "site.key"}
    assert not [path for path in SAMPLE.rglob("*") if path.suffix in {".key", ".crt", ".dump"}]


# --- secrets and certificates -------------------------------------------------------------------


def made(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SAMPLE / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_secrets_are_made_once_and_never_replaced(tmp_path: Path) -> None:
    first = made("make_secrets.py", str(tmp_path))
    content = (tmp_path / "secrets.toml").read_text()
    second = made("make_secrets.py", str(tmp_path))

    assert (first.returncode, second.returncode) == (0, 1)
    assert (tmp_path / "secrets.toml").read_text() == content
    keys = re.findall(r'"([^"]{64})"', content)
    assert len(set(keys)) == 2
    assert not [key for key in keys if key in first.stdout + second.stderr]


def test_certificate_is_renewed_under_the_same_authority(tmp_path: Path) -> None:
    kept = {}
    for turn in (1, 2):
        assert made("make_certificate.py", "login.example.com", str(tmp_path)).returncode == 0
        kept[turn] = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    authority, site = (x509.load_pem_x509_certificate(kept[2][name]) for name in ("ca.crt", "site.crt"))

    assert {name for name in kept[1] if kept[1][name] == kept[2][name]} == {"ca.crt", "ca.key"}
    site.verify_directly_issued_by(authority)
    allowed = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert allowed.critical
    assert allowed.value.permitted_subtrees == [x509.DNSName("login.example.com")]


@pytest.mark.parametrize("name, missing", [("login.example.com", "ca.key"), ("other.example.com", None)])
def test_renewal_that_the_authority_cannot_give_changes_nothing(name: str, missing: str | None, tmp_path: Path) -> None:
    made("make_certificate.py", "login.example.com", str(tmp_path))
    if missing is not None:
        (tmp_path / missing).unlink()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    done = made("make_certificate.py", name, str(tmp_path))

    assert done.returncode == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# --- a PostgreSQL that is there ------------------------------------------------------------------


@pytest.mark.parametrize("database", ["postgresql"])
def test_server_that_is_named_is_used_and_left_as_it_was(
    unmigrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHZ_SITE_DATABASE_URL", unmigrated_url.replace("+psycopg", ""))
    with modules_of("offline_site"):
        sample = module("run_postgresql")
    connected, variables_of = sample.connected, sample.variables_of

    def databases() -> set[str]:
        with connected(variables_of(unmigrated_url)) as admin:
            return {name for (name,) in admin.execute("SELECT datname FROM pg_database")}

    before = databases()
    with sample.postgresql(tmp_path) as (variables, tools):
        name = variables["PGDATABASE"]
        with connected(variables) as admin:
            admin.execute(f'CREATE DATABASE "{name}_before_20260101t000000z"')
        assert databases() - before == {name, f"{name}_before_20260101t000000z"}
        assert tools == ""

    assert databases() == before
    assert variables_of("postgresql+psycopg://ann:p%40ss@db.example:5433/x") == {
        "PGHOST": "db.example",
        "PGPORT": "5433",
        "PGUSER": "ann",
        "PGPASSWORD": "p@ss",
    }


# --- the rotation of signing keys ---------------------------------------------------------------


@pytest.fixture
def app(sqlite_url_migrated: str, clock: MovableClock) -> Flask:
    with modules_of("offline_site"):
        commands = module("site_commands").commands
    app = Flask("site")
    app.config.update(SECRET_KEY="s" * 40, SQLALCHEMY_DATABASE_URI=sqlite_url_migrated, **SMALL_HASHES)
    AppClientAuthz(app, clock=clock)
    app.cli.add_command(commands)
    return app


def test_signing_keys_are_staged_after_90_days_and_sign_a_day_later(app: Flask, clock: MovableClock) -> None:
    services = AppClientAuthz.services(app)
    pools = [services.pools.create(PoolSpec(name=name)).id for name in ("one", "two")]

    def nightly() -> list[str]:
        outcome = app.test_cli_runner().invoke(args=["site", "rotate-keys"])
        assert outcome.exit_code == 0, outcome.output
        return outcome.output.splitlines()

    day = 86_400
    printed = {}
    for night in range(184):
        clock.advance(day if night else 60)
        if lines := nightly():
            printed[night] = lines

    publishes, signs = (
        [f"{pool} {does}" for pool in sorted(pools)]
        for does in (
            "publishes its next keys.",
            "signs with its next keys.",
        )
    )
    assert {night: sorted(lines) for night, lines in printed.items()} == {
        90: publishes,
        91: signs,
        180: publishes,
        181: signs,
    }


def test_machine_that_was_off_for_long_still_publishes_before_it_signs(app: Flask, clock: MovableClock) -> None:
    services = AppClientAuthz.services(app)
    pool = services.pools.create(PoolSpec(name="one")).id
    clock.advance(400 * 86_400)

    first, second = (app.test_cli_runner().invoke(args=["site", "rotate-keys"]).output for _ in range(2))

    assert first == f"{pool} publishes its next keys.\n"
    assert second == ""
