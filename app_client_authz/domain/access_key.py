"""Access keys: who may call the signed operations of the JSON API, and how far (SIG-8)."""

from dataclasses import dataclass

READING = frozenset(
    {
        "AdminGetDevice",
        "AdminGetUser",
        "AdminGetUserAuthFactors",
        "AdminListDevices",
        "AdminListGroupsForUser",
        "AdminListUserAuthEvents",
        "AdminListUserSessions",
        "DescribeCIMDPolicy",
        "DescribeIdentityProvider",
        "DescribeManagedLoginBranding",
        "DescribeManagedLoginBrandingByClient",
        "DescribePointInTimeRecovery",
        "DescribeResourceServer",
        "DescribeRiskConfiguration",
        "DescribeTerms",
        "DescribeTermsByClient",
        "DescribeUserImportJob",
        "DescribeUserPool",
        "DescribeUserPoolClient",
        "DescribeUserPoolDomain",
        "GetCSVHeader",
        "GetGroup",
        "GetIdentityProviderByIdentifier",
        "GetLogDeliveryConfiguration",
        "GetProvisionedLimit",
        "GetSigningCertificate",
        "GetUICustomization",
        "GetUserPoolClientSessionConfiguration",
        "GetUserPoolMfaConfig",
        "GetUserPoolSessionConfiguration",
        "ListCIMDPolicies",
        "ListClientMetadataURLs",
        "ListGroups",
        "ListIdentityProviders",
        "ListPointInTimeRecoveries",
        "ListResourceServers",
        "ListTagsForResource",
        "ListTerms",
        "ListUserImportJobs",
        "ListUserPoolClientSecrets",
        "ListUserPoolClients",
        "ListUserPoolReplicas",
        "ListUserPools",
        "ListUsers",
        "ListUsersInGroup",
    }
)
"""Signed operations that change nothing. A name does not tell: GetClientToken and GetDerivedToken issue tokens."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One access key without its secret. Instants are epoch seconds.

    ``read_only`` keys call operations that change nothing, and see what these show: as in Cognito, that is the
    secret of an app client too. Keys with ``pool_ids`` call operations on those pools only. A key from the
    settings has no limits.
    """

    id: str
    description: str = ""
    read_only: bool = False
    pool_ids: frozenset[str] | None = None
    created_at: float = 0.0

    def may_call(self, operation: str) -> bool:
        """Whether the operation is within the key's rights on some pool."""
        return not self.read_only or operation in READING

    def may_touch(self, pool_id: str | None) -> bool:
        """Whether the pool is; ``None`` stands for an operation that belongs to no one pool."""
        return self.pool_ids is None or pool_id in self.pool_ids
