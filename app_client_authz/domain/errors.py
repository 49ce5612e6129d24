"""Every way in which the server says no.

    AuthzError
    ├── ConfigurationError        a start is refused
    ├── OperationError            one per exception of the Cognito JSON API
    ├── AuthorizationError        an authorization request is refused (RFC 6749 section 4.1.2.1)
    ├── TokenError                a token request is refused (RFC 6749 section 5.2)
    ├── BearerError               an access token does not open userInfo (RFC 6750 section 3)
    └── Unavailable               not the caller's fault: try again

An error is raised anywhere below the faces and put into a protocol's own words once per face.
``message`` may be shown to anyone; ``detail`` is for the log only.
"""

from typing import TYPE_CHECKING, ClassVar

# To be imported from here, like the rest of the tree.
from app_client_authz.domain.error_base import AuthzError as AuthzError  # noqa: PLC0414
from app_client_authz.domain.error_base import ConfigurationError as ConfigurationError  # noqa: PLC0414
from app_client_authz.domain.error_base import Unavailable as Unavailable  # noqa: PLC0414

if TYPE_CHECKING:
    from app_client_authz.domain.authorization import ErrorTarget

# --- the JSON API's exceptions (cognito/api.md) -------------------------------------------------


class OperationError(AuthzError):
    """The base of errors that carry a Cognito exception name as their code."""


class InvalidParameter(OperationError):
    code = "InvalidParameterException"


class ResourceNotFound(OperationError):
    code = "ResourceNotFoundException"


class LimitExceeded(OperationError):
    code = "LimitExceededException"


class TooManyRequests(OperationError):
    """All hashing slots of this process stayed busy (SEC-7)."""

    code = "TooManyRequestsException"


class ConcurrentModification(OperationError):
    code = "ConcurrentModificationException"


class InvalidOAuthFlow(OperationError):
    code = "InvalidOAuthFlowException"


class ScopeDoesNotExist(OperationError):
    code = "ScopeDoesNotExistException"


class UserPoolAddOnNotEnabled(OperationError):
    """The pool does not keep what is asked for."""

    code = "UserPoolAddOnNotEnabledException"


class FeatureUnavailableInTier(OperationError):
    code = "FeatureUnavailableInTierException"


class TierChangeNotAllowed(OperationError):
    code = "TierChangeNotAllowedException"


class DuplicateProvider(OperationError):
    code = "DuplicateProviderException"


class UnsupportedIdentityProvider(OperationError):
    code = "UnsupportedIdentityProviderException"


class GroupExists(OperationError):
    code = "GroupExistsException"


class DeviceKeyExists(OperationError):
    """A device is confirmed once."""

    code = "DeviceKeyExistsException"
    default_message = "Device key already exists."


class UsernameExists(OperationError):
    code = "UsernameExistsException"


class AliasExists(OperationError):
    code = "AliasExistsException"


class InvalidPassword(OperationError):
    code = "InvalidPasswordException"


class NotAuthorized(OperationError):
    code = "NotAuthorizedException"


class Unauthorized(OperationError):
    """RevokeToken's own word for a client that did not prove to be one."""

    code = "UnauthorizedException"


class UnsupportedOperation(OperationError):
    code = "UnsupportedOperationException"


class UserNotFound(OperationError):
    code = "UserNotFoundException"
    default_message = "User does not exist."


class UserNotConfirmed(OperationError):
    """``proved`` is the ``sub`` of the user whose password was right; None where it was not looked at."""

    code = "UserNotConfirmedException"
    default_message = "User is not confirmed."
    proved: str | None = None


class UnsupportedUserState(OperationError):
    """The user does not stand where the operation could do anything."""

    code = "UnsupportedUserStateException"


class PasswordResetRequired(OperationError):
    code = "PasswordResetRequiredException"
    default_message = "Password reset required for the user"


class TriggerFailed(OperationError):
    """The base of what triggers of the host end a request with."""

    code = "UnexpectedLambdaException"


class UserLambdaValidation(TriggerFailed):
    """A trigger refused: what it raised is shown to the caller."""

    code = "UserLambdaValidationException"


class InvalidLambdaResponse(TriggerFailed):
    """A trigger returned something that is no answer."""

    code = "InvalidLambdaResponseException"
    default_message = "Unrecognizable lambda output"


class CodeDeliveryFailure(OperationError):
    """The message could not be sent; what it tells of happened all the same."""

    code = "CodeDeliveryFailureException"


class CodeMismatch(OperationError):
    code = "CodeMismatchException"


class ExpiredCode(OperationError):
    """No such code is pending: it expired, was used, or a newer one was sent."""

    code = "ExpiredCodeException"


class SoftwareTokenMfaNotFound(OperationError):
    """No authenticator app is set up, or the pool has none as a factor."""

    code = "SoftwareTokenMFANotFoundException"


class EnableSoftwareTokenMfa(OperationError):
    """The code does not belong to the app that is being set up."""

    code = "EnableSoftwareTokenMFAException"


class TemporaryPasswordExpired(NotAuthorized):
    """The password was right, and too old to be changed by its holder."""


class PasswordAttemptsExceeded(NotAuthorized):
    """The account is locked for a while; the password was not looked at (LCK-1)."""


class UserDisabled(NotAuthorized):
    """The user exists and is disabled; shown only where the client allows that to be known."""

    default_message = "User is disabled."


class ChallengeExpired(NotAuthorized):
    """The step of a sign-in that this answer belongs to is over: expired, answered or unknown."""


# --- the authorization endpoint (cognito/endpoints.md 1.4 and 1.5) ------------------------------


class AuthorizationError(AuthzError):
    """An authorization request is refused on our own page; nothing may travel by redirect (R1)."""

    code = "invalid_request"


class MissingParameters(AuthorizationError):
    """No ``client_id`` or no ``redirect_uri``: page A."""


class UnknownClient(AuthorizationError):
    """No such client: page B."""


class RedirectMismatch(AuthorizationError):
    """``redirect_uri`` is not one of the client's callback URLs: page C."""

    code = "redirect_mismatch"


class OAuthNotEnabled(AuthorizationError):
    """The client may not use OAuth at all: page D."""

    code = "unauthorized_client"


class MalformedRequest(AuthorizationError):
    """Repeated, oversized or undecodable parameters (RED-4, INP-4)."""


class RedirectableError(AuthorizationError):
    """The client and its callback URL are proven: the error travels to the callback URL.

    ``wrapped`` errors come in Cognito's own form (the code as description of ``invalid_request``)
    where the dialect says so. ``target`` is filled in by the judge, who knows the request.
    """

    wrapped: ClassVar[bool] = True
    target: "ErrorTarget"


class InvalidAuthorizationRequest(RedirectableError):
    """A parameter is missing or malformed, after client and callback URL were proven."""

    wrapped = False


class UnsupportedResponseType(RedirectableError):
    """``response_type`` is neither ``code`` nor ``token``."""

    code = "unsupported_response_type"


class FlowNotAllowed(RedirectableError):
    """The client does not have the flow that the response type asks for."""

    code = "unauthorized_client"


class ScopeNotAllowed(RedirectableError):
    """A requested scope is malformed, unknown or not the client's (SCP-1)."""

    code = "invalid_scope"


class LoginRequired(RedirectableError):
    """``prompt=none`` and no usable SSO session (OIDC Core section 3.1.2.6), or one that just ended."""

    code = "login_required"
    wrapped = False


class TriggerRefused(RedirectableError):
    """A trigger of the host ended the request; ``message`` is what it said (endpoints.md 1.5)."""

    code = "access_denied"
    wrapped = False


# --- the token and revocation endpoints (cognito/endpoints.md 3.5 and 8) ------------------------


class TokenError(AuthzError):
    """The base of errors of the back channel; ``code`` is the OAuth error code."""


class InvalidTokenRequest(TokenError):
    code = "invalid_request"


class InvalidClient(TokenError):
    """Unknown client, wrong secret, two credentials at once: all the same to the caller (R8)."""

    code = "invalid_client"


class GrantNotAllowed(TokenError):
    """The client does not have the flow that this grant belongs to."""

    code = "unauthorized_client"


class OAuthDisabled(TokenError):
    """client_credentials at a client with OAuth switched off (dialect decides the code)."""

    code = "unauthorized_client"


class CallbackMismatch(TokenError):
    """``redirect_uri`` differs from the one of the authorization request (dialect decides)."""

    code = "invalid_grant"


class InvalidGrant(TokenError):
    """A code or refresh token does not, or no longer, give anything."""

    code = "invalid_grant"


class RefreshTokenExpired(InvalidGrant):
    """Past the absolute expiry of its token session."""


class RefreshTokenRevoked(InvalidGrant):
    """Its token session was revoked, its user signed out everywhere, disabled or deleted."""


class RefreshTokenOfAnotherClient(InvalidGrant):
    """It is one of this pool, and not this client's."""


class RefreshTokenOfAnotherDevice(InvalidGrant):
    """It was given to a tracked device, and is shown without that device's key."""


class RefreshTokenUserDisabled(RefreshTokenRevoked):
    """Its user is disabled, which revokes what was issued before."""


class RefreshTokenUserDeleted(RefreshTokenRevoked):
    """Its user is gone, whoever has the name now."""


class RefreshTokenReused(InvalidGrant):
    """A superseded refresh token came back outside its grace period (REF-5)."""


class InvalidScope(TokenError):
    code = "invalid_scope"


class UnsupportedTokenType(TokenError):
    """Only refresh tokens are revoked (endpoints.md 8)."""

    code = "unsupported_token_type"


# --- userInfo (cognito/endpoints.md 4) ----------------------------------------------------------


class BearerError(AuthzError):
    """The base of refusals at userInfo."""


class BearerMissing(BearerError):
    """No Authorization header, or one that is no single bearer token."""

    code = "invalid_request"


class InvalidToken(BearerError):
    """Bad, expired or revoked token; disabled, deleted or signed-out user; deleted client."""

    code = "invalid_token"


class OpenIdScopeMissing(BearerError):
    """The access token does not contain the scope ``openid``."""

    code = "insufficient_scope"
