"""The pages of the samples show what the samples hold, and the command that each names starts it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.documents import all_taken, fenced, taken
from tests.support.imports import ROOT

COMMANDS = {
    "existing_service": taken("docs/how-to/existing-service.md", "make serve"),
    "machine_to_machine": taken("docs/how-to/machine-to-machine.md", "make serve"),
    "offline_site": taken("docs/how-to/offline-site.md", "make serve"),
    "secret_hash_proxy": taken("docs/how-to/secret-hash-proxy.md", "make serve"),
    "spa_pkce": taken("docs/how-to/spa-pkce.md", "make serve"),
}
# The code of the others runs elsewhere.
EXCERPTS = {
    "existing_service": all_taken("docs/how-to/existing-service.md", "python"),
    "machine_to_machine": all_taken("docs/how-to/machine-to-machine.md", "python"),
    "spa_pkce": (
        *all_taken("docs/how-to/spa-pkce.md", "javascript"),
        *all_taken("docs/how-to/spa-pkce.md", "python"),
    ),
}
PAGES = tuple(COMMANDS)


def page(sample: str) -> Path:
    return ROOT / "docs" / "how-to" / f"{sample.replace('_', '-')}.md"


def files(sample: str) -> list[str]:
    return [
        path.read_text()
        for path in (ROOT / "samples" / sample).rglob("*")
        if path.suffix in {".py", ".js", ".html"} and "node_modules" not in path.parts
    ]


@pytest.mark.parametrize("sample", EXCERPTS)
def test_code_on_the_page_is_the_code_of_the_sample(sample: str) -> None:
    for block in EXCERPTS[sample]:
        assert any(block.text in text for text in files(sample)), block


@pytest.mark.parametrize("sample", PAGES)
def test_command_on_page_and_readme_starts_the_sample(sample: str) -> None:
    command = f"make serve SAMPLE={sample}\n"
    assert COMMANDS[sample] == command
    assert fenced(ROOT / "samples" / sample / "README.md", "sh") == [command]

    # Below "make test" the inner make would tell of the folders that it enters.
    words = ["make", "--no-print-directory", "-n", *command.split()[1:]]
    dry = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)

    assert dry.stdout.splitlines()[-1] == f".venv/bin/python samples/{sample}/run.py --port 5000"
    assert f"--requirement samples/{sample}/requirements.txt" in dry.stdout or "pip" not in dry.stdout


@pytest.mark.parametrize("sample", PAGES)
def test_page_and_readme_lead_to_one_another(sample: str) -> None:
    readme = ROOT / "samples" / sample / "README.md"

    assert page(sample).name in readme.read_text()
    assert f"samples/{sample}/README.md" in page(sample).read_text()


def test_every_sample_that_a_run_py_starts_is_named_by_the_makefile() -> None:
    named = re.search(r"one: ([a-z_, ]+)", (ROOT / "Makefile").read_text())

    assert named
    assert set(PAGES) <= set(named[1].split(", "))
