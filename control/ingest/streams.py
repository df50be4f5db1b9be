"""The SQL of streams and of what arrives with them: high-water marks, clock samples, gaps, unknown slugs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from control.ingest.types import BatchHeaders
from control.store.rowset import rowset, slices
from control.store.schema import clock_samples, edges, gaps, streams
from control.store.upsert import insert_ignore
from shared.clock import HOUR_MS
from shared.ids import ID_BYTES, from_bytes
from shared.wire import Batch, ClockSample, GapRecord, Mark, UnknownSlugsRecord

SAMPLES_AROUND_MS = HOUR_MS // 2  # how far around a batch's records samples are looked for; steps may be 10 minutes


async def hold_stream(connection: AsyncConnection, stream_id: bytes, batch: Batch, received_ms: int) -> int:
    """Makes the stream's row if it is missing, locks it for this transaction, and returns its mark."""
    new = {"id": stream_id, "edge_id": batch.edge_id, "lane": batch.lane, "next": 0, "updated_ms": received_ms}
    await insert_ignore(connection, streams, [new])
    held = await connection.execute(select(streams.c.next).where(streams.c.id == stream_id).with_for_update())
    return int(held.scalar_one())


async def move_mark(connection: AsyncConnection, stored: BatchHeaders, *, closed: bool, received_ms: int) -> None:
    """Everything up to the end of `stored` is stored or set aside."""
    values = {"next": stored.first + stored.count, "updated_ms": received_ms} | ({"closed": True} if closed else {})
    await connection.execute(update(streams).where(streams.c.id == stored.stream_id).values(values))


async def read_marks(connection: AsyncConnection, stream_ids: Sequence[bytes]) -> list[Mark]:
    """How far each of these streams is stored, in their order."""
    if not stream_ids:
        return []
    found = await rowset(connection, "asked", {"id": "bytea"}, [(one,) for one in set(stream_ids)]).fetch(
        "select s.id, s.next, s.closed from asked cross join streams s where s.id = asked.id"
    )
    marks = {row[0]: Mark(row[1], bool(row[2])) for row in found}
    return [marks.get(one, Mark(0, closed=False)) for one in stream_ids]


async def note_edge(connection: AsyncConnection, edge_id: str, low_watermark_ms: int, received_ms: int) -> None:
    """What a batch says about its edge; edges announce themselves by their status."""
    await connection.execute(
        update(edges).where(edges.c.id == edge_id).values(low_watermark_ms=low_watermark_ms, last_seen_ms=received_ms)
    )


async def add_samples(connection: AsyncConnection, edge_id: str, samples: Iterable[ClockSample]) -> None:
    """Keeps clock samples for records that are shipped after them."""
    rows = {
        (one.wall_ms, one.boot_ms): {
            "edge_id": edge_id,
            "boot_ms": one.boot_ms,
            "wall_ms": one.wall_ms,
            "offset_ms": one.offset_ms,
            "round_trip_ms": one.round_trip_ms,
        }
        for one in samples
    }
    await insert_ignore(connection, clock_samples, list(rows.values()))


async def samples_around(connection: AsyncConnection, edge_id: str, from_ms: int, to_ms: int) -> list[ClockSample]:
    """An edge's samples around records of [from_ms, to_ms] by its own wall clock."""
    at = clock_samples.c
    found = await connection.execute(
        select(at.wall_ms, at.boot_ms, at.offset_ms, at.round_trip_ms).where(
            at.edge_id == edge_id, at.wall_ms.between(from_ms - SAMPLES_AROUND_MS, to_ms + SAMPLES_AROUND_MS)
        )
    )
    return [ClockSample(*row) for row in found]


async def store_gaps(
    connection: AsyncConnection,
    edge_id: str,
    stream_id: bytes,
    found: Iterable[tuple[int, GapRecord]],
    received_ms: int,
) -> None:
    """Gaps with their numbers in the stream. They are known by their place, so that one shipped twice is one, and the
    many of a torn-off stretch, which all say the same, are many."""
    rows = {
        gap_id: {
            "id": gap_id,
            "edge_id": edge_id,
            "from_ms": gap.from_ms,
            "to_ms": gap.to_ms,
            "count": gap.count,
            "at_least": gap.at_least,
            "reason": gap.reason,
            "received_ms": received_ms,
        }
        for number, gap in found
        for gap_id in (_gap_id(stream_id, number),)
    }
    await insert_ignore(connection, gaps, list(rows.values()))


def _gap_id(stream_id: bytes, number: int) -> str:
    place = stream_id + number.to_bytes(8, "little")
    return from_bytes("gap", blake2b(place, digest_size=ID_BYTES).digest())


async def add_unknown_slugs(connection: AsyncConnection, found: Iterable[UnknownSlugsRecord]) -> None:
    """Adds the minute's requests for slugs that no link has; the empty path has all of them together."""
    counts: Counter[tuple[str, int, str]] = Counter()
    for record in found:
        counts[record.host, record.minute_ms, ""] += record.total
        for path, count in record.paths.items():
            if path:
                counts[record.host, record.minute_ms, path.replace("\0", "�")] += count
    rows = [(*key, count) for key, count in sorted(counts.items())]
    columns = {"host": "text", "minute_ms": "bigint", "path": "text", "count": "bigint"}
    for some in slices(columns, rows):
        await rowset(connection, "found", columns, some).run(
            "insert into unknown_slugs (host, minute_ms, path, count) select * from found where true"
            " on conflict (host, minute_ms, path) do update set count = unknown_slugs.count + excluded.count"
        )
