"""Sign-in, refresh and revocation (api.md 4.4, 4.7, 4.11, 4.12, 4.21)."""

from app_client_authz.api import auth_wire
from app_client_authz.api.operation import Call, Json, Run
from app_client_authz.api.user_session_ops import takes_linked
from app_client_authz.domain import auth_flows
from app_client_authz.domain.errors import (
    InvalidTokenRequest,
    NotAuthorized,
    RefreshTokenRevoked,
    Unauthorized,
    UnsupportedOperation,
)
from app_client_authz.services import origin
from app_client_authz.services.sign_ins import Request


def initiate_auth(call: Call) -> Json:
    return _initiate(call, by_admin=False)


def admin_initiate_auth(call: Call) -> Json:
    return _initiate(call, by_admin=True)


def respond_to_auth_challenge(call: Call) -> Json:
    """A session of the one operation is good for the other (api.md 4.4)."""
    given = call.services.sign_ins.respond(
        _request(call), call.input["ChallengeName"], call.input.get("Session"), call.input.get("ChallengeResponses", {})
    )
    return auth_wire.answer(given)


def get_tokens_from_refresh_token(call: Call) -> Json:
    registration = call.services.client_proofs.client(call.input["ClientId"])
    call.services.client_proofs.check_secret(registration, call.input.get("ClientSecret"))
    auth_flows.check_refresh(registration.client)
    try:
        tokens = call.services.tokens.refresh(
            registration,
            call.input["RefreshToken"],
            call.base,
            call.input.get("ClientMetadata"),
            device_key=call.input.get("DeviceKey"),
        )
    except RefreshTokenRevoked as error:
        # What became of the user is said to every client.
        if type(error) is not RefreshTokenRevoked or not registration.client.rotation_enabled:
            raise
        # Recorded so: a rotating client is told nothing (api.md 4.12).
        raise NotAuthorized(detail=error.detail) from None
    return {"AuthenticationResult": auth_wire.result(tokens)}


def get_client_token(call: Call) -> Json:
    registration = call.services.client_proofs.machine(call.input["ClientId"], call.input["Secret"])
    tokens = call.services.machine_tokens.client_token(
        registration, call.input.get("Scopes", ()), call.base, call.input.get("ClientMetadata")
    )
    return {"ClientAuthenticationResult": auth_wire.result(tokens)}


def revoke_token(call: Call) -> None:
    registration = call.services.client_proofs.revoker(call.input["ClientId"], call.input.get("ClientSecret"))
    if not registration.client.revocation_enabled:
        raise UnsupportedOperation("This feature is not enabled for this client")
    try:
        call.services.revocation.revoke(registration, call.input["Token"], call.base, linked=takes_linked(call))
    except InvalidTokenRequest:
        raise Unauthorized("Invalid client or secret") from None


def _initiate(call: Call, *, by_admin: bool) -> Json:
    given = call.services.sign_ins.initiate(
        _request(call),
        call.input["AuthFlow"],
        call.input.get("AuthParameters", {}),
        by_admin=by_admin,
        session=call.input.get("Session"),
    )
    return auth_wire.answer(given)


def _request(call: Call) -> Request:
    registration = call.services.client_proofs.client(call.input["ClientId"], pool_id=call.input.get("UserPoolId"))
    propagates = registration.client.spec.enable_propagate_additional_user_context_data is True
    ip_address = origin.present().address_for(propagates=propagates)
    return Request(registration, call.request_id, call.base, call.input.get("ClientMetadata", {}), ip_address)


OPERATIONS: dict[str, Run] = {
    "InitiateAuth": initiate_auth,
    "AdminInitiateAuth": admin_initiate_auth,
    "RespondToAuthChallenge": respond_to_auth_challenge,
    "AdminRespondToAuthChallenge": respond_to_auth_challenge,
    "GetTokensFromRefreshToken": get_tokens_from_refresh_token,
    "GetClientToken": get_client_token,
    "RevokeToken": revoke_token,
}
