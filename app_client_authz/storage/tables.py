"""All tables. Instants are seconds since the epoch (UTC), specs are JSON text in the domain's own shape.

Core tables without mapped classes: token paths run on prebuilt statements, and one
way of talking to the database is easier to hold in mind than two.

One file, though a long one: it knows one thing, the schema. Foreign keys tie the tables together, and whoever
changes one sees here what hangs on it and what a migration has to carry.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

POOL_ID, CLIENT_ID, SUB, NAME = String(55), String(128), String(64), String(256)
UUID = LargeBinary(16)
# Compared by code point everywhere: what begins with a prefix is then one range of the index, whatever the
# database's own collation.
KEY = Text().with_variant(Text(collation="C"), "postgresql")


def _pool(*, primary_key: bool = False) -> Column[str]:
    return Column(
        "pool_id", POOL_ID, ForeignKey("authz_pools.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )


def _client() -> Column[str]:
    return Column("client_id", CLIENT_ID, ForeignKey("authz_app_clients.client_id", ondelete="CASCADE"), nullable=False)


pools = Table(
    "authz_pools",
    metadata,
    Column("id", POOL_ID, primary_key=True),
    Column("name", NAME, nullable=False),
    Column("spec", Text, nullable=False),
    # Moves with every change of the pool or its resource servers: what is derived from them is kept under it.
    Column("version", Integer, nullable=False),
    # Moves with every change of the signing keys: key rings are kept under it.
    Column("keys_version", Integer, nullable=False),
    # Sessions and codes begun before this instant are dead: set after a restore (ATM-13).
    Column("sessions_valid_from", Double, nullable=False),
    # Whether some app client could use verifiers of passwords; true until the first client says otherwise (SEC-6).
    Column("keeps_verifiers", Boolean(create_constraint=False), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

app_clients = Table(
    "authz_app_clients",
    metadata,
    # Unique across pools, not within one: public operations find the pool from the client (api.md 2.1).
    Column("client_id", CLIENT_ID, primary_key=True),
    _pool(),
    # The pool's clients in the order in which they were made: what lists go by, and a bound of their number.
    Column("number", Integer, nullable=False),
    Column("name", NAME, nullable=False),
    Column("spec", Text, nullable=False),
    # At most two: secret ID, digest, sealed value, creation, newest second. In the row, so that one read authenticates.
    Column("secrets", Text, nullable=False),
    # What the spec says of it: whether the pool needs verifiers of passwords because of this client.
    Column("allows_srp", Boolean(create_constraint=False), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    UniqueConstraint("pool_id", "number"),
)

resource_servers = Table(
    "authz_resource_servers",
    metadata,
    _pool(primary_key=True),
    Column("identifier", NAME, primary_key=True),
    Column("name", NAME, nullable=False),
    Column("scopes", Text, nullable=False),
)

signing_keys = Table(
    "authz_signing_keys",
    metadata,
    Column("kid", String(44), primary_key=True),
    _pool(),
    Column("purpose", String(6), nullable=False),
    Column("state", String(7), nullable=False),
    Column("sealed_private_key", Text, nullable=False),
    Column("public_jwk", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    # Retired keys stay published until here: the longest token they signed is dead then (JWT-12).
    Column("published_until", Double),
    CheckConstraint("purpose IN ('id', 'access')", name="purpose"),
    CheckConstraint("state IN ('next', 'current', 'retired')", name="state"),
    Index(None, "pool_id"),
)

users = Table(
    "authz_users",
    metadata,
    Column("sub", SUB, primary_key=True),
    _pool(),
    Column("username", NAME, nullable=False),
    # Normalised (and case-folded, unless the pool is case-sensitive): uniqueness is the database's (API-8).
    Column("username_key", KEY, nullable=False),
    Column("status", String(32), nullable=False),
    Column("enabled", Boolean(create_constraint=False), nullable=False),
    Column("password_hash", Text),
    # Salt and SRP verifier of the same password; None without one, and where no app client allows SRP.
    Column("sealed_srp", Text),
    Column("temporary_password_until", Double),
    Column("attributes", Text, nullable=False),
    # Second factors that are switched on, as JSON; None for the many who have none.
    Column("mfa", Text),
    # The last global sign-out: whatever was issued before it is dead.
    Column("signed_out_at", Double),
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    # What the host's directory knows the user by; None for the users of our own.
    Column("directory_key", Text),
    UniqueConstraint("pool_id", "username_key"),
)

# Every name by which somebody signs in, the username among them: one namespace, so that no alias can
# ever equal another user's username, whoever comes first.
user_names = Table(
    "authz_user_names",
    metadata,
    _pool(primary_key=True),
    Column("name_key", KEY, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("sub", SUB, ForeignKey("authz_users.sub", ondelete="CASCADE"), nullable=False),
    Index(None, "sub"),
)

groups = Table(
    "authz_groups",
    metadata,
    _pool(primary_key=True),
    Column("name", NAME, primary_key=True),
    Column("description", Text),
    Column("role_arn", Text),
    Column("precedence", Integer),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

group_members = Table(
    "authz_group_members",
    metadata,
    Column("sub", SUB, ForeignKey("authz_users.sub", ondelete="CASCADE"), primary_key=True),
    Column("pool_id", POOL_ID, primary_key=True),
    Column("group_name", NAME, primary_key=True),
    ForeignKeyConstraint(["pool_id", "group_name"], ["authz_groups.pool_id", "authz_groups.name"], ondelete="CASCADE"),
    # With the sub: a page of a group's users is read from it in order.
    Index(None, "pool_id", "group_name", "sub"),
)

codes = Table(
    "authz_codes",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    _client(),
    Column("sub", SUB, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("nonce", Text),
    Column("code_challenge", String(128)),
    Column("resource", Text),
    Column("auth_time", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("consumed_at", Double),
    # What the code gave: a replay revokes this and nothing else (COD-2).
    Column("token_session_id", UUID),
    # Which SSO session gave the code.
    Column("sso_session_id", UUID),
    Index(None, "client_id"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)

token_sessions = Table(
    "authz_token_sessions",
    metadata,
    # The origin_jti of every token of the session.
    Column("id", UUID, primary_key=True),
    _client(),
    # No foreign key: a session outlives its user, so that an old refresh token is known to be one.
    Column("sub", SUB, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("resource", Text),
    Column("auth_time", Double, nullable=False),
    Column("event_id", UUID, nullable=False),
    Column("created_at", Double, nullable=False),
    # Absolute: rotation never moves it (REF-7).
    Column("expires_at", Double, nullable=False),
    # Begun by InitiateAuth: its one scope is no matter of the client's OAuth settings.
    Column("by_api", Boolean(create_constraint=False), nullable=False),
    # In pools that track sessions also the last refresh without rotation, to the hour.
    Column("rotated_at", Double),
    Column("revoked_at", Double),
    # The device that it is tied to where devices are tracked; no octets once that device was forgotten.
    Column("device_id", UUID),
    # Which SSO session it came from; no foreign key, because that one ends first.
    Column("sso_session_id", UUID),
    # For the sessions of a client as for those of a user: each index more is a page more to write at a sign-in.
    Index(None, "client_id", "sub"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)

# Devices that their users confirmed.
devices = Table(
    "authz_devices",
    metadata,
    Column("sub", SUB, ForeignKey("authz_users.sub", ondelete="CASCADE"), primary_key=True),
    # The UUID in the device key; what stands before it is the pool's region.
    Column("id", UUID, primary_key=True),
    Column("name", Text),
    Column("remembered", Boolean(create_constraint=False), nullable=False),
    # Salt and verifier of the device's own password; None without one.
    Column("sealed_verifier", Text),
    Column("last_ip", String(45)),
    Column("last_authenticated_at", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

refresh_tokens = Table(
    "authz_refresh_tokens",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("token_session_id", UUID, ForeignKey("authz_token_sessions.id", ondelete="CASCADE"), nullable=False),
    # First use under rotation: the grace period counts from here and is never prolonged (REF-6).
    Column("superseded_at", Double),
    Index(None, "token_session_id"),
    sqlite_with_rowid=False,
)

sso_sessions = Table(
    "authz_sso_sessions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    # What the user and administrators call it. It opens nothing, and is looked for among the user's own.
    Column("id", UUID, nullable=False),
    _pool(),
    Column("sub", SUB, ForeignKey("authz_users.sub", ondelete="CASCADE"), nullable=False),
    Column("auth_time", Double, nullable=False),
    # The last explicit consent to go on as this user: the hour counts from here.
    Column("renewed_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "sub", "id"),
    Index(None, "expires_at"),
)

challenge_sessions = Table(
    "authz_challenge_sessions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    _client(),
    # None where somebody asked for a name that no user has, and must not notice (ENU-1).
    Column("sub", SUB, ForeignKey("authz_users.sub", ondelete="CASCADE")),
    Column("challenge", String(64), nullable=False),
    # What later steps have to know, as JSON.
    Column("state", Text),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("consumed_at", Double),
    Index(None, "sub"),
    Index(None, "client_id"),
    Index(None, "expires_at"),
)

# Authenticator apps: at most one that counts and one that is being set up, for each user.
software_tokens = Table(
    "authz_software_tokens",
    metadata,
    Column("sub", SUB, ForeignKey("authz_users.sub", ondelete="CASCADE"), primary_key=True),
    # The secret that codes are held against; None until a first code was seen.
    Column("sealed_secret", Text),
    # The last step whose code was used: a code works once (RFC 6238 section 5.2).
    Column("last_step", Integer, nullable=False),
    Column("sealed_pending", Text),
)

attempts = Table(
    "authz_attempts",
    metadata,
    _pool(primary_key=True),
    # The user's sub, or a keyed digest of a name that no user has: both count alike (ENU-7).
    Column("account", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    # Checks under way: they count as failures until they are settled (R14).
    Column("reserved", Integer, nullable=False),
    Column("reserved_until", Double, nullable=False),
    Column("locked_until", Double, nullable=False),
    Column("last_attempt_at", Double, nullable=False),
    Index(None, "last_attempt_at"),
)

access_keys = Table(
    "authz_access_keys",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("sealed_secret", Text, nullable=False),
    Column("description", NAME, nullable=False),
    Column("read_only", Boolean(create_constraint=False), nullable=False),
    # A JSON list of pool IDs; NULL: all pools, those of later too.
    Column("pool_ids", Text),
    Column("created_at", Double, nullable=False),
)

identity_providers = Table(
    "authz_identity_providers",
    metadata,
    _pool(primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("type", String(32), nullable=False),
    # Details with a client secret or private key in them: sealed as a whole.
    Column("sealed_details", Text, nullable=False),
    # Attribute mapping, identifiers and levels of assurance, as JSON.
    Column("spec", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

# Names under which authorization requests find a provider: two workers can never give one to two of them.
idp_identifiers = Table(
    "authz_idp_identifiers",
    metadata,
    Column("pool_id", POOL_ID, primary_key=True),
    Column("identifier", String(40), primary_key=True),
    Column("provider_name", String(32), nullable=False),
    # In the order in which they were given.
    Column("position", Integer, nullable=False),
    ForeignKeyConstraint(
        ["pool_id", "provider_name"],
        ["authz_identity_providers.pool_id", "authz_identity_providers.name"],
        ondelete="CASCADE",
    ),
    Index(None, "pool_id", "provider_name"),
)

domains = Table(
    "authz_domains",
    metadata,
    # Unique across pools: a prefix or a host name belongs to one of them.
    Column("domain", NAME, primary_key=True),
    _pool(),
    Column("custom", Boolean(create_constraint=False), nullable=False),
    Column("spec", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    # One prefix and one host name of its own for each pool.
    UniqueConstraint("pool_id", "custom"),
)

ui_customizations = Table(
    "authz_ui_customizations",
    metadata,
    _pool(primary_key=True),
    # A client ID, or ALL for the pool's own, which clients without one of theirs show.
    Column("applies_to", CLIENT_ID, primary_key=True),
    # The same client ID once more, NULL for ALL: what belongs to a client goes with it.
    Column("client_id", CLIENT_ID, ForeignKey("authz_app_clients.client_id", ondelete="CASCADE")),
    Column("css", Text),
    Column("image", LargeBinary),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Index(None, "client_id"),
)

# Codes that prove an address or reset a password: one per user and purpose, the newest wins (API-6).
verification_codes = Table(
    "authz_verification_codes",
    metadata,
    Column("sub", SUB, ForeignKey("authz_users.sub", ondelete="CASCADE"), primary_key=True),
    # What it is for: reset_password, confirm_sign_up, verify:email ...
    Column("purpose", String(64), primary_key=True),
    # Keyed, because a code is short.
    Column("digest", LargeBinary(32), nullable=False),
    # Those of earlier codes, one behind the other: who types one is told to ask for a code again.
    Column("superseded", LargeBinary, nullable=False),
    Column("destination", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "expires_at"),
)

# What has a limit per hour: wrong codes, codes asked for. A new code does not begin a new count (LCK-5).
hourly_counts = Table(
    "authz_hourly_counts",
    metadata,
    _pool(primary_key=True),
    # As in authz_attempts: names that nobody has are counted alike (ENU-7).
    Column("account", String(64), primary_key=True),
    Column("action", String(64), primary_key=True),
    Column("used", Integer, nullable=False),
    Column("since", Double, nullable=False),
    Index(None, "since"),
)

# What users did, in pools that keep a record of it (AdminListUserAuthEvents).
auth_events = Table(
    "authz_auth_events",
    metadata,
    Column("sub", SUB, ForeignKey("authz_users.sub", ondelete="CASCADE"), primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("type", String(16), nullable=False),
    Column("response", String(10), nullable=False),
    # What was asked for and how it was answered: Password:Success ...
    Column("answered", String(64), nullable=False),
    # No foreign key: the record outlives the client.
    Column("client_id", CLIENT_ID),
    Column("address", String(64)),
    Column("created_at", Double, nullable=False),
    Column("feedback", String(7)),
    Column("feedback_at", Double),
    Index(None, "sub", "created_at"),
    Index(None, "created_at"),
    sqlite_with_rowid=False,
)

# What the development sender keeps instead of sending it.
messages = Table(
    "authz_messages",
    metadata,
    Column("id", Integer, primary_key=True),
    _pool(),
    Column("sub", SUB, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("sent_at", Double, nullable=False),
    Index(None, "pool_id", "sub"),
    Index(None, "sent_at"),
)

canary = Table(
    "authz_canary",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # Opened at every start: a wrong sealing key stops the start instead of losing secrets (SEC-3). Inside is a secret
    # of this database: what is told of names that nobody has is derived from it.
    Column("sealed", Text, nullable=False),
)


def complete() -> MetaData:
    """All tables with the indexes that only a migration needs to know.

    Naming a dialect loads it: PostgreSQL's costs 0.05 s, which no worker on SQLite should pay at its start.
    """
    for state in ("current", "next"):
        name = f"uq_authz_signing_keys_one_{state}"
        if all(index.name != name for index in signing_keys.indexes):
            condition = text(f"state = '{state}'")
            # Two workers can never make two current keys (ATM-16).
            Index(
                name,
                signing_keys.c.pool_id,
                signing_keys.c.purpose,
                unique=True,
                sqlite_where=condition,
                postgresql_where=condition,
            )
    keyed = "uq_authz_users_directory_key"
    if all(index.name != keyed for index in users.indexes):
        # Two first sign-ins at once make one row; users of our own cost no entry.
        condition = text("directory_key IS NOT NULL")
        Index(
            keyed,
            users.c.pool_id,
            users.c.directory_key,
            unique=True,
            sqlite_where=condition,
            postgresql_where=condition,
        )
    return metadata
