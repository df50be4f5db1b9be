"""Storing a run of a stream's records in one transaction, which holds the stream and moves its mark afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control.ingest import store, streams
from control.ingest.beacons import Beacons, store_beacons
from control.ingest.clicks import store_clicks
from control.ingest.clocks import Clock
from control.ingest.enrich import Click, Enricher, LinkFacts
from control.ingest.quarantine import SetAside, set_aside
from control.ingest.types import Unreadable
from control.links.limits import close_at_limit
from control.services import Services
from control.store.locks import lock_workspaces
from shared import ids
from shared.beacon import BadBeacon
from shared.click_id import CLICK_ID_BYTES
from shared.clock import wall_ms
from shared.wire import Batch, BeaconRecord, ClickRecord, GapRecord, Record, UnknownSlugsRecord

RECORDS_AT_ONCE = 4_000  # what one set of statements stores; a longer run is stored in several parts


class _Refused(NamedTuple):
    """A record that is well-formed and can't be kept where it belongs."""

    number: int
    record: Record | msgspec.Raw
    reason: str


@dataclass(slots=True)
class _Sorted:
    """A part's records by what becomes of them."""

    clicks: list[Click] = field(default_factory=list[Click])
    beacons: Beacons = field(default_factory=Beacons)
    gaps: list[tuple[int, GapRecord]] = field(default_factory=list[tuple[int, GapRecord]])
    unknown_slugs: list[UnknownSlugsRecord] = field(default_factory=list[UnknownSlugsRecord])
    refused: list[_Refused] = field(default_factory=list[_Refused])


@dataclass(slots=True)
class Storing:
    """One transaction that stores records of a batch."""

    services: Services
    connection: AsyncConnection
    stream_id: bytes
    batch: Batch
    received_ms: int

    async def store(self, records: Sequence[Record | Unreadable], *, first: int) -> None:
        """Stores `records`, whose first is number `first` of the stream. All that can be done before the workspaces are
        held is: others wait for them."""
        await streams.add_samples(self.connection, self.batch.edge_id, self.batch.clock)
        links = await self._links(records)
        workspaces = await store.workspaces_of(self.connection, _workspace_ids(records))
        parts: list[_Sorted] = []
        for start in range(0, len(records), RECORDS_AT_ONCE):
            part = records[start : start + RECORDS_AT_ONCE]
            parts.append(self._sort(part, first + start, links, workspaces, await self._clock(part)))
        await lock_workspaces(self.connection, workspaces | {link.workspace_id for link in links.values()})
        counted: set[str] = set()
        for part in parts:
            counted |= await self._write(part)
        clock = Clock(self.batch.clock, self.received_ms)
        low_watermark_ms = clock.of_wall(self.batch.low_watermark_ms)
        await streams.note_edge(self.connection, self.batch.edge_id, low_watermark_ms, self.received_ms)
        await close_at_limit(self.connection, counted, wall_ms())

    async def _links(self, records: Iterable[Record | Unreadable]) -> dict[bytes, LinkFacts]:
        raw = {record.link_id for record in records if isinstance(record, ClickRecord)}
        found = await store.links_of(self.connection, (ids.from_bytes("lnk", one) for one in raw))
        return {ids.to_bytes("lnk", link_id): link for link_id, link in found.items()}

    def _sort(
        self,
        records: Iterable[Record | Unreadable],
        first: int,
        links: Mapping[bytes, LinkFacts],
        workspaces: set[str],
        clock: Clock,
    ) -> _Sorted:
        out = _Sorted()
        enricher = Enricher(received_ms=self.received_ms, edge_id=self.batch.edge_id, secret=self.services.secret)
        for number, record in enumerate(records, start=first):
            match record:
                case ClickRecord():
                    link = links.get(record.link_id)
                    if len(record.click_id) != CLICK_ID_BYTES:
                        out.refused.append(_Refused(number, record, "malformed click id"))
                    elif link is None:
                        out.refused.append(_Refused(number, record, "unknown link"))
                    else:
                        time_ms = clock.corrected(record.time_ms, record.boot_ms)
                        out.clicks.append(enricher.enrich(record, link, time_ms))
                case BeaconRecord():
                    workspace_id = ids.from_bytes("wsp", record.workspace_id)
                    reason = "" if workspace_id in workspaces else "unknown workspace"
                    if not reason:
                        reason = self._read_beacon(out.beacons, record, workspace_id, clock)
                    if reason:
                        out.refused.append(_Refused(number, record, reason))
                case GapRecord():
                    out.gaps.append((number, record))
                case UnknownSlugsRecord():
                    out.unknown_slugs.append(record)
                case Unreadable():
                    out.refused.append(_Refused(number, record.raw, record.reason))
        return out

    def _read_beacon(self, beacons: Beacons, record: BeaconRecord, workspace_id: str, clock: Clock) -> str:
        """Adds a beacon to its kind, or says why not."""
        time_ms = clock.corrected(record.time_ms, record.boot_ms)
        try:
            beacons.add(record, workspace_id, time_ms, self.received_ms)
        except BadBeacon as error:
            return f"malformed beacon: {error}"
        return ""

    async def _clock(self, records: Iterable[Record | Unreadable]) -> Clock:
        """Corrects by the batch's own samples, and by stored ones where those are of another time."""
        clock = Clock(self.batch.clock, self.received_ms)
        timed = [one for one in records if isinstance(one, ClickRecord | BeaconRecord)]
        unknown = [one.time_ms for one in timed if not clock.knows(one.time_ms, one.boot_ms)]
        if not unknown:
            return clock
        edge_id = self.batch.edge_id
        stored = await streams.samples_around(self.connection, edge_id, min(unknown), max(unknown))
        return Clock([*stored, *self.batch.clock], self.received_ms)

    async def _write(self, part: _Sorted) -> set[str]:
        """Returns the links that have more human clicks now."""
        counted = await store_clicks(self.connection, part.clicks)
        counted |= await store_beacons(self.connection, self.services.secret, part.beacons)
        await streams.store_gaps(self.connection, self.batch.edge_id, self.stream_id, part.gaps, self.received_ms)
        await streams.add_unknown_slugs(self.connection, part.unknown_slugs)
        by_reason = sorted(part.refused, key=lambda one: (one.reason, one.number))
        for reason, refused in groupby(by_reason, key=lambda one: one.reason):
            await self._set_aside(reason, list(refused))
        return counted

    async def _set_aside(self, reason: str, refused: Sequence[_Refused]) -> None:
        alone = msgspec.structs.replace(self.batch, records=[one.record for one in refused])
        body = msgspec.msgpack.encode(alone)
        what = SetAside(self.stream_id, refused[0].number, len(refused), reason, body)
        await set_aside(self.connection, self.services.data, what, self.received_ms)


def _workspace_ids(records: Iterable[Record | Unreadable]) -> set[str]:
    raw = {record.workspace_id for record in records if isinstance(record, BeaconRecord)}
    return {ids.from_bytes("wsp", one) for one in raw}
