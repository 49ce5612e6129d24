"""The client's side of SRP, written from api.md 4.6 and not from the server's."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any

from app_client_authz.domain.srp import N, timestamp

G = 2
K = 0x538282C4354742D7CBBDE2359FCF67F9F5B3A6B08791E5011B43B8A5B66D9EE6


def _octets(number: int) -> bytes:
    text = f"{number:x}"
    text = "0" * (len(text) % 2) + text
    return bytes.fromhex(("00" if text[0] in "89abcdef" else "") + text)


def _number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


class SrpClient:
    """One sign-in: ``a`` is what to send, ``responses`` what to answer. Devices have a ``group`` of their own."""

    def __init__(self, pool_id: str, password: str, *, group: str | None = None) -> None:
        self._group, self._password = group or pool_id.split("_")[1], password
        self._secret = secrets.randbits(256)
        self.public = pow(G, self._secret, N)
        self.a = f"{self.public:x}"

    def responses(self, parameters: Mapping[str, str], *, now: float | None = None, **changes: str) -> dict[str, str]:
        """ChallengeResponses to the parameters of (DEVICE_)PASSWORD_VERIFIER; ``now`` is the client's clock."""
        salt, b = int(parameters["SALT"], 16), int(parameters["SRP_B"], 16)
        user = parameters.get("USER_ID_FOR_SRP") or parameters["DEVICE_KEY"]
        x = _number(_octets(salt), hashlib.sha256(f"{self._group}{user}:{self._password}".encode()).digest())
        u = _number(_octets(self.public), _octets(b))
        shared = pow(b - K * pow(G, x, N), self._secret + u * x, N)
        extracted = hmac.new(_octets(u), _octets(shared), hashlib.sha256).digest()
        key = hmac.new(extracted, b"Caldera Derived Key\x01", hashlib.sha256).digest()[:16]
        said = changes.get("TIMESTAMP", timestamp(time.time() if now is None else now))
        block = base64.b64decode(parameters["SECRET_BLOCK"])
        message = f"{self._group}{user}".encode() + block + said.encode()
        signature = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
        return {
            "USERNAME": parameters["USERNAME"],
            "PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": signature,
            "TIMESTAMP": said,
        } | changes


def initiate(cognito: Any, client_id: str, name: str, a: str, **extra: str) -> Any:
    """InitiateAuth with USER_SRP_AUTH."""
    parameters = {"USERNAME": name, "SRP_A": a, **extra}
    return cognito.initiate_auth(ClientId=client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=parameters)


def answer(cognito: Any, client_id: str, responses: Mapping[str, str]) -> Any:
    """RespondToAuthChallenge with PASSWORD_VERIFIER, without a session."""
    return cognito.respond_to_auth_challenge(
        ClientId=client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=dict(responses)
    )
