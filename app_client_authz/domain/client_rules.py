"""Every rule that the description of an app client obeys (api.md 2.2 to 2.9)."""

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app_client_authz.domain import flows, ids, lifetimes, pool_rules, redirects, shapes
from app_client_authz.domain.client_spec import ClientSpec, RefreshTokenRotation
from app_client_authz.domain.errors import FeatureUnavailableInTier, InvalidParameter, ScopeDoesNotExist
from app_client_authz.domain.scopes import BUILT_IN
from app_client_authz.domain.shapes import Checker, plain

if TYPE_CHECKING:
    from app_client_authz.domain.pool import UserPool

DEFAULT_AUTH_SESSION_MINUTES = 3
LOCAL_PROVIDER = "COGNITO"
MAX_SCOPES = 50

SCOPE = shapes.regex(1, 256, r"[\x21\x23-\x5B\x5D-\x7E]+")
_ATTRIBUTE_NAME = shapes.anything(1, 2048)
_HEX = shapes.regex(0, 131_072, r"^[0-9a-fA-F]+$")
_ARN = shapes.regex(
    20,
    2048,
    r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?",
)
_ANALYTICS = {
    "ApplicationId": _HEX,
    "ApplicationArn": _ARN,
    "RoleArn": _ARN,
    "ExternalId": shapes.anything(0, 131_072),
}
_NEVER_WRITABLE = frozenset({"sub", "email_verified", "phone_number_verified"})


@dataclass(frozen=True, slots=True)
class Case:
    """A normalised description together with what it is judged by."""

    spec: ClientSpec
    pool: "UserPool"
    confidential: bool
    scopes_available: Collection[str]
    providers: Collection[str]


def checked(case: Case) -> ClientSpec:
    """The description with defaults filled in, lists in their stored form and without a secret.

    Raises:
        InvalidParameter: a member is out of bounds, or contradicts another.
        InvalidOAuthFlow: the OAuth flows contradict each other.
        ScopeDoesNotExist: a scope is neither built-in nor of the pool's resource servers.
        FeatureUnavailableInTier: the pool's tier does not have what is asked for.
    """
    check_shape(case.spec)
    case = dataclasses.replace(case, spec=_normalised(case.spec))
    for rule in RULES:
        rule(case)
    return case.spec


def check_shape(spec: ClientSpec) -> None:
    """Types, lengths, patterns, ranges and enums, before any rule looks at two members at once.

    Raises:
        InvalidParameter: naming every violation, in the order of the model.
    """
    checker = Checker()
    checker.text("clientName", spec.client_name, ids.CLIENT_NAME, required=True)
    checker.flag("generateSecret", spec.generate_secret)
    checker.text("clientSecret", spec.client_secret, ids.CLIENT_SECRET)
    checker.whole("refreshTokenValidity", spec.refresh_token_validity, 0, 315_360_000)
    checker.whole("accessTokenValidity", spec.access_token_validity, 1, 86_400)
    checker.whole("idTokenValidity", spec.id_token_validity, 1, 86_400)
    units = spec.token_validity_units
    checker.one_of("tokenValidityUnits.accessToken", units.access_token, lifetimes.UNITS)
    checker.one_of("tokenValidityUnits.idToken", units.id_token, lifetimes.UNITS)
    checker.one_of("tokenValidityUnits.refreshToken", units.refresh_token, lifetimes.UNITS)
    checker.texts("readAttributes", spec.read_attributes, _ATTRIBUTE_NAME)
    checker.texts("writeAttributes", spec.write_attributes, _ATTRIBUTE_NAME)
    checker.each_of("explicitAuthFlows", spec.explicit_auth_flows, flows.EXPLICIT_FLOWS)
    checker.texts("supportedIdentityProviders", spec.supported_identity_providers, ids.PROVIDER_NAME)
    checker.texts("callbackURLs", spec.callback_urls, redirects.URL, at_most=redirects.MAX_URLS)
    checker.texts("logoutURLs", spec.logout_urls, redirects.URL, at_most=redirects.MAX_URLS)
    checker.text("defaultRedirectURI", spec.default_redirect_uri, redirects.URL)
    checker.each_of("allowedOAuthFlows", spec.allowed_oauth_flows, flows.OAUTH_FLOWS, at_most=len(flows.OAUTH_FLOWS))
    checker.texts("allowedOAuthScopes", spec.allowed_oauth_scopes, SCOPE, at_most=MAX_SCOPES)
    checker.flag("allowedOAuthFlowsUserPoolClient", spec.allowed_oauth_flows_user_pool_client)
    _check_analytics(checker, spec)
    checker.one_of("preventUserExistenceErrors", spec.prevent_user_existence_errors, ("LEGACY", "ENABLED"))
    checker.flag("enableTokenRevocation", spec.enable_token_revocation)
    checker.flag("enablePropagateAdditionalUserContextData", spec.enable_propagate_additional_user_context_data)
    checker.whole("authSessionValidity", spec.auth_session_validity, 3, 15)
    rotation = spec.refresh_token_rotation
    if rotation is not None:
        path = "refreshTokenRotation"
        if rotation.feature is None:
            checker.refuse(f"{path}.feature", None, "Member must not be null")
        checker.one_of(f"{path}.feature", rotation.feature, ("ENABLED", "DISABLED"))
        checker.whole(f"{path}.retryGracePeriodSeconds", rotation.retry_grace_period_seconds, 0, 60)
    checker.flag("requirePkce", spec.require_pkce)
    checker.whole("ssoSession.maxValidityMinutes", spec.sso_max_validity_minutes, 0, 129_600)
    checker.done()


def _check_analytics(checker: Checker, spec: ClientSpec) -> None:
    analytics: object = spec.analytics_configuration
    if analytics is None:
        return
    if not isinstance(analytics, Mapping):
        checker.refuse("analyticsConfiguration", analytics, "Member must be a structure")
        return
    for name, value in analytics.items():
        path = f"analyticsConfiguration.{plain(name)[:1].lower()}{plain(name)[1:]}"
        if name in _ANALYTICS:
            checker.text(path, value, _ANALYTICS[name])
        elif name == "UserDataShared":
            checker.flag(path, value)
        else:
            checker.refuse(path, value, "Member is not known")


def _normalised(spec: ClientSpec) -> ClientSpec:
    """Defaults that Cognito returns are filled in; those that it leaves out stay None (api.md 2.2, 2.4)."""
    explicit = _distinct(spec.explicit_auth_flows)
    analytics = spec.analytics_configuration
    return dataclasses.replace(
        spec,
        generate_secret=False,
        client_secret=None,
        refresh_token_validity=spec.refresh_token_validity or lifetimes.DEFAULT_REFRESH_VALIDITY,
        read_attributes=_distinct(spec.read_attributes),
        write_attributes=_distinct(spec.write_attributes),
        explicit_auth_flows=None if explicit is None else flows.in_answer_order(explicit),
        supported_identity_providers=_distinct(spec.supported_identity_providers),
        callback_urls=_distinct(spec.callback_urls),
        logout_urls=_distinct(spec.logout_urls),
        allowed_oauth_flows=_distinct(spec.allowed_oauth_flows),
        allowed_oauth_scopes=_distinct(spec.allowed_oauth_scopes),
        allowed_oauth_flows_user_pool_client=spec.allowed_oauth_flows_user_pool_client or False,
        analytics_configuration=None if analytics is None else dict(analytics),
        enable_token_revocation=spec.enable_token_revocation is not False,
        enable_propagate_additional_user_context_data=spec.enable_propagate_additional_user_context_data or False,
        auth_session_validity=spec.auth_session_validity or DEFAULT_AUTH_SESSION_MINUTES,
        refresh_token_rotation=_normalised_rotation(spec.refresh_token_rotation),
        require_pkce=spec.require_pkce or False,
    )


def _normalised_rotation(rotation: RefreshTokenRotation | None) -> RefreshTokenRotation | None:
    if rotation is None:
        return None
    grace = rotation.retry_grace_period_seconds if rotation.feature == "ENABLED" else 0
    return RefreshTokenRotation(rotation.feature, grace or 0)


def _distinct(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    # An empty list is an unset one (api.md 2.4).
    return tuple(dict.fromkeys(values)) if values else None


def oauth_is_complete(case: Case) -> None:
    spec = case.spec
    if spec.allowed_oauth_flows_user_pool_client and not (spec.allowed_oauth_flows and spec.allowed_oauth_scopes):
        raise InvalidParameter(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."
        )


def oauth_flows_go_together(case: Case) -> None:
    spec = case.spec
    flows.check_oauth(
        spec.allowed_oauth_flows or (),
        spec.allowed_oauth_scopes or (),
        spec.callback_urls or (),
        confidential=case.confidential,
    )


def scopes_exist(case: Case) -> None:
    for scope in case.spec.allowed_oauth_scopes or ():
        if scope not in BUILT_IN and scope not in case.scopes_available:
            raise ScopeDoesNotExist(f"Invalid scope requested: {scope}")


def urls_are_safe(case: Case) -> None:
    for url in (*(case.spec.callback_urls or ()), *(case.spec.logout_urls or ())):
        redirects.check(url)


def default_redirect_uri_is_registered(case: Case) -> None:
    uri = case.spec.default_redirect_uri
    if uri is not None and uri not in (case.spec.callback_urls or ()):
        raise InvalidParameter(f"The default redirect URI {uri} is not in the callback URIs list.")


def context_data_needs_a_secret(case: Case) -> None:
    if case.spec.enable_propagate_additional_user_context_data and not case.confidential:
        raise InvalidParameter("Client Secret is required to set EnablePropagateAdditionalUserContextData as true")


def providers_exist(case: Case) -> None:
    for name in case.spec.supported_identity_providers or ():
        if name != LOCAL_PROVIDER and name not in case.providers:
            raise InvalidParameter(f"The provider {name} does not exist for User Pool {case.pool.id}.")


def explicit_flows_go_together(case: Case) -> None:
    explicit = case.spec.explicit_auth_flows or ()
    flows.check_explicit(explicit)
    if _rotates(case.spec) and "ALLOW_REFRESH_TOKEN_AUTH" in explicit:
        raise InvalidParameter(
            "ALLOW_REFRESH_TOKEN_AUTH is not a permitted ExplicitAuthFlow when refresh token rotation is enabled."
        )


def tier_has_the_features(case: Case) -> None:
    if case.pool.spec.tier != "LITE":
        return
    wanted = []
    if _rotates(case.spec):
        wanted.append(pool_rules.ROTATION)
    if "ALLOW_USER_AUTH" in (case.spec.explicit_auth_flows or ()):
        wanted.append(pool_rules.PASSWORDLESS)
    if wanted:
        raise FeatureUnavailableInTier(pool_rules.lite_refuses(wanted))


def validities_in_range(case: Case) -> None:
    lifetimes.check(effective_lifetimes(case.spec))


def attributes_exist(case: Case) -> None:
    schema = case.pool.schema
    if not all(name in schema for name in case.spec.read_attributes or ()):
        raise InvalidParameter("Invalid read attributes specified while creating a client")
    writable = case.spec.write_attributes
    if writable is None:
        return
    known = all(name in schema and name not in _NEVER_WRITABLE for name in writable)
    required = {name for name in case.pool.required_attributes if name not in _NEVER_WRITABLE}
    if not known or not required.issubset(writable):
        raise InvalidParameter("Invalid write attributes specified while creating a client")


RULES: tuple[Callable[[Case], None], ...] = (
    # The order of api.md 2.8; only one violation is reported, as on AWS.
    oauth_is_complete,
    oauth_flows_go_together,
    scopes_exist,
    urls_are_safe,
    default_redirect_uri_is_registered,
    context_data_needs_a_secret,
    providers_exist,
    explicit_flows_go_together,
    tier_has_the_features,
    validities_in_range,
    attributes_exist,
)


def check_tracking(pool: "UserPool") -> None:
    """Nothing, if the pool tracks sessions, so that clients of it may say how long they take them over.

    Raises:
        FeatureUnavailableInTier: its tier cannot.
        InvalidParameter: it does not.
    """
    if pool.spec.tier == "LITE":
        raise FeatureUnavailableInTier(pool_rules.lite_refuses([pool_rules.SESSION_TRACKING]))
    if not pool.tracks_sessions:
        raise InvalidParameter(f"User session tracking is not enabled for user pool {pool.id}.")


def effective_lifetimes(spec: ClientSpec) -> lifetimes.Lifetimes:
    """How long the tokens of a client of this description live."""
    return lifetimes.effective(
        spec.access_token_validity,
        spec.id_token_validity,
        spec.refresh_token_validity,
        spec.token_validity_units,
    )


def _rotates(spec: ClientSpec) -> bool:
    rotation = spec.refresh_token_rotation
    return rotation is not None and rotation.feature == "ENABLED"
