"""The documents of this repository, as tests read them.

A code block counts as tried when a test takes it: ``taken("docs/how-to/import.md", "flask authz import")`` gives its
text, and the call itself, found in the source of the tests, is the register. Blocks of Python that nobody takes are
scripts: they run as they are.
"""

import ast
import os
import re
import runpy
import subprocess
import sys
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.samples.running import environment
from tests.support.imports import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SITE_DIRECTIVE = re.compile(r"\{\w+\}")
"""The language of a block that is none for readers: make docs reads it, and fails where it cannot."""

_OPENS = re.compile(r"^( *)```(\S*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page from the top folder, the line of its fence, and its text without the indent."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: ```{self.language} {self.text.partition(chr(10))[0]}"


def name_of(document: Path) -> str:
    """``docs/how-to/import.md``"""
    return document.relative_to(ROOT).as_posix()


@cache
def blocks(page: str) -> tuple[Block, ...]:
    """All blocks of a page, in order."""
    found: list[Block] = []
    opened: tuple[int, str, str, list[str]] | None = None
    for number, line in enumerate((ROOT / page).read_text().splitlines(keepends=True), 1):
        if opened is None:
            if fence := _OPENS.match(line):
                opened = (number, fence[2], fence[1], [])
        elif line.strip() == "```":
            found.append(Block(page, opened[0], opened[1], "".join(opened[3])))
            opened = None
        else:
            opened[3].append(line.removeprefix(opened[2]))
    assert opened is None, f"{page}:{opened and opened[0]}: this block has no end"
    return tuple(found)


def taken(page: str, beginning: str) -> str:
    """The text of the one block of ``page`` that begins with ``beginning``. Both are literals: see ``takings``."""
    found = [block for block in blocks(page) if block.text.startswith(beginning)]
    assert len(found) == 1, f"{page}: {len(found)} blocks begin with {beginning!r}"
    return found[0].text


def all_taken(page: str, language: str | None = None) -> tuple[Block, ...]:
    """Every block of ``page``, or of a language in it, in order. Literals here too."""
    return tuple(block for block in blocks(page) if language in {None, block.language})


@dataclass(frozen=True)
class Taking:
    """What one call of ``taken`` or ``all_taken`` takes."""

    page: str
    beginning: str = ""
    language: str | None = None

    def covers(self, block: Block) -> bool:
        right_kind = self.page == block.page and self.language in {None, block.language}
        return right_kind and block.text.startswith(self.beginning)


@cache
def takings() -> frozenset[Taking]:
    """What all tests take."""
    found = set()
    for path in (ROOT / "tests").rglob("*.py"):
        source = path.read_text()
        if "taken(" not in source:
            continue  # to parse them all takes seconds, in each process
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                words = [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)]
                if (node.func.id, len(words)) == ("taken", 2):
                    found.add(Taking(words[0], beginning=words[1]))
                elif node.func.id == "all_taken" and words:
                    found.add(Taking(words[0], language=words[1] if len(words) > 1 else None))
    return frozenset(found)


def is_taken(block: Block) -> bool:
    return any(taking.covers(block) for taking in takings())


def linked(text: str) -> str:
    """A text of the package for a page in ``docs/reference``: the pages that it names become links."""
    return re.sub(r"docs/([a-z-]+)/([a-z-]+)\.md", r"[\2](../\1/\2.md)", text)


def fenced(document: Path, language: str) -> list[str]:
    """The code blocks of a language."""
    return [block.text for block in blocks(name_of(document)) if block.language == language]


def rows(document: Path) -> dict[str, list[str]]:
    """The rows of a document's tables, by their first cell."""
    lines = (line for line in document.read_text().splitlines() if line.startswith("| "))
    cells = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines)
    return {first.strip("`"): rest for first, *rest in cells}


def run(folder: Path, *command: str, **variables: str) -> str:
    """What a command prints in ``folder``; an assertion fails if it fails."""
    # The flask and python of this very environment, as an activated one has them.
    known = {**environment(), "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    outcome = subprocess.run(command, cwd=folder, env=known | variables, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def run_alone(example: Path) -> None:
    """Be ``python -W error example.py`` in its folder; what it prints is in the ``.log`` beside it."""
    os.chdir(example.parent)
    with example.with_suffix(".log").open("wb", buffering=0) as log:
        for descriptor in (1, 2):
            os.dup2(log.fileno(), descriptor)
    warnings.simplefilter("error")
    runpy.run_path(example.name, run_name="__main__")


def run_block(folder: Path, block: str, **variables: str) -> str:
    """What a block of shell commands prints: the first that fails ends it, and the test."""
    return run(folder, "sh", "-euc", block, **variables)
