"""The app client and every rule of its description (api.md 2.2 to 2.11)."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain.app_client import AppClient, ClientSpec, RefreshTokenRotation, TokenValidityUnits
from app_client_authz.domain.errors import (
    AuthzError,
    FeatureUnavailableInTier,
    InvalidParameter,
    LimitExceeded,
    OperationError,
    ResourceNotFound,
    ScopeDoesNotExist,
)
from app_client_authz.domain.pool import PoolSpec, UserPool
from tests.domain.app_clients import (
    CALLBACK,
    CLIENT_ID,
    NOW,
    POOL_ID,
    POOL_SCHEMA,
    SECRET,
    machine_client,
    make,
    oauth_client,
    update,
    user_pool,
)

OWN_SECRET = "my+own_secret_0123456789ABCD"
URL_PATTERN = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+"
READ_REFUSED = "Invalid read attributes specified while creating a client"
WRITE_REFUSED = "Invalid write attributes specified while creating a client"
LITE = "The following features need to be disabled for the LITE pricing tier configured: "


def refusal(kind: type[OperationError] = InvalidParameter, **members: object) -> str:
    with pytest.raises(kind) as error:
        make(**members)
    assert type(error.value) is kind
    return error.value.message


def violation(shown: str, path: str, phrase: str) -> str:
    return f"1 validation error detected: Value {shown} at '{path}' failed to satisfy constraint: {phrase}"


# --- defaults -------------------------------------------------------------------------------------


def test_a_client_with_only_a_name_has_cognitos_defaults() -> None:
    client = make()
    assert client.spec == ClientSpec(
        client_name="web",
        refresh_token_validity=30,
        allowed_oauth_flows_user_pool_client=False,
        enable_token_revocation=True,
        enable_propagate_additional_user_context_data=False,
        auth_session_validity=3,
        require_pkce=False,
    )
    assert (client.client_id, client.pool_id, client.name) == (CLIENT_ID, POOL_ID, "web")
    assert (client.created_at, client.updated_at, client.version) == (NOW, NOW, 1)
    assert not client.confidential
    assert client.secrets == ()
    assert client.scopes == client.callback_urls == client.logout_urls == client.identity_providers == ()
    assert client.read_attributes is None
    assert client.write_attributes is None
    assert client.revocation_enabled
    assert client.tracks_token_sessions
    assert not client.rotation_enabled
    assert not client.requires_pkce
    assert client.grace_seconds == 0
    assert not client.prevents_user_existence_errors
    assert client.auth_session_seconds == 180
    assert client.sso_max_seconds == 3_600


def test_what_was_never_set_stays_unset() -> None:
    spec = make().spec
    unset = {item.name for item in dataclasses.fields(spec) if getattr(spec, item.name) is None}
    assert unset == {
        "client_secret",
        "access_token_validity",
        "id_token_validity",
        "read_attributes",
        "write_attributes",
        "explicit_auth_flows",
        "supported_identity_providers",
        "callback_urls",
        "logout_urls",
        "default_redirect_uri",
        "allowed_oauth_flows",
        "allowed_oauth_scopes",
        "analytics_configuration",
        "prevent_user_existence_errors",
        "refresh_token_rotation",
        "sso_max_validity_minutes",
    }


LISTS = (
    "read_attributes",
    "write_attributes",
    "explicit_auth_flows",
    "supported_identity_providers",
    "callback_urls",
    "logout_urls",
    "allowed_oauth_flows",
    "allowed_oauth_scopes",
)


@pytest.mark.parametrize("member", LISTS)
def test_an_empty_list_is_an_unset_one(member: str) -> None:
    assert getattr(make(**{member: ()}).spec, member) is None


@pytest.mark.parametrize("member", LISTS)
@pytest.mark.parametrize("value", ["https://app.example", 7, {"code": 1}])
def test_what_is_not_a_list_is_refused(member: str, value: object) -> None:
    assert refusal(**{member: value}).endswith("failed to satisfy constraint: Member must be a list")


def test_duplicates_collapse_and_the_order_stays() -> None:
    client = oauth_client(
        callback_urls=[CALLBACK, "myapp://x", CALLBACK],
        allowed_oauth_scopes=["email", "openid", "email"],
        supported_identity_providers=["Google", "COGNITO", "Google"],
        read_attributes=["name", "email", "name"],
    )
    assert client.callback_urls == (CALLBACK, "myapp://x")
    assert client.scopes == ("email", "openid")
    assert client.identity_providers == ("Google", "COGNITO")
    assert client.spec.read_attributes == ("name", "email")


# --- single members -------------------------------------------------------------------------------


def test_a_client_id_is_of_the_models_pattern() -> None:
    with pytest.raises(InvalidParameter) as error:
        AppClient.create(
            ClientSpec(client_name="web"),
            client_id="no-dash",
            pool=user_pool(),
            scopes_available=(),
            providers=(),
            now=NOW,
        )
    assert error.value.message == (
        "1 validation error detected: Value at 'clientId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+]+"
    )


@pytest.mark.parametrize("name", ["a", "My app, v1.0+beta=@home-x_y", "x" * 128])
def test_a_name_is_of_its_alphabet(name: str) -> None:
    assert make(client_name=name).name == name


@pytest.mark.parametrize("name", ["a/b", "<b>", "münchen", "a\x00"])
def test_another_name_is_refused(name: str) -> None:
    assert refusal(client_name=name).endswith(
        r" at 'clientName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+"
    )


def test_the_length_of_a_name_is_bounded() -> None:
    long = "x" * 129
    assert refusal(client_name=long) == violation(
        f"'{long}'", "clientName", "Member must have length less than or equal to 128"
    )
    assert refusal(client_name=None) == violation("null", "clientName", "Member must not be null")


def test_all_violations_are_named_in_the_order_of_the_members() -> None:
    assert refusal(auth_session_validity=16, client_name="", access_token_validity=0) == (
        "4 validation errors detected: "
        "Value '' at 'clientName' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        r"Value '' at 'clientName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+; "
        "Value '0' at 'accessTokenValidity' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1; "
        "Value '16' at 'authSessionValidity' failed to satisfy constraint: "
        "Member must have value less than or equal to 15"
    )


@pytest.mark.parametrize("minutes", [3, 15])
def test_a_challenge_session_lasts_3_to_15_minutes(minutes: int) -> None:
    assert make(auth_session_validity=minutes).auth_session_seconds == minutes * 60


@pytest.mark.parametrize(
    "member, path, value, phrase",
    [
        ("auth_session_validity", "authSessionValidity", 2, "Member must have value greater than or equal to 3"),
        ("auth_session_validity", "authSessionValidity", 16, "Member must have value less than or equal to 15"),
        (
            "sso_max_validity_minutes",
            "ssoSession.maxValidityMinutes",
            -1,
            "Member must have value greater than or equal to 0",
        ),
        (
            "sso_max_validity_minutes",
            "ssoSession.maxValidityMinutes",
            129_601,
            "Member must have value less than or equal to 129600",
        ),
        (
            "prevent_user_existence_errors",
            "preventUserExistenceErrors",
            "enabled",
            "Member must satisfy enum value set: [LEGACY, ENABLED]",
        ),
    ],
)
def test_a_value_out_of_bounds_is_refused(member: str, path: str, value: object, phrase: str) -> None:
    assert refusal(**{member: value}) == violation(f"'{value}'", path, phrase)


@pytest.mark.parametrize(
    "member, path",
    [
        ("generate_secret", "generateSecret"),
        ("allowed_oauth_flows_user_pool_client", "allowedOAuthFlowsUserPoolClient"),
        ("enable_token_revocation", "enableTokenRevocation"),
        ("enable_propagate_additional_user_context_data", "enablePropagateAdditionalUserContextData"),
        ("require_pkce", "requirePkce"),
    ],
)
@pytest.mark.parametrize("value", ["true", 1, 0, []])
def test_a_switch_is_a_boolean(member: str, path: str, value: object) -> None:
    assert refusal(**{member: value}).endswith(f"at '{path}' failed to satisfy constraint: Member must be a boolean")


@pytest.mark.parametrize("value", [True, "5", 5.0, pytest.param(10**5000, id="huge")])
def test_minutes_are_an_integer_within_bounds(value: object) -> None:
    assert "at 'authSessionValidity' failed to satisfy constraint: Member must" in refusal(auth_session_validity=value)


def test_user_existence_errors_are_prevented_on_request() -> None:
    assert make(prevent_user_existence_errors="ENABLED").prevents_user_existence_errors
    assert not make(prevent_user_existence_errors="LEGACY").prevents_user_existence_errors


def test_sso_sessions_can_be_bounded_or_not_taken_over_at_all() -> None:
    assert make(sso_max_validity_minutes=5).sso_max_seconds == 300
    assert make(sso_max_validity_minutes=0).sso_max_seconds == 0


def test_analytics_are_kept_as_sent() -> None:
    analytics = {"ApplicationId": "0aF", "UserDataShared": False}
    assert make(analytics_configuration=analytics).spec.analytics_configuration == analytics


@pytest.mark.parametrize(
    "analytics, path",
    [
        ({"ApplicationId": "xyz"}, "analyticsConfiguration.applicationId"),
        ({"RoleArn": "role"}, "analyticsConfiguration.roleArn"),
        ({"UserDataShared": "yes"}, "analyticsConfiguration.userDataShared"),
        ({"Other": 1}, "analyticsConfiguration.other"),
        ({3: 1}, "analyticsConfiguration.3"),
        (["ApplicationId"], "analyticsConfiguration"),
    ],
)
def test_malformed_analytics_are_refused(analytics: object, path: str) -> None:
    assert f" at '{path}' failed to satisfy constraint: " in refusal(analytics_configuration=analytics)


# --- secrets --------------------------------------------------------------------------------------


def test_a_generated_secret_makes_the_client_confidential() -> None:
    client = make(generate_secret=True)
    assert client.confidential
    assert [secret.secret_id for secret in client.secrets] == [f"{CLIENT_ID}--1790257840"]
    assert client.secret_matches(SECRET)
    assert not client.spec.generate_secret


def test_a_supplied_secret_makes_the_client_confidential() -> None:
    client = make(client_secret=OWN_SECRET)
    assert client.confidential
    assert client.secret_matches(OWN_SECRET)
    assert not client.secret_matches(SECRET)


def test_a_public_client_has_no_secret_whatever_is_at_hand() -> None:
    client = make()
    assert not client.confidential
    assert not client.secret_matches(SECRET)
    assert not client.secret_matches("")


def test_generating_and_supplying_a_secret_exclude_each_other() -> None:
    assert refusal(generate_secret=True, client_secret=OWN_SECRET) == (
        "Cannot specify both GenerateSecret and ClientSecret."
    )


def test_a_secret_to_be_generated_has_to_come_along() -> None:
    spec = ClientSpec(client_name="web", generate_secret=True)
    with pytest.raises(ValueError, match="generated_secret"):
        AppClient.create(spec, client_id=CLIENT_ID, pool=user_pool(), scopes_available=(), providers=(), now=NOW)


@pytest.mark.parametrize("secret", ["a" * 24, "a" * 64, "A_z+09" * 5])
def test_a_supplied_secret_has_24_to_64_characters(secret: str) -> None:
    assert make(client_secret=secret).secret_matches(secret)


@pytest.mark.attack("R11")
@pytest.mark.parametrize(
    "secret, phrase",
    [
        ("a" * 23, "Member must have length greater than or equal to 24"),
        ("a" * 65, "Member must have length less than or equal to 64"),
        ("secret-with-dashes-in-it-all", r"Member must satisfy regular expression pattern: [\w+]+"),
        ("geheimnisgeheimnisgeheimnisä", r"Member must satisfy regular expression pattern: [\w+]+"),
        ("a" * 30 + "\n", r"Member must satisfy regular expression pattern: [\w+]+"),
    ],
)
def test_a_malformed_secret_is_refused_and_not_shown(secret: str, phrase: str) -> None:
    message = refusal(client_secret=secret)
    assert message == (f"1 validation error detected: Value at 'clientSecret' failed to satisfy constraint: {phrase}")
    assert secret not in message


@pytest.mark.attack("R11")
def test_no_secret_shows_in_a_client() -> None:
    client = make(client_secret=OWN_SECRET)
    assert OWN_SECRET not in repr(client)
    assert client.secrets[0].digest not in repr(client)
    assert client.spec.client_secret is None
    assert OWN_SECRET not in repr(ClientSpec(client_name="web", client_secret=OWN_SECRET))
    assert OWN_SECRET not in str(dataclasses.asdict(client))


def test_two_secrets_open_until_one_is_deleted() -> None:
    client = make(generate_secret=True).with_secret(OWN_SECRET, now=NOW + 5)
    assert client.secret_matches(SECRET)
    assert client.secret_matches(OWN_SECRET)
    assert (client.version, client.updated_at, client.created_at) == (2, NOW + 5, NOW)
    first, second = client.secrets
    assert (first.created_at, second.created_at) == (NOW, NOW + 5)

    rotated = client.without_secret(first.secret_id, now=NOW + 9)
    assert not rotated.secret_matches(SECRET)
    assert rotated.secret_matches(OWN_SECRET)
    assert (rotated.version, rotated.confidential) == (3, True)


def test_secrets_of_one_second_have_different_ids() -> None:
    client = make(generate_secret=True).with_secret(OWN_SECRET, now=NOW)
    assert [secret.secret_id for secret in client.secrets] == [f"{CLIENT_ID}--1790257840", f"{CLIENT_ID}--1790257841"]


def test_a_third_secret_is_refused() -> None:
    client = make(generate_secret=True).with_secret(OWN_SECRET, now=NOW)
    with pytest.raises(LimitExceeded) as error:
        client.with_secret("b" * 30, now=NOW)
    assert error.value.message == "A user pool client can have at most 2 client secrets."


def test_a_public_client_gets_no_secret() -> None:
    with pytest.raises(InvalidParameter, match="without a client secret"):
        make().with_secret(OWN_SECRET, now=NOW)


def test_the_same_secret_is_not_added_twice() -> None:
    with pytest.raises(InvalidParameter, match="already in use"):
        make(generate_secret=True).with_secret(SECRET, now=NOW)


def test_a_second_secret_obeys_the_format() -> None:
    with pytest.raises(InvalidParameter, match="Value at 'clientSecret' failed"):
        make(generate_secret=True).with_secret("short", now=NOW)


def test_the_last_secret_cannot_be_deleted() -> None:
    client = make(generate_secret=True)
    with pytest.raises(InvalidParameter) as error:
        client.without_secret(client.secrets[0].secret_id, now=NOW)
    assert error.value.message == "The last client secret cannot be deleted."


@pytest.mark.parametrize("secret_id", ["", "other--1790257840", "x" * 5000])
def test_an_unknown_secret_cannot_be_deleted(secret_id: str) -> None:
    for client in (make(generate_secret=True), make()):
        with pytest.raises(ResourceNotFound):
            client.without_secret(secret_id, now=NOW)


@given(st.text())
def test_no_other_text_is_the_secret(presented: str) -> None:
    assert not make(generate_secret=True).secret_matches(presented)


# --- OAuth ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "missing",
    [
        {"allowed_oauth_flows": None},
        {"allowed_oauth_scopes": None},
        {"allowed_oauth_flows": (), "allowed_oauth_scopes": ()},
    ],
)
def test_oauth_needs_flows_and_scopes(missing: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter) as error:
        oauth_client(**missing)
    assert error.value.message == (
        "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."
    )


def test_flows_and_scopes_are_stored_while_oauth_is_off() -> None:
    client = oauth_client(allowed_oauth_flows_user_pool_client=False)
    assert not client.oauth_enabled
    assert client.allows_flow("code")
    assert "openid" in client.scopes


@pytest.mark.parametrize("scope", ["orders/delete", "offline_access", "address", "OpenID", "aws.cognito/dcr/register"])
def test_a_scope_that_does_not_exist_is_refused(scope: str) -> None:
    with pytest.raises(ScopeDoesNotExist) as error:
        oauth_client(allowed_oauth_scopes=("openid", scope))
    assert error.value.message == f"Invalid scope requested: {scope}"


def test_scopes_of_a_resource_server_named_by_a_url_exist() -> None:
    assert oauth_client(allowed_oauth_scopes=("https://api.example/v1/read",)).scopes == (
        "https://api.example/v1/read",
    )


def test_fifty_scopes_are_the_most() -> None:
    scopes = [f"api/s{number}" for number in range(51)]
    assert len(oauth_client(allowed_oauth_scopes=scopes[:50], scopes_available=scopes).scopes) == 50
    with pytest.raises(InvalidParameter) as error:
        oauth_client(allowed_oauth_scopes=scopes, scopes_available=scopes)
    assert error.value.message.endswith(
        "at 'allowedOAuthScopes' failed to satisfy constraint: Member must have length less than or equal to 50"
    )


@pytest.mark.parametrize("scope", ["two words", "", 'a"', "x" * 257, 7])
def test_a_malformed_scope_is_refused(scope: object) -> None:
    with pytest.raises(
        InvalidParameter, match=r"at 'allowedOAuthScopes' failed to satisfy constraint: Member must sat"
    ):
        oauth_client(allowed_oauth_scopes=(scope,))


@pytest.mark.parametrize("member, path", [("callback_urls", "callbackURLs"), ("logout_urls", "logoutURLs")])
def test_every_url_of_a_client_is_checked(member: str, path: str) -> None:
    assert refusal(**{member: (CALLBACK, "https://x.example/#f")}) == "https://x.example/#f cannot use fragment"
    assert refusal(**{member: ("http://x.example",)}) == "http://x.example cannot use the HTTP protocol."
    assert refusal(**{member: ("JavaScript:alert(1)",)}) == "JavaScript:alert(1) cannot use the javascript scheme."
    assert refusal(**{member: ("https://a b",)}) == violation(
        "'[https://a b]'",
        path,
        f"Member must satisfy constraint: [Member must satisfy regular expression pattern: {URL_PATTERN}]",
    )
    urls = [f"https://app.example/{number}" for number in range(101)]
    assert len(getattr(make(**{member: urls[:100]}), member)) == 100
    assert refusal(**{member: urls}).endswith(
        f"at '{path}' failed to satisfy constraint: Member must have length less than or equal to 100"
    )


def test_the_default_redirect_uri_is_a_callback_url() -> None:
    assert oauth_client(default_redirect_uri=CALLBACK).spec.default_redirect_uri == CALLBACK
    with pytest.raises(InvalidParameter) as error:
        oauth_client(default_redirect_uri=CALLBACK + "/")
    assert error.value.message == f"The default redirect URI {CALLBACK}/ is not in the callback URIs list."
    assert refusal(default_redirect_uri="javascript:x") == (
        "The default redirect URI javascript:x is not in the callback URIs list."
    )


def test_context_data_needs_a_secret() -> None:
    assert refusal(enable_propagate_additional_user_context_data=True) == (
        "Client Secret is required to set EnablePropagateAdditionalUserContextData as true"
    )
    assert make(generate_secret=True, enable_propagate_additional_user_context_data=True)


@pytest.mark.parametrize("name", ["Facebook", "google", "cognito"])
def test_an_unknown_provider_is_refused(name: str) -> None:
    assert refusal(supported_identity_providers=("COGNITO", name)) == (
        f"The provider {name} does not exist for User Pool {POOL_ID}."
    )


def test_the_own_directory_is_always_a_provider() -> None:
    assert make(supported_identity_providers=("COGNITO",), providers=()).identity_providers == ("COGNITO",)


# --- rotation and tiers ---------------------------------------------------------------------------

ENABLED = RefreshTokenRotation("ENABLED", 10)


def test_rotation_keeps_its_grace_period() -> None:
    client = make(refresh_token_rotation=ENABLED)
    assert client.rotation_enabled
    assert client.grace_seconds == 10
    assert client.spec.refresh_token_rotation == ENABLED


def test_rotation_without_a_grace_period_has_none() -> None:
    client = make(refresh_token_rotation=RefreshTokenRotation("ENABLED"))
    assert client.spec.refresh_token_rotation == RefreshTokenRotation("ENABLED", 0)
    assert client.grace_seconds == 0


@pytest.mark.parametrize("grace", [None, 60])
def test_disabled_rotation_stores_no_grace_period(grace: int | None) -> None:
    client = make(refresh_token_rotation=RefreshTokenRotation("DISABLED", grace))
    assert client.spec.refresh_token_rotation == RefreshTokenRotation("DISABLED", 0)
    assert not client.rotation_enabled


def test_rotation_works_without_revocation_and_with_a_secret() -> None:
    client = make(generate_secret=True, enable_token_revocation=False, refresh_token_rotation=ENABLED)
    assert client.rotation_enabled
    assert not client.revocation_enabled
    assert client.tracks_token_sessions


def test_token_sessions_are_not_tracked_without_revocation_and_rotation() -> None:
    assert not make(enable_token_revocation=False).tracks_token_sessions


@pytest.mark.parametrize(
    "rotation, path, shown, phrase",
    [
        (RefreshTokenRotation("ON"), "feature", "'ON'", "Member must satisfy enum value set: [ENABLED, DISABLED]"),
        (RefreshTokenRotation(None), "feature", "null", "Member must not be null"),  # type: ignore[arg-type]
        (
            RefreshTokenRotation("ENABLED", 61),
            "retryGracePeriodSeconds",
            "'61'",
            "Member must have value less than or equal to 60",
        ),
        (
            RefreshTokenRotation("ENABLED", -1),
            "retryGracePeriodSeconds",
            "'-1'",
            "Member must have value greater than or equal to 0",
        ),
        (RefreshTokenRotation("ENABLED", True), "retryGracePeriodSeconds", "'true'", "Member must be an integer"),
    ],
)
def test_malformed_rotation_is_refused(rotation: RefreshTokenRotation, path: str, shown: str, phrase: str) -> None:
    assert refusal(refresh_token_rotation=rotation) == violation(shown, f"refreshTokenRotation.{path}", phrase)


def test_rotation_excludes_refresh_through_the_api() -> None:
    message = "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh token rotation is enabled."
    flows = ("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    assert refusal(refresh_token_rotation=ENABLED, explicit_auth_flows=flows) == message
    assert make(refresh_token_rotation=RefreshTokenRotation("DISABLED"), explicit_auth_flows=flows)
    assert make(refresh_token_rotation=ENABLED, explicit_auth_flows=("ALLOW_USER_SRP_AUTH",))


def test_a_lite_pool_has_no_rotation_and_no_choice_based_sign_in() -> None:
    lite = user_pool("LITE")
    assert refusal(FeatureUnavailableInTier, pool=lite, refresh_token_rotation=ENABLED) == (
        LITE + "Refresh Token Rotation"
    )
    assert refusal(FeatureUnavailableInTier, pool=lite, explicit_auth_flows=("ALLOW_USER_AUTH",)) == (
        LITE + "Passwordless Sign-In"
    )
    assert make(pool=lite, refresh_token_rotation=RefreshTokenRotation("DISABLED"))
    assert make(pool=user_pool("PLUS"), refresh_token_rotation=ENABLED, explicit_auth_flows=("ALLOW_USER_AUTH",))


# --- attributes -----------------------------------------------------------------------------------


def test_attribute_lists_keep_the_sent_order() -> None:
    client = make(
        pool=user_pool(schema=POOL_SCHEMA),
        read_attributes=("email", "custom:team", "sub", "email_verified", "address"),
        write_attributes=("name", "email", "custom:employee"),
    )
    assert client.spec.read_attributes == ("email", "custom:team", "sub", "email_verified", "address")
    assert client.read_attributes == {"email", "custom:team", "sub", "email_verified", "address"}
    assert client.spec.write_attributes == ("name", "email", "custom:employee")
    assert client.write_attributes == {"name", "email", "custom:employee"}


@pytest.mark.parametrize("name", ["team", "custom:nothing", "Email", "mail", "dev:custom:team"])
def test_an_unknown_attribute_is_refused(name: str) -> None:
    pool = user_pool(schema=POOL_SCHEMA)
    assert refusal(pool=pool, read_attributes=("email", name)) == READ_REFUSED
    assert refusal(pool=pool, write_attributes=("email", name)) == WRITE_REFUSED


@pytest.mark.parametrize("name", ["sub", "email_verified", "phone_number_verified"])
def test_no_client_writes_what_the_server_owns(name: str) -> None:
    assert refusal(write_attributes=("email", name)) == WRITE_REFUSED


def test_required_attributes_have_to_be_writable() -> None:
    pool = user_pool(schema=POOL_SCHEMA)
    assert refusal(pool=pool, write_attributes=("name",)) == WRITE_REFUSED
    assert make(pool=pool, write_attributes=("email",))
    assert make(pool=pool, read_attributes=("name",))


def test_an_immutable_attribute_may_be_writable() -> None:
    pool = user_pool(schema=POOL_SCHEMA)
    assert make(pool=pool, write_attributes=("email", "custom:employee"))


@pytest.mark.parametrize("name", ["", "x" * 2049, 7])
def test_a_malformed_attribute_name_violates_the_model(name: object) -> None:
    assert "at 'readAttributes' failed to satisfy constraint: Member must satisfy constraint: [" in refusal(
        read_attributes=(name,)
    )


# --- update ---------------------------------------------------------------------------------------


def test_an_update_with_only_a_name_goes_back_to_the_defaults() -> None:
    client = oauth_client(
        access_token_validity=2,
        refresh_token_validity=5,
        token_validity_units=TokenValidityUnits(refresh_token="days", given=True),
        read_attributes=("email",),
        write_attributes=("email",),
        explicit_auth_flows=("ALLOW_USER_AUTH",),
        supported_identity_providers=("COGNITO",),
        logout_urls=(CALLBACK,),
        default_redirect_uri=CALLBACK,
        analytics_configuration={"ApplicationId": "1"},
        prevent_user_existence_errors="ENABLED",
        enable_token_revocation=False,
        auth_session_validity=10,
    )
    assert update(client).spec == make().spec


def test_an_update_without_a_name_keeps_it() -> None:
    assert update(make(client_name="shop"), client_name=None).name == "shop"
    assert update(make(client_name="shop"), client_name="store").name == "store"


def test_a_new_client_needs_a_name() -> None:
    assert refusal(client_name=None) == violation("null", "clientName", "Member must not be null")


def test_an_update_keeps_id_secrets_and_creation() -> None:
    client = make(generate_secret=True)
    updated = update(client, client_name="renamed", client_secret=OWN_SECRET)
    assert updated.name == "renamed"
    assert (updated.client_id, updated.secrets, updated.confidential) == (client.client_id, client.secrets, True)
    assert (updated.created_at, updated.updated_at, updated.version) == (NOW, NOW + 60, 2)
    assert not updated.secret_matches(OWN_SECRET)


def test_an_update_cannot_give_a_public_client_a_secret() -> None:
    updated = update(make(), generate_secret=True, client_secret=OWN_SECRET)
    assert not updated.confidential
    assert updated.secrets == ()


def test_an_update_that_changes_nothing_still_counts() -> None:
    updated = update(make())
    assert (updated.updated_at, updated.version) == (NOW + 60, 2)


def test_rotation_stays_until_it_is_switched_off() -> None:
    client = make(refresh_token_rotation=ENABLED)
    assert update(client).rotation_enabled
    with pytest.raises(InvalidParameter, match="ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow"):
        update(client, explicit_auth_flows=("ALLOW_REFRESH_TOKEN_AUTH",))
    off = update(
        client,
        explicit_auth_flows=("ALLOW_REFRESH_TOKEN_AUTH",),
        refresh_token_rotation=RefreshTokenRotation("DISABLED"),
    )
    assert not off.rotation_enabled


def test_an_update_that_does_not_know_pkce_and_sso_bounds_keeps_them() -> None:
    client = make(require_pkce=True, sso_max_validity_minutes=0)
    assert update(client).requires_pkce
    assert update(client).sso_max_seconds == 0
    assert not update(client, require_pkce=False).requires_pkce
    assert update(client, sso_max_validity_minutes=7).sso_max_seconds == 420


@pytest.mark.parametrize(
    "members, kind",
    [
        ({"callback_urls": ("http://evil.example",)}, InvalidParameter),
        ({"logout_urls": ("javascript:x",)}, InvalidParameter),
        ({"allowed_oauth_scopes": ("gone/read",)}, ScopeDoesNotExist),
        ({"write_attributes": ("sub",)}, InvalidParameter),
        ({"access_token_validity": 25}, InvalidParameter),
        ({"client_name": ""}, InvalidParameter),
    ],
)
def test_an_update_obeys_the_same_rules(members: dict[str, object], kind: type[OperationError]) -> None:
    with pytest.raises(kind):
        update(make(), **members)


@pytest.mark.attack("R23")
def test_a_client_of_another_pool_is_not_found() -> None:
    other = UserPool.create(PoolSpec(name="other"), pool_id="us-east-1_000000001", now=NOW)
    with pytest.raises(ResourceNotFound) as error:
        update(make(), pool=other)
    assert error.value.message == "User pool client does not exist."


# --- the value ------------------------------------------------------------------------------------


def test_a_client_is_a_value() -> None:
    client = oauth_client(analytics_configuration={"ApplicationId": "1"})
    assert client == oauth_client(analytics_configuration={"ApplicationId": "1"})
    assert client != machine_client()
    assert hash(client) == hash(oauth_client(analytics_configuration={"ApplicationId": "1"}))
    with pytest.raises(dataclasses.FrozenInstanceError):
        client.version = 2  # type: ignore[misc]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = [
    item.name
    for item in dataclasses.fields(ClientSpec)
    if item.name not in {"token_validity_units", "refresh_token_rotation"}
]


@pytest.mark.attack("R19")
@given(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4))
def test_whatever_a_caller_sends_is_accepted_or_refused(members: dict[str, object]) -> None:
    answer: AppClient | AuthzError
    try:
        answer = make(**members)
    except AuthzError as error:
        answer = error
    if isinstance(answer, AuthzError):
        assert answer.message.encode()  # every message can be sent
    else:
        assert answer.confidential == bool(answer.secrets)
        assert 300 <= answer.access_token_seconds <= 86_400


# --- the bound of silent sign-ins -----------------------------------------------------------------


def tracking_pool(tracking: str = "ENABLED", tier: str = "ESSENTIALS") -> UserPool:
    spec = PoolSpec(name="customers", tier=tier)
    pool = UserPool.create(spec, pool_id=POOL_ID, now=NOW)
    return dataclasses.replace(pool, spec=dataclasses.replace(pool.spec, user_session_tracking=tracking))


@pytest.mark.parametrize("minutes", [0, 1, 129_600])
def test_a_bound_is_set_and_nothing_else_changes(minutes: int) -> None:
    client = oauth_client()
    bounded = client.with_sso_bound(minutes, pool=tracking_pool(), now=NOW + 5)

    assert (bounded.sso_max_minutes, bounded.sso_max_seconds) == (minutes, 60 * minutes)
    assert (bounded.updated_at, bounded.version) == (NOW + 5, client.version + 1)
    assert dataclasses.replace(bounded.spec, sso_max_validity_minutes=None) == client.spec


@pytest.mark.parametrize("minutes", [-1, 129_601])
def test_a_bound_is_ninety_days_at_most(minutes: int) -> None:
    with pytest.raises(InvalidParameter, match=r"'ssoSession\.maxValidityMinutes' failed"):
        make().with_sso_bound(minutes, pool=tracking_pool(), now=NOW)


def test_only_a_pool_that_tracks_sessions_has_clients_with_bounds() -> None:
    with pytest.raises(InvalidParameter, match=f"User session tracking is not enabled for user pool {POOL_ID}"):
        make().with_sso_bound(5, pool=tracking_pool("DISABLED"), now=NOW)
    with pytest.raises(FeatureUnavailableInTier, match=f"{LITE}User Session Tracking"):
        make().with_sso_bound(5, pool=tracking_pool("DISABLED", "LITE"), now=NOW)
