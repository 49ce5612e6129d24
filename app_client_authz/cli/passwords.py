"""Passwords on the command line: asked for without echo, read from standard input, or made here."""

import secrets
import string
from collections.abc import Callable
from typing import Any, TypeVar

import click

from app_client_authz.cli.params import secret_text
from app_client_authz.domain.pool import PasswordPolicy

F = TypeVar("F", bound=Callable[..., Any])

GENERATED_LENGTH = 20
# No letters that are read as others, and no symbols that a shell or a double click stumbles over.
_KINDS = (
    "".join(letter for letter in string.ascii_lowercase if letter not in "lo"),
    "".join(letter for letter in string.ascii_uppercase if letter not in "IO"),
    "".join(digit for digit in string.digits if digit not in "01"),
    "-_.+=@%",
)


def option_password(command: F) -> F:
    """``--password`` and ``--generate``; without either the password is asked for."""
    given = click.option(
        "--password",
        type=secret_text,
        metavar="TEXT",
        help="Other processes can see it here: - reads it from stdin instead.",
    )
    made = click.option("--generate", is_flag=True, help="Make one that fits the pool's policy, and print it.")
    return given(made(command))


def chosen(policy: PasswordPolicy, password: str | None, *, generate: bool) -> str:
    """The password that the options stand for."""
    if generate:
        if password is not None:
            raise click.UsageError("Either --password or --generate, not both.")
        return generated(policy)
    if password is not None:
        return password
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def generated(policy: PasswordPolicy) -> str:
    """A random password that every policy of this length takes: it has characters of each kind."""
    length = max(GENERATED_LENGTH, policy.minimum_length)
    characters = [secrets.choice(kind) for kind in _KINDS]
    characters += [secrets.choice("".join(_KINDS)) for _ in range(length - len(_KINDS))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)
