"""A database that an older version filled: upgraded, it has all that it had, and means the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from alembic import command
from sqlalchemy import Connection, text

from control.links.entry import to_entry
from control.links.links import find_link
from control.store.engine import Database
from control.store.migrate import alembic_config, upgrade
from control.store.partitions import ensure_partitions
from shared import click_id, ids
from shared.wire import Entry, LinkEntry

FIRST = "0001_initial"
NOW_MS = 1_700_000_000_000
WORKSPACE, DOMAIN, LINK = "wsp_1", "dom_1", ids.new_id("lnk")
AS_EDGES_HOLD_IT = LinkEntry(
    "go.example.com", "spring", ids.to_bytes("lnk", LINK), "https://example.org/?a=1#x", 301, "query", "query"
)

ROWS: dict[str, dict[str, Any]] = {
    "workspaces": {"id": WORKSPACE, "name": "Test", "created_ms": NOW_MS},
    "domains": {"id": DOMAIN, "workspace_id": WORKSPACE, "host": "go.example.com", "created_ms": NOW_MS},
    "campaigns": {"id": "cmp_1", "workspace_id": WORKSPACE, "name": "Frühling", "created_ms": NOW_MS},
    "links": {
        "id": LINK,
        "workspace_id": WORKSPACE,
        "domain_id": DOMAIN,
        "slug": "spring",
        "destination": "https://example.org/?a=1#x",
        "campaign_id": "cmp_1",
        "channel": "email",
        "status": 301,
        "created_ms": NOW_MS,
        "updated_ms": NOW_MS,
    },
    "clicks": {
        "id": click_id.new(NOW_MS),
        "workspace_id": WORKSPACE,
        "link_id": LINK,
        "channel": "email",
        "time_ms": NOW_MS,
        "offset_ms": 0,
        "received_ms": NOW_MS,
        "class": "human",
        "arm": 0,
        "carry": "query",
        "visitor_hash": b"x",
        "headers": "{}",
        "edge_id": "edg_1",
    },
    "click_rollups": {
        "workspace_id": WORKSPACE,
        "bucket_ms": 0,
        "link_id": LINK,
        "campaign_id": "cmp_1",
        "channel": "email",
        "class": "human",
        "count": 1,
    },
    "feed": {
        "key": "link:go.example.com/spring",
        "rev": 1,
        "entry": msgspec.msgpack.encode(AS_EDGES_HOLD_IT),
        "changed_ms": NOW_MS,
    },
}


@pytest.fixture
async def old(database_url: str) -> AsyncIterator[Database]:
    """A database at the first revision with a row in each table of ROWS."""
    database = await Database.open(database_url)
    async with database.transaction() as connection:
        await connection.run_sync(_create_first)
        if database.dialect == "postgresql":
            await ensure_partitions(connection, NOW_MS, NOW_MS)
        for table, row in ROWS.items():
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            await connection.execute(text(f"insert into {table} ({names}) values ({values})"), row)
    yield database
    await database.close()


def _create_first(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), FIRST)


async def test_an_upgrade_keeps_every_row(old: Database) -> None:
    await upgrade(old)
    async with old.reading() as connection:
        for table, row in ROWS.items():
            found = (await connection.execute(text(f"select * from {table}"))).mappings().all()
            assert [{name: one[name] for name in row} for one in found] == [row], table


async def test_a_link_means_to_edges_what_it_meant(old: Database) -> None:
    """So none of them needs to be told again."""
    await upgrade(old)
    async with old.reading() as connection:
        row = await find_link(connection, WORKSPACE, LINK)
        stored = (await connection.execute(text("select entry from feed"))).scalar_one()
    assert to_entry(row) == msgspec.msgpack.decode(stored, type=Entry) == AS_EDGES_HOLD_IT
