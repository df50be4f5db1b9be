"""Edges, the feed they follow, and how far their streams have been stored."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from control.store.schema.base import metadata

edge_tokens = Table(
    "edge_tokens",
    metadata,
    Column("id", Text, primary_key=True),  # etk_…
    Column("name", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_used_ms", BigInteger),
    Column("revoked_ms", BigInteger),
)

edges = Table(
    "edges",
    metadata,
    Column("id", Text, primary_key=True),  # edg_…, chosen by the edge
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("epoch", Text, nullable=False, server_default=""),
    Column("rev", BigInteger, nullable=False, server_default="0"),
    Column("workers", Integer, nullable=False, server_default="0"),
    Column("low_watermark_ms", BigInteger, nullable=False, server_default="0"),
    Column("backlog_records", BigInteger, nullable=False, server_default="0"),
    Column("backlog_bytes", BigInteger, nullable=False, server_default="0"),
    Column("spool_bytes", BigInteger, nullable=False, server_default="0"),
    Column("gap_count", BigInteger, nullable=False, server_default="0"),
    Column("retired_ms", BigInteger),
    Column("held_feed", Text, nullable=False, server_default=""),  # why changes wait for a person's word
)

clock_samples = Table(
    "clock_samples",
    metadata,
    Column("edge_id", Text, nullable=False),
    Column("boot_ms", BigInteger, nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
    Column("offset_ms", BigInteger, nullable=False),
    Column("round_trip_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("edge_id", "wall_ms", "boot_ms"),
)

sync_state = Table(
    "sync_state",
    metadata,
    Column("id", SmallInteger, primary_key=True),  # one row: 1
    Column("epoch", Text, nullable=False),  # random; new at init, restore and migration to another database
    Column("rev", BigInteger, nullable=False),  # the last one given out
    Column("horizon", BigInteger, nullable=False),  # tombstones at or below are gone: older edges take a snapshot
    CheckConstraint("id = 1", name="single"),
)

feed = Table(
    "feed",
    metadata,
    Column("key", Text, primary_key=True),  # shared.wire.entry_key
    Column("rev", BigInteger, nullable=False, unique=True),
    Column("entry", LargeBinary),  # msgpack of a shared.wire entry; null: a tombstone
    Column("changed_ms", BigInteger, nullable=False),
)

feed_tips = Table(
    "feed_tips",
    metadata,
    Column("rev", BigInteger, primary_key=True),  # the last one that a transaction gave out
    Column("tip", Text, nullable=False),  # random: two histories that gave out one rev twice differ in it
    Column("changed_ms", BigInteger, nullable=False),
)

streams = Table(
    "streams",
    metadata,
    Column("id", LargeBinary, primary_key=True),  # 16 random bytes
    Column("edge_id", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("next", BigInteger, nullable=False),  # high-water mark: the first record not yet stored
    Column("closed", Boolean, nullable=False, server_default=text("false")),
    Column("updated_ms", BigInteger, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Text, primary_key=True),  # qua_…
    Column("stream_id", LargeBinary, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("file", Text, nullable=False),  # under the data folder, mode 0600: bodies hold network addresses
    Column("received_ms", BigInteger, nullable=False),
)

gaps = Table(
    "gaps",
    metadata,
    Column("id", Text, primary_key=True),  # gap_…
    Column("edge_id", Text, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("at_least", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

unknown_slugs = Table(
    "unknown_slugs",
    metadata,
    Column("host", Text, nullable=False),
    Column("minute_ms", BigInteger, nullable=False),
    Column("path", Text, nullable=False),  # empty: all of that minute together
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("host", "minute_ms", "path"),
)
