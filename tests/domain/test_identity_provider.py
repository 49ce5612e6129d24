"""External identity providers (api.md 3.2): what the service model has not refused yet."""

from typing import Any

import pytest

from app_client_authz.domain.errors import InvalidParameter, UnsupportedIdentityProvider
from app_client_authz.domain.identity_provider import IdentityProvider
from tests.domain.app_clients import POOL_ID

SECRET = "the secret of the relying party"
OIDC = {
    "client_id": "authz-at-corp",
    "client_secret": SECRET,
    "authorize_scopes": "openid email",
    "oidc_issuer": "https://login.corp.example",
    "attributes_request_method": "GET",
}


def provider(**members: Any) -> IdentityProvider:
    given: dict[str, Any] = {"pool_id": POOL_ID, "name": "Corp", "provider_type": "OIDC", "details": OIDC, "now": 1.0}
    return IdentityProvider.create(**(given | members))


def refusal(**members: Any) -> str:
    with pytest.raises(InvalidParameter) as refused:
        provider(**members)
    return refused.value.message


def test_unknown_type_is_unsupported() -> None:
    with pytest.raises(UnsupportedIdentityProvider, match="LDAP"):
        provider(provider_type="LDAP")


@pytest.mark.parametrize(
    "members, path",
    [
        ({"name": "_corp"}, "providerName"),
        ({"attribute_mapping": {"x" * 33: "mail"}}, "attributeMapping"),
        ({"identifiers": ("a/b",)}, "idpIdentifiers"),
        ({"identifiers": tuple(map(str, range(51)))}, "idpIdentifiers"),
        ({"acr_mapping": {"Level5": "urn:x"}}, "acrMapping"),
        ({"acr_mapping": {"Level1": "a b"}}, "acrMapping"),
    ],
)
def test_malformed_members_are_named(members: dict[str, Any], path: str) -> None:
    assert f" at '{path}' failed to satisfy constraint" in refusal(**members)


def test_identifiers_are_kept_once_and_in_their_order() -> None:
    assert provider(identifiers=("b", "a", "b")).identifiers == ("b", "a")
    assert provider().replace(identifiers=("b", "a", "b"), now=2.0).identifiers == ("b", "a")


def test_update_leaves_what_is_none_and_clears_what_is_empty() -> None:
    before = provider(attribute_mapping={"email": "mail"}, identifiers=("a",), acr_mapping={"Level1": "urn:x"})

    assert before.replace(now=1.0) == before
    cleared = before.replace(attribute_mapping={}, identifiers=(), acr_mapping={}, now=2.0)
    assert (cleared.attribute_mapping, cleared.identifiers, cleared.acr_mapping) == ({}, (), {})
    assert (cleared.details, cleared.created_at, cleared.updated_at) == (OIDC, 1.0, 2.0)


def test_word_of_cognitos_own_cannot_be_set() -> None:
    shown = provider(details=OIDC | {"attributes_url_add_attributes": "true"}).shown_details()

    assert shown == OIDC | {"attributes_url_add_attributes": "false"}


@pytest.mark.attack("R11")
def test_secrets_are_in_no_repr_or_refusal() -> None:
    assert SECRET not in repr(provider())
    assert SECRET not in refusal(details={"client_secret": SECRET})


def test_nobody_changes_a_provider_through_what_it_was_made_of() -> None:
    details = dict(OIDC)
    made = provider(details=details)

    details["client_id"] = "another"

    assert made.details == OIDC
    with pytest.raises(TypeError):
        made.details["client_id"] = "another"  # type: ignore[index]
