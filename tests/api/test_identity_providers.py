"""External identity providers by boto3 (api.md 3.2)."""

from collections.abc import Callable
from typing import Any

import pytest

from app_client_authz.services import identity_providers
from tests.support.aws import Wire
from tests.support.clock import MovableClock
from tests.support.refusals import PATTERN, refused, violation

NOWHERE = "us-east-1_nowhere00"
OIDC = {
    "client_id": "authz-at-corp",
    "client_secret": "the secret of the relying party",
    "authorize_scopes": "openid email",
    "oidc_issuer": "https://login.corp.example",
    "attributes_request_method": "GET",
}
SOCIAL = {"client_id": "1", "client_secret": "2", "authorize_scopes": "email"}
APPLE = {"client_id": "1", "team_id": "2", "key_id": "3", "private_key": "4", "authorize_scopes": "email"}
SAML = {"MetadataURL": "https://idp.corp.example/metadata"}
NEEDS_OIDC = "clientId, authorizeScopes, oidcIssuer and attributesRequestMethod are all required idp details."
NEEDS_SOCIAL = "clientId, clientSecret and authorizeScopes are all required idp details."
NEEDS_APPLE = "clientId, privateKey, teamId, and keyId are all required idp details."
NEEDS_SAML = "At least one of the MetadataURL or MetadataFile should be provided."

Create = Callable[..., dict[str, Any]]


@pytest.fixture
def create(cognito: Any, pool_id: str) -> Create:
    """Creates ``Corp``, an OIDC provider, or what is given instead."""

    def call(name: str = "Corp", kind: str = "OIDC", details: dict[str, str] | None = None, **more: Any) -> Any:
        given = OIDC if details is None else details
        made = cognito.create_identity_provider(
            UserPoolId=pool_id, ProviderName=name, ProviderType=kind, ProviderDetails=given, **more
        )
        return made["IdentityProvider"]

    return call


def without(details: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in details.items() if key != name}


def test_minimal_provider_has_exactly_the_members_that_were_given(cognito: Any, pool_id: str, create: Create) -> None:
    made = create()

    assert made == {
        "UserPoolId": pool_id,
        "ProviderName": "Corp",
        "ProviderType": "OIDC",
        "ProviderDetails": {**OIDC, "attributes_url_add_attributes": "false"},
        "LastModifiedDate": made["CreationDate"],
        "CreationDate": made["CreationDate"],
    }
    described = cognito.describe_identity_provider(UserPoolId=pool_id, ProviderName="Corp")
    assert described["IdentityProvider"] == made


def test_everything_that_is_given_comes_back(cognito: Any, pool_id: str, create: Create) -> None:
    given = {
        "AttributeMapping": {"email": "mail", "custom:team": "team", "username": "sub"},
        "IdpIdentifiers": ["corp.example", "Corp Inc."],
        "AcrMapping": {"Level1": "urn:basic", "Level4": "urn:hardware"},
    }

    made = create(**given)

    assert {name: made[name] for name in given} == given
    by_identifier = cognito.get_identity_provider_by_identifier(UserPoolId=pool_id, IdpIdentifier="Corp Inc.")
    assert by_identifier["IdentityProvider"] == made


@pytest.mark.parametrize(
    "name, kind, details",
    [
        ("Google", "Google", SOCIAL),
        ("Facebook", "Facebook", SOCIAL),
        ("LoginWithAmazon", "LoginWithAmazon", SOCIAL),
        ("SignInWithApple", "SignInWithApple", APPLE),
        ("Corp", "SAML", SAML),
        ("Corp", "SAML", {"MetadataFile": "<EntityDescriptor/>", "IDPSignout": "true"}),
        ("Corp", "OIDC", without(OIDC, "client_secret")),
    ],
)
def test_each_type_with_its_details(create: Create, name: str, kind: str, details: dict[str, str]) -> None:
    shown = create(name, kind, details)["ProviderDetails"]

    assert shown == details | ({"attributes_url_add_attributes": "false"} if kind == "OIDC" else {})


@pytest.mark.parametrize(
    "kind, details, message",
    [
        *(("OIDC", without(OIDC, name), NEEDS_OIDC) for name in OIDC if name != "client_secret"),
        *(("Google", without(SOCIAL, name), NEEDS_SOCIAL) for name in SOCIAL),
        ("Facebook", {}, NEEDS_SOCIAL),
        ("LoginWithAmazon", SOCIAL | {"client_secret": ""}, NEEDS_SOCIAL),
        *(("SignInWithApple", without(APPLE, name), NEEDS_APPLE) for name in APPLE),
        ("SAML", {"IDPSignout": "true"}, NEEDS_SAML),
        ("OIDC", OIDC | {"oidc_issuer": "http://login.corp.example"}, "OIDC endpoint must start with https://"),
        ("OIDC", OIDC | {"token_url": "http://login.corp.example/token"}, "OIDC endpoint must start with https://"),
    ],
)
def test_details_that_a_type_needs(
    cognito: Any, pool_id: str, create: Create, kind: str, details: dict[str, str], message: str
) -> None:
    name = kind if kind not in {"OIDC", "SAML"} else "Corp"
    with refused("InvalidParameter", message):
        create(name, kind, details)

    assert cognito.list_identity_providers(UserPoolId=pool_id)["Providers"] == []


@pytest.mark.parametrize(
    "name, kind",
    [("MyGoogle", "Google"), ("Google", "OIDC"), ("Facebook", "Google"), ("COGNITO", "OIDC"), ("COGNITO", "SAML")],
)
def test_social_providers_are_named_as_their_type_and_nothing_else_is(create: Create, name: str, kind: str) -> None:
    with refused("InvalidParameter", f"Provider {name} cannot be of type {kind}."):
        create(name, kind, SOCIAL)


@pytest.mark.parametrize("name", ["_corp", "corp_", " corp", "a", "ab"])
def test_name_of_a_new_provider_is_matched_as_a_whole(create: Create, name: str) -> None:
    pattern = PATTERN + r"[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+"
    with refused("InvalidParameter", violation(f"'{name}' at 'providerName'", pattern)):
        create(name)


def test_unknown_type_is_refused(create: Create) -> None:
    types = "[SAML, Facebook, Google, LoginWithAmazon, SignInWithApple, OIDC]"
    with refused(
        "InvalidParameter", violation("'LDAP' at 'providerType'", f"Member must satisfy enum value set: {types}")
    ):
        create("Corp", "LDAP")


def test_levels_of_assurance_are_for_oidc_only(create: Create) -> None:
    with refused("InvalidParameter", "AcrMapping is supported for identity providers of type OIDC only."):
        create("Corp", "SAML", SAML, AcrMapping={"Level1": "urn:basic"})


def test_details_have_a_bound(create: Create) -> None:
    create("Corp", "SAML", {"MetadataFile": "é" * 131_072})

    with refused("InvalidParameter", "Provider details have 262144 characters at most."):
        create("More", "SAML", {f"MetadataFile{number}": "x" * 131_072 for number in range(2)} | SAML)


def test_second_provider_of_the_same_name_is_refused(cognito: Any, pool_id: str, create: Create) -> None:
    made = create(IdpIdentifiers=["corp"])

    with refused("DuplicateProvider", f"Corp already exists in user pool {pool_id}."):
        create("Corp", "SAML", SAML)
    described = cognito.describe_identity_provider(UserPoolId=pool_id, ProviderName="Corp")
    assert described["IdentityProvider"] == made


def test_identifier_belongs_to_one_provider_of_the_pool(cognito: Any, pool_id: str, create: Create) -> None:
    create(IdpIdentifiers=["corp.example"])
    create("Other")
    taken = "IdpIdentifier corp.example is used by another identity provider of the user pool."

    with refused("InvalidParameter", taken):
        create("Third", IdpIdentifiers=["free", "corp.example"])
    with refused("InvalidParameter", taken):
        cognito.update_identity_provider(
            UserPoolId=pool_id, ProviderName="Other", IdpIdentifiers=["free", "corp.example"]
        )

    with refused("ResourceNotFound", "Identity provider free does not exist."):
        cognito.get_identity_provider_by_identifier(UserPoolId=pool_id, IdpIdentifier="free")
    listed = cognito.list_identity_providers(UserPoolId=pool_id)["Providers"]
    assert [each["ProviderName"] for each in listed] == ["Corp", "Other"]


def test_identifier_of_a_deleted_provider_is_free_again(cognito: Any, pool_id: str, create: Create) -> None:
    create(IdpIdentifiers=["corp.example"])
    cognito.delete_identity_provider(UserPoolId=pool_id, ProviderName="Corp")

    assert create("Other", IdpIdentifiers=["corp.example"])["IdpIdentifiers"] == ["corp.example"]


def test_update_leaves_what_it_does_not_mention(
    cognito: Any, pool_id: str, create: Create, clock: MovableClock
) -> None:
    made = create(AttributeMapping={"email": "mail"}, IdpIdentifiers=["b", "a"], AcrMapping={"Level1": "urn:basic"})
    clock.advance(60)

    after = cognito.update_identity_provider(
        UserPoolId=pool_id, ProviderName="Corp", ProviderDetails=OIDC | {"client_id": "another"}
    )["IdentityProvider"]

    assert (after["LastModifiedDate"] - made["LastModifiedDate"]).total_seconds() == 60
    details = made["ProviderDetails"] | {"client_id": "another"}
    assert after == made | {"ProviderDetails": details, "LastModifiedDate": after["LastModifiedDate"]}
    described = cognito.describe_identity_provider(UserPoolId=pool_id, ProviderName="Corp")
    assert described["IdentityProvider"] == after


def test_update_clears_what_it_mentions_empty(cognito: Any, pool_id: str, create: Create) -> None:
    create(AttributeMapping={"email": "mail"}, IdpIdentifiers=["corp"], AcrMapping={"Level1": "urn:basic"})

    after = cognito.update_identity_provider(
        UserPoolId=pool_id, ProviderName="Corp", AttributeMapping={}, IdpIdentifiers=[], AcrMapping={}
    )["IdentityProvider"]

    assert (after["AttributeMapping"], after["IdpIdentifiers"], after["AcrMapping"]) == ({}, [], {})
    with refused("ResourceNotFound", "Identity provider corp does not exist."):
        cognito.get_identity_provider_by_identifier(UserPoolId=pool_id, IdpIdentifier="corp")


def test_update_replaces_identifiers_in_their_order(cognito: Any, pool_id: str, create: Create) -> None:
    create(IdpIdentifiers=["one", "two"])

    cognito.update_identity_provider(
        UserPoolId=pool_id, ProviderName="Corp", IdpIdentifiers=["two", "zero", "a", "two"]
    )

    described = cognito.describe_identity_provider(UserPoolId=pool_id, ProviderName="Corp")["IdentityProvider"]
    assert described["IdpIdentifiers"] == ["two", "zero", "a"]


def test_update_is_held_to_the_same_details(cognito: Any, pool_id: str, create: Create) -> None:
    made = create()

    with refused("InvalidParameter", NEEDS_OIDC):
        cognito.update_identity_provider(
            UserPoolId=pool_id, ProviderName="Corp", ProviderDetails={"client_id": "another"}
        )
    described = cognito.describe_identity_provider(UserPoolId=pool_id, ProviderName="Corp")
    assert described["IdentityProvider"] == made


def test_delete_answers_without_a_body_and_the_provider_is_gone(
    cognito: Any, wire: Wire, pool_id: str, create: Create
) -> None:
    create()
    answer = wire("DeleteIdentityProvider", {"UserPoolId": pool_id, "ProviderName": "Corp"})
    assert (answer.status_code, answer.data) == (200, b"")

    for operation in (
        cognito.describe_identity_provider,
        cognito.update_identity_provider,
        cognito.delete_identity_provider,
    ):
        with refused("ResourceNotFound", "Identity provider Corp does not exist."):
            operation(UserPoolId=pool_id, ProviderName="Corp")


def test_list_shows_names_types_and_dates_and_no_secret(cognito: Any, pool_id: str, create: Create) -> None:
    made = create()

    listed = cognito.list_identity_providers(UserPoolId=pool_id)

    shown = ("ProviderName", "ProviderType", "LastModifiedDate", "CreationDate")
    assert listed["Providers"] == [{name: made[name] for name in shown}]
    assert "NextToken" not in listed


def test_list_goes_on_where_the_page_ended(cognito: Any, pool_id: str, create: Create) -> None:
    names = [f"Corp{number}" for number in range(5)]
    for name in names:
        create(name)

    pages = list(cognito.get_paginator("list_identity_providers").paginate(UserPoolId=pool_id, MaxResults=2))

    assert [[each["ProviderName"] for each in page["Providers"]] for page in pages] == [
        names[:2],
        names[2:4],
        names[4:],
    ]
    assert len(cognito.list_identity_providers(UserPoolId=pool_id, MaxResults=0)["Providers"]) == 5


def test_pool_has_300_providers_at_most(
    cognito: Any, pool_id: str, create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert identity_providers.MAX_PER_POOL == 300
    monkeypatch.setattr(identity_providers, "MAX_PER_POOL", 1)
    create()

    with refused("LimitExceeded", "A user pool has at most 1 identity providers."):
        create("Other")
    assert len(cognito.list_identity_providers(UserPoolId=pool_id)["Providers"]) == 1


def test_client_lists_a_provider_once_it_exists(cognito: Any, pool_id: str, create: Create) -> None:
    wanted = {"UserPoolId": pool_id, "ClientName": "web", "SupportedIdentityProviders": ["COGNITO", "Corp"]}
    with refused("InvalidParameter", f"The provider Corp does not exist for User Pool {pool_id}."):
        cognito.create_user_pool_client(**wanted)

    create()
    client = cognito.create_user_pool_client(**wanted)["UserPoolClient"]
    assert client["SupportedIdentityProviders"] == ["COGNITO", "Corp"]

    cognito.delete_identity_provider(UserPoolId=pool_id, ProviderName="Corp")
    kept = cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client["ClientId"])["UserPoolClient"]
    assert kept["SupportedIdentityProviders"] == ["COGNITO", "Corp"]


@pytest.mark.parametrize(
    "operation, members",
    [
        ("create_identity_provider", {"ProviderName": "Corp", "ProviderType": "OIDC", "ProviderDetails": OIDC}),
        ("describe_identity_provider", {"ProviderName": "Corp"}),
        ("get_identity_provider_by_identifier", {"IdpIdentifier": "corp"}),
        ("list_identity_providers", {}),
        ("update_identity_provider", {"ProviderName": "Corp"}),
        ("delete_identity_provider", {"ProviderName": "Corp"}),
    ],
)
def test_unknown_pool_is_not_found(cognito: Any, operation: str, members: dict[str, Any]) -> None:
    with refused("ResourceNotFound", f"User pool {NOWHERE} does not exist."):
        getattr(cognito, operation)(UserPoolId=NOWHERE, **members)
