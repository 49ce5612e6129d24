"""The table of operations: which door each has, and what runs behind it (SIG-1)."""

from collections.abc import Mapping
from types import MappingProxyType

from app_client_authz.api import (
    admin_user_ops,
    app_client_ops,
    auth_event_ops,
    auth_ops,
    client_secret_ops,
    custom_attribute_ops,
    device_ops,
    domain_ops,
    group_ops,
    identity_provider_ops,
    mfa_ops,
    pool_ops,
    pool_session_ops,
    recovery_ops,
    resource_server_ops,
    self_service_ops,
    session_config_ops,
    sign_up_ops,
    tag_ops,
    ui_ops,
    user_list_ops,
    user_mfa_ops,
    user_password_ops,
    user_session_ops,
)
from app_client_authz.api.operation import Run

PUBLIC = frozenset(
    {
        "AssociateSoftwareToken",
        "ChangePassword",
        "CompleteWebAuthnRegistration",
        "ConfirmDevice",
        "ConfirmForgotPassword",
        "ConfirmSignUp",
        "DeleteUser",
        "DeleteUserAttributes",
        "DeleteWebAuthnCredential",
        "ForgetDevice",
        "ForgotPassword",
        "GetDevice",
        "GetTokensFromRefreshToken",
        "GetUser",
        "GetUserAttributeVerificationCode",
        "GetUserAuthFactors",
        "GlobalSignOut",
        "InitiateAuth",
        "ListDevices",
        "ListUserSessions",
        "ListWebAuthnCredentials",
        "ResendConfirmationCode",
        "RespondToAuthChallenge",
        "RevokeToken",
        "RevokeUserSession",
        "SetUserMFAPreference",
        "SetUserSettings",
        "SignUp",
        "StartWebAuthnRegistration",
        "UpdateAuthEventFeedback",
        "UpdateDeviceStatus",
        "UpdateUserAttributes",
        "VerifySoftwareToken",
        "VerifyUserAttribute",
    }
)
"""Operations without a signature: what authorizes them is in the body. Every other one is signed."""

_ROOMS = (
    app_client_ops,
    client_secret_ops,
    session_config_ops,
    pool_ops,
    pool_session_ops,
    custom_attribute_ops,
    mfa_ops,
    domain_ops,
    tag_ops,
    ui_ops,
    resource_server_ops,
    identity_provider_ops,
    group_ops,
    admin_user_ops,
    user_password_ops,
    user_list_ops,
    auth_ops,
    user_mfa_ops,
    self_service_ops,
    device_ops,
    user_session_ops,
    auth_event_ops,
    sign_up_ops,
    recovery_ops,
)

OPERATIONS: Mapping[str, Run] = MappingProxyType(
    {name: run for room in _ROOMS for name, run in room.OPERATIONS.items()}
)
"""Every operation of this release. Those of the model that are not here are unknown (docs/reference/operations.md)."""
