"""Pagination tokens: opaque, of this server, and of one list only (api.md 1.7)."""

import re

import pytest

from app_client_authz.crypto.sealing import Sealer, SealingKey
from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.services.page_tokens import PageTokens

OLD, NEW, OTHER = (SealingKey.of(name * 32) for name in "abc")
TEXT = "Provided pagination token is invalid. Check the token and try your request again."
LIST = ("ListUserPoolClients", "us-east-1_Abc123xyz")


@pytest.fixture
def tokens() -> PageTokens:
    return PageTokens(Sealer([NEW]))


def refused(tokens: PageTokens, token: str, *binding: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        tokens.read(token, *binding)
    assert caught.value.message == TEXT
    assert not caught.value.detail


@pytest.mark.parametrize("after", ["", "x", "kim@example.com", "größe 😀", "a" * 2048, "\x01 \n"])
def test_a_token_goes_on_where_the_list_stopped(tokens: PageTokens, after: str) -> None:
    token = tokens.make(after, *LIST)

    assert tokens.read(token, *LIST) == after
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,131072}", token)  # the model's [\S]+, and safe in a URL


def test_no_token_is_the_beginning(tokens: PageTokens) -> None:
    assert tokens.read(None, *LIST) == ""


def test_a_token_tells_nothing_and_is_new_each_time(tokens: PageTokens) -> None:
    token = tokens.make("kim@example.com", *LIST)

    assert "kim" not in token
    assert token != tokens.make("kim@example.com", *LIST)


@pytest.mark.attack("R23")
@pytest.mark.parametrize(
    "binding",
    [
        (),
        ("ListUserPoolClients",),
        ("ListUserPoolClients", "us-east-1_Other0001"),
        ("ListUserPoolClients", "us-east-1_abc123xyz"),
        ("ListGroups", "us-east-1_Abc123xyz"),
        ("us-east-1_Abc123xyz", "ListUserPoolClients"),
        (*LIST, ""),
        (*LIST, "filter"),
        ("ListUserPoolClientsus-east-1_Abc123xyz",),
        ('ListUserPoolClients", "us-east-1_Abc123xyz',),
    ],
)
def test_a_token_of_another_list_is_none(tokens: PageTokens, binding: tuple[str, ...]) -> None:
    refused(tokens, tokens.make("x", *LIST), *binding)


@pytest.mark.attack("R19")
def test_what_is_no_token_of_ours_is_refused(tokens: PageTokens) -> None:
    token = tokens.make("x", *LIST)
    parts = token.split(".")
    for garbage in (
        "",
        "x",
        "garbage",
        "....",
        ".",
        "é.é.é.é.é",
        "\x00",
        "\ud800",
        "a" * 131_072,
        "." * 131_072,
        token[:-1],
        token + "A",
        token[:-4] + "AAAA",
        token.swapcase(),
        f" {token}",
        ".".join(parts[::-1]),
        ".".join([parts[0], "", parts[2], parts[3], ""]),
        "eyJhbGciOiJub25lIn0..e30.",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA",
        '{"after":"x"}',
    ):
        refused(tokens, garbage, *LIST)


def test_a_sealed_value_of_another_kind_is_no_token(tokens: PageTokens) -> None:
    refused(tokens, Sealer([NEW]).seal("x", row="authz_access_keys/secret/AKIA0123456789ABCDEF"), *LIST)
    refused(PageTokens(Sealer([OTHER])), tokens.make("x", *LIST), *LIST)


def test_a_token_outlives_a_rotation_of_the_sealing_keys() -> None:
    token = PageTokens(Sealer([OLD])).make("x", *LIST)

    assert PageTokens(Sealer([NEW, OLD])).read(token, *LIST) == "x"
    refused(PageTokens(Sealer([NEW])), token, *LIST)


def test_bytes_that_are_no_text_are_no_place_in_a_list(tokens: PageTokens) -> None:
    from app_client_authz.services import page_tokens

    sealed = Sealer([NEW]).seal(b"\xff", row=page_tokens._row(LIST))
    refused(tokens, sealed, *LIST)
