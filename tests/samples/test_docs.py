"""What the documents say is tried: commands run, code runs, tables are complete, links lead somewhere."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from app_client_authz.api.operations import OPERATIONS
from app_client_authz.api.shapes import model
from app_client_authz.config import _READERS, Settings
from app_client_authz.domain.dialect import COGNITO, OIDC, Dialect
from tests.samples.running import environment
from tests.support.imports import PACKAGE, ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CITED = re.compile(
    r"\b(?:RED|PKC|COD|REF|CLI|SCP|JWT|UIF|OUT|UI|SIG|API|ATT|ENU|LCK|INP|HDR|ATM|SEC|OPS|DEP)-\d+\b|\bR\d{1,2}\b"
)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def fenced(document: Path, language: str) -> list[str]:
    """The code blocks of a language, without the indent of the list that they may stand in."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^ *```", document.read_text(), re.DOTALL | re.MULTILINE)
    return ["".join(line.removeprefix(indent) for line in block.splitlines(keepends=True)) for indent, block in blocks]


def rows(document: Path) -> dict[str, list[str]]:
    """The rows of a document's tables, by their first cell."""
    lines = (line for line in document.read_text().splitlines() if line.startswith("| "))
    cells = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines)
    return {first.strip("`"): rest for first, *rest in cells}


def run(folder: Path, *command: str) -> str:
    # The flask and python of this very environment, as an activated one has them.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    outcome = subprocess.run(
        command, cwd=folder, env={**environment(), "PATH": path}, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def test_readme_works_in_an_empty_folder_as_it_is_written(tmp_path: Path) -> None:
    readme = ROOT / "README.md"
    (key,) = (block for block in fenced(readme, "sh") if "secret_key" in block)
    (administration,) = (block for block in fenced(readme, "sh") if "authz pool create" in block)
    (discovery,) = fenced(readme, "text")
    (app,) = fenced(readme, "python")

    run(tmp_path, "sh", "-euc", key)
    (tmp_path / "app.py").write_text(app)
    printed = run(tmp_path, "sh", "-euc", administration)

    assert re.search(r"^Client secret +\w+$", printed, re.MULTILINE)
    assert re.search(r"^Password +\S+$", printed, re.MULTILINE)
    assert (tmp_path / "instance" / "authz.db").is_file()
    look = f"from app import app; print(app.test_client().get({discovery.strip()!r}).json['issuer'])"
    issuer = run(tmp_path, sys.executable, "-c", look).strip()
    assert discovery.startswith(f"{issuer}/.well-known/")


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(block, id=f"{document.name}-{number}")
        for document in DOCUMENTS
        if document.name != "README.md"
        for number, block in enumerate(fenced(document, "python"))
    ],
)
def test_code_in_the_documents_runs(code: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(code)

    run(tmp_path, sys.executable, "-W", "error", "example.py")


def commands() -> Iterator[tuple[str, str]]:
    for document in DOCUMENTS:
        for command in re.findall(r"flask authz ([a-z-]+(?: [a-z-]+)*)(?=[ `\n])", document.read_text()):
            yield document.name, command


@pytest.mark.parametrize("command", sorted({command for _, command in commands()}))
def test_commands_in_the_documents_exist(command: str) -> None:
    from app_client_authz.cli import group

    found = group
    for word in command.split():
        inner = found.get_command(None, word) if hasattr(found, "get_command") else None  # type: ignore[arg-type]
        if inner is None:
            # What follows a command that holds no others is an argument of it.
            assert found is not group, command
            assert not hasattr(found, "get_command"), command
            return
        found = inner  # type: ignore[assignment]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links_lead_to_files_that_are_there(document: Path) -> None:
    missing = [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()]

    assert not missing


def test_configuration_lists_every_key_with_its_default() -> None:
    table = {
        key: cells
        for key, cells in rows(ROOT / "docs" / "reference" / "configuration.md").items()
        if key.startswith("AUTHZ_")
    }

    assert list(table) == list(_READERS)
    for key, (default, *_) in table.items():
        field = key.removeprefix("AUTHZ_").lower()
        value = getattr(Settings(), field, None)
        shown = value.name if isinstance(value, Dialect) else value
        if field == "sealing_keys":
            assert default == "derived from `SECRET_KEY`"
        elif field == "password_blocklist":
            assert (default, value) == ("`None`", frozenset())
        elif field == "faces":
            assert default == '`("oauth", "hosted_ui", "api")`'
            assert value == ("oauth", "hosted_ui", "api")
        elif field == "access_keys":
            assert (default, value) == ("`{}`", {})
        else:
            assert default == f"`{shown}`"


def test_dialects_lists_every_field_with_its_values() -> None:
    table = rows(ROOT / "docs" / "reference" / "dialects.md")
    names = [field.name for field in fields(Dialect) if field.name != "name"]

    assert [name for name in table if name in names] == names
    for name in names:
        assert table[name][:2] == ["yes" if getattr(preset, name) else "no" for preset in (COGNITO, OIDC)]


def test_security_explains_every_number_that_the_code_cites() -> None:
    explained = set(rows(ROOT / "docs" / "reference" / "security.md"))
    cited = {
        number
        for folder in (PACKAGE, "migrations")
        for path in (ROOT / folder).rglob("*.py")
        for number in CITED.findall(path.read_text())
    }

    assert cited <= explained


def test_every_operation_is_listed_as_there_or_not_yet() -> None:
    there, not_yet = (
        (ROOT / "docs" / "reference" / "operations.md")
        .read_text()
        .split("## Which operations there are")[1]
        .split("###")
    )
    listed, missing = (set(re.findall(r"`(\w+)`", part)) for part in (there, not_yet))

    assert listed - {"UnknownOperationException"} == set(OPERATIONS)
    assert missing == set(model().operations) - set(OPERATIONS)
