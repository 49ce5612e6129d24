"""What users install: everything the package needs is in the wheel, and nothing else."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.imports import PACKAGE, ROOT

pytestmark = pytest.mark.xdist_group("package")  # one process builds, once


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    return next(distributions.glob("*.whl"))


def test_wheel_holds_every_file_of_the_package_and_the_migrations(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert held == {
        *(f"{PACKAGE}/{name}" for name in _files(ROOT / PACKAGE)),
        *(f"{PACKAGE}/_migrations/{name}" for name in _files(ROOT / "migrations")),
    }


@pytest.mark.parametrize(
    "part",
    [
        "/py.typed",
        "/_migrations/env.py",
        "/_migrations/script.py.mako",
        "/_migrations/versions/",
        "/templates/authz/",
        "/static/",
    ],
)
def test_wheel_holds_what_is_no_module(wheel: Path, part: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert any(part in name for name in archive.namelist())


@pytest.mark.parametrize("folder", ["tests", "migrations", "samples", "docs", "benchmarks"])
def test_sdist_holds_what_a_packager_wants(distributions: Path, folder: str) -> None:
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {f"{folder}/{name}" for name in _files(ROOT / folder)} <= names


def test_metadata_names_licence_and_python(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()

    assert "License-Expression: MIT" in metadata
    assert "Requires-Python: >=3.11" in metadata


def test_pytest_finds_the_fixtures_for_hosts_by_itself(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt"))

        assert f"[pytest11]\n{PACKAGE}.pytest_plugin = {PACKAGE}.pytest_plugin\n" in archive.read(name).decode()


def _files(folder: Path) -> set[str]:
    """What is there, without what running the code leaves behind."""
    paths = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    left = {"__pycache__", ".pytest_cache", "instance", "node_modules"}
    return {path.as_posix() for path in paths if not left & set(path.parts)}


def _run(*command: str, folder: Path | None = None) -> None:
    outcome = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
