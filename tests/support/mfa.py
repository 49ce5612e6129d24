"""What the tests of sign-ins with several steps share: pools with factors, apps with codes, answers."""

import base64
from dataclasses import replace
from typing import Any

from app_client_authz.domain import totp
from app_client_authz.domain.pool import MfaChange, PoolSpec
from app_client_authz.domain.pool_settings import EmailConfiguration, EmailMfaConfiguration
from tests.support.clock import MovableClock
from tests.support.site import PASSWORD, USERNAME, Registered, Site

FLOWS = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
SMS: dict[str, object] = {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"}
PHONE = "+15550009934"
EVERY_FACTOR = MfaChange(
    sms=True, sms_configuration=SMS, software_token=True, email=EmailMfaConfiguration(message="Code: {####}")
)
NO_SESSION = ("NotAuthorizedException", "Invalid session for the user.")
USED_SESSION = ("NotAuthorizedException", "Invalid session for the user, session can only be used once.")
WRONG_CODE = ("CodeMismatchException", "Invalid code or auth state for the user.")
TOO_MANY = ("LimitExceededException", "Attempt limit exceeded, please try after some time.")


def with_mfa(site: Site, mode: str, **members: Any) -> None:
    """The pool, with every second factor; none where MFA is OFF."""
    spec = PoolSpec(name="demo", email=EmailConfiguration(email_sending_account="DEVELOPER"), **members)
    site.services.pools.replace(site.pool.id, spec)
    change = MfaChange() if mode == "OFF" else replace(EVERY_FACTOR, mode=mode)
    site.services.pool_settings.set_mfa(site.pool.id, change)


def with_phone(site: Site) -> None:
    """kim has a phone, too, and has proved it."""
    changes = {"phone_number": PHONE, "phone_number_verified": "true"}
    site.services.users.update_attributes(site.pool.id, USERNAME, changes)


class App:
    """An authenticator app that was told a secret."""

    def __init__(self, secret_code: str, clock: MovableClock) -> None:
        self._secret = base64.b32decode(secret_code + "=" * (-len(secret_code) % 8))
        self._clock = clock

    def code(self, steps: int = 0) -> str:
        return totp.code_at(self._secret, int(self._clock() // totp.STEP_SECONDS) + steps)

    def wrong(self) -> str:
        near = {self.code(steps) for steps in (-1, 0, 1)}
        return next(code for code in ("000000", "000001", "000002", "000003") if code not in near)


def sign_in(cognito: Any, client: Registered, name: str = USERNAME, password: str = PASSWORD) -> Any:
    return cognito.initiate_auth(
        ClientId=client.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )


def choose(cognito: Any, client: Registered, name: str = USERNAME, /, **parameters: str) -> Any:
    """InitiateAuth with USER_AUTH."""
    return cognito.initiate_auth(
        ClientId=client.client_id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": name, **parameters}
    )


def respond(
    cognito: Any,
    client: Registered,
    challenge: Any,
    name: str = USERNAME,
    /,
    *,
    to: str | None = None,
    **responses: str,
) -> Any:
    """The answer to a challenge; ``to`` is another one than was set."""
    return cognito.respond_to_auth_challenge(
        ClientId=client.client_id,
        ChallengeName=to or challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": name, **responses},
    )


def tokens_of(answer: Any) -> str:
    """The access token that an answer holds."""
    assert "ChallengeName" not in answer, answer
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token


def enrol(cognito: Any, token: str, clock: MovableClock, **verification: str) -> App:
    """An app of the token's holder, verified, and usable a step later."""
    app = App(cognito.associate_software_token(AccessToken=token)["SecretCode"], clock)
    verified = cognito.verify_software_token(AccessToken=token, UserCode=app.code(), **verification)
    assert verified["Status"] == "SUCCESS"
    clock.advance(totp.STEP_SECONDS)
    return app


def codes(site: Site, name: str = USERNAME) -> list[str]:
    """The codes that the user was sent, the newest first."""
    assert site.services.outbox is not None
    sub = site.services.users.describe(site.pool.id, name).sub
    return [each.code for each in site.services.outbox.of_user(site.pool.id, sub)]


def other(code: str) -> str:
    """A wrong code of the same form."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"
