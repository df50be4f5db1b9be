"""Storing a run of a stream's records in one transaction, which holds the stream and moves its mark afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control.ingest import streams
from control.ingest.beacons import store_beacons
from control.ingest.clicks import store_clicks
from control.ingest.clocks import Clock
from control.ingest.quarantine import SetAside, set_aside
from control.ingest.sorting import Part, Refused, Sorted
from control.links.limits import close_at_limit
from control.services import Services
from control.store.locks import lock_workspaces
from shared.clock import wall_ms
from shared.wire import Batch


@dataclass(slots=True)
class Storing:
    """One transaction that stores records of a batch."""

    services: Services
    connection: AsyncConnection
    stream_id: bytes
    batch: Batch
    received_ms: int

    async def store(self, found: Sorted) -> None:
        """Stores sorted records."""
        await streams.add_samples(self.connection, self.batch.edge_id, self.batch.clock)
        await lock_workspaces(self.connection, found.workspaces)
        counted: set[str] = set()
        for part in found.parts:
            counted |= await self._write(part)
        clock = Clock(self.batch.clock, self.received_ms)
        low_watermark_ms = clock.of_wall(self.batch.low_watermark_ms)
        await streams.note_edge(self.connection, self.batch.edge_id, low_watermark_ms, self.received_ms)
        await close_at_limit(self.connection, counted, wall_ms())

    async def _write(self, part: Part) -> set[str]:
        """Returns the links that have more human clicks now."""
        counted = await store_clicks(self.connection, part.clicks)
        counted |= await store_beacons(self.connection, self.services.secret, part.beacons)
        await streams.store_gaps(self.connection, self.batch.edge_id, self.stream_id, part.gaps, self.received_ms)
        await streams.add_unknown_slugs(self.connection, part.unknown_slugs)
        by_reason = sorted(part.refused, key=lambda one: (one.reason, one.number))
        for reason, refused in groupby(by_reason, key=lambda one: one.reason):
            await self._set_aside(reason, list(refused))
        return counted

    async def _set_aside(self, reason: str, refused: Sequence[Refused]) -> None:
        alone = msgspec.structs.replace(self.batch, records=[one.record for one in refused])
        body = msgspec.msgpack.encode(alone)
        what = SetAside(self.stream_id, refused[0].number, len(refused), reason, body)
        await set_aside(self.connection, self.services.data, what, self.received_ms)
