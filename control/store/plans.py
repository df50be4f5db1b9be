"""Which plan Postgres runs a prepared statement by."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection


@asynccontextmanager
async def planned_anew(connection: AsyncConnection) -> AsyncGenerator[None]:
    """Has the statements of the block planned for tables as they are now. Does nothing on SQLite.

    Else Postgres keeps a plan until statistics are gathered again. One made when a month's partition was new and empty
    may read all of it, and for a minute or two everything would be as slow as the partition has become large.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    await connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    yield
    await connection.exec_driver_sql("set local plan_cache_mode = auto")  # after an error the transaction is over
