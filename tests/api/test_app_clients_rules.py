"""What CreateUserPoolClient and UpdateUserPoolClient refuse, in Cognito's words (api.md 2.3, 2.5, 2.7 to 2.9)."""

from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app_client_authz.domain.client_spec import ClientSpec
from app_client_authz.domain.pool import PoolSpec, UserPool
from app_client_authz.domain.schema import SchemaAttribute
from tests.support.aws import Wire, output, refusal
from tests.support.crowd import add_clients
from tests.support.site import CALLBACK, Site

Members = dict[str, Any]

INVALID, FLOW = "InvalidParameterException", "InvalidOAuthFlowException"
SCOPE, TIER = "ScopeDoesNotExistException", "FeatureUnavailableInTierException"

OAUTH: Members = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid"],
    "CallbackURLs": [CALLBACK],
}
MACHINE: Members = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["client_credentials"],
    "AllowedOAuthScopes": ["orders/read"],
    "GenerateSecret": True,
}
ROTATES: Members = {"RefreshTokenRotation": {"Feature": "ENABLED"}}

RANGE = "Invalid range for token validity."
OUTLIVES = "Access and Id Token expiration times must be less than or equal to refresh token expiration times."
INCOMPLETE = "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."
NOT_ALONE = "client_credentials flow can not be selected along with code flow or implicit flow."
NO_SECRET = "client_credentials flow can not be selected if client does not have a client secret."
NO_CALLBACK = "CallbackUrls can not be empty when code flow or implicit flow is selected"
MIXED = "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names."
NOT_WITH_ROTATION = (
    "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh token rotation is enabled."
)
CONTEXT = "Client Secret is required to set EnablePropagateAdditionalUserContextData as true"
READ = "Invalid read attributes specified while creating a client"
WRITE = "Invalid write attributes specified while creating a client"
LITE = "The following features need to be disabled for the LITE pricing tier configured: "
URL_PATTERN = r"Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+"
EXPLICIT = (
    "ADMIN_NO_SRP_AUTH, CUSTOM_AUTH_FLOW_ONLY, USER_PASSWORD_AUTH, ALLOW_ADMIN_USER_PASSWORD_AUTH, ALLOW_CUSTOM_AUTH, "
    "ALLOW_USER_PASSWORD_AUTH, ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH, ALLOW_USER_AUTH, "
    "ALLOW_TOKEN_EXCHANGE_DELEGATION, ALLOW_TOKEN_EXCHANGE_IMPERSONATION, ALLOW_CLIENT_TOKEN_AUTH"
)


def item(shown: str, path: str, phrase: str) -> str:
    return f"1 validation error detected: Value {shown} at '{path}' failed to satisfy constraint: {phrase}"


@dataclass(frozen=True)
class Refused:
    """Members that are refused, and how."""

    members: Members
    message: str
    code: str = INVALID


def validity(message: str = RANGE, units: Members | None = None, **numbers: int) -> Refused:
    return Refused({**numbers, **({} if units is None else {"TokenValidityUnits": units})}, message)


def url(address: str, message: str, member: str = "CallbackURLs") -> Refused:
    return Refused({member: [address]}, message.replace("<url>", address))


CASES = {
    # 2.3: after conversion, access and ID 5 minutes to 1 day, refresh 60 minutes to 3650 days.
    "access of 4 minutes": validity(AccessTokenValidity=4, units={"AccessToken": "minutes"}),
    "access of 299 seconds": validity(AccessTokenValidity=299, units={"AccessToken": "seconds"}),
    "access of 25 hours": validity(AccessTokenValidity=25),
    "access of 2 days": validity(AccessTokenValidity=2, units={"AccessToken": "days"}),
    "ID of 4 minutes": validity(IdTokenValidity=4, units={"IdToken": "minutes"}),
    "ID of 86400 hours": validity(IdTokenValidity=86_400),
    "refresh of 59 minutes": validity(RefreshTokenValidity=59, units={"RefreshToken": "minutes"}),
    "refresh of 3651 days": validity(RefreshTokenValidity=3651),
    "unit of refresh without its value": validity(units={"RefreshToken": "seconds"}),
    "unit of access without its value": validity(units={"AccessToken": "minutes"}),
    "access longer than refresh": validity(
        OUTLIVES, AccessTokenValidity=5, RefreshTokenValidity=4, units={"RefreshToken": "hours"}
    ),
    "ID longer than refresh": validity(
        OUTLIVES, IdTokenValidity=61, RefreshTokenValidity=60, units={"IdToken": "minutes", "RefreshToken": "minutes"}
    ),
    # The model's own bounds come first.
    "access of nothing": validity(
        item("'0'", "accessTokenValidity", "Member must have value greater than or equal to 1"), AccessTokenValidity=0
    ),
    "ID of more seconds than a day has": validity(
        item("'86401'", "idTokenValidity", "Member must have value less than or equal to 86400"), IdTokenValidity=86_401
    ),
    "refresh of less than nothing": validity(
        item("'-1'", "refreshTokenValidity", "Member must have value greater than or equal to 0"),
        RefreshTokenValidity=-1,
    ),
    "refresh of more seconds than ten years have": validity(
        item("'315360001'", "refreshTokenValidity", "Member must have value less than or equal to 315360000"),
        RefreshTokenValidity=315_360_001,
    ),
    "unknown unit": validity(
        item(
            "'weeks'",
            "tokenValidityUnits.idToken",
            "Member must satisfy enum value set: [seconds, minutes, hours, days]",
        ),
        units={"IdToken": "weeks"},
    ),
    # 2.5
    "both families of flows": Refused({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ADMIN_NO_SRP_AUTH"]}, MIXED),
    "the other old name with a new one": Refused(
        {"ExplicitAuthFlows": ["USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}, MIXED
    ),
    "unknown flow": Refused(
        {"ExplicitAuthFlows": ["ALLOW_EVERYTHING"]},
        item(
            "'[ALLOW_EVERYTHING]'",
            "explicitAuthFlows",
            f"Member must satisfy constraint: [Member must satisfy enum value set: [{EXPLICIT}]]",
        ),
    ),
    "client tokens beside another flow": Refused(
        {"ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]},
        "ALLOW_CLIENT_TOKEN_AUTH cannot be used along with other auth flows.",
    ),
    "secrets somewhere else": Refused(
        {"PublishSecretsInAWSSecretsManager": True},
        "Client secrets cannot be published in AWS Secrets Manager: this server does not use it.",
    ),
    # 2.7
    "unknown attribute to read": Refused({"ReadAttributes": ["email", "custom:nobody"]}, READ),
    "unknown attribute to write": Refused({"WriteAttributes": ["shoesize"]}, WRITE),
    "sub to write": Refused({"WriteAttributes": ["name", "sub"]}, WRITE),
    "email_verified to write": Refused({"WriteAttributes": ["email", "email_verified"]}, WRITE),
    "phone_number_verified to write": Refused({"WriteAttributes": ["phone_number_verified"]}, WRITE),
    # 2.8
    "2: OAuth without flows": Refused({"AllowedOAuthFlowsUserPoolClient": True}, INCOMPLETE),
    "2: OAuth without scopes": Refused({**OAUTH, "AllowedOAuthScopes": []}, INCOMPLETE),
    "4: client_credentials with code": Refused(
        {**MACHINE, "AllowedOAuthFlows": ["client_credentials", "code"]}, NOT_ALONE, FLOW
    ),
    "4: client_credentials with implicit": Refused(
        {**MACHINE, "AllowedOAuthFlows": ["implicit", "client_credentials"]}, NOT_ALONE, FLOW
    ),
    "5: client_credentials without a secret": Refused({**MACHINE, "GenerateSecret": False}, NO_SECRET, FLOW),
    "6: client_credentials with openid": Refused(
        {**MACHINE, "AllowedOAuthScopes": ["orders/read", "openid"]},
        "openid is not supported with client_credentials flow",
        FLOW,
    ),
    "6: client_credentials with the scope of the API": Refused(
        {**MACHINE, "AllowedOAuthScopes": ["aws.cognito.signin.user.admin"]},
        "aws.cognito.signin.user.admin is not supported with client_credentials flow",
        FLOW,
    ),
    "7: code without a callback URL": Refused({**OAUTH, "CallbackURLs": []}, NO_CALLBACK),
    "7: implicit without a callback URL": Refused(
        {**OAUTH, "AllowedOAuthFlows": ["implicit"], "CallbackURLs": []}, NO_CALLBACK
    ),
    "8: unknown scope": Refused(
        {**OAUTH, "AllowedOAuthScopes": ["openid", "orders/delete"]}, "Invalid scope requested: orders/delete", SCOPE
    ),
    "8: unknown resource server": Refused(
        {**MACHINE, "AllowedOAuthScopes": ["stock/read"]}, "Invalid scope requested: stock/read", SCOPE
    ),
    "9: default redirect that is no callback": Refused(
        {**OAUTH, "DefaultRedirectURI": f"{CALLBACK}/"},
        f"The default redirect URI {CALLBACK}/ is not in the callback URIs list.",
    ),
    "10: user context without a secret": Refused({"EnablePropagateAdditionalUserContextData": True}, CONTEXT),
    "11: unknown provider": Refused(
        {"SupportedIdentityProviders": ["COGNITO", "Corp"]}, "The provider Corp does not exist for User Pool <pool>."
    ),
    "12: rotation with refresh by the API": Refused(
        {**ROTATES, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}, NOT_WITH_ROTATION
    ),
    # 2.9, for both lists
    "fragment": url("https://app.example/cb#top", "<url> cannot use fragment"),
    "empty fragment": url("https://app.example/cb#", "<url> cannot use fragment"),
    "fragment to sign out to": url("https://app.example/#", "<url> cannot use fragment", "LogoutURLs"),
    "http": url("http://app.example/cb", "<url> cannot use the HTTP protocol."),
    "http to sign out to": url("http://app.example/bye", "<url> cannot use the HTTP protocol.", "LogoutURLs"),
    "http to what looks like localhost": url("http://localhost.evil.example/", "<url> cannot use the HTTP protocol."),
    "relative": url("/callback", "<url> is not an absolute URL."),
    "without a host": url("https:///callback", "<url> has no host."),
    "whitespace": url(
        "https://app.example/a b",
        item("'[<url>]'", "callbackURLs", f"Member must satisfy constraint: [{URL_PATTERN}]"),
    ),
    "whitespace to sign out to": url(
        "https://app.example/\tb",
        item(r"'[https://app.example/\tb]'", "logoutURLs", f"Member must satisfy constraint: [{URL_PATTERN}]"),
        "LogoutURLs",
    ),
    "1025 characters": url(
        "https://app.example/" + "a" * 1005,
        item(
            "'[<url>]'",
            "callbackURLs",
            "Member must satisfy constraint: [Member must have length less than or equal to 1024]",
        ),
    ),
}


@pytest.fixture
def wire(standing: Site) -> Wire:
    return Wire(standing.app)


@pytest.mark.parametrize("name", CASES)
def test_no_client_is_made_of_members_that_break_a_rule(standing: Site, wire: Wire, name: str) -> None:
    case, before = CASES[name], standing.row_counts()

    answer = wire("CreateUserPoolClient", {"UserPoolId": standing.pool.id, "ClientName": "new", **case.members})

    _assert_refused(answer, case, standing.pool)
    assert standing.row_counts() == before


@pytest.mark.parametrize("name", CASES)
def test_no_client_is_changed_to_members_that_break_a_rule(standing: Site, wire: Wire, name: str) -> None:
    case = CASES[name]
    changed = standing.web if case.members.get("GenerateSecret") else standing.spa
    target = {"UserPoolId": standing.pool.id, "ClientId": changed.client_id}

    answer = wire("UpdateUserPoolClient", {**target, **case.members})

    _assert_refused(answer, case, standing.pool)
    assert standing.services.app_clients.look_up(standing.pool.id, changed.client_id) == changed.client


def test_a_secret_is_generated_or_given(standing: Site, wire: Wire) -> None:
    both = {"GenerateSecret": True, "ClientSecret": "a" * 24}

    answer = wire("CreateUserPoolClient", {"UserPoolId": standing.pool.id, "ClientName": "new", **both})

    _assert_refused(answer, Refused(both, "Cannot specify both GenerateSecret and ClientSecret."), standing.pool)


@pytest.mark.parametrize("member", ["CallbackURLs", "LogoutURLs"])
def test_a_hundred_urls_are_accepted_and_no_more(standing: Site, wire: Wire, member: str) -> None:
    urls = [f"https://app.example/{number}" for number in range(101)]
    asked = {"UserPoolId": standing.pool.id, "ClientName": "many"}

    answer = wire("CreateUserPoolClient", {**asked, member: urls})

    path = f"{member[0].lower()}{member[1:]}"
    phrase = "Member must have length less than or equal to 100"
    _assert_refused(answer, Refused({}, item(f"'[{', '.join(urls)}]'", path, phrase)), standing.pool)
    made = output(wire("CreateUserPoolClient", {**asked, member: urls[:100]}))
    assert made["UserPoolClient"][member] == urls[:100]


ACCEPTED: dict[str, Members] = {
    "shortest lifetimes": {
        "AccessTokenValidity": 5,
        "IdTokenValidity": 300,
        "RefreshTokenValidity": 60,
        "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "seconds", "RefreshToken": "minutes"},
    },
    "longest lifetimes": {"AccessTokenValidity": 24, "IdTokenValidity": 24, "RefreshTokenValidity": 3650},
    "the longest refresh in seconds": {
        "RefreshTokenValidity": 315_360_000,
        "TokenValidityUnits": {"RefreshToken": "seconds"},
    },
    "access as long as refresh": {
        "AccessTokenValidity": 2,
        "RefreshTokenValidity": 2,
        "TokenValidityUnits": {"RefreshToken": "hours"},
    },
    "a unit that fits the default number": {"TokenValidityUnits": {"AccessToken": "days"}},
    "the old flows": {"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH"]},
    "a list without refresh": {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]},
    "client tokens alone": {"ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"]},
    "choice of factors": {"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]},
    "what only Cognito sets to read": {"ReadAttributes": ["sub", "email_verified", "phone_number_verified"]},
    "3: flows and scopes with OAuth off": {**OAUTH, "AllowedOAuthFlowsUserPoolClient": False},
    "code and implicit": {**OAUTH, "AllowedOAuthFlows": ["code", "implicit"]},
    "9: default redirect among the callbacks": {**OAUTH, "DefaultRedirectURI": CALLBACK},
    "11: the pool's own directory": {"SupportedIdentityProviders": ["COGNITO"]},
    "rotation without a list of flows": {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}},
    "rotation without revocation": {
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
        "EnableTokenRevocation": False,
    },
    "loopback and schemes of apps": {
        "CallbackURLs": ["http://localhost:3000/cb", "http://127.0.0.1/cb", "http://[::1]:8080/cb", "myapp://example"]
    },
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_the_rules_allow_comes_back_as_it_was_sent(standing: Site, wire: Wire, name: str) -> None:
    sent = ACCEPTED[name]

    made = wire("CreateUserPoolClient", {"UserPoolId": standing.pool.id, "ClientName": "new", **sent})

    answered = output(made)["UserPoolClient"]
    assert {member: answered[member] for member in sent} == sent


def test_attributes_that_the_pool_requires_have_to_be_writable(standing: Site, wire: Wire) -> None:
    """api.md 9.1 line 18; an immutable attribute is writable, since sign-up sets it."""
    schema = (SchemaAttribute("email", required=True), SchemaAttribute("custom:badge", mutable=False))
    pool = standing.services.pools.create(PoolSpec(name="strict", schema=schema))
    asked = {"UserPoolId": pool.id, "ClientName": "new"}

    refused = wire("CreateUserPoolClient", {**asked, "WriteAttributes": ["name"]})
    made = wire("CreateUserPoolClient", {**asked, "WriteAttributes": ["email", "custom:badge"]})

    _assert_refused(refused, Refused({}, WRITE), pool)
    client = output(made)["UserPoolClient"]
    assert client["WriteAttributes"] == ["email", "custom:badge"]
    updated = wire(
        "UpdateUserPoolClient", {"UserPoolId": pool.id, "ClientId": client["ClientId"], "WriteAttributes": ["name"]}
    )
    _assert_refused(updated, Refused({}, WRITE), pool)


@pytest.mark.parametrize(
    "members, feature",
    [
        (ROTATES, "Refresh Token Rotation"),
        ({"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}, "Passwordless Sign-In"),
        ({**ROTATES, "ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}, "Refresh Token Rotation, Passwordless Sign-In"),
    ],
)
def test_a_lite_pool_lacks_features(standing: Site, wire: Wire, members: Members, feature: str) -> None:
    """api.md 2.8 rows 13 and 14, 9.1 line 17."""
    pool = standing.services.pools.create(PoolSpec(name="lite", tier="LITE"))
    client = standing.services.app_clients.create(pool.id, ClientSpec(client_name="plain")).client
    case = Refused(members, LITE + feature, TIER)

    created = wire("CreateUserPoolClient", {"UserPoolId": pool.id, "ClientName": "new", **members})
    updated = wire("UpdateUserPoolClient", {"UserPoolId": pool.id, "ClientId": client.client_id, **members})

    _assert_refused(created, case, pool)
    _assert_refused(updated, case, pool)
    assert standing.services.app_clients.all(pool.id) == [client]


def test_a_pool_whose_client_rotates_cannot_become_a_lite_one(site: Site) -> None:
    """api.md 9.1 line 17, the other way round."""
    ask, lite = Wire(site.app), {"UserPoolId": site.pool.id, "UserPoolTier": "LITE"}
    made = output(ask("CreateUserPoolClient", {"UserPoolId": site.pool.id, "ClientName": "rotates", **ROTATES}))
    name = {"UserPoolId": site.pool.id, "ClientId": made["UserPoolClient"]["ClientId"]}

    refused = ask("UpdateUserPool", lite)
    output(ask("UpdateUserPoolClient", {**name, "RefreshTokenRotation": {"Feature": "DISABLED"}}))
    output(ask("UpdateUserPool", lite))

    assert refusal(refused) == ("TierChangeNotAllowedException", f"{LITE}Refresh Token Rotation")
    assert refusal(ask("UpdateUserPoolClient", {**name, **ROTATES})) == (TIER, f"{LITE}Refresh Token Rotation")


def test_a_pool_has_a_thousand_clients_and_a_deleted_one_makes_room(site: Site) -> None:
    """api.md 2.8 row 18."""
    ask, asked = Wire(site.app), {"UserPoolId": site.pool.id, "ClientName": "one more"}
    crowd = add_clients(site, 1000 - 4 - 1)

    statuses = [ask("CreateUserPoolClient", asked).status_code for _ in range(2)]
    refused = ask("CreateUserPoolClient", asked)
    ask("DeleteUserPoolClient", {"UserPoolId": site.pool.id, "ClientId": crowd[7]})
    statuses += [ask("CreateUserPoolClient", asked).status_code for _ in range(2)]

    assert statuses == [200, 400, 200, 400]
    assert refusal(refused) == ("LimitExceededException", "A user pool has at most 1000 app clients.")


def _assert_refused(answer: TestResponse, case: Refused, pool: UserPool) -> None:
    assert refusal(answer) == (case.code, case.message.replace("<pool>", pool.id))
