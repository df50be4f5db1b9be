"""Adding many rows to a table by the fastest way of each database: COPY, and one prepared statement run row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection


async def append(
    connection: AsyncConnection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Adds rows in the caller's transaction, which must have run a statement already (the driver begins with the first
    one that passes SQLAlchemy). Raises IntegrityError for a row that is there already, and DBAPIError."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(columns))
        await connection.exec_driver_sql(f"insert into {table} ({', '.join(columns)}) values ({places})", list(rows))
        return
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    try:
        await driver.copy_records_to_table(table, columns=columns, records=rows)
    except asyncpg.PostgresError as error:
        violates = isinstance(error, asyncpg.IntegrityConstraintViolationError)
        raise (IntegrityError if violates else DBAPIError)(f"copy {table}", None, error) from error
