"""All tables of the first release.

Revision 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authz_access_keys",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("description", sa.String(length=256), nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("pool_ids", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authz_access_keys")),
    )
    op.create_table(
        "authz_canary",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authz_canary")),
    )
    op.create_table(
        "authz_pools",
        sa.Column("id", sa.String(length=55), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("keys_version", sa.Integer(), nullable=False),
        sa.Column("sessions_valid_from", sa.Double(), nullable=False),
        sa.Column("keeps_verifiers", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authz_pools")),
    )
    op.create_table(
        "authz_app_clients",
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("allows_srp", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_app_clients_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_authz_app_clients")),
        sa.UniqueConstraint("pool_id", "number", name=op.f("uq_authz_app_clients_pool_id_number")),
    )
    op.create_table(
        "authz_attempts",
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("reserved_until", sa.Double(), nullable=False),
        sa.Column("locked_until", sa.Double(), nullable=False),
        sa.Column("last_attempt_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_attempts_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "account", name=op.f("pk_authz_attempts")),
    )
    op.create_index(op.f("ix_authz_attempts_last_attempt_at"), "authz_attempts", ["last_attempt_at"])
    op.create_table(
        "authz_domains",
        sa.Column("domain", sa.String(length=256), nullable=False),
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("custom", sa.Boolean(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_domains_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_authz_domains")),
        sa.UniqueConstraint("pool_id", "custom", name=op.f("uq_authz_domains_pool_id_custom")),
    )
    op.create_table(
        "authz_groups",
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("role_arn", sa.Text(), nullable=True),
        sa.Column("precedence", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_groups_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "name", name=op.f("pk_authz_groups")),
    )
    op.create_table(
        "authz_hourly_counts",
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_hourly_counts_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "account", "action", name=op.f("pk_authz_hourly_counts")),
    )
    op.create_index(op.f("ix_authz_hourly_counts_since"), "authz_hourly_counts", ["since"])
    op.create_table(
        "authz_identity_providers",
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("sealed_details", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_identity_providers_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "name", name=op.f("pk_authz_identity_providers")),
    )
    op.create_table(
        "authz_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_messages_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authz_messages")),
    )
    op.create_index(op.f("ix_authz_messages_pool_id_sub"), "authz_messages", ["pool_id", "sub"])
    op.create_index(op.f("ix_authz_messages_sent_at"), "authz_messages", ["sent_at"])
    op.create_table(
        "authz_resource_servers",
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("identifier", sa.String(length=256), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_resource_servers_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "identifier", name=op.f("pk_authz_resource_servers")),
    )
    op.create_table(
        "authz_signing_keys",
        sa.Column("kid", sa.String(length=44), nullable=False),
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("purpose", sa.String(length=6), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("sealed_private_key", sa.Text(), nullable=False),
        sa.Column("public_jwk", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("published_until", sa.Double(), nullable=True),
        sa.CheckConstraint("purpose IN ('id', 'access')", name=op.f("ck_authz_signing_keys_purpose")),
        sa.CheckConstraint("state IN ('next', 'current', 'retired')", name=op.f("ck_authz_signing_keys_state")),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_signing_keys_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_authz_signing_keys")),
    )
    op.create_index(op.f("ix_authz_signing_keys_pool_id"), "authz_signing_keys", ["pool_id"])
    op.create_index(
        "uq_authz_signing_keys_one_current",
        "authz_signing_keys",
        ["pool_id", "purpose"],
        unique=True,
        sqlite_where=sa.text("state = 'current'"),
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_index(
        "uq_authz_signing_keys_one_next",
        "authz_signing_keys",
        ["pool_id", "purpose"],
        unique=True,
        sqlite_where=sa.text("state = 'next'"),
        postgresql_where=sa.text("state = 'next'"),
    )
    op.create_table(
        "authz_users",
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("username", sa.String(length=256), nullable=False),
        sa.Column("username_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("sealed_srp", sa.Text(), nullable=True),
        sa.Column("temporary_password_until", sa.Double(), nullable=True),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("mfa", sa.Text(), nullable=True),
        sa.Column("signed_out_at", sa.Double(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("directory_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_users_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sub", name=op.f("pk_authz_users")),
        sa.UniqueConstraint("pool_id", "username_key", name=op.f("uq_authz_users_pool_id_username_key")),
    )
    op.create_index(
        "uq_authz_users_directory_key",
        "authz_users",
        ["pool_id", "directory_key"],
        unique=True,
        sqlite_where=sa.text("directory_key IS NOT NULL"),
        postgresql_where=sa.text("directory_key IS NOT NULL"),
    )
    op.create_table(
        "authz_challenge_sessions",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("sub", sa.String(length=64), nullable=True),
        sa.Column("challenge", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("consumed_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["authz_app_clients.client_id"],
            name=op.f("fk_authz_challenge_sessions_client_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sub"], ["authz_users.sub"], name=op.f("fk_authz_challenge_sessions_sub"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_authz_challenge_sessions")),
    )
    op.create_index(op.f("ix_authz_challenge_sessions_client_id"), "authz_challenge_sessions", ["client_id"])
    op.create_index(op.f("ix_authz_challenge_sessions_expires_at"), "authz_challenge_sessions", ["expires_at"])
    op.create_index(op.f("ix_authz_challenge_sessions_sub"), "authz_challenge_sessions", ["sub"])
    op.create_table(
        "authz_software_tokens",
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("sealed_pending", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sub"], ["authz_users.sub"], name=op.f("fk_authz_software_tokens_sub"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sub", name=op.f("pk_authz_software_tokens")),
    )
    op.create_table(
        "authz_codes",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("code_challenge", sa.String(length=128), nullable=True),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("auth_time", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("consumed_at", sa.Double(), nullable=True),
        sa.Column("token_session_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("sso_session_id", sa.LargeBinary(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["authz_app_clients.client_id"], name=op.f("fk_authz_codes_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_authz_codes")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_authz_codes_client_id"), "authz_codes", ["client_id"])
    op.create_index(op.f("ix_authz_codes_expires_at"), "authz_codes", ["expires_at"])
    op.create_table(
        "authz_devices",
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("remembered", sa.Boolean(), nullable=False),
        sa.Column("sealed_verifier", sa.Text(), nullable=True),
        sa.Column("last_ip", sa.String(length=45), nullable=True),
        sa.Column("last_authenticated_at", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["sub"], ["authz_users.sub"], name=op.f("fk_authz_devices_sub"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sub", "id", name=op.f("pk_authz_devices")),
    )
    op.create_table(
        "authz_group_members",
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("group_name", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "group_name"],
            ["authz_groups.pool_id", "authz_groups.name"],
            name=op.f("fk_authz_group_members_pool_id_group_name"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sub"], ["authz_users.sub"], name=op.f("fk_authz_group_members_sub"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sub", "pool_id", "group_name", name=op.f("pk_authz_group_members")),
    )
    op.create_index(
        op.f("ix_authz_group_members_pool_id_group_name_sub"), "authz_group_members", ["pool_id", "group_name", "sub"]
    )
    op.create_table(
        "authz_idp_identifiers",
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("identifier", sa.String(length=40), nullable=False),
        sa.Column("provider_name", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "provider_name"],
            ["authz_identity_providers.pool_id", "authz_identity_providers.name"],
            name=op.f("fk_authz_idp_identifiers_pool_id_provider_name"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "identifier", name=op.f("pk_authz_idp_identifiers")),
    )
    op.create_index(
        op.f("ix_authz_idp_identifiers_pool_id_provider_name"), "authz_idp_identifiers", ["pool_id", "provider_name"]
    )
    op.create_table(
        "authz_sso_sessions",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("auth_time", sa.Double(), nullable=False),
        sa.Column("renewed_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_sso_sessions_pool_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sub"], ["authz_users.sub"], name=op.f("fk_authz_sso_sessions_sub"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_authz_sso_sessions")),
    )
    op.create_index(op.f("ix_authz_sso_sessions_expires_at"), "authz_sso_sessions", ["expires_at"])
    op.create_index(op.f("ix_authz_sso_sessions_sub_id"), "authz_sso_sessions", ["sub", "id"])
    op.create_table(
        "authz_token_sessions",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("auth_time", sa.Double(), nullable=False),
        sa.Column("event_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("by_api", sa.Boolean(), nullable=False),
        sa.Column("rotated_at", sa.Double(), nullable=True),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.Column("device_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("sso_session_id", sa.LargeBinary(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["authz_app_clients.client_id"],
            name=op.f("fk_authz_token_sessions_client_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authz_token_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_authz_token_sessions_client_id_sub"), "authz_token_sessions", ["client_id", "sub"])
    op.create_index(op.f("ix_authz_token_sessions_expires_at"), "authz_token_sessions", ["expires_at"])
    op.create_table(
        "authz_ui_customizations",
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("applies_to", sa.String(length=128), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=True),
        sa.Column("css", sa.Text(), nullable=True),
        sa.Column("image", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["authz_app_clients.client_id"],
            name=op.f("fk_authz_ui_customizations_client_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_ui_customizations_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "applies_to", name=op.f("pk_authz_ui_customizations")),
    )
    op.create_index(op.f("ix_authz_ui_customizations_client_id"), "authz_ui_customizations", ["client_id"])
    op.create_table(
        "authz_user_names",
        sa.Column("pool_id", sa.String(length=55), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["authz_pools.id"], name=op.f("fk_authz_user_names_pool_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sub"], ["authz_users.sub"], name=op.f("fk_authz_user_names_sub"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pool_id", "name_key", name=op.f("pk_authz_user_names")),
    )
    op.create_index(op.f("ix_authz_user_names_sub"), "authz_user_names", ["sub"])
    op.create_table(
        "authz_auth_events",
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("response", sa.String(length=10), nullable=False),
        sa.Column("answered", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("feedback", sa.String(length=7), nullable=True),
        sa.Column("feedback_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sub"], ["authz_users.sub"], name=op.f("fk_authz_auth_events_sub"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sub", "id", name=op.f("pk_authz_auth_events")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_authz_auth_events_created_at"), "authz_auth_events", ["created_at"])
    op.create_index(op.f("ix_authz_auth_events_sub_created_at"), "authz_auth_events", ["sub", "created_at"])
    op.create_table(
        "authz_verification_codes",
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("superseded", sa.LargeBinary(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sub"], ["authz_users.sub"], name=op.f("fk_authz_verification_codes_sub"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sub", "purpose", name=op.f("pk_authz_verification_codes")),
    )
    op.create_index(op.f("ix_authz_verification_codes_expires_at"), "authz_verification_codes", ["expires_at"])
    op.create_table(
        "authz_refresh_tokens",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token_session_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("superseded_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["token_session_id"],
            ["authz_token_sessions.id"],
            name=op.f("fk_authz_refresh_tokens_token_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_authz_refresh_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_authz_refresh_tokens_token_session_id"), "authz_refresh_tokens", ["token_session_id"])


def downgrade() -> None:
    op.drop_table("authz_refresh_tokens")
    op.drop_table("authz_verification_codes")
    op.drop_table("authz_auth_events")
    op.drop_table("authz_user_names")
    op.drop_table("authz_ui_customizations")
    op.drop_table("authz_token_sessions")
    op.drop_table("authz_sso_sessions")
    op.drop_table("authz_idp_identifiers")
    op.drop_table("authz_group_members")
    op.drop_table("authz_devices")
    op.drop_table("authz_codes")
    op.drop_table("authz_software_tokens")
    op.drop_table("authz_challenge_sessions")
    op.drop_table("authz_users")
    op.drop_table("authz_signing_keys")
    op.drop_table("authz_resource_servers")
    op.drop_table("authz_messages")
    op.drop_table("authz_identity_providers")
    op.drop_table("authz_hourly_counts")
    op.drop_table("authz_groups")
    op.drop_table("authz_domains")
    op.drop_table("authz_attempts")
    op.drop_table("authz_app_clients")
    op.drop_table("authz_pools")
    op.drop_table("authz_canary")
    op.drop_table("authz_access_keys")
