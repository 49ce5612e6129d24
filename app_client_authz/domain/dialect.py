"""Where Cognito deviates from OAuth 2.0 and OpenID Connect: one named field each.

No other code asks "are we Cognito?". The numbers are the rows of ``cognito/endpoints.md`` part 13;
``docs/reference/dialects.md`` shows the same table to users.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which of two ways each disputed detail goes."""

    name: str
    wraps_authorization_errors: bool
    """1: the code travels as ``error_description`` of ``invalid_request``, in Cognito's order."""
    names_unsupported_response_type: bool
    """1: ``unsupported_response_type`` (RFC 6749 section 4.1.2.1) instead of ``invalid_request``."""
    token_response_has_scope: bool
    """4: ``scope`` in token responses (RFC 6749 section 5.1)."""
    callback_mismatch_is_invalid_grant: bool
    """5: ``invalid_grant`` (RFC 6749 section 5.2) instead of ``unauthorized_client``."""
    invalid_client_is_401: bool
    """6: 401 with ``WWW-Authenticate`` at the token endpoint instead of a bare 400."""
    oauth_disabled_is_invalid_grant: bool
    """7: client_credentials on a client with OAuth switched off."""
    implicit_gives_id_token: bool
    """8: ``response_type=token`` with scope ``openid`` also returns an ID token."""
    openid_alone_opens_all_attributes: bool
    """10: scope ``openid`` alone shows every readable attribute instead of ``sub`` only."""
    userinfo_values_are_strings: bool
    """11: ``"true"`` instead of ``true``."""
    bearer_challenge_has_scheme: bool
    """12, 13: ``WWW-Authenticate: Bearer …``, 401 without a token, 403 without ``openid``."""
    logout_takes_oidc_parameters: bool
    """17: ``post_logout_redirect_uri``, ``id_token_hint`` and ``state`` (RP-Initiated Logout)."""
    discovery_is_complete: bool
    """18: all metadata that OpenID Connect Discovery and RFC 9207 know of."""
    authorization_response_has_iss: bool
    """RFC 9207, advertised in discovery only where it is sent (RED-7)."""
    ignores_offline_access: bool
    """22: ``offline_access`` is dropped from a request instead of refusing it (OIDC Core section 11)."""
    sso_survives_global_sign_out: bool
    """26: the SSO session outlives a global sign-out."""
    reuse_ends_token_session: bool
    """REF-5: a refresh token that comes back outside its grace period revokes its token session."""

    @property
    def ignored_scopes(self) -> tuple[str, ...]:
        """Scopes that a request may hold and that count as not asked for."""
        return ("offline_access",) if self.ignores_offline_access else ()


COGNITO = Dialect(
    name="cognito",
    wraps_authorization_errors=True,
    names_unsupported_response_type=False,
    token_response_has_scope=False,
    callback_mismatch_is_invalid_grant=False,
    invalid_client_is_401=False,
    oauth_disabled_is_invalid_grant=True,
    implicit_gives_id_token=True,
    openid_alone_opens_all_attributes=True,
    userinfo_values_are_strings=True,
    bearer_challenge_has_scheme=False,
    logout_takes_oidc_parameters=False,
    discovery_is_complete=False,
    authorization_response_has_iss=False,
    ignores_offline_access=False,
    sso_survives_global_sign_out=True,
    reuse_ends_token_session=True,
)
OIDC = replace(
    COGNITO,
    name="oidc",
    wraps_authorization_errors=False,
    names_unsupported_response_type=True,
    token_response_has_scope=True,
    callback_mismatch_is_invalid_grant=True,
    invalid_client_is_401=True,
    oauth_disabled_is_invalid_grant=False,
    implicit_gives_id_token=False,
    openid_alone_opens_all_attributes=False,
    userinfo_values_are_strings=False,
    bearer_challenge_has_scheme=True,
    logout_takes_oidc_parameters=True,
    discovery_is_complete=True,
    authorization_response_has_iss=True,
    ignores_offline_access=True,
    sso_survives_global_sign_out=False,
)
DIALECTS = {dialect.name: dialect for dialect in (COGNITO, OIDC)}
