"""docs/reference/errors.md names every error, and what each face really makes of it."""

import inspect
import re
from collections.abc import Iterator

import pytest
from flask import Flask, Response

import app_client_authz.api.errors as api_errors
from app_client_authz.domain import errors
from app_client_authz.domain.dialect import COGNITO, OIDC, Dialect
from app_client_authz.domain.errors import (
    AuthorizationError,
    AuthzError,
    BearerError,
    ConfigurationError,
    InvalidGrant,
    InvalidScope,
    OperationError,
    RedirectableError,
    TokenError,
    Unavailable,
    UnsupportedTokenType,
)
from app_client_authz.oauth.errors import bearer_error, token_error
from tests.support.imports import ROOT

BASES = {AuthzError, OperationError, AuthorizationError, RedirectableError, TokenError, BearerError}
"""Nobody raises these: each stands for all below it."""


def concrete(module: object) -> dict[str, type[AuthzError]]:
    return {
        name: found
        for name, found in vars(module).items()
        if inspect.isclass(found) and issubclass(found, AuthzError) and found not in BASES
    }


DOMAIN = concrete(errors)
WIRE = {name: found for name, found in concrete(api_errors).items() if found.__module__ == api_errors.__name__}


def rows_of(section: str) -> Iterator[list[str]]:
    """The cells of each row of the section's tables, without their heads."""
    text = (ROOT / "docs" / "reference" / "errors.md").read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and "class" not in cells[:2] and "---" not in cells:
            yield cells


def code_in(cell: str) -> str:
    found = re.fullmatch(r"`(\w+)`", cell)
    assert found, cell
    return found[1]


def names(section: str, column: int) -> list[str]:
    return sorted(code_in(row[column]) for row in rows_of(section))


def of(*bases: type[AuthzError]) -> list[str]:
    return sorted(name for name, found in DOMAIN.items() if issubclass(found, bases))


def test_json_api_is_told_of_all_its_errors_by_the_name_and_status_that_it_answers() -> None:
    own = of(OperationError, InvalidGrant, InvalidScope, UnsupportedTokenType, Unavailable)
    assert names("JSON API", 1) == sorted([*own, *(name for name in WIRE if name != "WireError")])

    for name, kind, *more in rows_of("JSON API"):
        error = {**DOMAIN, **WIRE}[code_in(kind)]("told")
        code, _message = api_errors.code_and_message(error)
        # The tables of what the caller can mend have no column for it.
        status = int(more[0]) if more[0].isdecimal() else 400
        assert (code_in(name), status) == (code, api_errors.status_of(error, code))


@pytest.mark.parametrize("section, base", [("Token and revocation endpoint", TokenError), ("userInfo", BearerError)])
def test_oauth_errors_have_the_code_and_status_of_both_dialects(section: str, base: type[AuthzError]) -> None:
    assert names(section, 0) == of(base)

    for kind, cognito, oidc, *_ in rows_of(section):
        error = DOMAIN[code_in(kind)]("told")
        assert [answered(error, dialect) for dialect in (COGNITO, OIDC)] == [cognito, oidc]


def answered(error: AuthzError, dialect: Dialect) -> str:
    with Flask(__name__).app_context():
        answer: Response = (
            token_error(error, dialect, used_basic=True, at_revocation=False)
            if isinstance(error, TokenError)
            else bearer_error(error, dialect)
        )
    return f"`{answer.json['error']}` {answer.status_code}"


def test_authorization_errors_say_where_they_go() -> None:
    assert names("Authorization endpoint", 0) == of(AuthorizationError)

    for kind, where, code, *_ in rows_of("Authorization endpoint"):
        error = DOMAIN[code_in(kind)]
        assert where == ("callback URL" if issubclass(error, RedirectableError) else "our page")
        assert code_in(code) == error.code


def test_every_error_stands_somewhere_on_the_page() -> None:
    sections = ("Token and revocation endpoint", "Authorization endpoint", "userInfo", "At the start, and everywhere")
    told = {*names("JSON API", 1)}.union(*(names(section, 0) for section in sections))

    assert set(DOMAIN) <= told
    assert names("At the start, and everywhere", 0) == of(ConfigurationError, Unavailable)
