"""Reads a segment back, whatever has happened to the file.

Frames are followed from one to the next. Where one does not verify, the stream's marker is searched for until one
does again: numbers tell how many records are missing between. Of a run, each frame verifies by
itself; where its index is damaged, the one behind it says the same. Reading never fails and never makes a
record up; what cannot be read (a bad sector, a cut-off end) is a hole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from edge.agent.segment import (
    FRAME_BYTES,
    HEADER_BYTES,
    INDEX,
    INDEX_BEHIND,
    RECORD,
    SYNCED,
    Entry,
    Index,
    SegmentName,
    check_header,
    marker_of,
    parse_frame,
    parse_index,
)
from edge.checksum import crc32
from edge.record import RECORD_MAX_BYTES
from edge.ring import CRC_MASK, FRAME, seed_of
from edge.ring import FRAME_BYTES as RING_FRAME_BYTES

WINDOW_BYTES: Final = 1024 * 1024  # read at once; also the stretch that a search for the next frame works through
_SECTOR_BYTES = 4096
_LONGEST_FRAME = FRAME_BYTES + RECORD_MAX_BYTES


class Part(NamedTuple):
    """A stretch of the file that has been made sense of."""

    offset: int
    next_offset: int
    kind: int  # of a run: RECORD
    number: int  # of the first record
    payloads: Sequence[bytes | None]  # None where a record is damaged; of `SYNCED` none at all
    sequence_base: int  # behind a record is its ring's position `sequence_base` + its one of `ends`
    ends: Sequence[int]
    origin: bytes
    size: int  # of the payloads, about


class SegmentReader:
    """Reads records by number, from any number on; cheapest in order."""

    def __init__(self, path: Path, name: SegmentName) -> None:
        """Raises OSError where the file cannot be opened, BadSegment for another version's."""
        self._marker = marker_of(name.stream_id)
        self._pattern = self._marker.to_bytes(4, "little")
        self._descriptor = os.open(path, os.O_RDONLY)
        self._window, self._window_at = b"", 0
        self._next_number, self._next_offset = 0, HEADER_BYTES
        self._last: Part | None = None  # a batch may end in the middle of a run
        try:
            check_header(self._read(0, HEADER_BYTES), name)
        except BaseException:
            os.close(self._descriptor)
            raise

    def read(self, first: int, end: int, max_records: int, max_bytes: int) -> list[bytes | None]:
        """The records from number `first` on, None for a damaged one, below `end` and within the limits.

        One record always fits.
        """
        if first < self._next_number:
            self._next_number, self._next_offset = 0, HEADER_BYTES
        end = min(end, first + max_records)
        found: list[bytes | None] = []
        size = 0
        for part in self._parts(self._next_offset):
            expected = first + len(found)
            if part.number + len(part.payloads) <= expected:
                continue
            self._next_number, self._next_offset = part.number, part.offset
            found.extend([None] * (min(part.number, end) - expected))
            expected = max(expected, part.number)
            if expected >= end:
                return found
            payloads = part.payloads[expected - part.number : end - part.number]
            if size + part.size > max_bytes:
                _fill(found, payloads, max_bytes - size)
                return found
            found.extend(payloads)
            size += part.size
            if first + len(found) >= end:
                return found
        found.extend([None] * (end - first - len(found)))
        return found

    def parts(self) -> Iterator[Part]:
        """The whole file, from its beginning."""
        return self._parts(HEADER_BYTES)

    def frames(self) -> Iterator[tuple[int, Entry]]:
        """Every entry that verifies, with its number, `SYNCED` ones included."""
        for part in self.parts():
            if part.kind == SYNCED:
                yield part.number, Entry(SYNCED, part.origin, 0, b"")
            for at, (payload, end) in enumerate(zip(part.payloads, part.ends, strict=True)):
                if payload is not None:
                    yield part.number + at, Entry(part.kind, part.origin, part.sequence_base + end, payload)

    def close(self) -> None:
        os.close(self._descriptor)

    def _parts(self, offset: int) -> Iterator[Part]:
        while True:
            part = self._part_at(offset)
            if part is None:
                offset = self._search(offset + 1)
                if offset < 0:
                    return
                continue
            self._last = part
            yield part
            offset = part.next_offset

    def _part_at(self, offset: int) -> Part | None:
        if self._last is not None and self._last.offset == offset:
            return self._last
        frame = self._frame_at(offset)
        if frame is None:
            return None
        number, entry = frame
        behind = offset + FRAME_BYTES + len(entry.payload)
        if entry.kind == INDEX:
            index = parse_index(entry.payload)
            next_offset = behind + index.size + FRAME_BYTES + len(entry.payload)
            return self._run(offset, next_offset, behind, number, entry, index)
        if entry.kind == INDEX_BEHIND:  # reached where the one before the run is damaged
            index = parse_index(entry.payload)
            return self._run(offset, behind, offset - index.size, number, entry, index)
        if entry.kind == SYNCED:
            return Part(offset, behind, SYNCED, number, (), 0, (), entry.origin, 0)
        size = len(entry.payload)
        return Part(offset, behind, entry.kind, number, (entry.payload,), entry.sequence, (0,), entry.origin, size)

    def _run(self, offset: int, next_offset: int, start: int, number: int, entry: Entry, index: Index) -> Part:
        frames = self._bytes_at(start, index.size)
        base = entry.sequence - index.size  # position of the first frame in its ring
        seed, begins_at = seed_of(entry.origin), 0
        payloads: list[bytes | None] = []
        for end in index.ends:
            payloads.append(_payload(frames[begins_at:end], base + begins_at, seed))
            begins_at = end
        return Part(offset, next_offset, RECORD, number, payloads, base, index.ends, entry.origin, index.size)

    def _bytes_at(self, offset: int, size: int) -> bytes:
        at = offset - self._window_at
        if not (at >= 0 and at + size <= len(self._window)):
            self._window, self._window_at, at = self._read(offset, WINDOW_BYTES), offset, 0
        return self._window[at : at + size]

    def _frame_at(self, offset: int) -> tuple[int, Entry] | None:
        at = offset - self._window_at
        if 0 <= at < len(self._window):
            frame = parse_frame(self._window, at, self._marker)
            if frame is not None or at + _LONGEST_FRAME <= len(self._window):
                return frame
        self._window, self._window_at = self._read(offset, WINDOW_BYTES), offset
        return parse_frame(self._window, 0, self._marker)

    def _search(self, offset: int) -> int:
        """The next place with the stream's marker where a frame verifies; -1 for none."""
        while True:
            stretch = self._read(offset, WINDOW_BYTES)
            at = stretch.find(self._pattern)
            while at >= 0:
                if self._frame_at(offset + at) is not None:
                    return offset + at
                at = stretch.find(self._pattern, at + 1)
            if len(stretch) < WINDOW_BYTES:
                return -1
            offset += len(stretch) - len(self._pattern) + 1

    def _read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes; sectors that the disk refuses read as zeros."""
        try:
            return os.pread(self._descriptor, size, offset)
        except OSError:
            return b"".join(
                self._read_sector(at, min(_SECTOR_BYTES, offset + size - at))
                for at in range(offset, offset + size, _SECTOR_BYTES)
            )

    def _read_sector(self, offset: int, size: int) -> bytes:
        try:
            return os.pread(self._descriptor, size, offset)
        except OSError:
            return bytes(size)


def _fill(found: list[bytes | None], payloads: Sequence[bytes | None], room: int) -> None:
    """Adds as many as fit; one always does."""
    for payload in payloads:
        room -= len(payload or b"")
        if found and room < 0:
            return
        found.append(payload)


def _payload(frame: bytes, position: int, seed: int) -> bytes | None:
    """The record in a ring's frame, if it verifies."""
    if len(frame) < RING_FRAME_BYTES:
        return None
    length, checksum, sequence = FRAME.unpack_from(frame)
    payload = frame[RING_FRAME_BYTES:]
    if length != len(payload) or sequence != position or crc32(payload, (seed + position) & CRC_MASK) != checksum:
        return None
    return payload
