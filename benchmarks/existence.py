"""Whether time tells who exists: operations that name a user, for users and for nobody, in turn (ENU-6)."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from flask import Flask

from app_client_authz import AppClientAuthz
from app_client_authz.domain.message import Message
from app_client_authz.domain.pool import PoolSpec
from benchmarks.kinds import Request, public, sent
from benchmarks.site import APP, PASSWORD, SECRET_KEY, services_of
from benchmarks.table import table
from tests.support.srp import SrpClient

TRIES = 240
WRONG, NO_CODE, OTHER_PASSWORD = "Wrong-passw0rd!", "000000x", "An0ther-passw0rd!"
Ask = Callable[[str], Request]


class _NoSender:
    """Where messages cost nothing: what is measured is ours."""

    def send(self, message: Message) -> None:
        pass


def run() -> None:
    """A row for each operation: the middle time for users and for nobody, and their ratio."""
    with TemporaryDirectory() as folder:
        app = Flask("existence", instance_path=str(Path(folder)))
        app.config.update(SECRET_KEY=SECRET_KEY, AUTHZ_PUBLIC_URL="http://localhost/auth")
        AppClientAuthz(app, sender=_NoSender())
        services = services_of(app)
        pool_id = services.pools.create(PoolSpec(name="benchmark", auto_verified_attributes=("email",))).id
        client_id = services.app_clients.create(pool_id, APP).client.client_id
        _register(app, pool_id, client_id)
        rows = [_row(app, name, ask) for name, ask in _operations(app, pool_id, client_id).items()]
    head = "operation", "a user, ms", "nobody, ms", "ratio of medians (bar 0.90 to 1.10)"
    print(f"{TRIES} tries each, in turn\n\n{table(head, rows)}")


def _register(app: Flask, pool_id: str, client_id: str) -> None:
    """Users who are confirmed, and users who are not."""
    services = services_of(app)
    registration = services.app_clients.find(client_id)
    assert registration is not None
    for number in range(TRIES):
        mail = {"email": f"known{number:03}@example.com", "email_verified": "true"}
        services.users.create(pool_id, f"known{number:03}", mail, password=PASSWORD, permanent=True)
        services.sign_up.sign_up(registration, f"fresh{number:03}", PASSWORD, {"email": "fresh@example.com"})


def _operations(app: Flask, pool_id: str, client_id: str) -> dict[str, tuple[str, Ask]]:
    """By operation: how the users are named that it is meant for, and what is sent."""
    client = {"ClientId": client_id}

    def password(name: str) -> Request:
        given = {"USERNAME": name, "PASSWORD": WRONG}
        return public("InitiateAuth", **client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)

    def srp(name: str, user: SrpClient | None = None) -> Request:
        given = {"USERNAME": name, "SRP_A": (user or SrpClient(pool_id, WRONG)).a}
        return public("InitiateAuth", **client, AuthFlow="USER_SRP_AUTH", AuthParameters=given)

    def proof(name: str) -> Request:
        user = SrpClient(pool_id, WRONG)
        _, body = sent(app, srp(name, user))
        responses = user.responses(body["ChallengeParameters"])
        step = "PASSWORD_VERIFIER"
        return public("RespondToAuthChallenge", **client, ChallengeName=step, ChallengeResponses=responses)

    def confirm(name: str) -> Request:
        return public("ConfirmSignUp", **client, Username=name, ConfirmationCode=NO_CODE)

    def reset(name: str) -> Request:
        code = {"ConfirmationCode": NO_CODE, "Password": OTHER_PASSWORD}
        return public("ConfirmForgotPassword", **client, Username=name, **code)

    return {
        "password sign-in": ("known", password),
        "SRP, first message": ("known", srp),
        "SRP, second message": ("known", proof),
        "ForgotPassword": ("known", lambda name: public("ForgotPassword", **client, Username=name)),
        "ConfirmForgotPassword": ("known", reset),
        "ResendConfirmationCode": ("fresh", lambda name: public("ResendConfirmationCode", **client, Username=name)),
        "ConfirmSignUp": ("fresh", confirm),
    }


def _row(app: Flask, name: str, asked: tuple[str, Ask]) -> tuple[str, ...]:
    kind, ask = asked
    seconds: dict[str, list[float]] = {kind: [], "ghost": []}
    for number in range(TRIES):
        # Who comes first takes turns, too.
        for who in (kind, "ghost") if number % 2 else ("ghost", kind):
            request = ask(f"{who}{number:03}")
            begun = time.perf_counter()
            sent(app, request)
            seconds[who].append(time.perf_counter() - begun)
    known, nobody = (1000 * median(seconds[who]) for who in (kind, "ghost"))
    return name, f"{known:.2f}", f"{nobody:.2f}", f"{known / nobody:.2f}"
