"""Everything an edge needs, as one ordered feed.

Each change takes the next `rev` from the single row of `sync_state`, in the transaction of the change itself. That row
stays locked until the transaction ends, so revs become visible in order and without holes: whoever sees rev n sees all
before it. The price is that such transactions run one after another; bulk changes therefore commit in slices.

`feed` holds the newest rev of each key and not its history: an edge that was away gets each key once. What was removed
stays as a tombstone for 30 days; an edge that was away longer (its rev is below the horizon) takes a snapshot.

The epoch tells one history of revs from another. It is random, made with the database, and extended by what a Postgres
restored or failed over cannot keep: its system identifier, timeline and database oid. A plain copy of the files, put
back, keeps all of that. So each transaction also leaves a random *tip* under the last rev that it gave out: who says
rev and tip shows which history it followed. Then a rev that was given out twice, for two different changes, is never
taken for the same one.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import blake2s
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, ScalarSelect, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from control.store.schema import feed, feed_tips, sync_state
from control.store.upsert import insert_into
from shared.clock import DAY_MS, wall_ms
from shared.wire import Entry, entry_key

CHANNEL = "clicktrail_feed"  # of Postgres NOTIFY
TOMBSTONE_MS = 30 * DAY_MS

# The timeline comes from the name of the WAL file being written, which every role may ask for and which moves with a
# promotion at once; the control file's copy waits for a checkpoint.
_LINEAGE = text(
    "select system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || '/' ||"
    " (select oid from pg_database where datname = current_database())::text from pg_control_system()"
)
_STATE = (sync_state.c.epoch, sync_state.c.rev, sync_state.c.horizon)
_LINEAGE_IS_SHOWN = "clicktrail_lineage_is_shown"


class SyncState(NamedTuple):
    """Where the feed stands: `rev` was given out last, tombstones at or below `horizon` are gone."""

    epoch: str
    rev: int
    horizon: int


async def renew_epoch(connection: AsyncConnection) -> None:
    """Starts another history, after which every edge takes a snapshot: for a database that was restored or moved."""
    await connection.execute(update(sync_state).values(epoch=secrets.token_hex(8)))


async def read_state(connection: AsyncConnection) -> SyncState:
    """The feed's state in this transaction's snapshot."""
    row = (await connection.execute(select(*_STATE))).one()
    return await _state_of(connection, row)


async def read_state_and_tips(connection: AsyncConnection, rev: int) -> tuple[SyncState, str, str]:
    """The feed's state, the tip of `rev` and that of the newest rev, in one query: edges that wait are answered after
    it."""
    tips = _tip_of(rev).label("tip"), _tip_of(sync_state.c.rev).label("newest_tip")
    row = (await connection.execute(select(*_STATE, *tips))).one()
    return await _state_of(connection, row), row.tip if rev and row.tip else "", row.newest_tip or ""


async def tip_of(connection: AsyncConnection, rev: int) -> str:
    """The tip of the transaction that gave out `rev`; empty where none has."""
    return "" if rev == 0 else (await connection.execute(select(_tip_of(rev)))).scalar() or ""


async def publish(connection: AsyncConnection, entries: Sequence[Entry]) -> int:
    """Makes these entries what edges hold under their keys, in the caller's transaction. Returns the last rev."""
    return await _write(connection, {entry_key(entry): msgspec.msgpack.encode(entry) for entry in entries})


async def retract(connection: AsyncConnection, keys: Sequence[str]) -> int:
    """Removes what edges hold under these keys, in the caller's transaction. Returns the last rev."""
    return await _write(connection, dict.fromkeys(keys))


async def forget_tombstones(connection: AsyncConnection, now_ms: int) -> int:
    """Drops tombstones older than 30 days and moves the horizon past them. Returns how many.

    Of tips the last one of that age stays: it is that of an edge which was away for just so long.
    """
    # The state's row first, as in `_write`, so that the two cannot wait for each other.
    await connection.execute(update(sync_state).values(rev=sync_state.c.rev))
    long_ago = select(func.max(feed_tips.c.rev)).where(feed_tips.c.changed_ms < now_ms - TOMBSTONE_MS)
    await connection.execute(delete(feed_tips).where(feed_tips.c.rev < long_ago.scalar_subquery()))
    old = (feed.c.entry.is_(None), feed.c.changed_ms < now_ms - TOMBSTONE_MS)
    newest, count = (await connection.execute(select(func.max(feed.c.rev), func.count()).where(*old))).one()
    if count:
        await connection.execute(delete(feed).where(*old))
        await connection.execute(update(sync_state).where(sync_state.c.horizon < newest).values(horizon=newest))
    return count


async def _write(connection: AsyncConnection, bodies: dict[str, bytes | None]) -> int:
    step = len(bodies)
    moved = update(sync_state).values(rev=sync_state.c.rev + step).returning(sync_state.c.rev)
    last = (await connection.execute(moved)).scalar_one()
    if not bodies:
        return last
    now_ms = wall_ms()
    await connection.execute(insert(feed_tips).values(rev=last, tip=secrets.token_hex(8), changed_ms=now_ms))
    rows = [
        {"key": key, "rev": rev, "entry": body, "changed_ms": now_ms}
        for rev, (key, body) in enumerate(bodies.items(), last - step + 1)
    ]
    upsert = insert_into(connection, feed)
    newer = {name: upsert.excluded[name] for name in ("rev", "entry", "changed_ms")}
    await connection.execute(upsert.on_conflict_do_update(index_elements=[feed.c.key], set_=newer), rows)
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_notify(CHANNEL, str(last))))
    return last


def _tip_of(rev: int | ColumnElement[int]) -> ScalarSelect[str]:
    found = select(feed_tips.c.tip).where(feed_tips.c.rev >= rev).order_by(feed_tips.c.rev).limit(1)
    return found.scalar_subquery()


async def _state_of(connection: AsyncConnection, row: Any) -> SyncState:
    lineage = await _lineage(connection)
    return SyncState(f"{row.epoch}-{lineage}" if lineage else row.epoch, row.rev, row.horizon)


async def _lineage(connection: AsyncConnection) -> str:
    """Empty on SQLite, and where the server hides its WAL from us: it also keeps it through a failover then."""
    if connection.dialect.name != "postgresql":
        return ""
    is_shown: bool | None = connection.info.get(_LINEAGE_IS_SHOWN)  # of this connection; asked with care at first
    if is_shown is None:
        is_shown = connection.info[_LINEAGE_IS_SHOWN] = await _shows_lineage(connection)
    if not is_shown:
        return ""
    try:
        lineage: str = (await connection.execute(_LINEAGE)).scalar_one()
    except DBAPIError:  # it was shown until now: the next to ask does so with care
        del connection.info[_LINEAGE_IS_SHOWN]
        raise
    return blake2s(lineage.encode(), digest_size=6).hexdigest()


async def _shows_lineage(connection: AsyncConnection) -> bool:
    try:
        async with connection.begin_nested():
            await connection.execute(_LINEAGE)
    except DBAPIError:
        return False
    return True
