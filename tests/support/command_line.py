"""Writes docs/reference/command-line.md from the commands themselves (make reference)."""

import re
from collections.abc import Iterator
from inspect import cleandoc

import click

from app_client_authz.cli import group
from app_client_authz.standalone.command import main
from tests.support.documents import linked
from tests.support.imports import ROOT

TARGET = ROOT / "docs" / "reference" / "command-line.md"

_HEAD = """\
# The command line

What `--help` says, of every command. `flask authz` needs to know your app, as every `flask` command does: by `--app`,
by `FLASK_APP`, or because the file is called `app.py`. A command that is refused prints one line and exits with 1; one
that is not understood exits with 2.

Where a command names a user pool it wants its ID, where it names an app client its client ID; a user goes by username,
alias or `sub`. Texts that are secrets (`--password`, `--secret`) are read from standard input if they are given as `-`.
"""


def written() -> str:
    """The whole page."""
    found = [*_commands("flask authz", group), *_commands("app-client-authz", main)]
    return "\n".join([_HEAD, *(_section(name, command) for name, command in found)])


def _commands(name: str, parent: click.Group) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(parent)
    for each in parent.list_commands(context):
        command = parent.get_command(context, each)
        assert command is not None
        yield f"{name} {each}", command
        if isinstance(command, click.Group):
            yield from _commands(f"{name} {each}", command)


def _section(name: str, command: click.Command) -> str:
    """Commands of the first level have a heading of the second, all others of the third."""
    context = click.Context(command, info_name=name)
    deep = len(name.removeprefix("flask ").split()) > 2
    lines = [f"{'###' if deep else '##'} {name}", ""]
    if not isinstance(command, click.Group):
        lines += [f"`{' '.join([name, *command.collect_usage_pieces(context)])}`", ""]
    lines += [_prose(command.help or ""), ""]
    records = (each.get_help_record(context) for each in command.params if isinstance(each, click.Option))
    if rows := [f"| `{_cell(option)}` | {_cell(_prose(meaning))} |" for option, meaning in filter(None, records)]:
        lines += ["| option | meaning |", "| --- | --- |", *rows, ""]
    return "\n".join(lines)


def _prose(text: str) -> str:
    """Paragraphs as Markdown: what looks like a tag is none, and a range is put into words."""
    return re.sub(r"(\d+)<=x<=(\d+)", r"\1 to \2", linked(cleandoc(text))).replace("<", "&lt;")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
