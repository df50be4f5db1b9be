"""The change feed as edges ask for it: what moved after a rev, waiting a while when nothing did."""

from __future__ import annotations

import time

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from control.edges.feed import SyncState, read_state_and_tips, tip_of
from control.edges.wake import FeedWake
from control.http.errors import Gone
from control.store.engine import Database
from control.store.schema import feed
from shared.clock import wall_ms
from shared.wire import Change, ChangePage, Entry

CHANGES_PER_PAGE = 2_000

_decoder = msgspec.msgpack.Decoder(Entry)


class SnapshotNeeded(Gone):
    """410: no list of changes leads from what the edge holds to what is now."""

    slug = "snapshot-needed"
    title = "Take a snapshot"


async def changes_after(
    database: Database, wake: FeedWake, epoch: str, rev: int, wait_s: float, tip: str = ""
) -> ChangePage:
    """The page of changes after `rev`; empty when none came within `wait_s`. Raises SnapshotNeeded."""
    deadline = time.monotonic() + wait_s
    while True:
        ticket = wake.ticket()
        async with database.reading() as connection:
            page = await read_changes(connection, epoch, rev, tip=tip)
        left_s = deadline - time.monotonic()
        if page.changes or left_s <= 0 or wake.is_closed:
            return page
        await wake.wait(ticket, left_s)


async def read_changes(
    connection: AsyncConnection, epoch: str, rev: int, limit: int = CHANGES_PER_PAGE, tip: str = ""
) -> ChangePage:
    """Up to `limit` changes after `rev`, as they are now. Raises SnapshotNeeded; a `tip` that is empty is not known."""
    state, tip_there, newest_tip = await read_state_and_tips(connection, rev)
    _check_position(state, epoch, rev)
    if tip and tip != tip_there:
        raise SnapshotNeeded(f"Rev {rev} was given out for another change since: the database was replaced by a copy.")
    # Index: uq_feed_rev.
    query = select(feed.c.rev, feed.c.key, feed.c.entry).where(feed.c.rev > rev).order_by(feed.c.rev).limit(limit + 1)
    rows = (await connection.execute(query)).all()
    more = len(rows) > limit
    changes = [
        Change(row.rev, row.key, None if row.entry is None else _decoder.decode(row.entry)) for row in rows[:limit]
    ]
    if more:
        last = changes[-1].rev
        return ChangePage(state.epoch, last, changes, more, wall_ms(), await tip_of(connection, last))
    return ChangePage(state.epoch, state.rev, changes, more, wall_ms(), newest_tip)


def _check_position(state: SyncState, epoch: str, rev: int) -> None:
    if epoch != state.epoch:
        raise SnapshotNeeded(f"The epoch is {state.epoch}, not {epoch or 'an empty one'}.")
    if rev > state.rev:
        raise SnapshotNeeded(f"The newest rev is {state.rev}; {rev} was never given out in this epoch.")
    if rev < state.horizon:
        raise SnapshotNeeded(f"Removals up to rev {state.horizon} are no longer known; {rev} is older.")
