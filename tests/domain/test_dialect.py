"""Two presets, and nothing between them that is not a named field."""

import dataclasses

import pytest

from app_client_authz.domain.dialect import COGNITO, DIALECTS, OIDC

AGREED = {"reuse_ends_token_session"}


def test_presets_are_found_by_name() -> None:
    assert {"cognito": COGNITO, "oidc": OIDC} == DIALECTS


def test_every_field_is_something_the_presets_disagree_on() -> None:
    """A field in which both are the same would be no dialect but a decision."""
    same = {
        field.name for field in dataclasses.fields(COGNITO) if getattr(COGNITO, field.name) == getattr(OIDC, field.name)
    }

    assert same == AGREED


def test_reuse_ends_the_session_in_both() -> None:
    assert COGNITO.reuse_ends_token_session
    assert OIDC.reuse_ends_token_session


def test_dialect_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        COGNITO.name = "mine"  # type: ignore[misc]
