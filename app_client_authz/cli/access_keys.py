"""``flask authz access-key``: who may call the signed operations of the JSON API."""

import click
from flask.cli import AppGroup

from app_client_authz.cli import output
from app_client_authz.cli.params import option_json
from app_client_authz.domain.access_key import AccessKey
from app_client_authz.proxies import current_authz

access_key = AppGroup("access-key", help="Access keys: who may call the JSON API (boto3, aws, Terraform).")


@access_key.command("create")
@click.option("--read-only", is_flag=True, help="Operations that change nothing; they show client secrets.")
@click.option("--pool", "pool_ids", multiple=True, metavar="POOL", help="This user pool only; repeatable.")
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@option_json
def create(read_only: bool, pool_ids: tuple[str, ...], description: str, wants_json: bool) -> None:
    """Create an access key. Its secret is shown this once; the key works at once, in every process."""
    key, secret = current_authz.access_keys.create(
        read_only=read_only, pool_ids=pool_ids or None, description=description
    )
    if wants_json:
        output.as_json({**_document(key), "SecretAccessKey": secret})
        return
    output.fields({"Access key": key.id, "Secret": secret, **_limits(key), "Description": key.description or None})
    click.echo("The secret is not shown again.", err=True)


@access_key.command("list")
@option_json
def list_keys(wants_json: bool) -> None:
    """List the access keys, first those of AUTHZ_ACCESS_KEYS; never a secret."""
    configured, stored = current_authz.access_keys.configured(), current_authz.access_keys.all()
    if wants_json:
        output.as_json([_document(key) for key in (*configured, *stored)])
        return
    rows = [(key.id, None, *_limits(key).values(), "in AUTHZ_ACCESS_KEYS") for key in configured]
    rows += [(key.id, key.created_at, *_limits(key).values(), key.description) for key in stored]
    output.table(
        ("ACCESS KEY", "CREATED", "MAY", "POOLS", "DESCRIPTION"),
        rows,
        empty="There is no access key: no signed operation is answered.",
    )


@access_key.command("delete")
@click.argument("key_id", metavar="ACCESS_KEY")
def delete(key_id: str) -> None:
    """Delete an access key: it opens nothing from now on, in any process."""
    current_authz.access_keys.delete(key_id)
    click.echo(f"Deleted the access key {output.cell(key_id)}.")


def _limits(key: AccessKey) -> dict[str, object]:
    pools = "all" if key.pool_ids is None else sorted(key.pool_ids)
    return {"May": "read" if key.read_only else "everything", "User pools": pools}


def _document(key: AccessKey) -> dict[str, object]:
    # A key of the settings has no date: nobody knows when it was made.
    document: dict[str, object] = {
        "AccessKeyId": key.id,
        "ReadOnly": key.read_only,
        "Description": key.description,
        "CreateDate": output.moment(key.created_at) if key.created_at else None,
        "UserPoolIds": None if key.pool_ids is None else sorted(key.pool_ids),
    }
    return {name: member for name, member in document.items() if member is not None}
