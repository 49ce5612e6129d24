"""Public IDs of sessions."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain.user_session import SessionKind, parsed, public_id


@given(st.sampled_from(SessionKind), st.uuids())
def test_public_id_has_cognitos_form_and_says_kind_and_key(kind: SessionKind, key: uuid.UUID) -> None:
    text = public_id(kind, str(key))

    assert re.fullmatch("(tkn|sso)[a-z0-9]{25}", text)
    assert parsed(text) == (kind, str(key))


@given(st.lists(st.uuids(), min_size=2, max_size=2))
def test_public_ids_are_in_the_order_of_their_keys(keys: list[uuid.UUID]) -> None:
    assert [public_id(SessionKind.SSO, str(key)) for key in sorted(keys)] == sorted(
        public_id(SessionKind.SSO, str(key)) for key in keys
    )


@pytest.mark.parametrize("text", ["", "tkn", "tkn" + "z" * 25, "abc" + "0" * 25, "sso" + "0" * 24, "sso" + "A" * 25])
def test_what_no_session_can_have_is_no_id(text: str) -> None:
    assert parsed(text) is None
