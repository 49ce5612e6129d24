"""Passwords that are made, not chosen."""

import pytest

from app_client_authz.domain import passwords as rules
from app_client_authz.domain.pool import PasswordPolicy
from app_client_authz.services import passwords


@pytest.mark.parametrize("length", [6, 20, 99])
def test_a_generated_password_fits_every_policy(length: int) -> None:
    policy = PasswordPolicy(minimum_length=length)
    made = {passwords.generated(policy) for _ in range(50)}
    assert len(made) == 50
    for password in made:
        rules.check(policy, password, prefix=rules.ASSIGNED)
        assert len(password) == max(20, length)
