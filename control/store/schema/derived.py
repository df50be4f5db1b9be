"""What is computed from the facts: people, live credits, rollups. All of it can be rebuilt at any time."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from control.store.schema.base import Serial, metadata

# Identifiers whose person must be computed anew; written in the transaction of the fact, taken by the credit pass.
dirty_identifiers = Table(
    "dirty_identifiers",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("workspace_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # an observation's kind, or `conversion` for one without identifiers
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),  # late_click | late_conversion | superseded | … (ATTRIBUTION's reasons)
    Column("marked_ms", BigInteger, nullable=False),
)

# The index of people: which person an identifier belongs to. Rebuilt from observations at any time.
identifiers = Table(
    "identifiers",
    metadata,
    Column("workspace_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("person_id", Text, nullable=False),  # per_…
    PrimaryKeyConstraint("workspace_id", "kind", "value"),
    Index("ix_identifiers_person", "person_id"),
)

# The live ledger: exactly one open version (closed_ms null) a conversion. Append-only but for closed_ms.
credit_versions = Table(
    "credit_versions",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("workspace_id", Text, nullable=False),
    Column("conversion_id", Text, nullable=False),
    Column("version", Integer, nullable=False),  # 1, 2, … of this conversion
    Column("reason", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("definition_version", Integer, nullable=False),
    Column("window_ms", BigInteger, nullable=False),
    Column("time_ms", BigInteger, nullable=False),  # the conversion's
    Column("name", Text, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("amount", BigInteger),
    Column("refunded", BigInteger, nullable=False, server_default="0"),
    # Its own column, because a conversion without an amount can be refunded too; such a one leaves the net count.
    Column("fully_refunded", Boolean, nullable=False, server_default=text("false")),
    Column("currency", Text),
    Column("touches", Integer, nullable=False),  # 0: unattributed
    Column("opened_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger),
    UniqueConstraint("conversion_id", "version"),
    Index(
        "ix_credit_versions_open",
        "conversion_id",
        unique=True,
        sqlite_where=text("closed_ms is null"),
        postgresql_where=text("closed_ms is null"),
    ),
    Index("ix_credit_versions_workspace_time", "workspace_id", "time_ms"),
)

# The touches that a version's path is made of, and what each model gives them.
touch_credits = Table(
    "touch_credits",
    metadata,
    Column("version_id", BigInteger, ForeignKey("credit_versions.id", ondelete="CASCADE"), nullable=False),
    Column("model", Text, nullable=False),  # first | last | linear | time_decay | position
    Column("position", Integer, nullable=False),  # 1 = earliest touch
    Column("touch_kind", Text, nullable=False),  # click | visit
    Column("touch_id", LargeBinary, nullable=False),
    Column("touch_ms", BigInteger, nullable=False),
    Column("link_id", Text),
    Column("campaign_id", Text),
    Column("channel", Text, nullable=False),
    Column("weight", BigInteger, nullable=False),
    Column("credit", BigInteger, nullable=False),  # millionths
    Column("value", BigInteger),  # minor units, gross
    Column("net_value", BigInteger),  # minor units, after refunds
    PrimaryKeyConstraint("version_id", "model", "position"),
    sqlite_with_rowid=False,  # rows lie in the order in which reports read them
)

# Clicks by quarter hour; kept in the transaction that stores or reclassifies a click.
click_rollups = Table(
    "click_rollups",
    metadata,
    Column("workspace_id", Text, nullable=False),
    Column("bucket_ms", BigInteger, nullable=False),  # start of the 15 minutes, UTC
    Column("link_id", Text, nullable=False),
    Column("campaign_id", Text, nullable=False),  # empty: none
    Column("channel", Text, nullable=False),
    Column("class", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id", "bucket_ms", "link_id", "campaign_id", "channel", "class"),
    Index("ix_click_rollups_link", "link_id", "class"),  # a link's clicks of all time
    sqlite_with_rowid=False,
)
