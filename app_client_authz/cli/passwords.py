"""Passwords on the command line: asked for without echo, read from standard input, or made."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from app_client_authz.cli.params import secret_text
from app_client_authz.domain.pool import PasswordPolicy
from app_client_authz.services.passwords import generated

F = TypeVar("F", bound=Callable[..., Any])


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
