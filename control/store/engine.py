"""One way to the database for all of the control plane: `transaction()` to write, `reading()` to read.

On SQLite one connection alone writes, one transaction at a time, each begun IMMEDIATE so that it cannot fail half-way
for a lock it did not get; readers have connections of their own, see one snapshot each and never wait for the writer
(WAL). The writer's connection is also the only one that checkpoints. On Postgres both are pooled connections; a reader
runs in a read-only, repeatable-read transaction, so that a page's several queries agree with each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

Dialect = Literal["sqlite", "postgresql"]

SQLITE_READERS = 4
SQLITE_BUSY_MS = 10_000  # another process (a backup, a shell) may hold the file for a moment
SQLITE_CACHE_KIB = 65_536
SQLITE_CHECKPOINT_PAGES = 8_192  # 32 MiB: a batch of clicks changes some 1 500 pages, many of them again and again
POSTGRES_CONNECTIONS = 10


class Database:
    """The open database. Make one with `await Database.open(url)`; every process has one."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.dialect: Dialect = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
        self._write_lock = asyncio.Lock()
        if self.dialect == "sqlite":
            self._writer = _sqlite_engine(url, connections=1, begin="begin immediate", read_only=False)
            self._reader = _sqlite_engine(url, connections=SQLITE_READERS, begin="begin", read_only=True)
        else:
            self._writer = create_async_engine(
                url,
                pool_size=POSTGRES_CONNECTIONS,
                max_overflow=POSTGRES_CONNECTIONS,
                pool_pre_ping=True,  # a restarted server closed the pooled connections; nobody need notice
            )
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True, postgresql_deferrable=False
            )

    @classmethod
    async def open(cls, url: str | URL) -> Database:
        """Opens and tries the connection. Raises what the driver raises when the database can't be reached."""
        database = cls(make_url(url))
        try:
            async with database._writer.connect():
                pass
        except BaseException:
            await database.close()
            raise
        return database

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that commits at the end of the block, or rolls back when it raises."""
        if self.dialect == "sqlite":
            async with self._write_lock, self._writer.begin() as connection:
                yield connection
        else:
            async with self._writer.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A read-only transaction over one consistent snapshot."""
        async with self._reader.connect() as connection, connection.begin():
            yield connection

    async def close(self) -> None:
        """Closes every connection, the writer's last: whoever closes last checkpoints."""
        if self._reader is not self._writer:
            await self._reader.dispose()
        await self._writer.dispose()


def _sqlite_engine(url: URL, connections: int, begin: str, read_only: bool) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=connections, max_overflow=0)

    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        raw: Any = connection
        raw.isolation_level = None  # the driver would begin deferred, and only before some statements
        cursor = raw.cursor()
        for pragma in (
            f"busy_timeout = {SQLITE_BUSY_MS}",
            "journal_mode = wal",
            "synchronous = full",
            "foreign_keys = on",
            f"cache_size = -{SQLITE_CACHE_KIB}",
            "temp_store = memory",
            f"wal_autocheckpoint = {0 if read_only else SQLITE_CHECKPOINT_PAGES}",
            f"query_only = {'on' if read_only else 'off'}",
        ):
            cursor.execute(f"pragma {pragma}")
        cursor.close()

    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", start)
    return engine
