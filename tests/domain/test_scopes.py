"""Scopes: never more than the client has (SCP-1, SCP-2, R17)."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain import scopes
from app_client_authz.domain.errors import InvalidScope
from tests.domain.app_clients import SCOPES, machine_client, oauth_client

CLIENT = oauth_client()
MACHINE = machine_client()
ADMIN = "aws.cognito.signin.user.admin"
CANONICAL = (ADMIN, "phone", "openid", "profile", "email")
ANY_SCOPE = st.sampled_from(
    [*CANONICAL, *SCOPES, "offline_access", "orders/delete", "OPENID", "aws.cognito/dcr/register"]
)


# --- parsing --------------------------------------------------------------------------------------


def test_scopes_are_divided_by_single_spaces() -> None:
    assert scopes.parse("openid email orders/read") == ("openid", "email", "orders/read")


def test_a_scope_given_twice_counts_once() -> None:
    assert scopes.parse("email openid email") == ("email", "openid")


@pytest.mark.attack("R17")
@pytest.mark.compliance("RFC 6749", "3.3", "scope = scope-token *( SP scope-token )")
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "openid  email",
        " openid",
        "openid ",
        "openid\temail",
        "openid\n",
        'a"b',
        "a\\b",
        "ö",
        "openid\x00",
        "\ud800",
    ],
)
def test_what_is_no_list_of_scope_tokens_is_refused(text: str) -> None:
    with pytest.raises(InvalidScope):
        scopes.parse(text)


@given(
    st.lists(
        st.text(
            st.characters(codec="ascii", exclude_characters=' "\\', min_codepoint=0x21, max_codepoint=0x7E), min_size=1
        ),
        min_size=1,
    )
)
def test_every_list_of_tokens_is_read_back(tokens: list[str]) -> None:
    assert scopes.parse(" ".join(tokens)) == tuple(dict.fromkeys(tokens))


@given(st.text())
def test_a_text_is_read_as_clean_tokens_or_refused(text: str) -> None:
    try:
        found = scopes.parse(text)
    except InvalidScope:
        found = None
    tokens = text.split(" ")
    clean = all(token and all("!" <= letter <= "~" and letter not in '"\\' for letter in token) for token in tokens)
    assert (found is not None) == clean
    assert found is None or set(found) == set(tokens)


@pytest.mark.attack("R22")
@pytest.mark.parametrize(
    "text", [" " * 1_000_000, "a" * 1_000_000, "a " * 500_000 + '"'], ids=["blanks", "one", "many"]
)
def test_a_huge_scope_parameter_is_read_in_linear_time(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(InvalidScope):
        scopes.parse(text)
    assert time.process_time() - started < 1.0


# --- order ----------------------------------------------------------------------------------------


def test_built_in_scopes_come_in_cognitos_order_and_custom_ones_as_given() -> None:
    given_scopes = ("orders/write", "email", "orders/read", "profile", "openid", "phone", ADMIN)
    assert scopes.canonical(given_scopes) == (*CANONICAL, "orders/write", "orders/read")


@given(st.lists(ANY_SCOPE))
def test_ordering_keeps_the_set_and_is_stable(given_scopes: list[str]) -> None:
    ordered = scopes.canonical(given_scopes)
    assert set(ordered) == set(given_scopes)
    assert len(ordered) == len(set(ordered))
    assert scopes.canonical(ordered) == ordered


# --- a user's scopes ------------------------------------------------------------------------------


@pytest.mark.parametrize("absent", [None, ""])
def test_absent_means_all_scopes_of_the_client(absent: str | None) -> None:
    assert scopes.resolve(absent, CLIENT, SCOPES) == (*CANONICAL, "orders/write", "orders/read")


def test_a_subset_comes_back_in_canonical_order() -> None:
    assert scopes.resolve("orders/read email openid email", CLIENT, SCOPES) == ("openid", "email", "orders/read")


@pytest.mark.attack("R17")
@pytest.mark.parametrize(
    "requested", ["openid offline_access", "https://api.example/v1/read", "orders/delete", "OpenID", "openid  email"]
)
def test_one_scope_that_is_not_the_clients_fails_the_whole_request(requested: str) -> None:
    with pytest.raises(InvalidScope) as error:
        scopes.resolve(requested, CLIENT, SCOPES)
    assert requested not in error.value.message


@pytest.mark.attack("R17")
def test_the_admin_scope_is_only_for_clients_that_have_it() -> None:
    client = oauth_client(allowed_oauth_scopes=("openid",))
    with pytest.raises(InvalidScope):
        scopes.resolve(ADMIN, client, SCOPES)
    assert scopes.resolve(None, client, SCOPES) == ("openid",)


def test_a_custom_scope_that_is_gone_is_dropped_silently() -> None:
    assert scopes.resolve("openid orders/read", CLIENT, ("orders/write",)) == ("openid",)
    assert scopes.resolve(None, CLIENT, ()) == CANONICAL
    assert scopes.resolve("orders/read", CLIENT, ()) == ()


def test_ignored_scopes_count_as_not_asked_for() -> None:
    assert scopes.resolve("openid offline_access", CLIENT, SCOPES, ignore=("offline_access",)) == ("openid",)
    assert scopes.resolve("offline_access", CLIENT, SCOPES, ignore=("offline_access",)) == ()
    with pytest.raises(InvalidScope):
        scopes.resolve("openid offline_access x", CLIENT, SCOPES, ignore=("offline_access",))


@pytest.mark.attack("R17")
@given(
    asked=st.lists(ANY_SCOPE, min_size=1, max_size=6),
    live=st.frozensets(st.sampled_from(SCOPES)),
    ignore=st.sampled_from([(), ("offline_access",)]),
)
def test_what_is_granted_is_asked_allowed_and_alive(
    asked: list[str], live: frozenset[str], ignore: tuple[str, ...]
) -> None:
    try:
        granted = scopes.resolve(" ".join(asked), CLIENT, live, ignore=ignore)
    except InvalidScope:
        assert not set(asked) - set(ignore) <= set(CLIENT.scopes)
        return
    assert set(granted) <= set(asked)
    assert set(granted) <= set(CLIENT.scopes)
    assert all(scope in live for scope in granted if "/" in scope)
    assert len(granted) == len(set(granted))


# --- a machine's scopes ---------------------------------------------------------------------------


def test_a_machine_without_a_wish_gets_all_its_scopes_in_their_order() -> None:
    assert scopes.resolve_machine(None, MACHINE, SCOPES) == ("orders/write", "orders/read")
    assert scopes.resolve_machine("", MACHINE, SCOPES) == ("orders/write", "orders/read")


def test_a_machine_gets_what_it_asks_for_once() -> None:
    assert scopes.resolve_machine("orders/read orders/read", MACHINE, SCOPES) == ("orders/read",)


@pytest.mark.attack("R17")
@pytest.mark.parametrize(
    "requested", ["openid", "orders/read openid", ADMIN, "https://api.example/v1/read", "orders/read "]
)
def test_a_machine_gets_no_users_scope_and_none_that_is_not_its_own(requested: str) -> None:
    with pytest.raises(InvalidScope):
        scopes.resolve_machine(requested, MACHINE, SCOPES)


@pytest.mark.attack("R17")
def test_users_scopes_of_a_client_are_never_a_machines() -> None:
    assert scopes.resolve_machine(None, CLIENT, SCOPES) == ("orders/write", "orders/read")
    with pytest.raises(InvalidScope):
        scopes.resolve_machine("openid", CLIENT, SCOPES)


def test_a_machine_whose_scopes_are_all_gone_gets_nothing() -> None:
    assert scopes.resolve_machine(None, MACHINE, ("orders/read",)) == ("orders/read",)
    assert scopes.resolve_machine("orders/read orders/write", MACHINE, ("orders/read",)) == ("orders/read",)
    for requested in (None, "orders/read"):
        with pytest.raises(InvalidScope):
            scopes.resolve_machine(requested, MACHINE, ())


# --- refresh --------------------------------------------------------------------------------------


@pytest.mark.attack("R17")
def test_a_refresh_loses_what_the_client_lost_and_gains_nothing() -> None:
    narrowed = oauth_client(allowed_oauth_scopes=("openid", "profile", "orders/read"))
    granted = ("openid", "email", "orders/read")
    assert scopes.still_allowed(granted, narrowed, {"orders/read"}) == ("openid", "orders/read")
    assert scopes.still_allowed(granted, narrowed, ()) == ("openid",)


@given(st.lists(ANY_SCOPE, unique=True))
def test_what_is_still_allowed_was_granted_in_the_same_order(granted: list[str]) -> None:
    left = scopes.still_allowed(granted, CLIENT, granted)
    assert list(left) == [scope for scope in granted if scope in CLIENT.scopes]
