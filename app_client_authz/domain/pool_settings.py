"""What a user pool is told beside its rules: templates, senders, second factors, devices.

Names are those of the members in Cognito's API; None means "not set".
"""

from dataclasses import dataclass

COGNITO_DEFAULT = "COGNITO_DEFAULT"
CONFIRM_WITH_CODE = "CONFIRM_WITH_CODE"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationMessageTemplate:
    """The pool's own words for verification codes and links."""

    default_email_option: str = CONFIRM_WITH_CODE
    email_message: str | None = None
    email_subject: str | None = None
    email_message_by_link: str | None = None
    email_subject_by_link: str | None = None
    sms_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteMessageTemplate:
    """The pool's own words for invitations with a temporary password."""

    email_message: str | None = None
    email_subject: str | None = None
    sms_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailConfiguration:
    """Who sends e-mail, and as whom; ``sender`` is Cognito's ``From``."""

    email_sending_account: str = COGNITO_DEFAULT
    source_arn: str | None = None
    reply_to_email_address: str | None = None
    sender: str | None = None
    configuration_set: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceConfiguration:
    """Devices are tracked wherever there is one of these, whatever it says (api.md 3.8)."""

    challenge_required_on_new_device: bool = False
    device_only_remembered_on_user_prompt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailMfaConfiguration:
    """Second factor by e-mail: the words around the code."""

    message: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAuthnConfiguration:
    """Passkeys. They are a first factor, and a second one where ``factor_configuration`` says so."""

    relying_party_id: str | None = None
    user_verification: str | None = None
    factor_configuration: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaFactors:
    """The second factors that users of the pool can have (api.md 3.7).

    Messages by SMS are set up in the pool itself; ``sms`` says whether they are a factor. ``software_token`` is
    None until it was said, False if it was said to be off.
    """

    sms: bool = False
    software_token: bool | None = None
    email: EmailMfaConfiguration | None = None
    web_authn: WebAuthnConfiguration | None = None

    @property
    def named(self) -> bool:
        """Whether anything was said of a second factor, if only that it is off; passkeys stand beside them."""
        return self.sms or self.software_token is not None or self.email is not None
