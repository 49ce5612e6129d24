"""Tokens and challenges in Cognito's JSON (api.md 4.4, 4.7)."""

from app_client_authz.api import device_wire
from app_client_authz.api.operation import Call
from app_client_authz.api.wire import Json, from_pairs, present
from app_client_authz.domain.delivery import CodeDelivery
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.trigger import Caller
from app_client_authz.services.issuer import TokenSet
from app_client_authz.services.sign_ins import Answer


def client_of(call: Call) -> Registration:
    """The client of a call that names a user: by its secret hash, if it has a secret (api.md 4.3).

    Raises:
        ResourceNotFound, NotAuthorized: see ``ClientProofs.member``.
    """
    return call.services.client_proofs.member(
        call.input["ClientId"], call.input["Username"], call.input.get("SecretHash")
    )


def caller(call: Call) -> Caller:
    """What triggers are told of who calls: the client if one is named, ClientMetadata and ValidationData."""
    return Caller(
        call.input.get("ClientId"), call.input.get("ClientMetadata", {}), from_pairs(call.input.get("ValidationData"))
    )


def result(tokens: TokenSet) -> Json:
    """``AuthenticationResult``; ``ExpiresIn`` is the access token's, in seconds."""
    return present(
        {
            "AccessToken": tokens.access_token,
            "ExpiresIn": tokens.expires_in,
            "TokenType": "Bearer",
            "RefreshToken": tokens.refresh_token,
            "IdToken": tokens.id_token,
            "NewDeviceMetadata": None if tokens.new_device is None else device_wire.from_new(tokens.new_device),
        }
    )


def answer(given: Answer) -> Json:
    """What InitiateAuth and RespondToAuthChallenge answer; an empty ``ChallengeParameters`` goes with tokens."""
    if isinstance(given, TokenSet):
        return {"AuthenticationResult": result(given), "ChallengeParameters": {}}
    return present(
        {
            "ChallengeName": given.name,
            "Session": given.session,
            "ChallengeParameters": dict(given.parameters),
            "AvailableChallenges": list(given.available) or None,
        }
    )


def delivery(sent: CodeDelivery) -> Json:
    """``CodeDeliveryDetails``."""
    return {"Destination": sent.destination, "DeliveryMedium": str(sent.medium), "AttributeName": sent.attribute}
