"""`spool inspect` and `spool verify`: what is in a node's spool, read without an agent and without changing a byte.

Both work beside a running edge (an open segment is read up to its last whole frame) and on a copied folder.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from edge.agent.books import read_acked
from edge.agent.segment import BadSegment, SegmentName, list_segments
from edge.agent.segment_reader import SegmentReader
from edge.record import BadRecord, Beacon, Click, Record, decode
from shared.wire import GapRecord

_FOLDER: Final = "spool"
_PLACES_SHOWN: Final = 20  # of damage, a segment


class NoSpool(Exception):
    """There is no spool where it was looked for; the text says what to do."""


class CannotReplay(Exception):
    """The text says why; what has been sent until then is stored."""


class Damage(msgspec.Struct, frozen=True):
    """One record that cannot be given back."""

    number: int
    reason: str


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """What one file holds."""

    file: str
    stream_id: str
    state: str  # open, sealed, unreadable
    size: int  # bytes
    records: int
    kinds: dict[str, int]
    first_ms: int | None
    last_ms: int | None
    acked: int | None  # as the agent last wrote down; None where it has not
    damaged: int
    damage: list[Damage]  # the first of them
    problem: str = ""  # why the file cannot be read


def inspect(data: Path) -> list[Segment]:
    """Every segment below an edge's data folder, oldest first. Raises NoSpool."""
    folder = folder_in(data)
    acks = {stream_id: ack.next for stream_id, ack in read_acked(folder).items()}
    return [_segment(folder, name, acks.get(name.stream_id.hex())) for name in list_segments(folder)]


def folder_in(data: Path) -> Path:
    """Where the segments of an edge's data folder are. Raises NoSpool."""
    folder = data / _FOLDER
    if not folder.is_dir():
        raise NoSpool(f"there is no spool in {data}; name an edge's folder by [edge] data, or by --data")
    return folder


def _segment(folder: Path, name: SegmentName, acked: int | None) -> Segment:
    path = folder / str(name)
    kinds, times, damage = Counter[str](), list[int](), list[Damage]()
    records, problem = name.end or 0, ""
    try:
        with closing(SegmentReader(path, name)) as reader:
            at = 0
            for part in reader.parts():
                for number, payload in enumerate(part.payloads, part.number):
                    if number < at or (name.end is not None and number >= name.end):
                        continue
                    damage.extend(Damage(missing, "missing or damaged") for missing in range(at, number))
                    at = number + 1
                    _judge(number, payload, kinds, times, damage)
            records = at if name.end is None else name.end
            damage.extend(Damage(missing, "missing or damaged") for missing in range(at, records))
    except (BadSegment, OSError) as error:
        problem = str(error)
    return Segment(
        file=path.name,
        stream_id=name.stream_id.hex(),
        state="unreadable" if problem else "open" if name.end is None else "sealed",
        size=_size(path),
        records=records,
        kinds=dict(kinds),
        first_ms=min(times, default=None),
        last_ms=max(times, default=None),
        acked=acked,
        damaged=len(damage),
        damage=damage[:_PLACES_SHOWN],
        problem=problem,
    )


def _judge(number: int, payload: bytes | None, kinds: Counter[str], times: list[int], damage: list[Damage]) -> None:
    if payload is None:
        damage.append(Damage(number, "missing or damaged"))
        return
    try:
        record = decode(payload)
    except BadRecord as error:
        damage.append(Damage(number, str(error)))
        return
    kind, time_ms = _kind_and_time(record)
    kinds[kind] += 1
    times.append(time_ms)


def _kind_and_time(record: Record) -> tuple[str, int]:
    match record:
        case Click():
            return "click", record.time_ms
        case Beacon():
            return "beacon", record.time_ms
        case GapRecord():
            return "gap", record.from_ms
        case _:
            return "unknown slugs", record.minute_ms


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
