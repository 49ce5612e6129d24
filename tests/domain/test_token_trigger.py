"""PreTokenGeneration: what it is told, what it may change, and what stays ours (endpoints.md 3.6, R16, R17)."""

from dataclasses import replace
from typing import Any

import pytest

from app_client_authz.domain import token_trigger
from app_client_authz.domain.errors import InvalidLambdaResponse
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.token_trigger import TokenSource
from app_client_authz.domain.trigger import Caller
from app_client_authz.domain.user import Group, User, UserStatus

POOL = UserPool.create(PoolSpec(name="shop"), pool_id="us-east-1_Ab3dEfGh1", now=0.0)
ROLE = "arn:aws:iam::000000000000:role/staff"
KIM = User(
    POOL.id,
    "a-sub",
    "kim",
    UserStatus.CONFIRMED,
    attributes={"email": "kim@example.com"},
    groups=(Group(POOL.id, "staff", role_arn=ROLE, precedence=1), Group(POOL.id, "all")),
)
CALLER = Caller("1client", {"shop": "north"})
ID_CLAIMS: dict[str, object] = {
    "at_hash": "hash",
    "sub": "a-sub",
    "cognito:groups": ["staff"],
    "email_verified": True,
    "cognito:preferred_role": ROLE,
    "iss": "https://login.example/auth/us-east-1_Ab3dEfGh1",
    "cognito:username": "kim",
    "nonce": "n",
    "origin_jti": "o",
    "cognito:roles": [ROLE],
    "aud": "1client",
    "event_id": "e",
    "token_use": "id",
    "auth_time": 1,
    "exp": 3601,
    "iat": 1,
    "jti": "j",
    "email": "kim@example.com",
}
ACCESS_CLAIMS: dict[str, object] = {
    "sub": "a-sub",
    "cognito:groups": ["staff"],
    "iss": "https://login.example/auth/us-east-1_Ab3dEfGh1",
    "version": 2,
    "client_id": "1client",
    "origin_jti": "o",
    "event_id": "e",
    "token_use": "access",
    "scope": "openid email",
    "auth_time": 1,
    "exp": 3601,
    "iat": 1,
    "jti": "j",
    "username": "kim",
}
NOT_THEIRS = ["acr", "amr", "at_hash", "auth_time", "azp", "exp", "iat", "iss", "jti", "nbf", "nonce", "origin_jti"]
NOT_THEIRS += ["sub", "token_use", "dev:custom:note"]
NOT_THEIRS_IN_ID = [*NOT_THEIRS, "aud", "cognito:username", "identities"]
NOT_THEIRS_IN_ACCESS = [*NOT_THEIRS, "aud", "client_id", "device_key", "event_id", "scope", "username", "version"]


def v1(**members: Any) -> token_trigger.TokenChanges:
    return token_trigger.changes({"claimsOverrideDetails": members}, "V1_0")


def v2(version: str = "V2_0", **members: Any) -> token_trigger.TokenChanges:
    return token_trigger.changes({"claimsAndScopeOverrideDetails": members}, version)


def of_id(**members: Any) -> dict[str, object]:
    return v2(idTokenGeneration=members).on_id_token(ID_CLAIMS)


def of_access(**members: Any) -> dict[str, object]:
    return v2(accessTokenGeneration=members).on_access_token(ACCESS_CLAIMS)


# --- what is told -------------------------------------------------------------------------------------


def test_a_version_1_event_tells_attributes_and_groups() -> None:
    told = token_trigger.user_event(TokenSource.HOSTED, "V1_0", POOL, KIM, ("openid",), CALLER)

    assert told["version"] == "1"
    assert told["triggerSource"] == "TokenGeneration_HostedAuth"
    assert told["request"] == {
        "userAttributes": {"sub": "a-sub", "cognito:user_status": "CONFIRMED", "email": "kim@example.com"},
        "groupConfiguration": {
            "groupsToOverride": ["staff", "all"],
            "iamRolesToOverride": [ROLE],
            "preferredRole": ROLE,
        },
        "clientMetadata": {"shop": "north"},
    }
    assert told["response"] == {"claimsOverrideDetails": None}


@pytest.mark.parametrize("version, number", [("V2_0", "2"), ("V3_0", "3")])
def test_later_versions_tell_the_scopes_too(version: str, number: str) -> None:
    told = token_trigger.user_event(TokenSource.REFRESH, version, POOL, KIM, ("openid", "a/b"), CALLER)

    assert told["version"] == number
    assert told["request"]["scopes"] == ["openid", "a/b"]
    assert told["response"] == {"claimsAndScopeOverrideDetails": None}


def test_a_machine_has_neither_attributes_nor_groups() -> None:
    told = token_trigger.machine_event(POOL, ("a/b",), CALLER)

    assert (told["version"], told["userName"]) == ("3", "ClientCredentials")
    assert told["triggerSource"] == "TokenGeneration_ClientCredentials"
    assert told["request"] == {
        "userAttributes": {},
        "groupConfiguration": None,
        "scopes": ["a/b"],
        "clientMetadata": {"shop": "north"},
    }


def test_the_version_is_that_of_the_pools_lambda_config() -> None:
    config = {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "arn:aws:lambda:x"}}
    asked = replace(POOL, spec=replace(POOL.spec, lambda_config=config))

    assert token_trigger.version_of(asked) == "V2_0"
    assert token_trigger.version_of(POOL) is None
    assert token_trigger.version_of(replace(POOL, spec=replace(POOL.spec, lambda_config={"PreSignUp": "arn"}))) is None


# --- what may change ------------------------------------------------------------------------------------


def test_version_1_adds_and_suppresses_claims_of_the_id_token_only() -> None:
    changes = v1(
        claimsToAddOrOverride={"tenant": "north", "email": "k@example.com"}, claimsToSuppress=["email_verified"]
    )
    said = changes.on_id_token(ID_CLAIMS)

    assert (said["tenant"], said["email"]) == ("north", "k@example.com")
    assert "email_verified" not in said
    assert changes.on_access_token(ACCESS_CLAIMS) == ACCESS_CLAIMS
    assert changes.granted(("openid",)) == ("openid",)


def test_what_is_suppressed_and_added_is_suppressed() -> None:
    assert "tenant" not in of_id(claimsToAddOrOverride={"tenant": "north"}, claimsToSuppress=["tenant"])


def test_version_2_changes_each_token_on_its_own() -> None:
    changes = v2(
        idTokenGeneration={"claimsToAddOrOverride": {"plan": {"name": "gold", "seats": 3}}},
        accessTokenGeneration={"claimsToAddOrOverride": {"roles": ["a", "b"], "vip": True, "level": 7}},
    )

    assert changes.on_id_token(ID_CLAIMS) == ID_CLAIMS | {"plan": {"name": "gold", "seats": 3}}
    assert changes.on_access_token(ACCESS_CLAIMS) == ACCESS_CLAIMS | {"roles": ["a", "b"], "vip": True, "level": 7}


@pytest.mark.parametrize("answer", [{}, {"claimsOverrideDetails": None}, {"claimsOverrideDetails": {}}])
def test_an_answer_that_says_nothing_changes_nothing(answer: dict[str, object]) -> None:
    changes = token_trigger.changes(answer, "V1_0")

    assert changes.on_id_token(ID_CLAIMS) == ID_CLAIMS
    assert changes.on_access_token(ACCESS_CLAIMS) == ACCESS_CLAIMS


@pytest.mark.attack("R16")
@pytest.mark.parametrize("name", NOT_THEIRS_IN_ID)
def test_claims_of_ours_stay_in_the_id_token(name: str) -> None:
    assert of_id(claimsToAddOrOverride={name: "theirs"}) == ID_CLAIMS
    assert of_id(claimsToSuppress=[name]) == ID_CLAIMS


@pytest.mark.attack("R16")
@pytest.mark.parametrize("name", NOT_THEIRS_IN_ACCESS)
def test_claims_of_ours_stay_in_the_access_token(name: str) -> None:
    assert of_access(claimsToAddOrOverride={name: "theirs"}) == ACCESS_CLAIMS
    assert of_access(claimsToSuppress=[name]) == ACCESS_CLAIMS


@pytest.mark.parametrize("name", ["cognito:groups", "cognito:roles", "cognito:preferred_role"])
def test_groups_are_said_by_their_own_member_only(name: str) -> None:
    assert of_id(claimsToAddOrOverride={name: ["admins"]}) == ID_CLAIMS
    assert of_access(claimsToAddOrOverride={name: ["admins"]}) == ACCESS_CLAIMS
    assert name not in of_id(claimsToSuppress=[name])


def test_the_one_audience_to_name_is_the_client() -> None:
    assert of_access(claimsToAddOrOverride={"aud": "1client"})["aud"] == "1client"
    bound = v2(accessTokenGeneration={"claimsToAddOrOverride": {"aud": "1client"}})
    assert bound.on_access_token(ACCESS_CLAIMS | {"aud": "https://api.example"})["aud"] == "https://api.example"


def test_groups_are_replaced_whole_in_both_tokens() -> None:
    changes = v2(groupOverrideDetails={"groupsToOverride": ["a", "b,c"]})
    said = changes.on_id_token(ID_CLAIMS)

    assert said["cognito:groups"] == ["a", "b,c"]
    assert "cognito:roles" not in said
    assert "cognito:preferred_role" not in said
    assert changes.on_access_token(ACCESS_CLAIMS) == ACCESS_CLAIMS | {"cognito:groups": ["a", "b,c"]}


def test_roles_come_with_the_id_token_only() -> None:
    changes = v1(groupOverrideDetails={"groupsToOverride": ["a"], "iamRolesToOverride": ["r"], "preferredRole": "r"})

    assert changes.on_id_token(ID_CLAIMS)["cognito:preferred_role"] == "r"
    assert changes.on_id_token(ID_CLAIMS)["cognito:roles"] == ["r"]
    assert "cognito:roles" not in changes.on_access_token(ACCESS_CLAIMS)


@pytest.mark.parametrize("nothing", [None, {}, {"groupsToOverride": []}])
def test_no_groups_given_are_no_groups_left(nothing: object) -> None:
    changes = v1(groupOverrideDetails=nothing)

    assert not {"cognito:groups", "cognito:roles", "cognito:preferred_role"} & changes.on_id_token(ID_CLAIMS).keys()
    assert "cognito:groups" not in changes.on_access_token(ACCESS_CLAIMS)


@pytest.mark.parametrize(
    "name, given, said",
    [
        ("email_verified", "true", True),
        ("phone_number_verified", "false", False),
        ("email_verified", False, False),
        ("updated_at", "1700000000", 1_700_000_000),
        ("updated_at", 1_700_000_000, 1_700_000_000),
        ("address", "1 High Street", {"formatted": "1 High Street"}),
    ],
)
def test_what_openid_connect_gives_a_type_has_it(name: str, given: object, said: object) -> None:
    assert of_id(claimsToAddOrOverride={name: given})[name] == said


# --- scopes ------------------------------------------------------------------------------------------------


def test_scopes_are_added_and_suppressed() -> None:
    changes = v2(accessTokenGeneration={"scopesToAdd": ["orders/read", "openid"], "scopesToSuppress": ["email"]})

    assert changes.granted(("openid", "email")) == ("openid", "orders/read")


@pytest.mark.attack("R17")
@pytest.mark.parametrize("scope", ["aws.cognito.signin.user.admin", "aws.cognito/dcr/register"])
def test_a_reserved_scope_is_never_added(scope: str) -> None:
    assert v2(accessTokenGeneration={"scopesToAdd": [scope]}).granted(("openid",)) == ("openid",)
    assert v2(accessTokenGeneration={"scopesToSuppress": [scope]}).granted(("openid", scope)) == ("openid",)


@pytest.mark.attack("R17")
def test_a_machine_gets_neither_scopes_of_users_nor_groups() -> None:
    changes = v2(
        "V3_0",
        accessTokenGeneration={"scopesToAdd": ["openid", "profile", "orders/write"]},
        groupOverrideDetails={"groupsToOverride": ["admins"]},
    ).for_machine()

    assert changes.granted(("orders/read",)) == ("orders/read", "orders/write")
    assert "cognito:groups" not in changes.on_access_token({"sub": "1client", "client_id": "1client"})


# --- what is no answer -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        {"claimsToAddOrOverride": {"plan": {"name": "gold"}}},
        {"claimsToAddOrOverride": {"level": 7}},
        {"claimsToAddOrOverride": {"gone": None}},
        {"claimsToAddOrOverride": ["plan"]},
        {"claimsToAddOrOverride": {"email_verified": "yes"}},
        {"claimsToAddOrOverride": {"updated_at": "today"}},
        {"claimsToSuppress": "email"},
        {"claimsToSuppress": [1]},
        {"groupOverrideDetails": ["a"]},
        {"groupOverrideDetails": {"groupsToOverride": "admins"}},
        {"groupOverrideDetails": {"preferredRole": 1}},
        {"claimsToAddOrOverride": {"long": "x" * token_trigger.MAX_CHARACTERS}},
    ],
)
def test_version_1_takes_texts_and_nothing_else(members: dict[str, object]) -> None:
    with pytest.raises(InvalidLambdaResponse):
        v1(**members)


@pytest.mark.parametrize(
    "members",
    [
        {"idTokenGeneration": ["x"]},
        {"idTokenGeneration": {"claimsToAddOrOverride": {"gone": None}}},
        {"idTokenGeneration": {"claimsToAddOrOverride": {"email_verified": ["true"]}}},
        {"idTokenGeneration": {"claimsToAddOrOverride": {"email_verified": 1}}},
        {"idTokenGeneration": {"claimsToAddOrOverride": {"updated_at": True}}},
        {"idTokenGeneration": {"claimsToAddOrOverride": {"address": {"formatted": "x"}}}},
        {"accessTokenGeneration": {"claimsToAddOrOverride": {"address": {"formatted": "x"}}}},
        {"accessTokenGeneration": {"scopesToAdd": "orders/read"}},
        {"accessTokenGeneration": {"scopesToAdd": ["two scopes"]}},
        {"accessTokenGeneration": {"scopesToAdd": [""]}},
        {"accessTokenGeneration": {"scopesToAdd": ['quo"te']}},
        {"accessTokenGeneration": {"scopesToSuppress": [None]}},
    ],
)
def test_version_2_is_held_against_its_shape(members: dict[str, object]) -> None:
    with pytest.raises(InvalidLambdaResponse):
        v2(**members)
