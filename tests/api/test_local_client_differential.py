"""The same calls by boto3 over a socket and in the same process, on two sites that begin alike: the same answers."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from app_client_authz import AppClientAuthz
from app_client_authz.api.local_client import method_name
from app_client_authz.api.operations import OPERATIONS
from app_client_authz.api.shapes import model
from app_client_authz.crypto import digests
from app_client_authz.domain import ids
from app_client_authz.exceptions import ParamValidationError
from tests.support.aws import ACCESS_KEY, SECRET_KEY, Wire, boto_client
from tests.support.clock import MovableClock
from tests.support.live import LiveServer
from tests.support.mfa import App
from tests.support.site import BASE, CALLBACK, PASSWORD, USERNAME, Site, make_site
from tests.support.twins import Recorder, twin

UNCONFIRMED = "lee"
CODE = "123456"
ROLE = "arn:aws:iam::000000000000:role/staff"
SNOW = "\N{SNOWMAN} " * 70
LOGO = b"\x89PNG\r\n\x1a\n" + bytes(16)


@dataclass
class Twins:
    """``boto3`` and ``local`` call sites that were equal before their first call."""

    boto3: Recorder
    local: Recorder
    site: Site

    def each(self) -> tuple[Recorder, Recorder]:
        return self.boto3, self.local

    def agree(self) -> None:
        """Both got the same answers."""
        assert self.local.transcript
        for ours, theirs in zip(self.local.transcript, self.boto3.transcript, strict=True):
            assert ours == theirs


@pytest.fixture
def twins(
    sqlite_url_migrated: str, clock: MovableClock, live_server: Callable[..., LiveServer], tmp_path: Path
) -> Iterator[Twins]:
    keys = {ACCESS_KEY: SECRET_KEY}
    site = make_site(sqlite_url_migrated, clock, AUTHZ_ACCESS_KEYS=keys, AUTHZ_PUBLIC_URL=BASE)
    site.services.users.create(site.pool.id, UNCONFIRMED, {"email": "lee@example.com"}, password=None, permanent=False)
    with site.services.engine.begin() as connection:
        name = {"name": UNCONFIRMED}
        connection.execute(sa.text("UPDATE authz_users SET status = 'UNCONFIRMED' WHERE username = :name"), name)
    second_clock = MovableClock(clock.now)
    second = twin(site, second_clock, tmp_path)
    over_http = boto_client(live_server(site.app).url)
    in_process = AppClientAuthz().client("cognito-idp", app=second)
    numbers = itertools.count(1)
    # ListUserPools goes by ID, and chance would give each site another order.
    with (
        patch.object(ids, "pool_id_from", side_effect=lambda region, _random: f"{region}_{next(numbers):09}"),
        patch.object(digests, "random_digits", return_value=CODE),
    ):
        yield Twins(Recorder(over_http, clock), Recorder(in_process, second_clock), site)
    over_http.close()


# --- scenes: every operation of this release at its work ------------------------------------------


def clients_and_secrets(cognito: Recorder, pool: str) -> None:
    made = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="shop",
        GenerateSecret=True,
        CallbackURLs=[CALLBACK, "http://localhost:3000/cb"],
        LogoutURLs=["https://app.example/bye"],
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", "orders/read"],
        AllowedOAuthFlowsUserPoolClient=True,
        SupportedIdentityProviders=["COGNITO"],
        ReadAttributes=["email", "name"],
        TokenValidityUnits={"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
        AccessTokenValidity=10,
        IdTokenValidity=10,
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
    )
    named = {"UserPoolId": pool, "ClientId": made["UserPoolClient"]["ClientId"]}
    cognito.describe_user_pool_client(**named)
    cognito.update_user_pool_client(**named, ClientName="shop 2", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"])
    cognito.update_user_pool_client(**named, AccessTokenValidity=1, TokenValidityUnits={"AccessToken": "seconds"})
    cognito.update_user_pool_client(**named, CallbackURLs=["no url"], AllowedOAuthScopes=["unheard/of"])
    added = cognito.add_user_pool_client_secret(**named)
    cognito.add_user_pool_client_secret(**named)
    cognito.list_user_pool_client_secrets(**named)
    secret = added["ClientSecretDescriptor"]["ClientSecretId"]
    cognito.delete_user_pool_client_secret(**named, ClientSecretId=secret)
    cognito.delete_user_pool_client_secret(**named, ClientSecretId=secret)
    cognito.set_user_pool_client_session_configuration(**named, SSOSession={"MaxValidityMinutes": 30})
    cognito.set_user_pool_session_configuration(
        UserPoolId=pool, UserSessionTracking="ENABLED", TokenSession={"MaxPerUser": 5}
    )
    cognito.set_user_pool_client_session_configuration(**named, SSOSession={"MaxValidityMinutes": 30})
    cognito.get_user_pool_client_session_configuration(**named)
    cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=3)
    cognito.pages("list_user_pool_clients", UserPoolId=pool, PaginationConfig={"PageSize": 2, "MaxItems": 3})
    cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=3, NextToken="made-up")
    cognito.delete_user_pool_client(**named)
    cognito.delete_user_pool_client(**named)
    cognito.describe_user_pool_client(**named)


def resource_servers(cognito: Recorder, pool: str) -> None:
    scopes = [{"ScopeName": "read", "ScopeDescription": "Read"}, {"ScopeName": "write", "ScopeDescription": "Write"}]
    named = {"UserPoolId": pool, "Identifier": "https://stock.example"}
    cognito.create_resource_server(**named, Name="Stock", Scopes=scopes)
    cognito.create_resource_server(**named, Name="Stock", Scopes=scopes)
    cognito.describe_resource_server(**named)
    cognito.update_resource_server(**named, Name="Stocks", Scopes=scopes[:1])
    cognito.list_resource_servers(UserPoolId=pool, MaxResults=1)
    cognito.pages("list_resource_servers", UserPoolId=pool, PaginationConfig={"PageSize": 1})
    cognito.delete_resource_server(**named)
    cognito.describe_resource_server(**named)


def users(cognito: Recorder, pool: str) -> None:
    ann = {"UserPoolId": pool, "Username": "ann"}
    attributes = [{"Name": "email", "Value": "ann@example.com"}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(
        **ann, UserAttributes=attributes, TemporaryPassword="Temp0rary!ann", MessageAction="SUPPRESS"
    )
    cognito.admin_create_user(**ann)
    cognito.admin_create_user(UserPoolId=pool, Username="bob", UserAttributes=[{"Name": "custom:no", "Value": "x"}])
    cognito.admin_create_user(UserPoolId=pool, Username="bob", MessageAction="SUPPRESS")
    cognito.admin_get_user(**ann)
    cognito.admin_set_user_password(**ann, Password="short", Permanent=True)
    cognito.admin_set_user_password(**ann, Password="Permanent-1", Permanent=True)
    cognito.admin_confirm_sign_up(**ann)
    cognito.admin_confirm_sign_up(UserPoolId=pool, Username=UNCONFIRMED)
    cognito.admin_update_user_attributes(**ann, UserAttributes=[{"Name": "name", "Value": "Ann"}])
    cognito.admin_delete_user_attributes(**ann, UserAttributeNames=["name"])
    cognito.admin_disable_user(**ann)
    cognito.admin_enable_user(**ann)
    cognito.admin_reset_user_password(**ann)
    cognito.admin_user_global_sign_out(**ann)
    cognito.admin_get_user(**ann)
    cognito.list_users(UserPoolId=pool, Filter='email ^= "ann"', AttributesToGet=["email"])
    cognito.list_users(UserPoolId=pool, Filter="email ~ ann")
    cognito.pages("list_users", UserPoolId=pool, PaginationConfig={"PageSize": 1})
    cognito.admin_delete_user(**ann)
    cognito.admin_get_user(**ann)


def groups(cognito: Recorder, pool: str) -> None:
    staff = {"UserPoolId": pool, "GroupName": "staff"}
    cognito.create_group(**staff, Description="All", RoleArn=ROLE, Precedence=1)
    cognito.create_group(**staff)
    cognito.create_group(UserPoolId=pool, GroupName="guests")
    cognito.get_group(**staff)
    cognito.update_group(**staff, Precedence=-1)
    cognito.update_group(**staff, Description="Some")
    cognito.admin_add_user_to_group(**staff, Username="kim")
    cognito.admin_list_groups_for_user(UserPoolId=pool, Username="kim")
    cognito.list_users_in_group(**staff)
    cognito.pages("list_groups", UserPoolId=pool, PaginationConfig={"PageSize": 1})
    cognito.list_groups(UserPoolId=pool, Limit=0)
    cognito.admin_remove_user_from_group(**staff, Username="kim")
    cognito.list_users_in_group(**staff)
    cognito.delete_group(**staff)
    cognito.get_group(**staff)


def pools(cognito: Recorder, first_pool: str) -> None:
    cognito.get_signing_certificate(UserPoolId=first_pool)
    made = cognito.create_user_pool(
        PoolName="second",
        Policies={"PasswordPolicy": {"MinimumLength": 10, "RequireSymbols": False}},
        Schema=[{"Name": "tenant", "AttributeDataType": "String", "Mutable": True}],
        UsernameAttributes=["email"],
        UserPoolTags={"team": "shop"},
        DeletionProtection="ACTIVE",
    )
    pool = made["UserPool"]["Id"]
    arn = made["UserPool"]["Arn"]
    cognito.describe_user_pool(UserPoolId=pool)
    cognito.delete_user_pool(UserPoolId=pool)
    cognito.update_user_pool(UserPoolId=pool, AutoVerifiedAttributes=["email"])
    cognito.add_custom_attributes(
        UserPoolId=pool, CustomAttributes=[{"Name": "level", "AttributeDataType": "Number"}, {"Name": "note"}]
    )
    cognito.add_custom_attributes(UserPoolId=pool, CustomAttributes=[{"Name": "level"}])
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
    )
    cognito.get_user_pool_mfa_config(UserPoolId=pool)
    cognito.get_user_pool_session_configuration(UserPoolId=pool)
    cognito.tag_resource(ResourceArn=arn, Tags={"stage": "test"})
    cognito.untag_resource(ResourceArn=arn, TagKeys=["team"])
    cognito.list_tags_for_resource(ResourceArn=arn)
    cognito.list_tags_for_resource(ResourceArn=arn[:-1] + "x")
    cognito.list_user_pools(MaxResults=1)
    cognito.pages("list_user_pools", PaginationConfig={"PageSize": 1})
    cognito.update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")
    cognito.delete_user_pool(UserPoolId=pool)
    cognito.describe_user_pool(UserPoolId=pool)


def domains_and_looks(cognito: Recorder, pool: str) -> None:
    named = {"UserPoolId": pool, "Domain": "shop-login"}
    cognito.create_user_pool_domain(**named)
    cognito.create_user_pool_domain(**named)
    cognito.describe_user_pool_domain(Domain="shop-login")
    cognito.update_user_pool_domain(**named, ManagedLoginVersion=2)
    cognito.get_ui_customization(UserPoolId=pool)
    cognito.set_ui_customization(UserPoolId=pool, CSS=".label-customizable {font-weight: 400;}", ImageFile=LOGO)
    cognito.get_ui_customization(UserPoolId=pool)
    cognito.delete_user_pool_domain(**named)
    cognito.describe_user_pool_domain(Domain="shop-login")


def identity_providers(cognito: Recorder, pool: str) -> None:
    named = {"UserPoolId": pool, "ProviderName": "corp"}
    details = {
        "client_id": "c",
        "client_secret": "s",
        "attributes_request_method": "GET",
        "oidc_issuer": "https://corp.example",
        "authorize_scopes": "openid",
    }
    cognito.create_identity_provider(
        **named,
        ProviderType="OIDC",
        ProviderDetails=details,
        AttributeMapping={"email": "email"},
        IdpIdentifiers=["corp.example"],
    )
    cognito.create_identity_provider(**named, ProviderType="OIDC", ProviderDetails=details)
    cognito.describe_identity_provider(**named)
    cognito.get_identity_provider_by_identifier(UserPoolId=pool, IdpIdentifier="corp.example")
    cognito.update_identity_provider(**named, AttributeMapping={"name": "name"})
    cognito.pages("list_identity_providers", UserPoolId=pool)
    cognito.list_identity_providers(UserPoolId=pool, MaxResults=1)
    cognito.delete_identity_provider(**named)
    cognito.describe_identity_provider(**named)


def sign_in(cognito: Recorder, pool: str) -> None:
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName="app", ExplicitAuthFlows=flows)
    client = {"ClientId": made["UserPoolClient"]["ClientId"]}
    cognito.update_user_pool(UserPoolId=pool, AutoVerifiedAttributes=["email"])
    kim = {"USERNAME": USERNAME, "PASSWORD": PASSWORD}
    cognito.initiate_auth(**client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=kim | {"PASSWORD": "Wrong-1!"})
    cognito.initiate_auth(**client, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": USERNAME, "SRP_A": "a"})
    cognito.admin_initiate_auth(UserPoolId=pool, **client, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=kim)
    tokens = cognito.initiate_auth(**client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=kim)["AuthenticationResult"]
    token = {"AccessToken": tokens["AccessToken"]}
    cognito.get_user(**token)
    cognito.get_user(AccessToken=tokens["IdToken"])
    cognito.update_user_attributes(**token, UserAttributes=[{"Name": "email", "Value": "new@example.com"}])
    cognito.verify_user_attribute(**token, AttributeName="email", Code="000000")
    cognito.verify_user_attribute(**token, AttributeName="email", Code=CODE)
    cognito.get_user_attribute_verification_code(**token, AttributeName="email")
    cognito.delete_user_attributes(**token, UserAttributeNames=["name"])
    cognito.change_password(**token, PreviousPassword=PASSWORD, ProposedPassword="Another-1!")
    refreshed = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    cognito.initiate_auth(**client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=refreshed)
    cognito.get_tokens_from_refresh_token(**client, RefreshToken=tokens["RefreshToken"])
    cognito.revoke_token(**client, Token=tokens["RefreshToken"])
    cognito.get_tokens_from_refresh_token(**client, RefreshToken=tokens["RefreshToken"])
    cognito.get_user(**token)
    for number, (respond, more) in enumerate(
        [(cognito.respond_to_auth_challenge, {}), (cognito.admin_respond_to_auth_challenge, {"UserPoolId": pool})]
    ):
        name = f"new-{number}"
        cognito.admin_create_user(
            UserPoolId=pool, Username=name, TemporaryPassword="Temp0rary!", MessageAction="SUPPRESS"
        )
        challenge = cognito.initiate_auth(
            **client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": name, "PASSWORD": "Temp0rary!"}
        )
        answer = {
            **client,
            **more,
            "ChallengeName": challenge["ChallengeName"],
            "Session": challenge["Session"],
            "ChallengeResponses": {"USERNAME": name, "NEW_PASSWORD": "Permanent-1"},
        }
        signed_in = respond(**answer)["AuthenticationResult"]
        respond(**answer)
        cognito.global_sign_out(AccessToken=signed_in["AccessToken"])
        again = cognito.initiate_auth(
            **client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": name, "PASSWORD": "Permanent-1"}
        )["AuthenticationResult"]
        cognito.delete_user(AccessToken=again["AccessToken"])


def second_factors(cognito: Recorder, pool: str) -> None:
    made = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="mfa", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH"]
    )
    client = {"ClientId": made["UserPoolClient"]["ClientId"]}
    cognito.update_user_pool(
        UserPoolId=pool,
        EmailConfiguration={"EmailSendingAccount": "DEVELOPER"},
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}},
    )
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        EmailMfaConfiguration={},
        MfaConfiguration="OPTIONAL",
    )
    ann = {"UserPoolId": pool, "Username": "ann"}
    proven = [{"Name": "email", "Value": "ann@example.com"}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(**ann, UserAttributes=proven, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**ann, Password=PASSWORD, Permanent=True)
    password = {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "ann", "PASSWORD": PASSWORD}}
    token = {"AccessToken": cognito.initiate_auth(**client, **password)["AuthenticationResult"]["AccessToken"]}
    cognito.get_user_auth_factors(**token)
    cognito.associate_software_token()
    cognito.verify_software_token(**token, UserCode="12345")
    cognito.verify_software_token(**token, UserCode="123456")
    app = App(cognito.associate_software_token(**token)["SecretCode"], cognito.clock)
    cognito.verify_software_token(**token, UserCode=app.code(), FriendlyDeviceName="phone")
    cognito.verify_software_token(**token, UserCode=app.code())
    cognito.set_user_mfa_preference(**token, SMSMfaSettings={"Enabled": True})
    cognito.set_user_mfa_preference(**token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
    cognito.admin_set_user_mfa_preference(**ann, EmailMfaSettings={"Enabled": True})
    cognito.set_user_settings(**token, MFAOptions=[{"DeliveryMedium": "SMS", "AttributeName": "email"}])
    cognito.set_user_settings(**token, MFAOptions=[])
    cognito.admin_set_user_settings(**ann, MFAOptions=[])
    cognito.get_user(**token)
    cognito.admin_get_user(**ann)
    cognito.admin_get_user_auth_factors(**ann)

    def respond(challenge: Any, **responses: str) -> Any:
        return cognito.respond_to_auth_challenge(
            **client,
            ChallengeName=challenge["ChallengeName"],
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": "ann", **responses},
        )

    cognito.clock.advance(30)
    challenge = cognito.initiate_auth(**client, **password)
    respond(challenge)
    respond(challenge, SOFTWARE_TOKEN_MFA_CODE=app.code(9))
    respond(challenge, SOFTWARE_TOKEN_MFA_CODE=app.code())
    respond(challenge, SOFTWARE_TOKEN_MFA_CODE=app.code())
    choice = {"AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "ann"}}
    respond(cognito.initiate_auth(**client, **choice), ANSWER="EMAIL_OTP")
    cognito.admin_delete_software_token(**ann)
    by_mail = cognito.initiate_auth(**client, **password)
    respond(by_mail, EMAIL_OTP_CODE="000000")
    respond(by_mail, EMAIL_OTP_CODE=CODE)
    cognito.admin_set_user_mfa_preference(**ann, EmailMfaSettings={"Enabled": False})
    chosen = respond(cognito.initiate_auth(**client, **choice), ANSWER="EMAIL_OTP")
    respond(chosen, EMAIL_OTP_CODE=CODE)
    cognito.admin_delete_user(**ann)


def devices(cognito: Recorder, pool: str) -> None:
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName="phone", ExplicitAuthFlows=flows)
    client = {"ClientId": made["UserPoolClient"]["ClientId"]}
    asked = {
        **client,
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": USERNAME, "PASSWORD": "Permanent-1"},
    }
    # Not a user of the scene's own: one with the same sub on both sites, of which the device group key is made.
    kim = {"UserPoolId": pool, "Username": USERNAME}
    cognito.admin_set_user_password(**kim, Password="Permanent-1", Permanent=True)
    cognito.admin_list_devices(**kim)
    for on_prompt in (True, False):
        cognito.update_user_pool(UserPoolId=pool, DeviceConfiguration={"DeviceOnlyRememberedOnUserPrompt": on_prompt})
        tokens = cognito.initiate_auth(**asked)["AuthenticationResult"]
        own = {"AccessToken": tokens["AccessToken"], "DeviceKey": tokens["NewDeviceMetadata"]["DeviceKey"]}
        cognito.get_device(**own)
        cognito.confirm_device(**own, DeviceSecretVerifierConfig={"PasswordVerifier": "!", "Salt": "AAAA"})
        verifier = {"PasswordVerifier": "AAAF" * 100, "Salt": "AAAF"}
        cognito.confirm_device(**own, DeviceName="phone", DeviceSecretVerifierConfig=verifier)
        cognito.confirm_device(**own)
        cognito.get_device(**own)
        cognito.update_device_status(**own, DeviceRememberedStatus="remembered")
        cognito.get_device(**own)
        cognito.list_devices(AccessToken=tokens["AccessToken"], Limit=1)
        cognito.list_devices(AccessToken=tokens["AccessToken"], PaginationToken="made-up")
        named = {**kim, "DeviceKey": own["DeviceKey"]}
        cognito.admin_update_device_status(**named, DeviceRememberedStatus="not_remembered")
        cognito.admin_get_device(**named)
        cognito.admin_list_devices(**kim)
        refreshed = {"RefreshToken": tokens["RefreshToken"], **client}
        cognito.get_tokens_from_refresh_token(**refreshed)
        cognito.get_tokens_from_refresh_token(**refreshed, DeviceKey=own["DeviceKey"])
        begun = {**asked, "AuthParameters": {**asked["AuthParameters"], "DEVICE_KEY": own["DeviceKey"]}}
        cognito.initiate_auth(**begun)
        cognito.admin_update_device_status(**named, DeviceRememberedStatus="remembered")
        step = cognito.initiate_auth(**begun)
        answer = {"USERNAME": USERNAME, "DEVICE_KEY": own["DeviceKey"], "SRP_A": "no number"}
        waiting = {**client, "ChallengeName": step["ChallengeName"], "Session": step["Session"]}
        cognito.respond_to_auth_challenge(**waiting, ChallengeResponses=answer)
        answer["DEVICE_KEY"] = "us-east-1_0"
        cognito.respond_to_auth_challenge(**waiting, ChallengeResponses=answer | {"SRP_A": "a"})
        if on_prompt:
            cognito.forget_device(**own)
        else:
            cognito.admin_forget_device(**named)
        cognito.forget_device(**own)
        cognito.get_tokens_from_refresh_token(**refreshed, DeviceKey=own["DeviceKey"])
    cognito.update_user_pool(UserPoolId=pool)
    cognito.admin_list_devices(**kim)


def registration_and_recovery(cognito: Recorder, pool: str) -> None:
    for setting in ("LEGACY", "ENABLED"):
        made = cognito.create_user_pool_client(
            UserPoolId=pool, ClientName=setting, PreventUserExistenceErrors=setting, GenerateSecret=False
        )
        client = {"ClientId": made["UserPoolClient"]["ClientId"]}
        cognito.update_user_pool(UserPoolId=pool, AutoVerifiedAttributes=["email"])
        who = {**client, "Username": f"mia-{setting}"}
        attributes = [{"Name": "email", "Value": "mia@example.com"}]
        cognito.sign_up(**who, Password="short")
        cognito.sign_up(**who, Password=PASSWORD, UserAttributes=attributes)
        cognito.sign_up(**who, Password=PASSWORD)
        cognito.sign_up(**client, Username=f"moe-{setting}", Password=PASSWORD)
        cognito.confirm_sign_up(**who, ConfirmationCode="000000")
        cognito.resend_confirmation_code(**who)
        cognito.confirm_sign_up(**who, ConfirmationCode=CODE)
        cognito.resend_confirmation_code(**who)
        cognito.forgot_password(**who)
        cognito.confirm_forgot_password(**who, ConfirmationCode="000000", Password=PASSWORD)
        cognito.confirm_forgot_password(**who, ConfirmationCode=CODE, Password="short")
        cognito.confirm_forgot_password(**who, ConfirmationCode=CODE, Password="Another-1!")
        nobody = {**client, "Username": "nobody@example.com"}
        cognito.forgot_password(**nobody)
        cognito.resend_confirmation_code(**nobody)
        cognito.confirm_sign_up(**nobody, ConfirmationCode=CODE)
        cognito.confirm_forgot_password(**nobody, ConfirmationCode=CODE, Password=PASSWORD)


def sessions_and_client_tokens(cognito: Recorder, pool: str) -> None:
    kim = {"UserPoolId": pool, "Username": UNCONFIRMED}
    cognito.admin_confirm_sign_up(**kim)
    cognito.admin_set_user_password(**kim, Password=PASSWORD, Permanent=True)
    cognito.set_user_pool_session_configuration(
        UserPoolId=pool, UserSessionTracking="ENABLED", TokenSession={"MaxPerUser": 5}
    )
    made = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="app",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    )
    client = {"ClientId": made["UserPoolClient"]["ClientId"]}
    signing = {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": UNCONFIRMED, "PASSWORD": PASSWORD}}
    first, second, third = (cognito.initiate_auth(**client, **signing)["AuthenticationResult"] for _ in range(3))
    token = {"AccessToken": first["AccessToken"]}
    own, other, another = [each["SessionId"] for each in cognito.list_user_sessions(**token)["Sessions"]]
    cognito.admin_list_user_sessions(**kim)
    cognito.admin_list_user_sessions(**kim, NextToken="made-up")
    for session in (own, other, other, "tkn", "sso" + "0" * 25):
        cognito.revoke_user_session(**token, SessionId=session)
    for session in (another, another, own):
        cognito.admin_revoke_user_session(**kim, SessionId=session, RevokeAssociatedSessions="LINKED")
    cognito.revoke_token(**client, Token=third["RefreshToken"], RevokeAssociatedSessions="LINKED")
    cognito.get_user(AccessToken=second["AccessToken"])
    cognito.list_user_sessions(**token)
    cognito.admin_list_user_auth_events(**kim)
    cognito.update_user_pool(UserPoolId=pool, UserPoolTier="PLUS", UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"})
    came_from = {"IpAddress": "203.0.113.9", "ServerName": "shop", "ServerPath": "/", "HttpHeaders": []}
    for password in (PASSWORD, "Wrong-1!"):
        cognito.admin_initiate_auth(
            UserPoolId=pool,
            **client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": UNCONFIRMED, "PASSWORD": password},
            ContextData=came_from,
        )
    cognito.pages("admin_list_user_auth_events", **kim, PaginationConfig={"PageSize": 1})
    event = cognito.admin_list_user_auth_events(**kim, MaxResults=1)["AuthEvents"][0]["EventId"]
    cognito.admin_update_auth_event_feedback(**kim, EventId=event, FeedbackValue="Valid")
    cognito.admin_update_auth_event_feedback(**kim, EventId="unheard-of", FeedbackValue="Valid")
    cognito.admin_list_user_auth_events(**kim, NextToken="made-up")
    cognito.create_resource_server(
        UserPoolId=pool, Identifier="stock", Name="Stock", Scopes=[{"ScopeName": "read", "ScopeDescription": "Read"}]
    )
    machine = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="machine",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_CLIENT_TOKEN_AUTH"],
        AllowedOAuthScopes=["stock/read"],
    )["UserPoolClient"]
    known = {"ClientId": machine["ClientId"], "Secret": machine["ClientSecret"]}
    cognito.get_client_token(**known)
    cognito.get_client_token(**known, Scopes=["stock/write"])
    cognito.get_client_token(**known | {"Secret": "w" * 40})


SCENES = (
    clients_and_secrets,
    resource_servers,
    users,
    groups,
    pools,
    domains_and_looks,
    identity_providers,
    sign_in,
    devices,
    registration_and_recovery,
    sessions_and_client_tokens,
    second_factors,
)


def test_scenes_go_the_same_way_and_leave_no_operation_out(twins: Twins) -> None:
    for scene in SCENES:
        for recorder in twins.each():
            scene(recorder, twins.site.pool.id)
        twins.agree()

    assert {method_name(operation) for operation in OPERATIONS} - twins.local.succeeded == set()


# --- every operation with input made from the model -----------------------------------------------


def anything(kind: str, *, wrong: bool = False) -> Any:
    """A value of a shape, as a rule within its constraints; ``wrong``: outside of as many as can be."""
    shape = model().shapes[kind]
    match shape["type"]:
        case "structure":
            return {name: anything(each, wrong=wrong) for name, each in shape["members"].items()}
        case "list":
            return [anything(shape["member"], wrong=wrong)] * (150 if wrong else 1)
        case "map":
            return {SNOW if wrong else "key": anything(shape["value"], wrong=wrong)}
        case "boolean":
            return True
        case "integer" | "long":
            return -5 if wrong else shape.get("min", 1)
        case "blob":
            return LOGO * 6000 if wrong else LOGO
        case "document":
            return {"a": [1, None]}
    if wrong:
        return SNOW
    return shape["enum"][0] if "enum" in shape else "x" * max(1, shape.get("min", 1))


def known(site: Site) -> dict[str, Any]:
    """Members that lead an operation to something that is there."""
    return {
        "UserPoolId": site.pool.id,
        "ClientId": site.web.client_id,
        "Username": site.user.username,
        "Identifier": "orders",
        "ResourceArn": f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{site.pool.id}",
    }


def test_input_made_from_the_model_gets_the_same_answers(twins: Twins) -> None:
    facts = known(twins.site)
    # What deletes comes last: the others have something to find.
    for operation in sorted(OPERATIONS, key=lambda name: ("Delete" in name, name)):
        kind = model().operations[operation]["input"]
        every, wrong = anything(kind), anything(kind, wrong=True)
        required = {name: facts.get(name, every[name]) for name in model().shapes[kind].get("required", [])}
        for recorder in twins.each():
            method = getattr(recorder, method_name(operation))
            method()
            method(**wrong)
            method(**every)
            method(**every | required)
            method(**required)
    twins.agree()


@pytest.mark.parametrize("value", ["x", "", 5, 1.5, True, [], {}, [None], ["x"], [[]], [{}], {"x": None}, {"x": [1]}])
def test_members_of_another_json_type_are_refused_as_on_the_wire(wire: Wire, local: Any, value: Any) -> None:
    """boto3 itself cannot send these."""
    for operation in OPERATIONS:
        members = model().shapes[model().operations[operation]["input"]]["members"]
        body = {name: value for name, kind in members.items() if model().shapes[kind]["type"] != "blob"}
        answer = wire(operation, body)
        refused = json.loads(answer.data) if answer.status_code >= 400 else {}

        try:
            status, error = getattr(local, method_name(operation))(**body)["ResponseMetadata"]["HTTPStatusCode"], {}
        except ParamValidationError:
            continue  # "x" is no member of a structure here, which the wire ignores
        except local.exceptions.ClientError as raised:
            status, error = raised.response["ResponseMetadata"]["HTTPStatusCode"], raised.response["Error"]
        assert (status, error.get("Code"), error.get("Message", "")) == (
            answer.status_code,
            refused.get("__type"),
            refused.get("message", ""),
        )


# --- a host that swaps its client -----------------------------------------------------------------


def register_app(cognito: Any, pool_id: str, name: str, callback_url: str) -> dict[str, str]:
    """Host code as it was written for boto3: it makes a client once, and rotates nothing."""
    for page in cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id):
        for found in page["UserPoolClients"]:
            if found["ClientName"] == name:
                return {"client_id": found["ClientId"], "found": "before"}
    try:
        made = cognito.create_user_pool_client(
            UserPoolId=pool_id,
            ClientName=name,
            GenerateSecret=True,
            CallbackURLs=[callback_url],
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid"],
            AllowedOAuthFlowsUserPoolClient=True,
        )["UserPoolClient"]
    except cognito.exceptions.InvalidParameterException as error:
        return {"refused": error.response["Error"]["Message"]}
    return {"client_id": made["ClientId"], "secret": made["ClientSecret"], "year": str(made["CreationDate"].year)}


def test_host_code_for_boto3_works_with_either_client(cognito: Any, local: Any, pool_id: str) -> None:
    made = register_app(local, pool_id, "shop", CALLBACK)
    refused = [register_app(client, pool_id, "other", "not a URL") for client in (cognito, local)]

    assert register_app(cognito, pool_id, "shop", CALLBACK) == {"client_id": made["client_id"], "found": "before"}
    assert len(made["secret"]) > 40
    assert refused[0] == refused[1]
    assert "not a URL" in refused[0]["refused"]
