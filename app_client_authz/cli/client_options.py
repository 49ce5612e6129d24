"""The options that describe an app client: one for each member of CreateUserPoolClient, and what is ours."""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from app_client_authz.cli.params import json_object, validity
from app_client_authz.domain.app_client import DEFAULT_SSO_MINUTES
from app_client_authz.domain.client_rules import LOCAL_PROVIDER
from app_client_authz.domain.client_spec import ClientSpec, RefreshTokenRotation
from app_client_authz.domain.flows import EXPLICIT_FLOWS, OAUTH_FLOWS

F = TypeVar("F", bound=Callable[..., Any])

CLEARED = {
    "access-token-validity": "access_token_validity",
    "analytics": "analytics_configuration",
    "auth-session-validity": "auth_session_validity",
    "callback-url": "callback_urls",
    "default-redirect-uri": "default_redirect_uri",
    "explicit-auth-flow": "explicit_auth_flows",
    "flow": "allowed_oauth_flows",
    "id-token-validity": "id_token_validity",
    "identity-provider": "supported_identity_providers",
    "logout-url": "logout_urls",
    "prevent-user-existence-errors": "prevent_user_existence_errors",
    "read-attribute": "read_attributes",
    "refresh-token-validity": "refresh_token_validity",
    "scope": "allowed_oauth_scopes",
    "sso-max-minutes": "sso_max_validity_minutes",
    "write-attribute": "write_attributes",
}
"""Options that ``--clear`` takes back, and their member."""


def _several(name: str, member: str, text: str, metavar: str | None = None) -> Callable[[F], F]:
    return click.option(name, member, multiple=True, metavar=metavar, help=f"{text}; repeatable.")


def _validity(name: str, default: str) -> Callable[[F], F]:
    text = f"A number with its unit, such as 90m, 1h or 7d; {default} unless set."
    return click.option(name, type=validity, metavar="TIME", help=text)


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--oauth/--no-oauth", "oauth", default=None, help="Whether the client may use the OAuth endpoints."),
    click.option(
        "--flow",
        "allowed_oauth_flows",
        type=click.Choice(OAUTH_FLOWS),
        multiple=True,
        help="An OAuth flow; repeatable.",
    ),
    _several("--scope", "allowed_oauth_scopes", "openid, email, phone, profile or <resource server>/<scope>"),
    _several("--callback-url", "callback_urls", "Where the sign-in may return to", "URL"),
    _several("--logout-url", "logout_urls", "Where the sign-out may lead to", "URL"),
    click.option("--default-redirect-uri", metavar="URL", help="One of the callback URLs."),
    _several("--identity-provider", "supported_identity_providers", "COGNITO is the pool's own directory", "NAME"),
    _validity("--access-token-validity", "1h"),
    _validity("--id-token-validity", "1h"),
    _validity("--refresh-token-validity", "30d"),
    _several("--read-attribute", "read_attributes", "An attribute that the client may read; all unless set", "NAME"),
    _several("--write-attribute", "write_attributes", "An attribute that the client may write; all unless set", "NAME"),
    click.option(
        "--explicit-auth-flow",
        "explicit_auth_flows",
        type=click.Choice(EXPLICIT_FLOWS),
        metavar="FLOW",
        multiple=True,
        help="A flow of InitiateAuth, such as ALLOW_USER_SRP_AUTH; repeatable.",
    ),
    click.option("--token-revocation/--no-token-revocation", default=None, help="On unless set."),
    click.option(
        "--rotate-refresh-tokens/--no-rotate-refresh-tokens",
        "rotate",
        default=None,
        help="Whether every refresh gives a new refresh token.",
    ),
    click.option(
        "--grace",
        type=click.IntRange(0, 60),
        metavar="SECONDS",
        help="How long a rotated refresh token still works, 0 to 60; with --rotate-refresh-tokens.",
    ),
    click.option(
        "--auth-session-validity",
        type=click.IntRange(3, 15),
        metavar="MINUTES",
        help="How long an API sign-in may take, 3 to 15; 3 unless set.",
    ),
    click.option(
        "--sso-max-minutes",
        "sso_max_validity_minutes",
        type=click.IntRange(0, 129_600),
        metavar="MINUTES",
        help="How long ago the user may have signed in to be taken over silently: up to 60, 0 never; 60 unless set.",
    ),
    click.option("--require-pkce/--no-require-pkce", default=None, help="Refuse code flows without PKCE."),
    click.option(
        "--propagate-user-context/--no-propagate-user-context",
        "enable_propagate_additional_user_context_data",
        default=None,
        help="Take device data of users from a confidential client.",
    ),
    click.option("--analytics", "analytics_configuration", type=json_object, metavar="JSON", help="Kept as it is."),
)


def described(command: F) -> F:
    """All of the options above."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def changed(spec: ClientSpec, given: dict[str, Any]) -> ClientSpec:
    """The spec with those options that were given, and nothing else touched."""
    options = {name: value for name, value in given.items() if value is not None and value != ()}
    changes: dict[str, Any] = {}
    units = {}
    for kind in ("access_token", "id_token", "refresh_token"):
        if f"{kind}_validity" in options:
            changes[f"{kind}_validity"], units[kind] = options.pop(f"{kind}_validity")
    if units:
        changes["token_validity_units"] = dataclasses.replace(spec.token_validity_units, given=True, **units)
    if "oauth" in options:
        changes["allowed_oauth_flows_user_pool_client"] = options.pop("oauth")
    if "token_revocation" in options:
        changes["enable_token_revocation"] = options.pop("token_revocation")
    rotate, grace = options.pop("rotate", None), options.pop("grace", None)
    if rotate is not None or grace is not None:
        changes["refresh_token_rotation"] = _rotation(spec.refresh_token_rotation, rotate, grace)
    return dataclasses.replace(spec, **changes, **options)


def cleared(spec: ClientSpec, names: Iterable[str]) -> ClientSpec:
    """The spec with these options as if they had never been given."""
    changes: dict[str, Any] = {CLEARED[name]: None for name in names}
    # An update keeps this member where it is unset.
    changes.update({name: DEFAULT_SSO_MINUTES for name in changes if name == "sso_max_validity_minutes"})
    units: dict[str, Any] = {
        name.removesuffix("_validity"): None for name in changes if name.endswith("_token_validity")
    }
    return dataclasses.replace(
        spec, **changes, token_validity_units=dataclasses.replace(spec.token_validity_units, **units)
    )


def with_defaults_of_creation(spec: ClientSpec, given: dict[str, Any]) -> ClientSpec:
    """A new client's spec: OAuth is on where flows are given, and people sign in at the pool's own directory."""
    flows = spec.allowed_oauth_flows or ()
    if flows and given["oauth"] is None:
        spec = dataclasses.replace(spec, allowed_oauth_flows_user_pool_client=True)
    if {"code", "implicit"}.intersection(flows) and spec.supported_identity_providers is None:
        spec = dataclasses.replace(spec, supported_identity_providers=(LOCAL_PROVIDER,))
    return spec


def _rotation(before: RefreshTokenRotation | None, rotate: bool | None, grace: int | None) -> RefreshTokenRotation:
    rotates = rotate if rotate is not None else before is not None and before.feature == "ENABLED"
    if not rotates:
        if grace is not None:
            raise click.BadOptionUsage("--grace", "--grace needs --rotate-refresh-tokens.")
        return RefreshTokenRotation("DISABLED")
    kept = None if before is None else before.retry_grace_period_seconds
    return RefreshTokenRotation("ENABLED", kept if grace is None else grace)
