"""SetUserPoolMfaConfig (api.md 3.7)."""

from dataclasses import dataclass, replace

from app_client_authz.domain.errors import InvalidParameter
from app_client_authz.domain.pool_settings import EmailMfaConfiguration, MfaFactors, WebAuthnConfiguration
from app_client_authz.domain.pool_spec import Document, PoolSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaChange:
    """What a caller says of second factors; a factor that is None is none from then on.

    Without a ``mode`` MFA is OFF. ``sms_configuration`` and ``sms_authentication_message`` are the pool's own, and
    stay where they are None.
    """

    mode: str | None = None
    sms: bool = False
    sms_configuration: Document | None = None
    sms_authentication_message: str | None = None
    software_token: bool | None = None
    email: EmailMfaConfiguration | None = None
    web_authn: WebAuthnConfiguration | None = None


def applied(spec: PoolSpec, change: MfaChange) -> PoolSpec:
    """The spec with the second factors that the change leaves.

    A factor counts that is named, whether it is enabled or not; passkeys are none.

    Raises:
        InvalidParameter: users may or must have a second factor, and there is none; or MFA is off, and there is
            one; SMS without its configuration.
    """
    factors = MfaFactors(
        sms=change.sms, software_token=change.software_token, email=change.email, web_authn=change.web_authn
    )
    after = replace(
        spec,
        mfa=change.mode or "OFF",
        factors=factors,
        sms_configuration=change.sms_configuration or spec.sms_configuration,
        sms_authentication_message=change.sms_authentication_message or spec.sms_authentication_message,
    )
    if after.mfa == "OFF" and factors.named:
        raise InvalidParameter("Invalid MFA configuration given, can't turn off MFA and configure an MFA together.")
    if after.mfa != "OFF" and not factors.named:
        raise InvalidParameter(
            "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration."
        )
    if factors.sms and not after.sms_configuration:
        raise InvalidParameter("SMS configuration is required when SMS MFA is configured")
    return after
