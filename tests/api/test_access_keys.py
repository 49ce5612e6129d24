"""What an access key opens, and what its limits keep shut (SIG-8)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app_client_authz.api.operations import OPERATIONS, PUBLIC
from app_client_authz.api.shapes import model
from app_client_authz.domain import ids
from app_client_authz.domain.access_key import READING
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.services import audit
from tests.support import samples
from tests.support.aws import ACCESS_KEY, Wire, boto_client, refusal
from tests.support.live import LiveServer
from tests.support.site import Site

SIGNED = sorted(set(OPERATIONS) - PUBLIC)
DENIED = "AccessDeniedException"


def keyed(site: Site, **limits: Any) -> Wire:
    """Requests signed by a new access key of those limits."""
    key, secret = site.services.access_keys.create(**limits)
    return Wire(site.app, key.id, secret)


def fitting(operation: str, **members: str) -> dict[str, Any]:
    """A request that fits its shape and names things that nobody has, except for ``members``."""
    shape = model().shapes[model().operations[operation]["input"]]
    known = {name: value for name, value in members.items() if name in shape["members"]}
    return {**samples.fitting(model().operations[operation]["input"]), **known}


def rows(site: Site) -> dict[str, list[Any]]:
    """Everything that the database holds."""
    inspector = sa.inspect(site.services.engine)
    with site.services.engine.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(sa.text(f'SELECT * FROM "{name}"'))]
            for name in inspector.get_table_names()
        }


@pytest.fixture(scope="module")
def other(standing: Site) -> UserPool:
    """Another pool of the same site."""
    return standing.services.pools.create(PoolSpec(name="other"))


# --- read-only keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", SIGNED)
def test_a_read_only_key_calls_nothing_that_changes_anything(standing: Site, operation: str) -> None:
    wire = keyed(standing, read_only=True)
    before = rows(standing)
    about = {"UserPoolId": standing.pool.id, "ResourceArn": ids.pool_arn(standing.pool.id)}
    about |= {"ClientId": standing.web.client_id, "Username": "kim"}
    for body in ({}, fitting(operation, **about), b"no JSON"):
        code, message = refusal(answer) if (answer := wire(operation, body)).status_code != 200 else (None, None)
        if operation in READING:
            assert code != DENIED
        elif body != b"no JSON":
            assert code == DENIED
            assert message == (
                f"User: arn:aws:iam::{ids.ACCOUNT_ID}:user/{wire.key} is not authorized to perform: "
                f"cognito-idp:{operation} on resource: *"
            )
    assert rows(standing) == before


@pytest.mark.parametrize("operation", sorted(set(SIGNED) & READING))
def test_what_a_read_only_key_sees_a_key_without_limits_sees_too(standing: Site, operation: str) -> None:
    about = {"UserPoolId": standing.pool.id, "ResourceArn": ids.pool_arn(standing.pool.id)}
    body = fitting(operation, **about, ClientId=standing.web.client_id, Username="kim")

    limited, free = keyed(standing, read_only=True)(operation, body), Wire(standing.app)(operation, body)
    assert (limited.status_code, limited.content_length) == (free.status_code, free.content_length)


def test_a_read_only_key_sees_client_secrets_as_in_cognito(standing: Site) -> None:
    body = {"UserPoolId": standing.pool.id, "ClientId": standing.web.client_id}
    answer = keyed(standing, read_only=True)("DescribeUserPoolClient", body)
    assert json.loads(answer.data)["UserPoolClient"]["ClientSecret"] == standing.web.secret


# --- keys of some pools ----------------------------------------------------------------------------------


def naming(operation: str, pool_id: str) -> dict[str, Any] | None:
    """A request about a pool; None if the operation names none."""
    members = model().shapes[model().operations[operation]["input"]]["members"]
    if not {"UserPoolId", "ResourceArn"} & members.keys():
        return None
    return fitting(operation, UserPoolId=pool_id, ResourceArn=ids.pool_arn(pool_id))


@pytest.mark.attack("R23")
@pytest.mark.parametrize("operation", SIGNED)
def test_a_key_of_one_pool_reaches_no_other(standing: Site, other: UserPool, operation: str) -> None:
    wire = keyed(standing, pool_ids=[other.id])
    before = rows(standing)
    body = naming(operation, standing.pool.id)
    code, message = refusal(wire(operation, fitting(operation) if body is None else body))

    assert code == DENIED
    resource = "*" if body is None else ids.pool_arn(standing.pool.id)
    assert message == (
        f"User: arn:aws:iam::{ids.ACCOUNT_ID}:user/{wire.key} is not authorized to perform: "
        f"cognito-idp:{operation} on resource: {resource}"
    )
    assert rows(standing) == before


@pytest.fixture(scope="module")
def gone(standing: Site) -> tuple[Wire, str]:
    """A key of a pool that was deleted since, and that pool's ID."""
    pool = standing.services.pools.create(PoolSpec(name="gone"))
    wire = keyed(standing, pool_ids=[pool.id])
    standing.services.pools.delete(pool.id)
    return wire, pool.id


@pytest.mark.parametrize("operation", [name for name in SIGNED if naming(name, "x") is not None])
def test_a_key_of_one_pool_reaches_that_one_and_nothing_once_it_is_deleted(
    standing: Site, gone: tuple[Wire, str], operation: str
) -> None:
    wire, pool_id = gone
    before = rows(standing)

    answer = wire(operation, naming(operation, pool_id))

    # Let in, and nothing found.
    assert answer.status_code == 200 or refusal(answer)[0] not in {DENIED, "InternalErrorException"}
    assert refusal(wire(operation, naming(operation, standing.pool.id)))[0] == DENIED
    assert rows(standing) == before


def test_a_key_of_one_pool_works_there_and_only_there(site: Site, live_server: Callable[..., LiveServer]) -> None:
    second = site.services.pools.create(PoolSpec(name="second"))
    key, secret = site.services.access_keys.create(pool_ids=[second.id])
    cognito = boto_client(live_server(site.app).url, key=key.id, secret=secret)

    made = cognito.create_user_pool_client(UserPoolId=second.id, ClientName="web")["UserPoolClient"]
    assert made["UserPoolId"] == second.id
    known = {"UserPoolId": site.pool.id, "ClientId": site.web.client_id}
    for call in (cognito.describe_user_pool_client, cognito.delete_user_pool_client):
        with pytest.raises(cognito.exceptions.ClientError, match=DENIED):
            call(**known)
    # The client of another pool does not become reachable by naming one's own.
    with pytest.raises(cognito.exceptions.ResourceNotFoundException):
        cognito.describe_user_pool_client(UserPoolId=second.id, ClientId=site.web.client_id)
    cognito.close()


@pytest.mark.attack("R23")
@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/{theirs}/{mine}",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/{mine}/{theirs}",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/{mine}:{theirs}",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/{theirs}:{mine}",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/{theirs}",
        "arn:aws:cognito-idp:us-east-1:000000000000:{mine}",
        "arn:aws:cognito-idp:us-east-1:000000000000:identitypool/{mine}",
        "arn:aws:s3:us-east-1:000000000000:userpool/{mine}",
        "arn:aws:cognito-idp:us-east-1:account:userpool/{mine}",
        "{mine}{mine}{mine}",
    ],
)
@pytest.mark.parametrize("operation", ["TagResource", "UntagResource", "ListTagsForResource"])
def test_an_arn_names_one_pool_or_none(standing: Site, other: UserPool, operation: str, arn: str) -> None:
    wire = keyed(standing, pool_ids=[other.id])
    body = fitting(operation, ResourceArn=arn.format(mine=other.id, theirs=standing.pool.id))
    before = rows(standing)

    code, _ = refusal(wire(operation, body))

    assert code in {DENIED, "InvalidParameterException"}
    assert rows(standing) == before


def test_both_limits_hold_at_once(standing: Site, other: UserPool) -> None:
    wire = keyed(standing, read_only=True, pool_ids=[standing.pool.id])
    known = {"UserPoolId": standing.pool.id, "ClientId": standing.web.client_id}

    assert wire("DescribeUserPoolClient", known).status_code == 200
    assert refusal(wire("DeleteUserPoolClient", known))[0] == DENIED
    assert refusal(wire("DescribeUserPoolClient", {**known, "UserPoolId": other.id}))[0] == DENIED


def test_limits_are_looked_at_after_the_shape_and_before_the_pool(standing: Site, other: UserPool) -> None:
    wire = keyed(standing, pool_ids=[other.id])

    assert refusal(wire("DescribeUserPoolClient", {"UserPoolId": standing.pool.id}))[0] == "InvalidParameterException"
    body = {"UserPoolId": "us-east-1_None00001", "ClientId": "x"}
    assert refusal(wire("DescribeUserPoolClient", body))[0] == DENIED


# --- keys of the settings --------------------------------------------------------------------------------


def test_a_key_of_the_settings_has_no_limits_and_costs_no_statement(standing: Site) -> None:
    body = {"UserPoolId": standing.pool.id, "ClientId": standing.web.client_id}
    stored = keyed(standing)
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    sa.event.listen(standing.services.engine, "before_cursor_execute", note)
    assert Wire(standing.app)("DescribeUserPoolClient", body).status_code == 200
    configured = len(statements)
    assert "authz_access_keys" not in " ".join(statements)
    assert stored("DescribeUserPoolClient", body).status_code == 200
    sa.event.remove(standing.services.engine, "before_cursor_execute", note)
    assert len(statements) == configured + configured + 1
    assert ["authz_access_keys" in statement for statement in statements].count(True) == 1


# --- what is told ----------------------------------------------------------------------------------------


@pytest.fixture
def told() -> Any:
    """Security events of the test."""
    events: list[dict[str, Any]] = []

    def note(_sender: object, **event: Any) -> None:
        events.append(event)

    audit.security_event.connect(note)
    yield events
    audit.security_event.disconnect(note)


@pytest.mark.attack("R11")
def test_calls_refusals_and_keys_are_security_events_without_secrets(
    standing: Site, other: UserPool, told: list[dict[str, Any]]
) -> None:
    wire = keyed(standing, read_only=True, pool_ids=[standing.pool.id])
    known = {"UserPoolId": standing.pool.id, "ClientId": standing.web.client_id}
    wire("DescribeUserPoolClient", known)
    wire("DeleteUserPoolClient", known)
    wire("DescribeUserPoolClient", {**known, "UserPoolId": other.id})
    Wire(standing.app, wire.key, "wrong")("DescribeUserPoolClient", known)
    Wire(standing.app, "nobody", "wrong")("DescribeUserPoolClient", known)
    Wire(standing.app)("DescribeUserPoolClient", known)
    standing.services.access_keys.delete(wire.key)

    about = {"operation": "DescribeUserPoolClient", "access_key_id": wire.key, "source": "127.0.0.1"}
    assert told == [
        {"event": "access_key_created", "access_key_id": wire.key},
        {"event": "signed_call", **about, "pool_id": standing.pool.id},
        {"event": "access_denied", **about, "operation": "DeleteUserPoolClient"},
        {"event": "access_denied", **about, "pool_id": other.id},
        {"event": "signature_refused", "access_key_id": wire.key, "source": "127.0.0.1"},
        {"event": "signature_refused", "access_key_id": "nobody", "source": "127.0.0.1"},
        {"event": "signed_call", **about, "access_key_id": ACCESS_KEY, "pool_id": standing.pool.id},
        {"event": "access_key_deleted", "access_key_id": wire.key},
    ]
    assert wire.secret not in str(told)
