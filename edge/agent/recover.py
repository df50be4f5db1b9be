"""What a starting agent does with what the former one left: ends its open segment, and finds where each ring goes on.

Where does an open segment end? Its records up to the last `SYNCED` mark are on disk, and so are those that a ring has
released since (of that mark, then, only the bytes were damaged). Behind them the former agent may have written more;
whether the disk has it nobody can tell, since a sync that failed once may succeed the second time without the data. So:

- If every ring that those further records came from is still there, of this boot, they are read from the rings again
  and void here.
- Else (power was lost, or /dev/shm went with a container) this is the only copy: the segment ends behind its last
  frame that verifies.

Before the segment gets its final name, the rings are released up to what it holds. Killed between the two, the next
agent comes to the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from edge.agent.ring_reader import RingReader
from edge.agent.segment import DROPS, RECORD, SYNCED, BadSegment, Entry, SegmentName, list_segments, seal
from edge.agent.segment_reader import SegmentReader
from edge.node import boot_id
from shared.logs import get_logger

_log = get_logger()


def recover(directory: Path, rings: Sequence[RingReader]) -> None:
    """Seals every open segment and moves the rings behind what is on disk. Raises OSError.

    Rings of another boot (they were on a disk) may have been released further than their file remembers; for them all
    segments that are still there are asked.
    """
    boot = boot_id()
    released = {ring.identity.ring_id: ring.released for ring in rings if ring.identity.boot_id == boot}
    has_older_rings = len(released) < len(rings)
    held = _Held()
    ends: dict[SegmentName, int] = {}
    for name in list_segments(directory):
        if name.end is not None and not has_older_rings:
            continue
        try:
            end = name.end
            if end is None:
                end = ends[name] = _end_of(_frames(directory, name), released)
            held.note(_frames(directory, name), end)
        except BadSegment as error:
            _log.error("segment left alone", reason=str(error))
    for ring in rings:
        held.release(ring)
    for name, end in ends.items():
        seal(directory, name, end)
        _log.info("a segment of a former run was sealed", stream=name.stream_id.hex(), records=end)


class _Held:
    """How far the kept part of all segments goes in each ring."""

    def __init__(self) -> None:
        self._positions: dict[bytes, int] = {}
        self._drops: dict[bytes, int] = {}

    def note(self, frames: Iterator[tuple[int, Entry]], end: int) -> None:
        for number, entry in frames:
            if entry.kind != SYNCED and number < end:
                of_ring = self._drops if entry.kind == DROPS else self._positions
                of_ring[entry.origin] = max(of_ring.get(entry.origin, 0), entry.sequence)

    def release(self, ring: RingReader) -> None:
        ring_id = ring.identity.ring_id
        ring.resume(self._positions.get(ring_id, 0), self._drops.get(ring_id, 0))


def _end_of(frames: Iterator[tuple[int, Entry]], released: Mapping[bytes, int]) -> int:
    """`released`: read positions of the rings of this boot, by their ids."""
    on_disk, end = 0, 0
    origins_behind: set[bytes] = set()
    for number, entry in frames:
        if entry.kind == SYNCED:
            known = number
        else:
            end = max(end, number + 1)
            origins_behind.add(entry.origin)
            is_released = entry.kind == RECORD and entry.sequence <= released.get(entry.origin, -1)
            known = number + 1 if is_released else 0
        if known > on_disk:
            on_disk = known
            origins_behind.clear()
    return on_disk if origins_behind <= released.keys() else max(on_disk, end)


def _frames(directory: Path, name: SegmentName) -> Iterator[tuple[int, Entry]]:
    """Raises BadSegment, OSError."""
    with closing(SegmentReader(directory / str(name), name)) as reader:
        yield from reader.frames()
