"""How the edges are: what each last reported about itself, and the clock samples that correct its times."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from control.edges.feed import SyncState, read_state
from control.edges.types import Edge, EdgeState
from control.http.paging import Page, page_of
from control.store.schema import clock_samples, edges
from control.store.upsert import insert_ignore, insert_into
from control.times import from_ms
from shared.clock import SECOND_MS
from shared.wire import EdgeStatus

SILENT_MS = 30 * SECOND_MS  # edges report at least every 10 s


async def record_status(connection: AsyncConnection, status: EdgeStatus, now_ms: int) -> None:
    """Keeps an edge's report, of which the last one counts, and its clock samples, of which all do."""
    reported = {
        "name": status.name,
        "version": status.version,
        "last_seen_ms": now_ms,
        "epoch": status.epoch,
        "rev": status.rev,
        "workers": status.workers,
        "low_watermark_ms": status.low_watermark_ms,
        "backlog_records": status.backlog_records,
        "backlog_bytes": status.backlog_bytes,
        "spool_bytes": status.spool_bytes,
        "gap_count": status.gap_count,
        "held_feed": status.held_feed,
    }
    insert = insert_into(connection, edges).values(id=status.edge_id, first_seen_ms=now_ms, **reported)
    await connection.execute(insert.on_conflict_do_update(index_elements=[edges.c.id], set_=reported))
    samples = [
        {
            "edge_id": status.edge_id,
            "boot_ms": sample.boot_ms,
            "wall_ms": sample.wall_ms,
            "offset_ms": sample.offset_ms,
            "round_trip_ms": sample.round_trip_ms,
        }
        for sample in status.clock
    ]
    await insert_ignore(connection, clock_samples, samples)


async def list_edges(connection: AsyncConnection, after: tuple[str] | None, limit: int, now_ms: int) -> Page[Edge]:
    """Edges in order of their ids, which is that of their first start."""
    state = await read_state(connection)
    query = select(edges).order_by(edges.c.id).limit(limit + 1)
    if after is not None:
        query = query.where(edges.c.id > after[0])
    rows = (await connection.execute(query)).all()
    return page_of(rows, limit, lambda row: _to_edge(row, state, now_ms), lambda row: (row.id,))


def _to_edge(row: Any, state: SyncState, now_ms: int) -> Edge:
    # An edge of another epoch has all of this one's changes before it.
    lag = state.rev - row.rev if row.epoch == state.epoch else state.rev
    return Edge(
        row.id,
        row.name,
        row.version,
        from_ms(row.last_seen_ms),
        row.rev,
        max(0, lag),
        row.workers,
        row.backlog_records,
        row.gap_count,
        _state(row, now_ms),
        row.held_feed,
    )


def _state(row: Any, now_ms: int) -> EdgeState:
    if row.retired_ms is not None:
        return "retired"
    return "silent" if now_ms - row.last_seen_ms > SILENT_MS else "live"
