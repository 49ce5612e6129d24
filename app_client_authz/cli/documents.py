"""Values as the JSON documents that ``--json`` prints: Cognito's member names, times in ISO 8601."""

from collections.abc import Mapping
from dataclasses import asdict

from app_client_authz.api import pool_wire
from app_client_authz.cli.output import moment
from app_client_authz.domain.app_client import AppClient, ClientSecret
from app_client_authz.domain.app_client_codec import spec_to_dict
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.resource_server import ResourceServer
from app_client_authz.domain.user import Group, User
from app_client_authz.services.pools import DescribedPool

Json = dict[str, object]

_SPELLED = {"urls": "URLs", "uri": "URI", "oauth": "OAuth", "arn": "Arn", "sso": "SSO", "sms": "Sms"}


def client(value: AppClient, secret: str | None = None) -> Json:
    """An app client as DescribeUserPoolClient has it, and what is ours; a secret only if it is handed in."""
    described: Json = {
        "UserPoolId": value.pool_id,
        "ClientId": value.client_id,
        "ClientName": value.name,
        "Confidential": value.confidential,
        "CreationDate": moment(value.created_at),
        "LastModifiedDate": moment(value.updated_at),
    }
    if secret is not None:
        described["ClientSecret"] = secret
    for name, member in spec_to_dict(value.spec).items():
        if name == "analytics_configuration":
            described["AnalyticsConfiguration"] = member
        elif name not in {"client_name", "generate_secret", "sso_max_validity_minutes"}:
            described[camel(name)] = _members(member)
    described["TokenValidityUnits"] = _members(
        {kind: unit for kind, unit in asdict(value.spec.token_validity_units).items() if unit and kind != "given"}
    )
    described["SSOSession"] = {"MaxValidityMinutes": value.sso_max_seconds // 60}
    return described


def client_secret(value: ClientSecret, secret: str | None = None) -> Json:
    """A secret's ID and date, as ListUserPoolClientSecrets has it; the value only if it is handed in."""
    described: Json = {"ClientSecretId": value.secret_id, "ClientSecretCreateDate": moment(value.created_at)}
    return described if secret is None else {**described, "ClientSecretValue": secret}


def pool(value: DescribedPool) -> Json:
    """A user pool as DescribeUserPool has it, and what is ours: ``Dialect`` and ``RequirePkce``."""
    described: Json = {
        **pool_wire.from_pool(value),
        "CreationDate": moment(value.pool.created_at),
        "LastModifiedDate": moment(value.pool.updated_at),
    }
    ours = {"Dialect": value.pool.spec.dialect, "RequirePkce": value.pool.spec.require_pkce}
    return described | {name: member for name, member in ours.items() if member is not None}


def pool_summary(value: UserPool) -> Json:
    """A user pool as ListUserPools has it."""
    return {
        **pool_wire.summary(value),
        "CreationDate": moment(value.created_at),
        "LastModifiedDate": moment(value.updated_at),
    }


def resource_server(value: ResourceServer) -> Json:
    """A resource server as DescribeResourceServer has it."""
    return {
        "UserPoolId": value.pool_id,
        "Identifier": value.identifier,
        "Name": value.name,
        "Scopes": [{"ScopeName": scope.name, "ScopeDescription": scope.description} for scope in value.scopes],
    }


def user(value: User, *, groups: bool = True) -> Json:
    """A user as AdminGetUser has it, and the names of the groups unless the value comes without them."""
    described: Json = {
        "Username": value.username,
        "UserAttributes": [
            {"Name": name, "Value": text} for name, text in {"sub": value.sub, **value.attributes}.items()
        ],
        "UserCreateDate": moment(value.created_at),
        "UserLastModifiedDate": moment(value.updated_at),
        "Enabled": value.enabled,
        "UserStatus": str(value.status),
    }
    if groups:
        described["Groups"] = [each.name for each in value.groups]
    if value.temporary_password_until is not None:
        described["TemporaryPasswordUntil"] = moment(value.temporary_password_until)
    return described


def group(value: Group, members: list[str] | None = None) -> Json:
    """A group as GetGroup has it, and the usernames in it if they are handed in."""
    described: Json = {"GroupName": value.name, "UserPoolId": value.pool_id}
    optional = {"Description": value.description, "RoleArn": value.role_arn, "Precedence": value.precedence}
    described.update({name: member for name, member in optional.items() if member is not None})
    described["CreationDate"] = moment(value.created_at)
    described["LastModifiedDate"] = moment(value.updated_at)
    return described if members is None else {**described, "Users": members}


def camel(name: str) -> str:
    """``callback_urls`` → ``CallbackURLs``: Cognito's spelling of a member."""
    return "".join(_SPELLED.get(word) or word.capitalize() for word in name.split("_"))


def _members(value: object) -> object:
    if isinstance(value, Mapping):
        return {camel(str(name)): _members(member) for name, member in value.items() if member is not None}
    if isinstance(value, (list, tuple)):
        return [_members(member) for member in value]
    return value
