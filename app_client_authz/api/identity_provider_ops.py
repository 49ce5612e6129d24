"""External identity providers: Create, Describe, List, Update, Delete, GetByIdentifier (api.md 3.2)."""

from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.paging import page
from app_client_authz.api.wire import instant, present
from app_client_authz.domain.identity_provider import IdentityProvider
from app_client_authz.services.identity_providers import ProviderChange

MAX_PAGE = 50
"""What the model lets an answer have; a request may ask for 60."""


def create_identity_provider(call: Call) -> Json:
    made = call.services.identity_providers.create(
        call.input["UserPoolId"], call.input["ProviderName"], call.input["ProviderType"], to_change(call.input)
    )
    return {"IdentityProvider": shown(made)}


def describe_identity_provider(call: Call) -> Json:
    found = call.services.identity_providers.describe(call.input["UserPoolId"], call.input["ProviderName"])
    return {"IdentityProvider": shown(found)}


def get_identity_provider_by_identifier(call: Call) -> Json:
    found = call.services.identity_providers.describe_by_identifier(
        call.input["UserPoolId"], call.input["IdpIdentifier"]
    )
    return {"IdentityProvider": shown(found)}


def list_identity_providers(call: Call) -> Json:
    providers, token = page(
        call,
        lambda after, limit: call.services.identity_providers.page(call.input["UserPoolId"], after=after, limit=limit),
        lambda provider: provider.name,
        # The model allows 0, which cannot be meant.
        size=min(call.input.get("MaxResults") or MAX_PAGE, MAX_PAGE),
    )
    listed = [
        {
            "ProviderName": provider.name,
            "ProviderType": provider.type,
            "LastModifiedDate": instant(provider.updated_at),
            "CreationDate": instant(provider.created_at),
        }
        for provider in providers
    ]
    return present({"Providers": listed, "NextToken": token})


def update_identity_provider(call: Call) -> Json:
    after = call.services.identity_providers.update(
        call.input["UserPoolId"], call.input["ProviderName"], to_change(call.input)
    )
    return {"IdentityProvider": shown(after)}


def delete_identity_provider(call: Call) -> None:
    call.services.identity_providers.delete(call.input["UserPoolId"], call.input["ProviderName"])


OPERATIONS: dict[str, Run] = {
    "CreateIdentityProvider": create_identity_provider,
    "DescribeIdentityProvider": describe_identity_provider,
    "GetIdentityProviderByIdentifier": get_identity_provider_by_identifier,
    "ListIdentityProviders": list_identity_providers,
    "UpdateIdentityProvider": update_identity_provider,
    "DeleteIdentityProvider": delete_identity_provider,
}


def to_change(members: Json) -> ProviderChange:
    """What CreateIdentityProvider and UpdateIdentityProvider say of a provider."""
    identifiers = members.get("IdpIdentifiers")
    return ProviderChange(
        details=members.get("ProviderDetails"),
        attribute_mapping=members.get("AttributeMapping"),
        identifiers=None if identifiers is None else tuple(identifiers),
        acr_mapping=members.get("AcrMapping"),
    )


def shown(provider: IdentityProvider) -> Json:
    """``IdentityProviderType``, secrets included."""
    return present(
        {
            "UserPoolId": provider.pool_id,
            "ProviderName": provider.name,
            "ProviderType": provider.type,
            "ProviderDetails": provider.shown_details(),
            "AttributeMapping": None if provider.attribute_mapping is None else dict(provider.attribute_mapping),
            "IdpIdentifiers": None if provider.identifiers is None else list(provider.identifiers),
            "AcrMapping": None if provider.acr_mapping is None else dict(provider.acr_mapping),
            "LastModifiedDate": instant(provider.updated_at),
            "CreationDate": instant(provider.created_at),
        }
    )
