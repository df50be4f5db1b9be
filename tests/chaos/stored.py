"""What the database holds, asked beside the running control plane."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection
from typing import Any, cast

import asyncpg

from tests.support.installation import Installation


def rows(installation: Installation, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query, in a connection of its own that cannot write."""
    if installation.database:
        return asyncio.run(_postgres_rows(installation.database, query))
    connection = sqlite3.connect(f"file:{installation.sqlite_file}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def _postgres_rows(url: str, query: str) -> list[tuple[Any, ...]]:
    connection: Any = await cast("Any", asyncpg).connect(url.replace("+asyncpg", ""))
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


def click_ids(installation: Installation) -> list[bytes]:
    """The ids of all stored clicks, as often as they are stored."""
    return [bytes(row[0]) for row in rows(installation, "select id from clicks")]


def all_stored(installation: Installation, ids: Collection[bytes]) -> bool:
    return set(ids) <= set(click_ids(installation))


def counted_clicks(installation: Installation) -> int:
    """Clicks by the rollups, which would count a record twice that was stored twice."""
    return int(rows(installation, "select coalesce(sum(count), 0) from click_rollups")[0][0])
