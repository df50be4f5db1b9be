"""What happened. Facts are never updated except where a comment says so."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from control.store.schema.base import Serial, metadata

# Partitioned by month on Postgres (control.store.partitions): ids are UUIDv7, so a range of ids is a range of time, and
# the primary key needs no second column.
clicks = Table(
    "clicks",
    metadata,
    Column("id", LargeBinary, primary_key=True),  # click id
    Column("workspace_id", Text, nullable=False),
    Column("link_id", Text, nullable=False),
    Column("campaign_id", Text),  # the link's at the time of the click
    Column("channel", Text, nullable=False),  # likewise
    Column("time_ms", BigInteger, nullable=False),  # corrected; of an activated prefetch, the landing's
    Column("offset_ms", BigInteger, nullable=False),  # what the correction added to the edge's clock
    Column("received_ms", BigInteger, nullable=False),
    # human | bot | prefetch | preview | duplicate | internal | head; the one updated pair, since a better rule or a
    # late record can reclassify.
    Column("class", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("alias_of", LargeBinary),  # of a duplicate: the chain's first click
    Column("arm", SmallInteger, nullable=False, server_default="0"),
    Column("carry", Text, nullable=False),
    Column("visitor", LargeBinary),  # edge visitor: first-party cookie id
    Column("visitor_hash", LargeBinary, nullable=False),  # keyed hash of address and agent, that day's key
    Column("visitor_hash_before", LargeBinary),  # under the day before's key, in the first seconds of a day
    Column("country", Text, nullable=False, server_default=""),  # ISO 3166-1 alpha-2
    Column("browser", Text, nullable=False, server_default=""),
    Column("os", Text, nullable=False, server_default=""),
    Column("device", Text, nullable=False, server_default=""),  # desktop | mobile | tablet | tv | bot | other
    Column("language", Text, nullable=False, server_default=""),
    Column("referrer_host", Text, nullable=False, server_default=""),
    Column("query", Text, nullable=False, server_default=""),  # as the request had it
    Column("headers", Text, nullable=False),  # JSON object of shared.wire.STORED_HEADERS
    Column("edge_id", Text, nullable=False),
    # The chains of duplicates, and a link's clicks by time. Clicks that come together lie together in it, since half a
    # minute goes before the hash: a batch changes few of its pages, however large it is.
    Index("ix_clicks_link_chain", "link_id", text("(time_ms / 30000)"), "visitor_hash", "time_ms", "id"),
    Index(
        "ix_clicks_link_visitor_before",
        "link_id",
        "visitor_hash_before",
        "time_ms",
        "id",
        sqlite_where=text("visitor_hash_before is not null"),
        postgresql_where=text("visitor_hash_before is not null"),
    ),
    Index(
        "ix_clicks_alias_of",
        "workspace_id",
        "alias_of",
        sqlite_where=text("alias_of is not null"),
        postgresql_where=text("alias_of is not null"),
    ),
    postgresql_partition_by="range (id)",
)

landings = Table(
    "landings",
    metadata,
    Column("id", LargeBinary, primary_key=True),  # the edge's record id
    Column("workspace_id", Text, nullable=False),
    Column("click_id", LargeBinary),  # null: a visit without a click id
    Column("visitor_id", LargeBinary),  # null without consent
    Column("time_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("url", Text, nullable=False),
    Column("referrer_host", Text, nullable=False, server_default=""),
    # Of a visit: organic_search | organic_social | referral | ai_assistant | direct; empty where it is no touch, since
    # it carries a click id, goes on with a session, or its referrer is ignored (`reason` says which).
    Column("channel", Text, nullable=False, server_default=""),
    # click | session | ignored_referrer | internal | no_visitor | bot:…
    Column("reason", Text, nullable=False, server_default=""),
    Index("ix_landings_visitor_time", "workspace_id", "visitor_id", "time_ms"),
    Index("ix_landings_click", "click_id"),
)

conversions = Table(
    "conversions",
    metadata,
    Column("id", Text, primary_key=True),  # cnv_…
    Column("workspace_id", Text, nullable=False),
    Column("definition_id", Text, ForeignKey("event_definitions.id"), nullable=False),
    Column("name", Text, nullable=False),
    # The columns below are those of the standing report: a server's replaces a browser's (see conversion_reports).
    Column("time_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),  # of the first report
    Column("click_id", LargeBinary),  # as stated, known or not
    Column("visitor_id", LargeBinary),
    Column("customer", Text, nullable=False, server_default=""),  # namespace:id
    Column("email_hash", Text, nullable=False, server_default=""),
    Column("amount", BigInteger),
    Column("currency", Text),
    Column("order_id", Text, nullable=False, server_default=""),
    Column("event_key", Text, nullable=False),
    Column("source", Text, nullable=False),  # browser | server | import
    Column("url", Text, nullable=False, server_default=""),
    Column("props", Text, nullable=False, server_default="{}"),
    # Derived, kept by the credit pass: whether the definition's counting rule counts it, and if not, why.
    Column("counted", Boolean, nullable=False, server_default=text("true")),
    Column("not_counted", Text, nullable=False, server_default=""),  # once_per_person | once_per_click
    Index("ix_conversions_workspace_time", "workspace_id", "time_ms"),
    Index("ix_conversions_click", "workspace_id", "click_id"),
    Index("ix_conversions_visitor", "workspace_id", "visitor_id"),
    Index("ix_conversions_customer", "workspace_id", "customer"),
    Index("ix_conversions_email", "workspace_id", "email_hash"),
    Index("ix_conversions_order", "workspace_id", "order_id"),
)

# Every report of a conversion that arrived: a browser's and a server's of one order are both kept.
conversion_reports = Table(
    "conversion_reports",
    metadata,
    Column("id", LargeBinary, primary_key=True),  # the edge's record id, or one made at receipt
    Column("workspace_id", Text, nullable=False),
    Column("conversion_id", Text, ForeignKey("conversions.id", ondelete="CASCADE"), nullable=False),
    Column("source", Text, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),  # JSON, normalised
    Column("received_ms", BigInteger, nullable=False),
    Index(None, "conversion_id"),
)

# Reports that could not become a conversion, kept whole so that nothing is lost in silence: an event that no definition
# counts waits here for its definition; the others wait for somebody to look.
held_reports = Table(
    "held_reports",
    metadata,
    Column("id", LargeBinary, primary_key=True),  # as in conversion_reports
    Column("workspace_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),  # undefined_event | invalid | conflicting_repeat
    Column("detail", Text, nullable=False),  # one sentence
    Column("report", Text, nullable=False),  # JSON of control.conversions.types.ConversionReport
    Column("received_ms", BigInteger, nullable=False),
    Index("ix_held_reports_name", "workspace_id", "reason", "name", "received_ms"),
)

# Permanent; survives retention and erasure, therefore only a keyed hash. Never partitioned: uniqueness is its purpose.
event_keys = Table(
    "event_keys",
    metadata,
    Column("workspace_id", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False),  # HMAC-SHA-256 of the event key
    Column("conversion_id", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id", "key_hash"),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Text, primary_key=True),  # rfd_…
    Column("workspace_id", Text, nullable=False),
    Column("conversion_id", Text),  # null: names an order that has not arrived yet
    Column("order_id", Text, nullable=False, server_default=""),
    Column("definition_id", Text, nullable=False, server_default=""),  # whose order it is; empty beside conversion_id
    Column("event_key", Text, nullable=False),
    Column("amount", BigInteger),  # null: all that is left
    Column("currency", Text),
    Column("time_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    UniqueConstraint("workspace_id", "event_key"),
    Index("ix_refunds_conversion", "conversion_id"),
    Index("ix_refunds_order", "workspace_id", "order_id"),
)

# Stated links between two identifiers; the truth about people. (a_kind, a_value) < (b_kind, b_value).
observations = Table(
    "observations",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("workspace_id", Text, nullable=False),
    Column("a_kind", Text, nullable=False),  # click | customer | email | recipient | visitor
    Column("a_value", Text, nullable=False),  # click and visitor: 22 characters; customer: namespace:id
    Column("b_kind", Text, nullable=False),
    Column("b_value", Text, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("source", Text, nullable=False),  # landing | identify | event | server | user
    UniqueConstraint("workspace_id", "a_kind", "a_value", "b_kind", "b_value", "time_ms", "source"),
    # Holds every column that is read by it, as the constraint's own index does: SQLite prefers a covering index,
    # however few of its columns it can search by.
    Index("ix_observations_b", "workspace_id", "b_kind", "b_value", "a_kind", "a_value", "time_ms", "source"),
)
