"""One segment file: its name, its header, its frames, and how it is written.

A segment is one stream: a random id, and records numbered from 0 without holes. Its *name says how it ends*, because
the file itself may lie on a disk that has just failed:

    <created, ms>-<stream id>.open             written to by the agent that made it, and by nobody after that one
    <created, ms>-<stream id>.<end>.sealed     holds the records below <end>; whatever else is in the file is void

The rename is durable before any record that it declares void is read from its ring again.

    header   magic, version, stream id, edge id, created, CRC-32
    frames   marker u32 · CRC-32 u32 · length u32 · kind u32 · number u64 · sequence u64 · origin 16 bytes · payload
    a run    an index (a frame), frames of a ring as they lay there, the same index again

*A run is carried over as it is*: a ring's frames have checksums of their own, so damage costs the records that it hit.
The index says how many they are and where each ends; it stands before and behind them, so that no single damage costs
more than a record.

Marker and CRC start from the stream id, so neither a visitor nor a block of a removed file can pass for a frame. A
frame names the ring it came from (`origin`) and where reading that ring goes on behind it (`sequence`): an agent that
was killed finds there what it has already. `SYNCED` frames have no payload and say that all numbers below theirs were
on disk when it was written.
"""

from __future__ import annotations

import os
import re
import secrets
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from edge.checksum import crc32
from edge.node import PRIVATE_FILE, sync_directory
from edge.ring import Run
from shared import ids
from shared.clock import wall_ms

MAGIC: Final = b"CTSPOOL\n"
VERSION: Final = 2
VERSIONS: Final = (1, VERSION)  # that can be read; the first has no runs

RECORD: Final = 1  # payload: a record of a ring; sequence: where the ring goes on behind it
DROPS: Final = 2  # payload: a gap; sequence: how many drops of that ring it and its predecessors tell of
SKIPPED: Final = 3  # payload: a gap, for bytes of a ring that did not verify; sequence: where the ring goes on
SYNCED: Final = 4  # no payload; number: how many records were on disk
INDEX: Final = 5  # payload: index of the run that follows; number: of its first record; sequence: as of its last
INDEX_BEHIND: Final = 6  # the same, behind the run
KINDS: Final = (RECORD, DROPS, SKIPPED, SYNCED, INDEX, INDEX_BEHIND)

_HEADER = struct.Struct("<8sI16s16sQ")  # magic, version, stream id, edge id, created (Unix ms)
_CRC = struct.Struct("<I")
HEADER_BYTES: Final = _HEADER.size + _CRC.size
_MARKS = struct.Struct("<II")  # marker, CRC-32 of all that follows
FIELDS: Final = struct.Struct("<IIQQ16s")  # length of the payload, kind, number, sequence, origin
FRAME_BYTES: Final = _MARKS.size + FIELDS.size

_RUN = struct.Struct("<I4x")  # bytes of a run's frames; behind it the end of each as u32
_NO_CHECKSUM = 0  # once of all frames together: whoever goes by it finds it wrong, and asks each frame for its own

_NAME = re.compile(r"(\d{14})-([0-9a-f]{32})\.(?:open|(\d+)\.sealed)").fullmatch
_fdatasync = getattr(os, "fdatasync", os.fsync)


class BadSegment(Exception):
    """A segment that this version cannot read; the text says why. It is left as it is."""


class SegmentName(NamedTuple):
    """What a file name says; `end`, the number of records, is None while the segment is open."""

    created_ms: int
    stream_id: bytes
    end: int | None

    @classmethod
    def parse(cls, name: str) -> SegmentName | None:
        """None for any other file."""
        found = _NAME(name)
        if found is None:
            return None
        created, stream, end = found.groups()
        return cls(int(created), bytes.fromhex(stream), None if end is None else int(end))

    def __str__(self) -> str:
        state = "open" if self.end is None else f"{self.end}.sealed"
        return f"{self.created_ms:014d}-{self.stream_id.hex()}.{state}"


class Entry(NamedTuple):
    """What is to be appended."""

    kind: int
    origin: bytes
    sequence: int
    payload: bytes


class SegmentWriter:
    """The open segment. Any OSError ends it: it must then be sealed at `synced`, never written or synced again."""

    def __init__(self, directory: Path, name: SegmentName, descriptor: int) -> None:
        self._directory, self.name, self._descriptor = directory, name, descriptor
        self._marker = marker_of(name.stream_id)
        self.count = self.synced = 0
        self.size = HEADER_BYTES

    @classmethod
    def create(cls, directory: Path, edge_id: str) -> SegmentWriter:
        """A new stream's file, header and name already durable. Raises OSError."""
        name = SegmentName(wall_ms(), secrets.token_bytes(16), None)
        path = directory / str(name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, PRIVATE_FILE)
        try:
            _write_all(descriptor, [_header(name, edge_id)])
            os.fsync(descriptor)
            sync_directory(directory)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        return cls(directory, name, descriptor)

    @property
    def path(self) -> Path:
        return self._directory / str(self.name)

    def append(self, entry: Entry) -> None:
        """Writes an entry into the page cache. Raises OSError, perhaps after half of a frame."""
        self._write(self._frame(entry.kind, entry.sequence, entry.origin, entry.payload))
        self.count += 1

    def append_run(self, origin: bytes, run: Run) -> None:
        """Writes a run of a ring's frames. Raises OSError, as `append` does."""
        count = len(run.payloads)
        index = struct.pack(f"<II{count}I", len(run.frames), _NO_CHECKSUM, *run.ends)
        before = self._frame(INDEX, run.end, origin, index)
        behind = self._frame(INDEX_BEHIND, run.end, origin, index)
        self._write(before, run.frames, behind)
        self.count += count

    def sync(self) -> None:
        """Makes all records durable, then leaves the mark that says so. Raises OSError; then neither has happened."""
        _fdatasync(self._descriptor)
        self._write(self._frame(SYNCED, 0, bytes(16), b""))
        self.synced = self.count

    def close(self) -> None:
        os.close(self._descriptor)

    def _frame(self, kind: int, sequence: int, origin: bytes, payload: bytes) -> bytes:
        """A frame with the next number."""
        fields = FIELDS.pack(len(payload), kind, self.count, sequence, origin)
        return _MARKS.pack(self._marker, crc32(payload, crc32(fields, self._marker))) + fields + payload

    def _write(self, *parts: bytes | memoryview) -> None:
        self.size += sum(map(len, parts))
        _write_all(self._descriptor, parts)


def seal(directory: Path, name: SegmentName, end: int) -> SegmentName | None:
    """Ends an open segment at `end` records, durably; without any it is removed and None returned. Raises OSError."""
    if end == 0:
        (directory / str(name)).unlink(missing_ok=True)
        sync_directory(directory)
        return None
    sealed = name._replace(end=end)
    (directory / str(name)).rename(directory / str(sealed))
    sync_directory(directory)
    return sealed


def list_segments(directory: Path) -> list[SegmentName]:
    """All segments, oldest first."""
    return sorted(name for path in directory.iterdir() if (name := SegmentName.parse(path.name)) is not None)


def marker_of(stream_id: bytes) -> int:
    return crc32(stream_id)


def check_header(data: bytes, name: SegmentName) -> None:
    """Raises BadSegment for a version that is not ours. A damaged header is no reason: the name says enough."""
    if len(data) < HEADER_BYTES or _CRC.unpack_from(data, _HEADER.size)[0] != crc32(data[: _HEADER.size]):
        return
    magic, version, stream_id, _, _ = _HEADER.unpack_from(data)
    if magic != MAGIC or version not in VERSIONS:
        raise BadSegment(f"segment {name} has version {version}; up to {VERSION} is known here")
    if stream_id != name.stream_id:
        raise BadSegment(f"segment {name} holds another stream, {stream_id.hex()}")


def parse_frame(data: bytes, at: int, marker: int) -> tuple[int, Entry] | None:
    """Number and content of the frame at `at`; None where no frame verifies."""
    if at + FRAME_BYTES > len(data):
        return None
    _, checksum = _MARKS.unpack_from(data, at)
    length, kind, number, sequence, origin = FIELDS.unpack_from(data, at + _MARKS.size)
    end = at + FRAME_BYTES + length
    if end > len(data) or kind not in KINDS or crc32(memoryview(data)[at + _MARKS.size : end], marker) != checksum:
        return None
    return number, Entry(kind, origin, sequence, data[at + FRAME_BYTES : end])


class Index(NamedTuple):
    """Where a run's frames end, counted from the beginning of the first."""

    size: int
    ends: tuple[int, ...]


def parse_index(payload: bytes) -> Index:
    """The index in the payload of a frame that has verified."""
    (size,) = _RUN.unpack_from(payload)
    return Index(size, struct.unpack_from(f"<{(len(payload) - _RUN.size) // 4}I", payload, _RUN.size))


def _header(name: SegmentName, edge_id: str) -> bytes:
    header = _HEADER.pack(MAGIC, VERSION, name.stream_id, ids.to_bytes("edg", edge_id), name.created_ms)
    return header + _CRC.pack(crc32(header))


def _write_all(descriptor: int, parts: Sequence[bytes | memoryview]) -> None:
    written = os.writev(descriptor, parts)
    if written < sum(map(len, parts)):
        remaining = memoryview(b"".join(parts))[written:]
        while remaining:
            remaining = remaining[os.write(descriptor, remaining) :]
