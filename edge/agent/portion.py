"""The next batch of a stream: records as the control plane gets them, with a gap in the place of each damaged one.

A stream has no holes, so a record that cannot be read keeps its number: a `GapRecord` of one stands there, between the
times of its neighbours. Sent again, the same number holds the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from edge.agent.segment_reader import Slot
from edge.agent.streams import Expired, Stream
from edge.record import BadRecord, decode, time_ms_of, to_wire
from shared.logs import get_logger
from shared.wire import GapRecord, Record

BATCH_RECORDS: Final = 2_000
BATCH_BYTES: Final = 1024 * 1024  # of records as they lie in the spool; about a fifth of it crosses the network

_log = get_logger()


class Portion(msgspec.Struct, frozen=True):
    """Records `first`, `first` + 1, …; `closed` where no other will follow. Without records it is a question."""

    first: int
    records: list[Record]
    closed: bool


def next_portion(stream: Stream | Expired, max_bytes: int, epoch: str) -> Portion:
    """What the control plane, in `epoch`, should get next. May wait for the disk. Raises OSError, BadSegment."""
    if isinstance(stream, Expired):
        return _portion_of_lost(stream, epoch)
    first, end, is_open = stream.acked, stream.end, stream.is_open
    slots = stream.read(BATCH_RECORDS, max_bytes)
    return Portion(first, records_of(slots, stream.name.created_ms), closed=not is_open and first + len(slots) >= end)


def records_of(slots: Sequence[Slot], created_ms: int) -> list[Record]:
    """One record a slot. `created_ms` stands in for the times of neighbours where there are none."""
    times = [None if slot.payload is None else time_ms_of(slot.payload) for slot in slots]
    records: list[Record] = []
    for at, slot in enumerate(slots):
        record = _record(slot)
        if record is None:
            before = next((time_ms for time_ms in reversed(times[:at]) if time_ms is not None), None)
            after = next((time_ms for time_ms in times[at + 1 :] if time_ms is not None), None)
            known = [time_ms for time_ms in (before, after) if time_ms is not None] or [created_ms]
            record = GapRecord(min(known), max(known), 1, at_least=False, reason="spool_damaged")
        records.append(record)
    return records


def _record(slot: Slot) -> Record | None:
    if slot.payload is None:
        _log.error("a record in the spool is damaged", number=slot.number)
        return None
    try:
        return to_wire(decode(slot.payload))
    except BadRecord as error:
        _log.error("a record in the spool cannot be decoded", number=slot.number, reason=str(error))
        return None


def _portion_of_lost(lost: Expired, epoch: str) -> Portion:
    """The gap, once this epoch has said what it lacks; before that, and where it lacks nothing, the question."""
    if lost.acked >= lost.end or lost.asked_in != epoch:
        return Portion(lost.acked, [], closed=lost.acked >= lost.end)
    gap = GapRecord(lost.low_ms, lost.high_ms, lost.lost, at_least=False, reason=lost.reason)
    return Portion(lost.acked, [gap], closed=True)
