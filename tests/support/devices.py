"""A device in a user's hands: it makes up a password and proves it, by api.md 4.26 and not by the server's code."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from app_client_authz.domain.srp import N
from tests.support.srp import G, SrpClient, _number, _octets


class PhysicalDevice:
    """Made of ``NewDeviceMetadata``; ``config`` is what ConfirmDevice is told."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        self.key, self.group = metadata["DeviceKey"], metadata["DeviceGroupKey"]
        self.password = base64.b64encode(secrets.token_bytes(40)).decode()
        salt = _octets(secrets.randbits(128))
        secret = hashlib.sha256(f"{self.group}{self.key}:{self.password}".encode()).digest()
        verifier = _octets(pow(G, _number(salt, secret), N))
        self.config = {
            "PasswordVerifier": base64.b64encode(verifier).decode(),
            "Salt": base64.b64encode(salt).decode(),
        }

    def srp(self) -> SrpClient:
        """The client's side of one sign-in with the device."""
        return SrpClient("", self.password, group=self.group)

    def confirm(self, cognito: Any, access_token: str, **more: Any) -> Any:
        """ConfirmDevice."""
        return cognito.confirm_device(
            AccessToken=access_token, DeviceKey=self.key, DeviceSecretVerifierConfig=self.config, **more
        )
