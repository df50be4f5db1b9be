"""Everything that edges hold, as of one rev, streamed frame by frame.

One read-only snapshot of the database from first to last frame, read by key in slices, so that ten million links are
never in memory at once and changes go on meanwhile. Entries are copied as they are stored, never decoded.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import aclosing
from hashlib import sha256
from typing import Any

import msgspec
import zstandard
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from control.edges.feed import read_state, tip_of
from control.store.engine import Database
from control.store.schema import feed
from shared.clock import wall_ms
from shared.wire import SnapshotEnd, SnapshotStart

ENTRIES_PER_FRAME = 2_000
ZSTD_LEVEL = 3

_LENGTH = struct.Struct("<I")


async def snapshot_frames(database: Database) -> AsyncGenerator[bytes]:
    """The frames of a snapshot, each behind its length."""
    async with database.reading() as connection:
        state = await read_state(connection)
        start = SnapshotStart(state.epoch, state.rev, wall_ms(), await tip_of(connection, state.rev))
        frame = msgspec.msgpack.encode(start)
        digest, count, last_key = sha256(frame), 0, ""
        yield _with_length(frame)
        while entries := await _entries_after(connection, last_key):
            bodies = [msgspec.Raw(entry) for _, entry in entries]
            # A SnapshotEntries, spelled out because its entries are encoded already.
            frame = msgspec.msgpack.encode(["entries", bodies])
            digest.update(frame)
            yield _with_length(frame)
            count, last_key = count + len(entries), entries[-1][0]
        yield _with_length(msgspec.msgpack.encode(SnapshotEnd(count, digest.digest())))


async def compressed(frames: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """A zstd stream of the frames; compression runs beside the event loop."""
    compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
    async with aclosing(frames):
        async for frame in frames:
            if chunk := await asyncio.to_thread(compressor.compress, frame):
                yield chunk
    yield compressor.flush()


async def _entries_after(connection: AsyncConnection, key: str) -> list[tuple[str, Any]]:
    query = select(feed.c.key, feed.c.entry).where(feed.c.key > key, feed.c.entry.is_not(None))
    rows = await connection.execute(query.order_by(feed.c.key).limit(ENTRIES_PER_FRAME))
    return [(row.key, row.entry) for row in rows]


def _with_length(frame: bytes) -> bytes:
    return _LENGTH.pack(len(frame)) + frame
