"""Who may do what: workspaces, users, sessions, keys."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

from control.store.schema.base import metadata

installation = Table(
    "installation",
    metadata,
    Column("id", SmallInteger, primary_key=True),  # one row: 1
    Column("secret_check", LargeBinary, nullable=False),  # tells whether a data folder's secret is this database's
    Column("created_ms", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Text, primary_key=True),  # wsp_…
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False, server_default="UTC"),  # IANA name; days of reports are its days
    Column("currency", Text, nullable=False, server_default="USD"),
    Column("created_ms", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),  # usr_…
    Column("email", Text, nullable=False, unique=True),  # trimmed, lower-case
    Column("name", Text, nullable=False, server_default=""),
    Column("created_ms", BigInteger, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    Column("workspace_id", Text, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),  # owner
    PrimaryKeyConstraint("workspace_id", "user_id"),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256; the token itself is shown once
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("csrf_token", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),  # key_…
    Column("workspace_id", Text, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),  # secret | publishable
    Column("name", Text, nullable=False),
    Column("hint", Text, nullable=False),  # first characters, to tell keys apart
    Column("secret_hash", LargeBinary, unique=True),  # secret keys: SHA-256 of the key
    Column("public_key", Text, unique=True),  # publishable keys: the key, which pages show anyway
    Column("allowed_origins", Text, nullable=False, server_default="[]"),  # JSON array
    Column("created_ms", BigInteger, nullable=False),
    Column("last_used_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    CheckConstraint("kind in ('secret', 'publishable')", name="kind"),
    Index(None, "workspace_id", "created_ms"),
)
