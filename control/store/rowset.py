"""Many rows as the input of one statement, on both databases.

    wanted = rowset(connection, "wanted", {"id": "bytea"}, [(id,) for id in ids])
    await wanted.fetch("select l.id from wanted cross join landings l where l.click_id = wanted.id")

Postgres gets one array a column (`unnest`: one plan however many rows), SQLite a list of values. Where a join should go
from the rows to a table's index write `cross join`: SQLite takes it as an order, for Postgres it is the same join.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

SQLITE_VARIABLES = 32_000


@dataclass(frozen=True, slots=True)
class Rowset:
    """Rows under a name, ready for one or several statements."""

    connection: AsyncConnection
    cte: str
    parameters: tuple[Any, ...]

    async def fetch(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows that a statement (without other parameters) gives, which reads these rows under their name."""
        result = await self._run(statement)
        return [tuple(row) for row in result]

    async def run(self, statement: str) -> None:
        """Runs a statement that gives no rows."""
        await self._run(statement)

    async def _run(self, statement: str) -> CursorResult[Any]:
        return await self.connection.exec_driver_sql(f"with {self.cte} {statement}", self.parameters)


def slices(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Rows by so many as a rowset of these columns may have; none for none."""
    most = SQLITE_VARIABLES // len(columns)
    for start in range(0, len(rows), most):
        yield rows[start : start + most]


def rowset(connection: AsyncConnection, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Rowset:
    """`rows` as a table `name`; `columns` maps names to Postgres types. At least one row, and on SQLite at most
    SQLITE_VARIABLES values: see `slices`."""
    head = f"{name} ({', '.join(columns)})"
    if connection.dialect.name == "postgresql":
        arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(columns.values(), start=1))
        return Rowset(
            connection, f"{head} as (select * from unnest({arrays}))", tuple(map(list, zip(*rows, strict=True)))
        )
    line = f"({', '.join('?' * len(columns))})"
    values = ", ".join([line] * len(rows))
    return Rowset(connection, f"{head} as (values {values})", tuple(value for row in rows for value in row))
