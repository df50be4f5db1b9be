"""Wakes those who wait for the feed to move, within milliseconds of the commit, whoever committed.

Three ways, of which the first to notice wins: a commit of this process rings directly; on Postgres a NOTIFY of the
committing transaction reaches a LISTEN connection of every process; on SQLite, where nobody notifies, a connection of
its own asks `data_version` every 25 ms while somebody waits, and the feed's state only when that moved.

A ring is a hint. Who waits takes a ticket first, then reads, then waits for the ticket: whatever commits after the read
rings the ticket. A LISTEN connection that was lost rings after it is back, for what it may have missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import aiosqlite
import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from control.edges.feed import CHANNEL
from control.store.engine import Database
from shared.logs import get_logger

SQLITE_POLL_S = 0.025
HEARTBEAT_S = 15.0  # how soon a LISTEN connection that died in silence is noticed
RETRY_FIRST_S = 0.1
RETRY_MOST_S = 5.0

log = get_logger()


class FeedWake:
    """One for each process: `start` it in the event loop that serves requests, `close` it before the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._moved = asyncio.Event()
        self._waiting = 0
        self._somebody_waits = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self.is_closed = False

    async def start(self) -> None:
        """Begins to listen for other processes' commits."""
        watch = self._watch_sqlite if self._database.dialect == "sqlite" else self._listen_postgres
        self._watcher = asyncio.create_task(watch(), name="feed-wake")

    async def close(self) -> None:
        """Stops listening; who waits is answered now."""
        if self._watcher is not None:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher
        self.is_closed = True
        self.wake()

    @asynccontextmanager
    async def publishing(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that may change the feed; those who wait are woken after its commit."""
        async with self._database.transaction() as connection:
            yield connection
        self.wake()

    def wake(self) -> None:
        """Rings all tickets taken so far."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def ticket(self) -> asyncio.Event:
        """Set once the feed has moved; to be taken before the feed is read."""
        return self._moved

    async def wait(self, ticket: asyncio.Event, seconds: float) -> None:
        """Waits for a ticket's ring, at most so long."""
        self._waiting += 1
        self._somebody_waits.set()
        try:
            async with asyncio.timeout(seconds):
                await ticket.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._somebody_waits.clear()

    async def _watch_sqlite(self) -> None:
        file = self._database.url.database or ""
        async with aiosqlite.connect(file, isolation_level=None) as connection:
            version: Any = None
            state: Any = None
            while True:
                await self._somebody_waits.wait()
                before, version = version, await _first_row(connection, "pragma data_version")
                if version != before:
                    seen, state = state, await _first_row(connection, "select epoch, rev from sync_state")
                    if state != seen:
                        self.wake()
                await asyncio.sleep(SQLITE_POLL_S)

    def _notified(self, *_notification: object) -> None:
        self.wake()

    async def _listen_postgres(self) -> None:
        retry_s = RETRY_FIRST_S
        while True:
            try:
                async with _connected(self._database) as (connection, lost):
                    await connection.add_listener(CHANNEL, self._notified)
                    self.wake()
                    retry_s = RETRY_FIRST_S
                    await _lost(connection, lost)
                log.warning("the connection that listens for changes was closed", retry_s=retry_s)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("no connection to listen for changes", error=str(error), retry_s=retry_s)
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, RETRY_MOST_S)


async def _first_row(connection: aiosqlite.Connection, query: str) -> Any:
    async with connection.execute(query) as cursor:
        return await cursor.fetchone()


@asynccontextmanager
async def _connected(database: Database) -> AsyncGenerator[tuple[Any, asyncio.Event]]:
    """A connection outside of the pool, and an event that is set when it is closed."""
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection: Any = await cast("Any", asyncpg).connect(url)
    lost = asyncio.Event()

    def closed(_connection: object) -> None:
        lost.set()

    connection.add_termination_listener(closed)
    try:
        yield connection, lost
    finally:
        connection.terminate()


async def _lost(connection: Any, lost: asyncio.Event) -> None:
    """Returns when the connection is closed; raises TimeoutError (an OSError) when it has gone silent."""
    while not lost.is_set():
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await lost.wait()
        except TimeoutError:
            await connection.execute("select 1", timeout=HEARTBEAT_S)
