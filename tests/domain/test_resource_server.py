"""Resource servers (api.md 3.1)."""

import pytest

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.resource_server import ResourceServer, ResourceServerScope
from tests.domain.app_clients import POOL_ID

READ = ResourceServerScope("read", "Read orders")
WRITE = ResourceServerScope("write", "Write orders")


def server(
    identifier: str = "orders", name: str = "Orders", scopes: tuple[ResourceServerScope, ...] = (READ, WRITE)
) -> ResourceServer:
    return ResourceServer.create(pool_id=POOL_ID, identifier=identifier, name=name, scopes=scopes)


def refusal(**members: object) -> str:
    with pytest.raises(InvalidParameter) as error:
        server(**members)  # type: ignore[arg-type]
    return error.value.message


def test_a_scope_is_the_identifier_a_slash_and_the_name() -> None:
    assert server().scope_strings == ("orders/read", "orders/write")
    assert server("https://api.example/v1").scope_strings[0] == "https://api.example/v1/read"


def test_a_resource_server_may_have_no_scopes() -> None:
    assert server(scopes=()).scope_strings == ()


def test_an_update_replaces_name_and_scopes() -> None:
    updated = server().replace(name="Shop", scopes=(WRITE,))
    assert (updated.identifier, updated.pool_id, updated.name) == ("orders", POOL_ID, "Shop")
    assert updated.scope_strings == ("orders/write",)
    assert server().replace(name="Shop").scopes == ()


@pytest.mark.parametrize("identifier", ["with blank", 'quo"te', "back\\slash", "ä", "tab\t"])
def test_an_identifier_is_printable_ascii_without_quote_and_backslash(identifier: str) -> None:
    assert refusal(identifier=identifier).endswith(
        r"at 'identifier' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\x21\x23-\x5B\x5D-\x7E]+"
    )


def test_an_identifier_has_1_to_256_characters() -> None:
    assert server("x" * 256)
    assert "Member must have length less than or equal to 256" in refusal(identifier="x" * 257)
    assert "Member must have length greater than or equal to 1" in refusal(identifier="")


def test_the_name_is_required_and_of_its_alphabet() -> None:
    assert refusal(name=None) == (
        "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"
    )
    assert refusal(name="a<b>").endswith(r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+")
    with pytest.raises(InvalidParameter):
        server().replace(name="")


@pytest.mark.parametrize("name", ["a/b", "a b", 'a"b', "ä"])
def test_a_scope_name_holds_no_slash_and_no_blank(name: str) -> None:
    assert refusal(scopes=(READ, ResourceServerScope(name, "x"))) == (
        f"1 validation error detected: Value '{name}' at 'scopes.2.member.scopeName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\x21\x23-\x2E\x30-\x5B\x5D-\x7E]+"
    )


@pytest.mark.parametrize("description", ["", "x" * 257])
def test_a_scope_description_has_1_to_256_characters(description: str) -> None:
    assert "at 'scopes.1.member.scopeDescription' failed" in refusal(scopes=(ResourceServerScope("a", description),))


def test_a_resource_server_has_at_most_100_scopes() -> None:
    scopes = tuple(ResourceServerScope(f"s{number}", "x") for number in range(101))
    assert len(server(scopes=scopes[:100]).scopes) == 100
    assert refusal(scopes=scopes).endswith(
        "at 'scopes' failed to satisfy constraint: Member must have length less than or equal to 100"
    )


def test_two_scopes_of_one_name_are_refused() -> None:
    assert refusal(scopes=(READ, ResourceServerScope("read", "again"))) == (
        "A resource server cannot have two scopes of the same name."
    )


@pytest.mark.attack("R17")
def test_the_scope_of_dynamic_registration_cannot_be_minted() -> None:
    assert refusal(identifier="aws.cognito/dcr") == "The identifier aws.cognito/dcr is reserved."
