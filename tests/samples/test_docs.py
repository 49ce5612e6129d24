"""What the documents say is tried: commands run, code runs, tables are complete, links lead somewhere."""

import multiprocessing
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from app_client_authz.api.operations import OPERATIONS
from app_client_authz.api.shapes import model
from app_client_authz.config import _READERS, Settings
from app_client_authz.domain.dialect import COGNITO, OIDC, Dialect
from app_client_authz.domain.token_session import Verdict
from tests.support import command_line, python_names
from tests.support.documents import (
    DOCUMENTS,
    SITE_DIRECTIVE,
    Block,
    blocks,
    is_taken,
    name_of,
    rows,
    run,
    run_alone,
    run_block,
    taken,
    takings,
)
from tests.support.imports import PACKAGE, ROOT

CITED = re.compile(
    r"\b(?:RED|PKC|COD|REF|CLI|SCP|JWT|UIF|OUT|UI|SIG|API|ATT|ENU|LCK|INP|HDR|ATM|SEC|OPS|DEP)-\d+\b|\bR\d{1,2}\b"
)
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")
"""A link within the repository: its file, empty for this very one, and its heading."""


# Each example is a process of its own, with the libraries loaded already: to load them takes longer than to run it.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["app_client_authz", "flask_sqlalchemy"])
BLOCKS = [block for document in DOCUMENTS for block in blocks(name_of(document))]


def test_every_block_is_tried_by_some_test() -> None:
    untried = [
        str(block)
        for block in BLOCKS
        if block.language != "python" and not SITE_DIRECTIVE.fullmatch(block.language) and not is_taken(block)
    ]

    assert not untried, "no test takes these blocks (tests/support/documents.py):\n" + "\n".join(untried)


def test_every_block_that_a_test_takes_is_there() -> None:
    assert not [taking for taking in takings() if not any(map(taking.covers, blocks(taking.page)))]


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language == "python" and not is_taken(block)], ids=str
)
def test_code_in_the_documents_runs(block: Block, tmp_path: Path) -> None:
    example = tmp_path / "example.py"
    example.write_text(block.text)

    forked = FORKS.Process(target=run_alone, args=(example,))
    forked.start()
    forked.join(60)
    assert forked.exitcode == 0, example.with_suffix(".log").read_text()


def test_readme_works_in_an_empty_folder_as_it_is_written(tmp_path: Path) -> None:
    run_block(tmp_path, taken("README.md", "(umask 077;"))
    (tmp_path / "app.py").write_text(taken("README.md", "from pathlib import Path"))
    printed = run_block(tmp_path, taken("README.md", "flask authz pool create"))
    discovery = taken("README.md", "http://localhost:5000/auth/").strip()

    assert re.search(r"^Client secret +\w+$", printed, re.MULTILINE)
    assert re.search(r"^Password +\S+$", printed, re.MULTILINE)
    assert (tmp_path / "instance" / "authz.db").is_file()
    look = f"from app import app; print(app.test_client().get({discovery!r}).json['issuer'])"
    issuer = run(tmp_path, sys.executable, "-c", look).strip()
    assert discovery.startswith(f"{issuer}/.well-known/")


def test_makefile_has_the_targets_that_documents_name() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = taken("README.md", "make serve") + taken("docs/how-to/quickstart.md", "make serve")

    assert set(named.split()) - {"make"} <= targets


def test_terraform_page_shows_what_the_sample_holds_and_the_command_of_the_api_page() -> None:
    sample = (ROOT / "samples" / "terraform" / "main.tf").read_text()
    key = taken("docs/how-to/terraform.md", "flask authz access-key create")

    assert taken("docs/how-to/terraform.md", 'provider "aws"') in sample
    assert key == taken("docs/reference/operations.md", "flask authz access-key create")


def test_token_sessions_explains_every_verdict() -> None:
    explained = set(rows(ROOT / "docs" / "explanation" / "token-sessions.md"))

    assert {verdict.name.lower() for verdict in Verdict} <= explained


def extras() -> set[str]:
    everything = "".join(document.read_text() for document in DOCUMENTS)
    return set(re.findall(r'pip install "(?:app-client-authz|\.)\[(\w+)\]"', everything))


def test_extras_in_the_documents_exist() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    assert extras() <= declared.keys()


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


def headings(document: Path) -> set[str]:
    """The names that a forge gives them, and Sphinx after it."""
    found = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("document", [*DOCUMENTS, *sorted(ROOT.glob("samples/*/README.md"))], ids=name_of)
def test_links_lead_to_files_and_headings_that_are_there(document: Path) -> None:
    found = LINK.findall(document.read_text())
    links = [(document.parent / path if path else document, heading) for path, heading in found]

    assert not [str(path) for path, _ in links if not path.exists()]
    assert not [(str(path), heading) for path, heading in links if heading and heading not in headings(path)]


def test_every_page_is_named_by_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    named = {(index.parent / path).resolve() for path, _ in LINK.findall(index.read_text())}

    assert {*(ROOT / "docs").rglob("*.md")} - {index} <= named


@pytest.mark.parametrize("page", [command_line, python_names], ids=lambda page: page.TARGET.name)
def test_page_is_what_the_package_says(page: ModuleType) -> None:
    """After a change of a command or docstring: make reference."""
    assert page.TARGET.read_text() == page.written()


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
