"""Reads a segment back, whatever has happened to the file.

Frames are followed from one to the next. Where one does not verify, the stream's marker is searched for until one
does again: numbers tell how many records are missing between. Reading never fails and never makes a record up; what
cannot be read (a bad sector, a cut-off end) is a hole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from edge.agent.segment import (
    FRAME_BYTES,
    HEADER_BYTES,
    SYNCED,
    Entry,
    SegmentName,
    check_header,
    marker_of,
    parse_frame,
)
from edge.record import RECORD_MAX_BYTES

WINDOW_BYTES: Final = 1024 * 1024  # read at once; also the stretch that a search for the next frame works through
_SECTOR_BYTES = 4096
_LONGEST_FRAME = FRAME_BYTES + RECORD_MAX_BYTES


class Slot(NamedTuple):
    """One number of a stream; `payload` is None where the record is damaged or missing."""

    number: int
    payload: bytes | None


class SegmentReader:
    """Reads records by number, from any number on; cheapest in order."""

    def __init__(self, path: Path, name: SegmentName) -> None:
        """Raises OSError where the file cannot be opened, BadSegment for another version's."""
        self._marker = marker_of(name.stream_id)
        self._pattern = self._marker.to_bytes(4, "little")
        self._descriptor = os.open(path, os.O_RDONLY)
        self._window, self._window_at = b"", 0
        self._next_number, self._next_offset = 0, HEADER_BYTES
        try:
            check_header(self._read(0, HEADER_BYTES), name)
        except BaseException:
            os.close(self._descriptor)
            raise

    def read(self, first: int, end: int, max_records: int, max_bytes: int) -> list[Slot]:
        """The numbers from `first` on, each exactly once, below `end` and within the limits (one always fits)."""
        if first < self._next_number:
            self._next_number, self._next_offset = 0, HEADER_BYTES
        end = min(end, first + max_records)
        slots: list[Slot] = []
        expected, size = first, 0
        for offset, number, entry in self._frames(self._next_offset):
            if entry.kind == SYNCED or number < expected:
                continue
            self._next_number, self._next_offset = number, offset
            slots.extend(Slot(missing, None) for missing in range(expected, min(number, end)))
            expected = min(number, end)
            size += len(entry.payload)
            if number >= end or (slots and size > max_bytes):
                return slots
            slots.append(Slot(number, entry.payload))
            expected = number + 1
        slots.extend(Slot(missing, None) for missing in range(expected, end))
        return slots

    def frames(self) -> Iterator[tuple[int, Entry]]:
        """Every frame that verifies, with its number, `SYNCED` ones included."""
        for _, number, entry in self._frames(HEADER_BYTES):
            yield number, entry

    def close(self) -> None:
        os.close(self._descriptor)

    def _frames(self, offset: int) -> Iterator[tuple[int, int, Entry]]:
        while True:
            frame = self._frame_at(offset)
            if frame is None:
                found = self._search(offset + 1)
                if found is None:
                    return
                offset, frame = found
            number, entry = frame
            yield offset, number, entry
            offset += FRAME_BYTES + len(entry.payload)

    def _frame_at(self, offset: int) -> tuple[int, Entry] | None:
        at = offset - self._window_at
        if 0 <= at < len(self._window):
            frame = parse_frame(self._window, at, self._marker)
            if frame is not None or at + _LONGEST_FRAME <= len(self._window):
                return frame
        self._window, self._window_at = self._read(offset, WINDOW_BYTES), offset
        return parse_frame(self._window, 0, self._marker)

    def _search(self, offset: int) -> tuple[int, tuple[int, Entry]] | None:
        """The next place with the stream's marker where a frame verifies."""
        while True:
            stretch = self._read(offset, WINDOW_BYTES)
            at = stretch.find(self._pattern)
            while at >= 0:
                frame = self._frame_at(offset + at)
                if frame is not None:
                    return offset + at, frame
                at = stretch.find(self._pattern, at + 1)
            if len(stretch) < WINDOW_BYTES:
                return None
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
