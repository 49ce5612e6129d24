"""PreventUserExistenceErrors: every row of api.md part 6, LEGACY and ENABLED, for users of every status and for nobody.

Where the name of a row says "differs", docs/explanation/differences.md decides otherwise than Cognito does. What a
refusal costs is held equal by tests/services/test_authentication.py and test_sign_up.py.
"""

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.domain.pool import PoolSpec
from tests.api.test_self_service import pool_with
from tests.support.aws import Wire, output, refusal
from tests.support.imports import ROOT
from tests.support.site import PASSWORD, Site
from tests.support.srp import SrpClient

FLOWS = (
    *("ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"),
    "ALLOW_REFRESH_TOKEN_AUTH",
)
SETTINGS = ("LEGACY", "ENABLED")
WRONG_PASSWORD, FRESH_PASSWORD = "Wrong-passw0rd!", "Fresh-passw0rd!"
NO_CODE = "000000x"  # six digits are never that
MASK = re.compile(r"[0-9a-z]\*\*\*@[a-z]\*\*\*")

# What an answer says: code and message of a refusal, or one word for a success.
Told = tuple[str, str] | str
TOKENS, SENT, SIGNED_UP = "tokens", "sent", "signed up"
NEW_PASSWORD, CHALLENGE, CHOICE, MAILED = "NEW_PASSWORD_REQUIRED", "PASSWORD_VERIFIER", "SELECT_CHALLENGE", "EMAIL_OTP"
UNKNOWN = ("UserNotFoundException", "User does not exist.")
NOT_FOUND = ("UserNotFoundException", "Username/client id combination not found.")
WRONG = ("NotAuthorizedException", "Incorrect username or password.")
DISABLED = ("NotAuthorizedException", "User is disabled.")
UNCONFIRMED = ("UserNotConfirmedException", "User is not confirmed.")
RESET = ("PasswordResetRequiredException", "Password reset required for the user")
TAKEN = ("UsernameExistsException", "User already exists")
MISMATCH = ("CodeMismatchException", "Invalid verification code provided, please try again.")
EXPIRED = ("ExpiredCodeException", "Invalid code provided, please request a code again.")
WRONG_CODE = ("CodeMismatchException", "Invalid code or auth state for the user.")
ALREADY = ("InvalidParameterException", "User is already confirmed.")
STATE = ("NotAuthorizedException", "User password cannot be reset in the current state.")
NO_CHANNEL = (
    "InvalidParameterException",
    "Cannot reset password for the user as there is no registered/verified email or phone_number",
)


def status_is(status: str) -> Told:
    return "NotAuthorizedException", f"User cannot be confirmed. Current status is {status}"


# Nobody, and users who are confirmed, disabled, unconfirmed, have to reset the password, have a temporary one, and
# are confirmed without a verified address.
KINDS = ("nobody", "known", "off", "fresh", "reset", "temporary", "bare")


@dataclass(frozen=True)
class Caller:
    """Asks as one client of a pool."""

    app: Flask
    pool_id: str
    client_id: str
    choosing_id: str
    """A client of the same setting with USER_AUTH, which has sign-up and recovery answer with sessions."""

    def __call__(self, operation: str, *, signed: bool = False, **members: Any) -> TestResponse:
        return Wire(self.app)(operation, {"ClientId": self.client_id, **members}, signed=signed)

    def password(self, name: str, password: str) -> TestResponse:
        given = {"USERNAME": name, "PASSWORD": password}
        return self("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)

    def admin_password(self, name: str, password: str) -> TestResponse:
        given = {"USERNAME": name, "PASSWORD": password}
        named = {"UserPoolId": self.pool_id, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": given}
        return self("AdminInitiateAuth", signed=True, **named)

    def srp_challenge(self, name: str, a: str = "ab" * 384) -> TestResponse:
        return self("InitiateAuth", AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": name, "SRP_A": a})

    def srp(self, name: str, password: str) -> TestResponse:
        """Both steps, or the first one if it is refused."""
        user = SrpClient(self.pool_id, password)
        challenge = self.srp_challenge(name, user.a)
        if challenge.status_code != 200:
            return challenge
        responses = user.responses(json.loads(challenge.data)["ChallengeParameters"])
        return self("RespondToAuthChallenge", ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=responses)

    def choice(self, name: str, preferred: str = "", **given: str) -> TestResponse:
        wanted = {"USERNAME": name, **given} | ({"PREFERRED_CHALLENGE": preferred} if preferred else {})
        return self("InitiateAuth", ClientId=self.choosing_id, AuthFlow="USER_AUTH", AuthParameters=wanted)

    def mailed(self, name: str) -> TestResponse:
        """With a wrong code, if one was asked for."""
        asked = self.choice(name, "EMAIL_OTP")
        body = json.loads(asked.data)
        if body.get("ChallengeName") != "EMAIL_OTP":
            return asked
        given = {"USERNAME": name, "EMAIL_OTP_CODE": NO_CODE}
        step = {"ChallengeName": "EMAIL_OTP", "Session": body["Session"], "ChallengeResponses": given}
        return self("RespondToAuthChallenge", ClientId=self.choosing_id, **step)

    def sign_up(self, name: str) -> TestResponse:
        mail = [{"Name": "email", "Value": f"{name}@example.com"}]
        return self("SignUp", Username=name, Password=PASSWORD, UserAttributes=mail)

    def confirm(self, name: str) -> TestResponse:
        return self("ConfirmSignUp", Username=name, ConfirmationCode=NO_CODE)

    def resend(self, name: str) -> TestResponse:
        return self("ResendConfirmationCode", Username=name)

    def forgot(self, name: str) -> TestResponse:
        return self("ForgotPassword", Username=name)

    def reset(self, name: str) -> TestResponse:
        return self("ConfirmForgotPassword", Username=name, ConfirmationCode=NO_CODE, Password=FRESH_PASSWORD)

    def reset_after_all(self, name: str) -> TestResponse:
        """With a code on its way."""
        self.forgot(name)
        return self.reset(name)


Ask = Callable[[Caller, str], TestResponse]
Row = tuple[Ask, tuple[Told, ...], tuple[Told, ...]]
ALL_WRONG, ALL_MISMATCH = (WRONG,) * len(KINDS), (MISMATCH,) * len(KINDS)
BEFORE_THE_PASSWORD = (UNKNOWN, WRONG, DISABLED, UNCONFIRMED, RESET, WRONG, WRONG)
RIGHT_LEGACY = (UNKNOWN, TOKENS, DISABLED, UNCONFIRMED, RESET, NEW_PASSWORD, TOKENS)
RIGHT_ENABLED = (WRONG, *RIGHT_LEGACY[1:])

# For each row of part 6: the question, and what KINDS are told with LEGACY and with ENABLED.
ROWS: dict[str, Row] = {
    "password, wrong (differs)": (
        lambda ask, name: ask.password(name, WRONG_PASSWORD),
        BEFORE_THE_PASSWORD,
        ALL_WRONG,
    ),
    "password, right (differs)": (lambda ask, name: ask.password(name, PASSWORD), RIGHT_LEGACY, RIGHT_ENABLED),
    "password by an administrator, wrong (differs)": (
        lambda ask, name: ask.admin_password(name, WRONG_PASSWORD),
        BEFORE_THE_PASSWORD,
        ALL_WRONG,
    ),
    "password by an administrator, right (differs)": (
        lambda ask, name: ask.admin_password(name, PASSWORD),
        RIGHT_LEGACY,
        RIGHT_ENABLED,
    ),
    "SRP, first message": (
        lambda ask, name: ask.srp_challenge(name),
        (UNKNOWN, CHALLENGE, DISABLED, UNCONFIRMED, RESET, CHALLENGE, CHALLENGE),
        (CHALLENGE,) * len(KINDS),
    ),
    "SRP, wrong proof (differs)": (
        lambda ask, name: ask.srp(name, WRONG_PASSWORD),
        BEFORE_THE_PASSWORD,
        ALL_WRONG,
    ),
    "SRP, right proof (differs)": (lambda ask, name: ask.srp(name, PASSWORD), RIGHT_LEGACY, RIGHT_ENABLED),
    "USER_AUTH without preference (differs)": (
        lambda ask, name: ask.choice(name),
        (UNKNOWN, CHOICE, DISABLED, UNCONFIRMED, RESET, CHOICE, CHOICE),
        (CHOICE,) * len(KINDS),
    ),
    "USER_AUTH, password, wrong (differs)": (
        lambda ask, name: ask.choice(name, "PASSWORD", PASSWORD=WRONG_PASSWORD),
        BEFORE_THE_PASSWORD,
        ALL_WRONG,
    ),
    "USER_AUTH, password, right (differs)": (
        lambda ask, name: ask.choice(name, "PASSWORD", PASSWORD=PASSWORD),
        RIGHT_LEGACY,
        RIGHT_ENABLED,
    ),
    "USER_AUTH, SRP": (
        lambda ask, name: ask.choice(name, "PASSWORD_SRP", SRP_A="ab" * 384),
        (UNKNOWN, CHALLENGE, DISABLED, UNCONFIRMED, RESET, CHALLENGE, CHALLENGE),
        (CHALLENGE,) * len(KINDS),
    ),
    "USER_AUTH, code by mail": (
        lambda ask, name: ask.choice(name, "EMAIL_OTP"),
        # Who has no verified address, or a temporary password, is not offered it.
        (UNKNOWN, MAILED, DISABLED, UNCONFIRMED, RESET, CHOICE, CHOICE),
        (MAILED,) * len(KINDS),
    ),
    "USER_AUTH, wrong code by mail": (
        lambda ask, name: ask.mailed(name),
        (UNKNOWN, WRONG_CODE, DISABLED, UNCONFIRMED, RESET, CHOICE, CHOICE),
        (WRONG_CODE,) * len(KINDS),
    ),
    "SignUp, name taken": (
        lambda ask, name: ask.sign_up(name),
        (SIGNED_UP, *(TAKEN,) * 6),
        (SIGNED_UP, *(TAKEN,) * 6),
    ),
    "ConfirmSignUp (differs)": (
        lambda ask, name: ask.confirm(name),
        (
            *(NOT_FOUND, status_is("CONFIRMED"), DISABLED, MISMATCH, status_is("RESET_REQUIRED")),
            *(status_is("FORCE_CHANGE_PASSWORD"), status_is("CONFIRMED")),
        ),
        ALL_MISMATCH,
    ),
    "ResendConfirmationCode (differs)": (
        lambda ask, name: ask.resend(name),
        (NOT_FOUND, ALREADY, DISABLED, SENT, ALREADY, ALREADY, ALREADY),
        (SENT,) * len(KINDS),
    ),
    "ForgotPassword": (
        lambda ask, name: ask.forgot(name),
        (NOT_FOUND, SENT, DISABLED, NO_CHANNEL, SENT, STATE, NO_CHANNEL),
        (SENT,) * len(KINDS),
    ),
    "ConfirmForgotPassword, nobody asked for a code (differs)": (
        lambda ask, name: ask.reset(name),
        # An administrator's reset sends a code, too.
        (NOT_FOUND, EXPIRED, DISABLED, UNCONFIRMED, MISMATCH, EXPIRED, EXPIRED),
        ALL_MISMATCH,
    ),
    "ConfirmForgotPassword, a code was sent": (
        lambda ask, name: ask.reset_after_all(name),
        (NOT_FOUND, MISMATCH, DISABLED, UNCONFIRMED, MISMATCH, EXPIRED, EXPIRED),
        ALL_MISMATCH,
    ),
}  # fmt: skip
# The first cells of the rows of docs/explanation/differences.md that the rows above lean on.
DECIDED = (
    "Hidden user existence (`ENABLED`)",
    "Codes that nobody asked for, or that were used, with `ENABLED`",
    "Status of a user at sign-up and recovery, with `ENABLED`",
)


def caller_in(site: Site, pool_id: str, setting: str) -> Caller:
    spec = ClientSpec(client_name=setting, explicit_auth_flows=FLOWS, prevent_user_existence_errors=setting)
    choosing = replace(spec, explicit_auth_flows=("ALLOW_USER_AUTH",))
    made = (site.services.app_clients.create(pool_id, each).client.client_id for each in (spec, choosing))
    return Caller(site.app, pool_id, *made)


@pytest.fixture(scope="module")
def place(standing: Site) -> Site:
    """The module's site; its pool proves e-mail addresses, and lets in by a code sent there."""
    factors = ("PASSWORD", "EMAIL_OTP")
    pool_with(standing, auto_verified_attributes=("email",), allowed_first_auth_factors=factors)
    return standing


@pytest.fixture(scope="module")
def callers(place: Site) -> dict[str, Caller]:
    return {setting: caller_in(place, place.pool.id, setting) for setting in SETTINGS}


@pytest.fixture
def cast(place: Site, callers: dict[str, Caller]) -> dict[str, str]:
    """A new name for each of KINDS; all are of one length, and only nobody's is no user's."""
    names = {kind: f"{number}{uuid.uuid4().hex[:12]}" for number, kind in enumerate(KINDS)}
    users, pool_id = place.services.users, place.pool.id
    for kind in ("known", "off", "reset", "temporary", "bare"):
        verified = {"email": f"{names[kind]}@example.com", "email_verified": "true"}
        given = {} if kind == "bare" else verified
        users.create(pool_id, names[kind], given, password=PASSWORD, permanent=kind != "temporary")
    users.disable(pool_id, names["off"])
    place.services.recovery.require_reset(pool_id, names["reset"])
    output(callers["LEGACY"].sign_up(names["fresh"]))
    return names


@pytest.mark.attack("R15")
@pytest.mark.compliance("PreventUserExistenceErrors", "6", "who exists is told by LEGACY clients only")
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("row", ROWS)
def test_answers_are_those_of_the_table(
    place: Site, callers: dict[str, Caller], cast: dict[str, str], row: str, setting: str
) -> None:
    ask, *expected = ROWS[row]
    before = statuses(place, cast)
    answers = {kind: ask(callers[setting], cast[kind]) for kind in KINDS}

    assert statuses(place, cast) == before
    table = dict(zip(KINDS, expected[SETTINGS.index(setting)], strict=True))
    assert {kind: told(answer) for kind, answer in answers.items()} == table
    if setting == "ENABLED":
        # What is told alike is so to the last member and header.
        for what in set(table.values()):
            assert len({shape(answers[kind]) for kind in KINDS if table[kind] == what}) == 1


@pytest.mark.parametrize("decision", DECIDED)
def test_decisions_that_differ_are_documented(decision: str) -> None:
    assert f"| {decision} |" in (ROOT / "docs" / "explanation" / "differences.md").read_text()


@pytest.mark.parametrize("setting", SETTINGS)
def test_tokens_prove_that_their_user_exists(
    place: Site, callers: dict[str, Caller], cast: dict[str, str], setting: str
) -> None:
    ask, users, pool_id = callers[setting], place.services.users, place.pool.id
    tokens = output(ask.password(cast["known"], PASSWORD))["AuthenticationResult"]

    def refresh(token: str) -> list[Told]:
        by_flow = ask("InitiateAuth", AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token})
        return [told(by_flow), told(ask("GetTokensFromRefreshToken", RefreshToken=token))]

    def get_user() -> Told:
        return told(Wire(place.app)("GetUser", {"AccessToken": tokens["AccessToken"]}, signed=False))

    assert refresh("unknown") == [("NotAuthorizedException", "Invalid Refresh Token")] * 2
    users.disable(pool_id, cast["known"])
    assert [*refresh(tokens["RefreshToken"]), get_user()] == [DISABLED] * 3
    users.delete(pool_id, cast["known"])
    deleted = ("NotAuthorizedException", "The user has been deleted for the associated refresh token")
    assert [*refresh(tokens["RefreshToken"]), get_user()] == [deleted, deleted, UNKNOWN]


@pytest.mark.parametrize("operation", ["AdminGetUser", "AdminDisableUser", "AdminDeleteUser", "AdminResetUserPassword"])
def test_administrators_are_told_who_exists(place: Site, operation: str) -> None:
    """They name no client, whose setting could count."""
    answer = Wire(place.app)(operation, {"UserPoolId": place.pool.id, "Username": "nobody"})

    assert told(answer) == UNKNOWN


@pytest.mark.parametrize("setting", SETTINGS)
def test_taken_address_shows_when_it_is_confirmed(place: Site, setting: str) -> None:
    """SignUp with another user's verified alias succeeds (api.md 4.13, 4.14)."""
    services = place.services
    spec = PoolSpec(name="aliases", alias_attributes=("email",), auto_verified_attributes=("email",))
    pool_id = services.pools.create(spec).id
    ask = caller_in(place, pool_id, setting)
    owner = {"email": "lee@example.com", "email_verified": "true"}
    services.users.create(pool_id, "owner", owner, password=PASSWORD, permanent=True)

    made = told(ask.sign_up("lee"))
    assert services.outbox is not None
    code = services.outbox.of_user(pool_id, services.users.describe(pool_id, "lee").sub)[0].code
    confirmed = told(ask("ConfirmSignUp", Username="lee", ConfirmationCode=code))

    assert made == SIGNED_UP
    assert confirmed == ("AliasExistsException", "An account with the email already exists.")


def statuses(site: Site, cast: dict[str, str]) -> list[str]:
    return [site.services.users.describe(site.pool.id, cast[kind]).status for kind in KINDS[1:]]


def told(answer: TestResponse) -> Told:
    """What an answer says; its form is checked."""
    if answer.status_code != 200:
        code, message = refusal(answer)
        return code, message or ""
    body = output(answer)
    if "UserSub" in body:
        assert body.keys() == {"UserConfirmed", "UserSub", "CodeDeliveryDetails"}
        return SIGNED_UP
    if "CodeDeliveryDetails" in body:
        assert body.keys() == {"CodeDeliveryDetails"}
        sent = body["CodeDeliveryDetails"]
        assert (sent.pop("DeliveryMedium"), sent.pop("AttributeName")) == ("EMAIL", "email")
        assert MASK.fullmatch(sent.pop("Destination"))
        assert not sent
        return SENT
    if "AuthenticationResult" in body:
        return TOKENS
    return str(body["ChallengeName"])


def shape(answer: TestResponse) -> tuple[object, ...]:
    """Everything about an answer that names no user: status, names of headers, members, lengths of opaque values."""
    body = json.loads(answer.data)
    parameters = body.get("ChallengeParameters", {})
    lengths = {name: len(parameters[name]) for name in ("SALT", "SECRET_BLOCK", "USERNAME") if name in parameters}
    lengths["Session"] = len(body.get("Session", ""))
    return (
        answer.status_code,
        tuple(sorted(answer.headers.keys())),
        tuple(body),
        tuple(parameters),
        tuple(lengths.items()),
        tuple(body.get("AvailableChallenges", ())),
        "" if answer.status_code == 200 else answer.data,
    )
