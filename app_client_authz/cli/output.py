"""What the commands print: aligned text for people, JSON for programs."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import click

from app_client_authz.domain.shapes import plain

WIDTH = 80
_NAMES = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def as_json(value: object) -> None:
    """Print one JSON document; escapes keep it printable whatever users put into their attributes."""
    click.echo(json.dumps(value, indent=2))


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print rows under their headers; put the column without a bound last. ``empty`` is said where none are."""
    shown = [[cell(value) for value in row] for row in rows]
    if not shown:
        click.echo(empty)
        return
    widths = [max(map(len, column)) for column in zip(headers, *shown, strict=True)]
    for row in (headers, *shown):
        padded = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def fields(values: Mapping[str, object]) -> None:
    """Print labels and values below one another, a list with one member per line; None is left out."""
    known = {label: value for label, value in values.items() if value is not None}
    width = max(map(len, known), default=0)
    for label, value in known.items():
        members = list(value) if isinstance(value, (list, tuple)) else [value]
        for position, member in enumerate(members or ["none"]):
            click.echo(f"{label if position == 0 else '':{width}}  {cell(member)}")


def paragraph(text: str, *, indent: str = "", hanging: str | None = None) -> None:
    """Print a text wrapped to the width of a terminal; lines after the first begin with ``hanging``."""
    further = indent if hanging is None else hanging
    wrapped = textwrap.wrap(
        plain(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=further,
        # URLs and IDs stay whole, to be copied.
        break_long_words=False,
        break_on_hyphens=False,
    )
    click.echo("\n".join(wrapped))


def cell(value: object) -> str:
    """A value as one printable line: nobody's attribute writes to the operator's terminal what it likes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return moment(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(cell, value)) or "none"
    return "-" if value is None else plain(value)


def moment(instant: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(seconds: int) -> str:
    """Seconds in the largest unit that leaves no rest: ``1 hour``, ``90 minutes``."""
    for name, size in _NAMES:
        if seconds >= size and seconds % size == 0:
            return counted(seconds // size, name)
    return counted(seconds, "second")


def counted(number: int, noun: str) -> str:
    """``1 hour``, ``2 hours``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
