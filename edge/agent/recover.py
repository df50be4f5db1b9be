"""What a starting agent does with what the former one left: ends its open segment, and finds where each ring goes on.

Where does an open segment end? Its records up to the last `SYNCED` mark are on disk. Behind that mark the former agent
may have written more; whether the disk has it nobody can tell, since a sync that failed once may succeed the second
time without the data. So:

- If every ring that those further records came from is still there, of this boot, they are read from the rings again
  and void here.
- Else (power was lost, or /dev/shm went with a container) this is the only copy: the segment ends behind its last
  frame that verifies.

Before the segment gets its final name, the rings are released up to what it holds. Killed between the two, the next
agent comes to the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from edge.agent.ring_reader import RingReader
from edge.agent.segment import DROPS, SYNCED, BadSegment, SegmentName, list_segments, seal
from edge.agent.segment_reader import SegmentReader
from edge.node import boot_id

_log = structlog.get_logger()


class _Seen(NamedTuple):
    """A frame without its payload."""

    number: int
    kind: int
    origin: bytes
    sequence: int


def recover(directory: Path, rings: Sequence[RingReader]) -> None:
    """Seals every open segment and moves the rings behind what is on disk. Raises OSError.

    Rings of another boot (they were on a disk) may have been released further than their file remembers; for them all
    segments that are still there are asked.
    """
    boot = boot_id()
    of_this_boot = {ring.identity.ring_id for ring in rings if ring.identity.boot_id == boot}
    has_older_rings = len(of_this_boot) < len(rings)
    held: list[_Seen] = []
    ends: dict[SegmentName, int] = {}
    for name in list_segments(directory):
        if name.end is not None and not has_older_rings:
            continue
        frames = _scan(directory / str(name), name)
        if frames is None:
            continue
        end = name.end
        if end is None:
            end = ends[name] = _end_of(frames, of_this_boot)
        held.extend(frame for frame in frames if frame.number < end)
    _release(rings, held)
    for name, end in ends.items():
        seal(directory, name, end)
        _log.info("a segment of a former run was sealed", stream=name.stream_id.hex(), records=end)


def _scan(path: Path, name: SegmentName) -> list[_Seen] | None:
    try:
        reader = SegmentReader(path, name)
    except BadSegment as error:
        _log.error("segment left alone", reason=str(error))
        return None
    try:
        return [_Seen(number, entry.kind, entry.origin, entry.sequence) for number, entry in reader.frames()]
    finally:
        reader.close()


def _end_of(frames: Iterable[_Seen], rings: set[bytes]) -> int:
    synced, end = 0, 0
    for frame in frames:
        if frame.kind == SYNCED:
            synced = max(synced, frame.number)
        else:
            end = max(end, frame.number + 1)
    further = [frame for frame in frames if frame.kind != SYNCED and frame.number >= synced]
    if all(frame.origin in rings for frame in further):
        return synced
    return max(synced, end)


def _release(rings: Sequence[RingReader], held: Iterable[_Seen]) -> None:
    positions: dict[bytes, int] = {}
    drops: dict[bytes, int] = {}
    for frame in held:
        of_ring = drops if frame.kind == DROPS else positions
        of_ring[frame.origin] = max(of_ring.get(frame.origin, 0), frame.sequence)
    for ring in rings:
        ring_id = ring.identity.ring_id
        ring.resume(positions.get(ring_id, 0), drops.get(ring_id, 0))
