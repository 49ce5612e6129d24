"""A user pool of Amazon Cognito, as far as a resource server sees it: its keys, and the tokens it signs."""

import json
from typing import Any

from app_client_authz.crypto import jwts

POOL_ID = "eu-central-1_AbC123xyz"
ISSUER = f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL_ID}"
CLIENT_ID = "1example23456789"
SUB = "aaaaaaaa-bbbb-cccc-dddd-example"


class Cognito:
    """Two keys, as Cognito has; ``rotate`` makes new ones."""

    def __init__(self, issuer: str = ISSUER, now: float = 0.0) -> None:
        self.issuer = issuer
        self.now = now
        self.rotate()

    def rotate(self) -> None:
        self._made = [jwts.generate_signing_key() for _ in range(2)]

    @property
    def jwks(self) -> bytes:
        return json.dumps({"keys": [key.public_jwk for key in self._made]}).encode()

    def access_token(self, **claims: Any) -> str:
        """As the developer guide shows one."""
        said = {
            "sub": SUB,
            "device_key": "aaaaaaaa-bbbb-cccc-dddd-example",
            "cognito:groups": ["staff"],
            "iss": self.issuer,
            "version": 2,
            "client_id": CLIENT_ID,
            "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-example",
            "event_id": "aaaaaaaa-bbbb-cccc-dddd-example",
            "token_use": "access",
            "scope": "openid orders/read",
            "auth_time": int(self.now),
            "exp": int(self.now) + 3600,
            "iat": int(self.now),
            "jti": "aaaaaaaa-bbbb-cccc-dddd-example",
            "username": "my-test-user",
        }
        return self._signed(said | claims, 1)

    def id_token(self, **claims: Any) -> str:
        said = {
            "sub": SUB,
            "cognito:groups": ["staff"],
            "email_verified": True,
            "cognito:preferred_role": "arn:aws:iam::111122223333:role/my-test-role",
            "iss": self.issuer,
            "cognito:username": "my-test-user",
            "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-example",
            "aud": CLIENT_ID,
            "token_use": "id",
            "auth_time": int(self.now),
            "exp": int(self.now) + 3600,
            "iat": int(self.now),
            "jti": "aaaaaaaa-bbbb-cccc-dddd-example",
            "email": "my-test-user@example.com",
        }
        return self._signed(said | claims, 0)

    def _signed(self, claims: dict[str, Any], number: int) -> str:
        made = self._made[number]
        return jwts.sign(claims, jwts.load_signing_key(made.kid, made.private_pem, purpose="access"))
