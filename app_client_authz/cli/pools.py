"""``flask authz pool``: user pools."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import click
from flask.cli import AppGroup

from app_client_authz.cli import documents, output
from app_client_authz.cli.params import custom_attribute, option_json, pair
from app_client_authz.domain.dialect import DIALECTS
from app_client_authz.domain.pool import ALIASES, CONTACTS, TIERS, PoolSpec, UserPool
from app_client_authz.domain.schema import STANDARD_ATTRIBUTES, SchemaAttribute
from app_client_authz.proxies import current_authz
from app_client_authz.services.pools import DescribedPool

F = TypeVar("F", bound=Callable[..., Any])


SITE = "site"
_STANDARD = {attribute.name: attribute for attribute in STANDARD_ATTRIBUTES if attribute.name != "sub"}
_POLICY = {
    "password_min_length": "minimum_length",
    "password_uppercase": "require_uppercase",
    "password_lowercase": "require_lowercase",
    "password_numbers": "require_numbers",
    "password_symbols": "require_symbols",
    "temporary_password_days": "temporary_password_validity_days",
}
_OPTIONS = (
    click.option("--password-min-length", type=click.IntRange(6, 99), help="Characters; 8 unless set."),
    click.option("--password-uppercase/--no-password-uppercase", default=None, help="Ask for A-Z."),
    click.option("--password-lowercase/--no-password-lowercase", default=None, help="Ask for a-z."),
    click.option("--password-numbers/--no-password-numbers", default=None, help="Ask for 0-9."),
    click.option("--password-symbols/--no-password-symbols", default=None, help="Ask for a symbol."),
    click.option(
        "--temporary-password-days",
        type=click.IntRange(0, 365),
        help="How long a password that an administrator set can be used; 7 unless set.",
    ),
    click.option(
        "--admin-create-user-only/--self-sign-up", default=None, help="Whether only administrators create users."
    ),
    click.option(
        "--deletion-protection/--no-deletion-protection",
        default=None,
        help="Refuse to delete the pool until this is taken away.",
    ),
    click.option("--require-pkce/--no-require-pkce", default=None, help="Refuse code flows without PKCE, all clients."),
    click.option("--dialect", type=click.Choice([*DIALECTS, SITE]), help="Override the site's AUTHZ_DIALECT."),
    click.option("--tier", type=click.Choice(TIERS), help="Feature plan; ESSENTIALS unless set."),
    click.option("--tag", type=pair, multiple=True, metavar="NAME=VALUE", help="Repeatable; replaces all tags."),
)

pool = AppGroup("pool", help="User pools: directories of users.")


def _changeable(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@pool.command("create")
@click.argument("name")
@click.option("--id", "pool_id", help="Reproduce a known ID, such as us-east-1_AbC123xyz.")
@click.option(
    "--username-attribute",
    "username_attributes",
    type=click.Choice(CONTACTS),
    multiple=True,
    help="Users sign in with this instead of a username; repeatable.",
)
@click.option(
    "--alias-attribute",
    "alias_attributes",
    type=click.Choice(ALIASES),
    multiple=True,
    help="Users can sign in with this as well; repeatable.",
)
@click.option("--case-sensitive/--case-insensitive", default=None, help="Whether Ann and ann are two users.")
@click.option(
    "--custom-attribute",
    "customs",
    type=custom_attribute,
    multiple=True,
    metavar="NAME:TYPE[:immutable][:min=N][:max=N]",
    help="Repeatable. Types: String, Number, DateTime, Boolean.",
)
@click.option(
    "--require-attribute",
    "required",
    type=click.Choice(list(_STANDARD)),
    metavar="NAME",
    multiple=True,
    help="A standard attribute that every user needs; repeatable.",
)
@_changeable
@option_json
def create(
    name: str,
    pool_id: str | None,
    customs: tuple[SchemaAttribute, ...],
    required: tuple[str, ...],
    wants_json: bool,
    **given: Any,
) -> None:
    """Create a user pool called NAME, with its signing keys."""
    overrides = tuple(dataclasses.replace(_STANDARD[attribute], required=True) for attribute in dict.fromkeys(required))
    fixed = {key: given.pop(key) for key in ("username_attributes", "alias_attributes", "case_sensitive")}
    spec = _changed(PoolSpec(name=name, schema=(*overrides, *customs), **fixed), given)
    made = current_authz.pools.create(spec, pool_id=pool_id)
    if wants_json:
        output.as_json(documents.pool(DescribedPool(made)))
        return
    click.echo(f"Created the user pool {made.id}.")
    click.echo(f"Next: flask authz client create {made.id} NAME --help")


@pool.command("list")
@option_json
def list_pools(wants_json: bool) -> None:
    """List the user pools."""
    found = current_authz.pools.all()
    if wants_json:
        output.as_json([documents.pool_summary(each) for each in found])
        return
    rows = [(each.id, each.created_at, each.name) for each in found]
    output.table(("POOL", "CREATED", "NAME"), rows, empty="No user pool yet: flask authz pool create NAME")


@pool.command("describe")
@click.argument("pool_id", metavar="POOL")
@option_json
def describe(pool_id: str, wants_json: bool) -> None:
    """Show everything about the user pool POOL."""
    found = current_authz.pools.described(pool_id)
    if wants_json:
        output.as_json(documents.pool(found))
        return
    domains = [each.domain for each in found.domains]
    around = {
        "Domains": domains or None,
        "Users": str(found.users),
        "Created": found.pool.created_at,
        "Changed": found.pool.updated_at,
    }
    output.fields(_labelled(found.pool) | around)


@pool.command("update")
@click.argument("pool_id", metavar="POOL")
@click.option("--name")
@_changeable
@click.option(
    "--add-custom-attribute",
    "additions",
    type=custom_attribute,
    multiple=True,
    metavar="NAME:TYPE[:immutable][:min=N][:max=N]",
    help="Repeatable. It can never be changed or removed.",
)
@option_json
def update(pool_id: str, additions: tuple[SchemaAttribute, ...], wants_json: bool, **given: Any) -> None:
    """Change what the options say of the user pool POOL, and nothing else."""
    before = current_authz.pools.describe(pool_id)
    spec = _changed(before.spec, given)
    differs = spec != before.spec
    if not differs and not additions:
        raise click.UsageError("Nothing to change: no option differs from what the pool has.")
    if additions:
        before = current_authz.pools.add_custom_attributes(pool_id, additions)
    if differs:
        current_authz.pools.replace(pool_id, spec, expected_version=before.version)
    if wants_json:
        output.as_json(documents.pool(current_authz.pools.described(pool_id)))
        return
    click.echo(f"Changed the user pool {pool_id}.")


@pool.command("delete")
@click.argument("pool_id", metavar="POOL")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(pool_id: str, yes: bool) -> None:
    """Delete the user pool POOL with its users, clients and keys. There is no way back."""
    found = current_authz.pools.describe(pool_id)
    found.check_deletable()
    users = output.counted(current_authz.pools.user_count(pool_id), "user")
    clients = output.counted(len(current_authz.app_clients.all(pool_id)), "app client")
    if not yes:
        click.confirm(f"Delete {output.cell(found.name)} with {users} and {clients}?", abort=True)
    current_authz.pools.delete(pool_id)
    click.echo(f"Deleted the user pool {pool_id}.")


@pool.command("sign-out-everyone")
@click.argument("pool_id", metavar="POOL")
def sign_out_everyone(pool_id: str) -> None:
    """End every session of the user pool POOL: refresh tokens, codes and browser sign-ins.

    Do this after a database is restored from a backup: what was revoked since then is alive again in it.
    """
    current_authz.pools.forget_sessions(pool_id)
    click.echo(f"Everybody in the user pool {pool_id} has to sign in again.")


def _labelled(value: UserPool) -> dict[str, object]:
    spec, policy, settings = value.spec, value.password_policy, current_authz.settings
    kinds = {"A-Z": policy.require_uppercase, "a-z": policy.require_lowercase, "0-9": policy.require_numbers}
    asked = [kind for kind, on in (kinds | {"symbols": policy.require_symbols}).items() if on]
    customs = [each for each in value.schema.values() if each.is_custom]
    dialect = current_authz.dialects.of(value).name
    return {
        "Pool": value.id,
        "Name": value.name,
        "Issuer": settings.issuers.of(settings.public_url or "", value.id)
        if settings.public_url or settings.issuer
        else "follows the request: AUTHZ_PUBLIC_URL is not set",
        "Dialect": dialect if spec.dialect else f"{dialect} (the site's)",
        "Sign in with": list(value.username_attributes) or ["username", *value.alias_attributes],
        "Case sensitive": value.case_sensitive,
        "Passwords": f"{policy.minimum_length} characters or more; {', '.join(asked) or 'of any kind'}",
        "Temporary ones": f"for {output.duration(policy.temporary_password_seconds)}",
        "Required": list(value.required_attributes) or "no attribute",
        "Custom attributes": [_type_of(each) for each in customs] or "none",
        "Who makes users": "administrators only" if spec.admin_create_user_only else "anybody",
        "PKCE": "required of every client" if spec.require_pkce else "as each client has it",
        "Protected": spec.deletion_protection == "ACTIVE",
        "Tier": spec.tier,
        "Tags": [f"{name}={text}" for name, text in value.tags.items()] or None,
    }


def _type_of(attribute: SchemaAttribute) -> str:
    return f"{attribute.name} ({attribute.data_type}{'' if attribute.mutable else ', immutable'})"


def _changed(spec: PoolSpec, given: dict[str, Any]) -> PoolSpec:
    """The spec with those options that were given."""
    options = {name: value for name, value in given.items() if value is not None and value != ()}
    changes: dict[str, Any] = {}
    if policy := {_POLICY[name]: options.pop(name) for name in list(options) if name in _POLICY}:
        changes["password_policy"] = dataclasses.replace(UserPool("", spec, 0, 0).password_policy, **policy)
    if "deletion_protection" in options:
        changes["deletion_protection"] = "ACTIVE" if options.pop("deletion_protection") else "INACTIVE"
    if "dialect" in options:
        dialect = options.pop("dialect")
        changes["dialect"] = None if dialect == SITE else dialect
    if "tag" in options:
        changes["tags"] = dict(options.pop("tag"))
    return dataclasses.replace(spec, **changes, **options)
