"""The agent's end of the rings: finds them, reads them in order, and knows when a writer is gone. See `edge.ring`."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import struct
import time
from pathlib import Path
from typing import Final

from edge.checksum import crc32
from edge.record import RECORD_MAX_BYTES, time_ms_of
from edge.ring import (
    CLOSED,
    CRC_MASK,
    DRAFT_PREFIX,
    DROPPED,
    DROPPED_FIRST_MS,
    DROPPED_LAST_MS,
    DROPPING,
    DROPS_STORED,
    FRAME,
    FRAME_BYTES,
    FRAME_MAX_BYTES,
    HEADER_BYTES,
    READ,
    SUFFIX,
    WRITTEN,
    BadRing,
    Drops,
    Identity,
    Memory,
    Run,
    identity_of,
    seed_of,
)
from shared.rows import CLICK

DAMAGE_AFTER_S: Final = 1.0
RUN_BYTES: Final = 256 * 1024  # about; read at once
RUN_RECORDS: Final = 4_096
_DRAFT_ABANDONED_S = 60
_BEGINNING = struct.Struct("<IIQ2s6xq")  # of a frame and a click: length, CRC-32, sequence, version and kind, time
_CLICK_BYTES = _BEGINNING.size - FRAME_BYTES  # that a record must have for this to be its time


class RingReader:
    """The agent's end of one ring. `cursor` is how far it has read, `release` how far the writer may overwrite."""

    def __init__(self, path: Path, memory: Memory, identity: Identity) -> None:
        self.path, self.identity = path, identity
        self._memory, self._seed = memory, seed_of(identity.ring_id)
        self._is_abandoned = False
        self._stuck_since = 0.0
        self.cursor = self.released

    @classmethod
    def open(cls, path: Path) -> RingReader:
        """The ring in that file. Raises BadRing for what is none, OSError where it cannot be read."""
        descriptor = os.open(path, os.O_RDWR)
        try:
            identity = identity_of(os.pread(descriptor, HEADER_BYTES, 0))
            size = os.fstat(descriptor).st_size
            if size != HEADER_BYTES + identity.capacity:
                raise BadRing(f"{path} has {size} bytes, its first page says {HEADER_BYTES + identity.capacity}")
            return cls(path, Memory(descriptor, size), identity)
        except BaseException:
            os.close(descriptor)
            raise

    @property
    def released(self) -> int:
        """Below this position the records are on disk, or the writer could not have gone on."""
        return self._memory.words[READ]

    def is_abandoned(self) -> bool:
        """Whether the writer is gone for good: no further record will come, though some may be unread."""
        if not self._is_abandoned:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(self._memory.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._is_abandoned = True
        return self._is_abandoned

    def read(self) -> Run | None:
        """The next frames in order, up to about `RUN_BYTES`; None when the reader has caught up."""
        base = self.cursor
        buffer, start, limit = self._window(base)
        last = min(start + RUN_BYTES, len(buffer) - _BEGINNING.size)
        shift = base - start  # from a place in the buffer to a position in the ring
        seed, begins_at = self._seed, _BEGINNING.unpack_from
        at, payloads = start, list[bytes]()
        low_ms = none_ms = 1 << 63
        while at <= last and len(payloads) < RUN_RECORDS:
            length, checksum, sequence, kind, time_ms = begins_at(buffer, at)
            end = at + FRAME_BYTES + length
            if sequence != at + shift or end > limit:
                break
            payload = buffer[at + FRAME_BYTES : end]
            if crc32(payload, (seed + sequence) & CRC_MASK) != checksum:
                break
            if kind != CLICK or length < _CLICK_BYTES:
                found = time_ms_of(payload)
                time_ms = none_ms if found is None else found
            if time_ms < low_ms:
                low_ms = time_ms
            payloads.append(payload)
            at = end
        if not payloads:
            return None
        self.cursor = at + shift
        return Run(memoryview(buffer)[start:at], payloads, self.cursor, None if low_ms == none_ms else low_ms)

    def _window(self, position: int) -> tuple[mmap.mmap | bytes, int, int]:
        """Bytes that hold any frame at `position` whole, where it begins in them, and where the frames in them end:
        the ring itself, or a copy of what goes on at its beginning."""
        capacity, start = self.identity.capacity, position % self.identity.capacity
        if capacity - start >= FRAME_MAX_BYTES:
            return self._memory.file, HEADER_BYTES + start, HEADER_BYTES + capacity
        joined = self._copy(position, 2 * FRAME_MAX_BYTES)
        return joined + bytes(_BEGINNING.size), 0, len(joined)

    def skip_damage(self) -> int:
        """How many bytes were passed over to reach the next frame that verifies: 0 unless there is damage.

        Bytes that the writer says it has written, and that don't verify when `read` has returned nothing, are damage
        once the writer is gone, or when they stay so for `DAMAGE_AFTER_S` (its stores may become visible out of order).
        """
        written = self._memory.words[WRITTEN]
        if self.is_drained():
            self._stuck_since = 0.0
            return 0
        now = time.monotonic()
        self._stuck_since = self._stuck_since or now
        if not self.is_abandoned() and now - self._stuck_since < DAMAGE_AFTER_S:
            return 0
        self._stuck_since = 0.0
        start = self.cursor
        self.cursor = self._next_frame(start + 1, written)
        return self.cursor - start

    def release(self, position: int) -> None:
        """Lets the writer overwrite what lies before `position`: those records are on disk."""
        self._memory.words[READ] = position

    def resume(self, position: int, drops_stored: int) -> None:
        """Goes on behind what a former agent has brought to disk, where it was killed before it could say so here."""
        if position > self.cursor:
            self.cursor = position
            self.release(position)
        self.drops_stored = max(self.drops_stored, drops_stored)

    def rewind(self) -> None:
        """Reads again what was read since the last release."""
        self.cursor = self.released

    def is_drained(self) -> bool:
        """Whether all that the writer says it has written has been read."""
        return not self.cursor < self._memory.words[WRITTEN] <= self.cursor + self.identity.capacity

    def drops(self) -> Drops:
        """All records that this ring's writer has dropped so far."""
        words = self._memory.words
        killed = words[DROPPING] != 0 and words[CLOSED] == 0 and self.is_abandoned()
        return Drops(words[DROPPED], words[DROPPED_FIRST_MS], words[DROPPED_LAST_MS], killed)

    @property
    def drops_stored(self) -> int:
        """How many of the dropped records a gap record on disk already tells of."""
        return self._memory.words[DROPS_STORED]

    @drops_stored.setter
    def drops_stored(self, count: int) -> None:
        self._memory.words[DROPS_STORED] = count

    def unread_bytes(self) -> int:
        """What the writer says it has written since `released`."""
        return max(0, self._memory.words[WRITTEN] - self.released)

    def close(self) -> None:
        self._memory.close()

    def remove(self) -> None:
        """Removes the file: all it held is on disk."""
        self.path.unlink(missing_ok=True)
        self.close()

    def _payload(self, chunk: bytes, at: int, sequence: int) -> bytes | None:
        if at + FRAME_BYTES > len(chunk):
            return None
        length, checksum, found = FRAME.unpack_from(chunk, at)
        if found != sequence or length > RECORD_MAX_BYTES or at + FRAME_BYTES + length > len(chunk):
            return None
        payload = chunk[at + FRAME_BYTES : at + FRAME_BYTES + length]
        return payload if crc32(payload, (self._seed + sequence) & CRC_MASK) == checksum else None

    def _copy(self, position: int, size: int) -> bytes:
        capacity, data = self.identity.capacity, self._memory.data
        start = position % capacity
        size = min(size, capacity)
        if start + size <= capacity:
            return bytes(data[start : start + size])
        return bytes(data[start:]) + bytes(data[: start + size - capacity])

    def _next_frame(self, position: int, written: int) -> int:
        """The position of the first frame that verifies between `position` and `written`, else `written`."""
        remaining = self._copy(position, written - position)
        for at in range(len(remaining) - FRAME_BYTES + 1):
            if self._payload(remaining, at, position + at) is not None:
                return position + at
        return written


def find_rings(directory: Path) -> list[Path]:
    """The rings of a node, oldest first. Removes drafts whose maker died before it gave them a name."""
    if not directory.is_dir():
        return []
    for draft in directory.glob(f"{DRAFT_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _DRAFT_ABANDONED_S:
                draft.unlink()
    return sorted(directory.glob(f"*{SUFFIX}"))
