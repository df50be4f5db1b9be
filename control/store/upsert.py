"""`insert … on conflict`, written once for both databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

MAX_PARAMETERS = 30_000  # SQLite allows 32 766 in a statement, Postgres 65 535

Row = Mapping[str, Any]
Insert = postgresql.Insert | sqlite.Insert


def insert_into(connection: AsyncConnection, table: Table) -> Insert:
    """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update` in this connection's dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


async def insert_ignore(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """Inserts the rows that are not there yet; all rows name the same columns."""
    if rows:
        await connection.execute(insert_into(connection, table).on_conflict_do_nothing(), list(rows))


def chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Slices that fit into one multi-row statement."""
    if rows:
        size = max(1, MAX_PARAMETERS // len(rows[0]))
        for start in range(0, len(rows), size):
            yield rows[start : start + size]
