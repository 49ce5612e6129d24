"""What makes a user pool or an app client weaker than it should be: one function for each code.

A function returns what to say, ending in what to do, or None.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app_client_authz.domain import attributes, redirects
from app_client_authz.domain.app_client import AppClient
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.registration import Registration
from app_client_authz.domain.scopes import ADMIN
from app_client_authz.storage.keys import StoredKey

DAY = 86_400
SHORT_PASSWORD = 8
OLD_KEY_DAYS = 365
LONG_REFRESH_DAYS = 90
OLD_SECRET_DAYS = 30
PRIVILEGES = (
    *("access", "admin", "entitle", "group", "level", "permission", "plan"),
    *("privilege", "role", "scope", "staff", "tenant", "tier"),
)
"""Parts of names of attributes that programs tend to decide by."""


@dataclass(frozen=True, slots=True)
class PoolCase:
    """A pool with what it is judged by."""

    pool: UserPool
    keys: Sequence[StoredKey]
    now: float


def short_passwords(case: PoolCase) -> str | None:
    length = case.pool.password_policy.minimum_length
    if length >= SHORT_PASSWORD:
        return None
    return f"passwords of {length} characters are taken: ask for {SHORT_PASSWORD} or more, better 15"


def unprotected_from_deletion(case: PoolCase) -> str | None:
    if case.pool.spec.deletion_protection == "ACTIVE":
        return None
    return "one command or call deletes the pool with all its users: switch deletion protection on"


def old_signing_keys(case: PoolCase) -> str | None:
    ages = [int((case.now - key.created_at) // DAY) for key in case.keys if key.state == "current"]
    if max(ages, default=0) <= OLD_KEY_DAYS:
        return None
    return f"a signing key is {max(ages)} days old: run 'flask authz keys stage' and, a day later, 'keys rotate'"


def idle_lambdas(case: PoolCase) -> str | None:
    triggers = [name for name in case.pool.spec.lambda_config or {} if name != "KMSKeyID"]
    if not triggers:
        return None
    return (
        f"no Lambda function is ever called, so that what {', '.join(triggers)} should check or change is not checked"
        " or changed: take them out of LambdaConfig"
    )


def public_without_pkce(found: Registration, now: float) -> str | None:
    client = found.client
    if client.confidential or client.requires_pkce or found.pool.spec.require_pkce:
        return None
    if not (client.oauth_enabled and client.allows_flow("code")):
        return None
    return "a public client that may leave out PKCE: whoever catches a code can redeem it. Use --require-pkce"


def implicit_flow(found: Registration, now: float) -> str | None:
    if not (found.client.oauth_enabled and found.client.allows_flow("implicit")):
        return None
    return "the implicit flow puts tokens into URLs: use the code flow with PKCE"


def plain_http(found: Registration, now: float) -> str | None:
    urls = (*found.client.callback_urls, *found.client.logout_urls)
    plain = [url for url in urls if url.lower().startswith("http:")]
    if not plain:
        return None
    return f"answers go over http to this machine, which is for development: remove {', '.join(plain)}"


def tells_who_exists(found: Registration, now: float) -> str | None:
    if found.client.prevents_user_existence_errors:
        return None
    return "sign-ins tell strangers which users exist: use --prevent-user-existence-errors ENABLED"


def irrevocable(found: Registration, now: float) -> str | None:
    if found.client.revocation_enabled or _only_machine(found.client):
        return None
    return "refresh tokens cannot be revoked one by one: use --token-revocation"


def long_refresh(found: Registration, now: float) -> str | None:
    client = found.client
    days = client.refresh_token_seconds // DAY
    if client.rotation_enabled or days <= LONG_REFRESH_DAYS or _only_machine(client):
        return None
    return (
        f"a stolen refresh token works for {days} days without anybody noticing: use --rotate-refresh-tokens, or a"
        f" --refresh-token-validity of {LONG_REFRESH_DAYS}d at most"
    )


def admin_scope_in_browsers(found: Registration, now: float) -> str | None:
    client = found.client
    if client.confidential or not client.oauth_enabled or ADMIN not in client.scopes:
        return None
    return (
        f"a public client holds {ADMIN}: a script in its page can change the user's attributes and password."
        " Take the scope away"
    )


def writable_privileges(found: Registration, now: float) -> str | None:
    client, pool = found.client, found.pool
    if client.write_attributes is not None or _only_machine(client):
        return None
    writable = attributes.writable_names(None, pool)
    named = [each for each in pool.schema.values() if each.is_custom and each.name in writable]
    suspects = [
        each.name
        for each in named
        # What cannot be changed later is out of reach where only administrators create users.
        if (each.mutable or not pool.spec.admin_create_user_only)
        and any(word in each.bare_name.lower() for word in PRIVILEGES)
    ]
    if not suspects:
        return None
    return (
        f"users can write {', '.join(suspects)} of themselves through this client, which looks like a privilege:"
        " list what they may write with --write-attribute"
    )


def forgotten_secret(found: Registration, now: float) -> str | None:
    secrets = found.client.secrets
    if len(secrets) < 2:
        return None
    days = int((now - max(secret.created_at for secret in secrets)) // DAY)
    if days <= OLD_SECRET_DAYS:
        return None
    return f"two secrets have been valid for {days} days: delete the old one with 'flask authz client secret delete'"


def refused_url(found: Registration, now: float) -> str | None:
    urls = (*found.client.callback_urls, *found.client.logout_urls)
    refused = [url for url in urls if not redirects.is_acceptable(url)]
    if not refused:
        return None
    return f"registered is a URL that is not safe to redirect to: remove {', '.join(refused)}"


def _only_machine(client: AppClient) -> bool:
    """Whether the client acts for itself only: no user's token ever gets to it."""
    return client.allows_flow("client_credentials")


POOL_RULES: Mapping[str, Callable[[PoolCase], str | None]] = {
    "AUTHZ-W015": short_passwords,
    "AUTHZ-W016": unprotected_from_deletion,
    "AUTHZ-W017": old_signing_keys,
    "AUTHZ-W029": idle_lambdas,
}
CLIENT_RULES: Mapping[str, Callable[[Registration, float], str | None]] = {
    "AUTHZ-W018": public_without_pkce,
    "AUTHZ-W019": implicit_flow,
    "AUTHZ-W020": plain_http,
    "AUTHZ-W021": tells_who_exists,
    "AUTHZ-W022": irrevocable,
    "AUTHZ-W023": long_refresh,
    "AUTHZ-W024": admin_scope_in_browsers,
    "AUTHZ-W025": writable_privileges,
    "AUTHZ-W026": forgotten_secret,
    "AUTHZ-E027": refused_url,
}
