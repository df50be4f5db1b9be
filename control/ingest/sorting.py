"""What becomes of a batch's records, found out before anything is held: each is read and enriched and goes with those
of its kind, or is refused with the reason. Most of what storing costs this process, and nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control.ingest import store, streams
from control.ingest.beacons import Beacons
from control.ingest.clocks import Clock
from control.ingest.enrich import Click, Enricher, LinkFacts
from control.ingest.types import Unreadable
from shared import ids
from shared.beacon import BadBeacon
from shared.click_id import CLICK_ID_BYTES
from shared.wire import Batch, BeaconRecord, ClickRecord, GapRecord, Record, UnknownSlugsRecord

RECORDS_AT_ONCE = 4_000  # what one set of statements stores; a longer run is stored in several parts
RECORDS_A_TURN = 500  # of the event loop: some 10 ms


class Refused(NamedTuple):
    """A record that is well-formed and can't be kept where it belongs."""

    number: int
    record: Record | msgspec.Raw
    reason: str


@dataclass(slots=True)
class Part:
    """Records that are stored together, by what becomes of them."""

    clicks: list[Click] = field(default_factory=list[Click])
    beacons: Beacons = field(default_factory=Beacons)
    gaps: list[tuple[int, GapRecord]] = field(default_factory=list[tuple[int, GapRecord]])
    unknown_slugs: list[UnknownSlugsRecord] = field(default_factory=list[UnknownSlugsRecord])
    refused: list[Refused] = field(default_factory=list[Refused])


class Sorted(NamedTuple):
    """A run of records, ready to be stored."""

    parts: list[Part]
    workspaces: set[str]
    """That it touches."""


class Facts(NamedTuple):
    """What the database knows of a run of records."""

    links: Mapping[bytes, LinkFacts]
    workspaces: set[str]
    clocks: list[Clock]
    """One a part."""


@dataclass(slots=True)
class Sorting:
    """Sorts records of one batch."""

    secret: bytes
    batch: Batch
    received_ms: int

    async def look_up(self, connection: AsyncConnection, records: Sequence[Record | Unreadable]) -> Facts:
        """All that sorting `records` asks the database: the connection is free again before the work begins."""
        links = await _links(connection, records)
        workspaces = await store.workspaces_of(connection, _workspace_ids(records))
        return Facts(links, workspaces, [await self._clock(connection, some) for some in _in_parts(records)])

    async def sort(self, records: Sequence[Record | Unreadable], facts: Facts, *, first: int) -> Sorted:
        """Sorts `records`, whose first is number `first` of the stream."""
        parts: list[Part] = []
        for some, clock in zip(_in_parts(records), facts.clocks, strict=True):
            parts.append(await self._part(some, first, facts, clock))
            first += len(some)
        return Sorted(parts, facts.workspaces | {link.workspace_id for link in facts.links.values()})

    async def _part(self, records: Sequence[Record | Unreadable], first: int, facts: Facts, clock: Clock) -> Part:
        part, links = Part(), facts.links
        enricher = Enricher(received_ms=self.received_ms, edge_id=self.batch.edge_id, secret=self.secret)
        for number, record in enumerate(records, start=first):
            if number % RECORDS_A_TURN == 0:
                await asyncio.sleep(0)
            match record:
                case ClickRecord():
                    link = links.get(record.link_id)
                    if len(record.click_id) != CLICK_ID_BYTES:
                        part.refused.append(Refused(number, record, "malformed click id"))
                    elif link is None:
                        part.refused.append(Refused(number, record, "unknown link"))
                    else:
                        time_ms = clock.corrected(record.time_ms, record.boot_ms)
                        part.clicks.append(enricher.enrich(record, link, time_ms))
                case BeaconRecord():
                    workspace_id = ids.from_bytes("wsp", record.workspace_id)
                    reason = "" if workspace_id in facts.workspaces else "unknown workspace"
                    if not reason:
                        reason = self._read_beacon(part.beacons, record, workspace_id, clock)
                    if reason:
                        part.refused.append(Refused(number, record, reason))
                case GapRecord():
                    part.gaps.append((number, record))
                case UnknownSlugsRecord():
                    part.unknown_slugs.append(record)
                case Unreadable():
                    part.refused.append(Refused(number, record.raw, record.reason))
        return part

    def _read_beacon(self, beacons: Beacons, record: BeaconRecord, workspace_id: str, clock: Clock) -> str:
        """Adds a beacon to its kind, or says why not."""
        time_ms = clock.corrected(record.time_ms, record.boot_ms)
        try:
            beacons.add(record, workspace_id, time_ms, self.received_ms)
        except BadBeacon as error:
            return f"malformed beacon: {error}"
        return ""

    async def _clock(self, connection: AsyncConnection, records: Iterable[Record | Unreadable]) -> Clock:
        """Corrects by the batch's own samples, and by stored ones where those are of another time."""
        clock = Clock(self.batch.clock, self.received_ms)
        timed = [one for one in records if isinstance(one, ClickRecord | BeaconRecord)]
        origins = {one.time_ms - one.boot_ms for one in timed}
        unknown = {origin for origin in origins if not clock.knows(origin)}
        if not unknown:
            return clock
        times_ms = [one.time_ms for one in timed if one.time_ms - one.boot_ms in unknown]
        edge_id = self.batch.edge_id
        stored = await streams.samples_around(connection, edge_id, min(times_ms), max(times_ms))
        return Clock([*stored, *self.batch.clock], self.received_ms)


def _in_parts(records: Sequence[Record | Unreadable]) -> Iterator[Sequence[Record | Unreadable]]:
    for start in range(0, len(records), RECORDS_AT_ONCE):
        yield records[start : start + RECORDS_AT_ONCE]


async def _links(connection: AsyncConnection, records: Iterable[Record | Unreadable]) -> dict[bytes, LinkFacts]:
    raw = {record.link_id for record in records if isinstance(record, ClickRecord)}
    by_id = {ids.from_bytes("lnk", one): one for one in raw}
    found = await store.links_of(connection, by_id)
    return {by_id[link_id]: link for link_id, link in found.items()}


def _workspace_ids(records: Iterable[Record | Unreadable]) -> set[str]:
    raw = {record.workspace_id for record in records if isinstance(record, BeaconRecord)}
    return {ids.from_bytes("wsp", one) for one in raw}
