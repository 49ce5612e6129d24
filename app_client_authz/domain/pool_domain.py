"""Domains of user pools: a prefix or a host name, stored and shown (api.md 3.6).

A domain changes no URL of ours: the server answers where the host mounted it.
"""

import dataclasses
import re
from dataclasses import dataclass

from app_client_authz.domain import shapes
from app_client_authz.domain.errors import FeatureUnavailableInTier, InvalidParameter
from app_client_authz.domain.pool import UserPool
from app_client_authz.domain.shapes import Checker

NO_SUCH_DOMAIN = "No such domain or user pool exists."
TAKEN = "Domain already associated with another user pool."
ONE_IS_ENOUGH = "User pool already has a domain configured."

CERTIFICATE_ARN = shapes.regex(
    20,
    2048,
    r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?",
)
SECURITY_POLICIES = ("TLS_V1", "TLS_V1_2_2021", "TLS_V1_3_2025")

_DOMAIN = shapes.anything(1, 63)
_LABEL = r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?"
_PREFIX = re.compile(_LABEL)
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# The parent of a custom domain is no top-level domain.
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL}){{2,}}")
_RESERVED = ("aws", "amazon", "cognito")
_INVALID_NAME = (
    "The domain name contains an invalid character. Domain names can only contain lower-case letters, numbers, "
    "and hyphens."
)
_MANAGED_LOGIN_2 = (
    "The following feature is not available for the LITE pricing tier configured: Managed Login Version 2"
)


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """What a host name needs beyond itself; kept for AWS's tools, which read it back."""

    certificate_arn: str
    security_policy: str | None = None


@dataclass(frozen=True, slots=True)
class PoolDomain:
    """A prefix domain, or a custom one if there is a ``config``. The domain itself never changes."""

    domain: str
    pool_id: str
    created_at: float
    managed_login_version: int = 1
    config: CustomDomain | None = None

    @property
    def custom(self) -> bool:
        return self.config is not None

    @classmethod
    def create(
        cls,
        *,
        pool: UserPool,
        domain: str,
        managed_login_version: int | None = None,
        config: CustomDomain | None = None,
        now: float,
    ) -> "PoolDomain":
        """A new domain (CreateUserPoolDomain).

        Raises:
            InvalidParameter: the domain or a member is malformed, or the prefix holds a reserved word.
            FeatureUnavailableInTier: version 2 of the managed login in a LITE pool.
        """
        version = 1 if managed_login_version is None else managed_login_version
        made = cls(domain, pool.id, now, version, config)
        made._check(pool)
        return made

    def replace(
        self, *, pool: UserPool, managed_login_version: int | None = None, config: CustomDomain | None = None
    ) -> "PoolDomain":
        """The domain after UpdateUserPoolDomain: what is not given stays.

        Raises:
            InvalidParameter: a member is malformed, or a certificate is given for a prefix.
            FeatureUnavailableInTier: as ``create``.
        """
        if config is not None and not self.custom:
            raise InvalidParameter("CustomDomainConfig cannot be set for a prefix domain.")
        after = dataclasses.replace(
            self,
            managed_login_version=self.managed_login_version
            if managed_login_version is None
            else managed_login_version,
            config=config or self.config,
        )
        after._check(pool)
        return after

    def _check(self, pool: UserPool) -> None:
        checker = Checker()
        checker.text("domain", self.domain, _DOMAIN, required=True)
        checker.whole("managedLoginVersion", self.managed_login_version, 1, 2)
        if self.config is not None:
            checker.text(
                "customDomainConfig.certificateArn", self.config.certificate_arn, CERTIFICATE_ARN, required=True
            )
            checker.one_of("customDomainConfig.securityPolicy", self.config.security_policy, SECURITY_POLICIES)
        checker.done()
        if self.custom and not _HOST_NAME.fullmatch(self.domain):
            raise InvalidParameter("Custom domain is not a valid subdomain")
        if not self.custom:
            _check_prefix(self.domain)
        if self.managed_login_version == 2 and pool.spec.tier == "LITE":
            raise FeatureUnavailableInTier(_MANAGED_LOGIN_2)


def check_name(domain: str) -> None:
    """Nothing, if ``domain`` has the shape of a prefix or of a host name.

    Raises:
        InvalidParameter: no domain can ever be called so.
    """
    if not _NAME.fullmatch(domain):
        raise InvalidParameter(_INVALID_NAME)


def _check_prefix(prefix: str) -> None:
    if not _PREFIX.fullmatch(prefix):
        raise InvalidParameter(_INVALID_NAME)
    reserved = next((word for word in prefix.split("-") if word in _RESERVED), None)
    if reserved is not None:
        raise InvalidParameter(f"Domain cannot contain reserved word: {reserved}")
