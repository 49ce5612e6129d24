"""What triggers about users are told and may decide: sign-up, messages, sign-in, migration, custom challenges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from app_client_authz.domain.challenge import CUSTOM_CHALLENGE, PASSWORD_VERIFIER
from app_client_authz.domain.errors import InvalidLambdaResponse
from app_client_authz.domain.message_templates import CODE, USERNAME, Template
from app_client_authz.domain.trigger import (
    Answer,
    Caller,
    Event,
    attributes_of,
    event,
    flag,
    members,
    one_of,
    pairs,
    text,
    texts,
    validation_data,
)
from app_client_authz.domain.user import VERIFIABLE, User, UserStatus

SIGN_UP, ADMIN_CREATE_USER = "PreSignUp_SignUp", "PreSignUp_AdminCreateUser"
CONFIRM_SIGN_UP = "PostConfirmation_ConfirmSignUp"
CONFIRM_FORGOT_PASSWORD = "PostConfirmation_ConfirmForgotPassword"
MIGRATION_AT_SIGN_IN, MIGRATION_AT_RECOVERY = "UserMigration_Authentication", "UserMigration_ForgotPassword"

MAX_EMAIL, MAX_SMS, MAX_SUBJECT = 20_000, 140, 140
_LINK = "{##Click Here##}"
_AUTO_VERIFY: Final = {"autoVerifyEmail": "email", "autoVerifyPhone": "phone_number"}
_MIGRATED_STATUSES = (UserStatus.CONFIRMED, UserStatus.RESET_REQUIRED)


# --- PreSignUp, PostConfirmation --------------------------------------------------------------------


def sign_up_event(source: str, user: User, caller: Caller) -> Event:
    """PreSignUp: the user does not exist yet, and so has attributes and a name, but no ``sub``."""
    request = {"userAttributes": dict(user.attributes), "validationData": validation_data(caller)}
    response = {"autoConfirmUser": False, **dict.fromkeys(_AUTO_VERIFY, False)}
    return event(source, user.pool_id, user.username, caller, request, response)


def signed_up(answer: Answer, user: User) -> User:
    """The user as the trigger wants it: confirmed, with verified addresses.

    Raises:
        InvalidLambdaResponse: a flag is none, or an address that the user does not have is to be verified.
    """
    verified = {}
    for name, attribute in _AUTO_VERIFY.items():
        if not flag(answer, name):
            continue
        if not user.attributes.get(attribute):
            raise InvalidLambdaResponse(detail=f"{name} for a user without {attribute}")
        verified[VERIFIABLE[attribute]] = "true"
    status = UserStatus.CONFIRMED if flag(answer, "autoConfirmUser") else user.status
    return replace(user, status=status, attributes={**user.attributes, **verified})


def confirmation_event(source: str, user: User, caller: Caller) -> Event:
    """PostConfirmation: the user as it is now; there is nothing to answer."""
    return event(source, user.pool_id, user.username, caller, {"userAttributes": attributes_of(user)}, {})


# --- CustomMessage ----------------------------------------------------------------------------------


def message_event(source: str, user: User, caller: Caller, *, invites: bool) -> Event:
    """CustomMessage: placeholders, and never the code itself."""
    request = {
        "userAttributes": attributes_of(user),
        "codeParameter": CODE,
        "linkParameter": _LINK,
        "usernameParameter": USERNAME if invites else None,
    }
    response = dict.fromkeys(("smsMessage", "emailMessage", "emailSubject"))
    return event(source, user.pool_id, user.username, caller, request, response)


def worded(answer: Answer, template: Template, *, invites: bool) -> Template:
    """The template with the trigger's own words, as far as it gave any.

    Raises:
        InvalidLambdaResponse: a message is too long, or lacks the place of the code (or, inviting, of the name).
    """
    subject, email, sms = text(answer, "emailSubject"), text(answer, "emailMessage"), text(answer, "smsMessage")
    for given, longest in ((subject, MAX_SUBJECT), (email, MAX_EMAIL), (sms, MAX_SMS)):
        if given is not None and len(given) > longest:
            raise InvalidLambdaResponse(detail="a message is too long")
    needed = (CODE, USERNAME) if invites else (CODE,)
    for given in (email, sms):
        if given is not None and not all(place in given for place in needed):
            raise InvalidLambdaResponse(detail="a message has no place for what it is to tell")
    return template.worded(subject, email, sms)


# --- PreAuthentication, PostAuthentication ----------------------------------------------------------


def before_sign_in_event(pool_id: str, username: str, user: User | None, caller: Caller, *, hides: bool) -> Event:
    """PreAuthentication. ``user`` is None where nobody has that name, which is told where the client ``hides`` it."""
    request: dict[str, object] = {
        "userAttributes": {} if user is None else attributes_of(user),
        "validationData": validation_data(caller),
    }
    if hides:
        request["userNotFound"] = user is None
    return event("PreAuthentication_Authentication", pool_id, username, caller, request, {})


def after_sign_in_event(user: User, caller: Caller, *, new_device: bool) -> Event:
    """PostAuthentication: there is nothing to answer."""
    request = {"userAttributes": attributes_of(user), "newDeviceUsed": new_device}
    return event("PostAuthentication_Authentication", user.pool_id, user.username, caller, request, {})


# --- UserMigration ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Migrated:
    """A user whom the host knows from elsewhere, to be created here.

    What a trigger says of a welcome message is read and not followed: there is no temporary password to tell, and
    one that the user chose is sent to nobody.
    """

    attributes: Mapping[str, str] = field(repr=False)
    status: UserStatus
    takes_aliases: bool
    username: str | None = None
    """What the user is called where the name that was sent is an alias."""


def migration_event(source: str, pool_id: str, username: str, password: str | None, caller: Caller) -> Event:
    """UserMigration: name and password as they were sent; no password where it was forgotten."""
    request = {"password": password, "validationData": validation_data(caller)}
    response = dict.fromkeys(
        ("userAttributes", "finalUserStatus", "messageAction", "desiredDeliveryMediums", "forceAliasCreation")
    )
    return event(source, pool_id, username, caller, request, response)


def migrated(answer: Answer) -> Migrated | None:
    """Who is to be created; None if the trigger knows nobody of that name.

    Raises:
        InvalidLambdaResponse: a member has another shape than Cognito's.
    """
    if members(answer, "userAttributes") is None:
        return None
    status = one_of(answer, "finalUserStatus", _MIGRATED_STATUSES)
    one_of(answer, "messageAction", ("SUPPRESS", "RESEND"))
    if not set(texts(answer, "desiredDeliveryMediums")) <= {"EMAIL", "SMS"}:
        raise InvalidLambdaResponse(detail="desiredDeliveryMediums names another medium")
    given = pairs(answer, "userAttributes")
    return Migrated(
        # No attributes: one is the name, and nobody chooses the other.
        {name: value for name, value in given.items() if name not in {"username", "sub"}},
        UserStatus(status or UserStatus.CONFIRMED),
        flag(answer, "forceAliasCreation"),
        given.get("username") or None,
    )


# --- custom challenges ------------------------------------------------------------------------------

Challenges = Sequence[Mapping[str, object]]
"""``session``: challengeName, challengeResult and, of custom ones, challengeMetadata, in order."""

_DEFINABLE = (CUSTOM_CHALLENGE, PASSWORD_VERIFIER)


@dataclass(frozen=True, slots=True)
class NextChallenge:
    """What comes next in a custom sign-in: tokens, the end, or a challenge."""

    name: str | None
    issues_tokens: bool
    fails: bool


@dataclass(frozen=True, slots=True)
class CustomChallenge:
    """A challenge as the trigger made it; what is private never leaves the server."""

    public: Mapping[str, str]
    private: Mapping[str, str] = field(repr=False)
    metadata: str | None


@dataclass(frozen=True, slots=True)
class Challenged:
    """Who signs in by custom challenges; ``user`` is None where nobody has that name and the client hides it."""

    pool_id: str
    username: str
    user: User | None
    hides: bool

    def event(self, source: str, caller: Caller, request: Mapping[str, object], response: Sequence[str]) -> Event:
        """One of the three events: all say who signs in."""
        told: dict[str, object] = {"userAttributes": {} if self.user is None else attributes_of(self.user), **request}
        if self.hides:
            told["userNotFound"] = self.user is None
        return event(f"{source}_Authentication", self.pool_id, self.username, caller, told, dict.fromkeys(response))


def next_challenge(answer: Answer) -> NextChallenge:
    """What DefineAuthChallenge decided.

    Raises:
        InvalidLambdaResponse: nothing, or something that is no challenge.
    """
    name = one_of(answer, "challengeName", _DEFINABLE)
    decided = NextChallenge(name, flag(answer, "issueTokens"), flag(answer, "failAuthentication"))
    if name is None and not decided.issues_tokens and not decided.fails:
        raise InvalidLambdaResponse(detail="neither a challenge nor an end")
    return decided


def custom_challenge(answer: Answer) -> CustomChallenge:
    """What CreateAuthChallenge made.

    Raises:
        InvalidLambdaResponse: parameters that are no texts.
    """
    return CustomChallenge(
        pairs(answer, "publicChallengeParameters"),
        pairs(answer, "privateChallengeParameters"),
        text(answer, "challengeMetadata"),
    )
