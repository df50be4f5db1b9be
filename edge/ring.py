"""A ring in shared memory: where a worker's records are outside its process before it answers.

One writer (a worker), one reader (the node's agent). A ring is a file on tmpfs whose pages are reserved when it is
made, so that neither a full memory file system nor a slow disk can reach the hot path: an append is one copy and one
store. The file outlives both processes. Mapping the pages is left to the first lap, at 0.9 µs a page: to map all of
64 MiB at once would keep a new worker's first visitors waiting for 20 ms.

    page 0   magic, version, ring id, boot id, slot, capacity   written once, before the file gets its name
             write position, read position                      bytes since the ring was made, never wrapped
             drops: count, first and last time, dropping, closed
    page 1…  frames: length u32 · CRC-32 u32 · sequence u64 · payload, wrapped round at the end of the file

- *A frame's sequence is the position of its first byte.* So what lies at a place is either the frame that belongs
  there or recognisably not: bytes of an earlier lap have another sequence. The CRC starts from the ring's own random
  seed, so no visitor can put bytes into a request that pass for a frame.
- *The reader trusts checksum and sequence alone.* It goes on while frames verify; the write position only tells it
  that something which does not verify is damage, not the end. A writer killed at any instruction has left either the
  whole frame or none.
- *A ring has one writer in its life.* The writer holds an exclusive flock, which the kernel releases at its death: who
  gets the lock knows that no further record will come, drains the rest and removes the file. A successor makes a new
  ring.
- *The read position moves only when the records are on disk.* What the agent has read but not synced is still here.
- *A full ring is left behind* for a further one, as long as all rings of the node fit the budget. After that records
  are dropped and counted in page 0, before their answers go out; the agent makes a stored gap record of the count.
  Two workers that grow at the same moment may exceed the budget by one ring, and so does who starts when it is used
  up, by one of a page, which is there to count.

Positions are aligned 8-byte words, each stored by one side only.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import math
import mmap
import os
import secrets
import struct
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from edge.checksum import crc32
from edge.node import PRIVATE_DIRECTORY, PRIVATE_FILE, boot_id
from edge.record import RECORD_MAX_BYTES
from shared.clock import wall_ms

MAGIC: Final = b"CTRING\r\n"
VERSION: Final = 1
HEADER_BYTES: Final = 4096
SUFFIX: Final = ".ring"
CAPACITY_MIN_BYTES: Final = 128 * 1024  # below this a ring is not worth the change
GROWTH_BYTES: Final = 16 * 1024 * 1024  # of a further ring: reserving it stalls the worker by about 6 ms
RETRY_S: Final = 0.1  # between attempts to get a further ring

DRAFT_PREFIX = ".new-"
FRAME = struct.Struct("<IIQ")  # length of the payload, CRC-32, sequence
FRAME_BYTES: Final = FRAME.size
FRAME_MAX_BYTES: Final = FRAME_BYTES + RECORD_MAX_BYTES
CRC_MASK = 0xFFFF_FFFF
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EFBIG)

_IDENTITY = struct.Struct("<8sII16s16sQQ")  # magic, version, slot, ring id, boot id, capacity, created (Unix ms)
_IDENTITY_CRC = struct.Struct("<I")
# Words of page 0, in units of 8 bytes. Those of the writer and those of the reader are on different cache lines.
WRITTEN = 16
DROPPED, DROPPED_FIRST_MS, DROPPED_LAST_MS, DROPPING, CLOSED = 17, 18, 19, 20, 21
READ, DROPS_STORED = 32, 33


class BadRing(Exception):
    """This file is no ring that this version can read; the text says why."""


class Drops(msgspec.Struct, frozen=True):
    """Records that found no room in memory, by the writer's clock. `at_least`: the writer was killed meanwhile."""

    count: int
    first_ms: int
    last_ms: int
    at_least: bool


class Identity(NamedTuple):
    """What page 0 says of a ring."""

    slot: int
    ring_id: bytes
    boot_id: bytes
    capacity: int
    created_ms: int


class Run(NamedTuple):
    """Frames behind each other, verified: what the agent carries to the disk."""

    frames: memoryview | bytes  # as they lie in the ring, and perhaps there: the same until the ring is released
    payloads: list[bytes]  # the record in each
    end: int  # position in the ring behind the last
    low_ms: int | None  # least time of any of the records; None where all of them are damaged

    @property
    def ends(self) -> Iterator[int]:
        """Where each frame ends, counted from the first one's beginning."""
        return accumulate(map(FRAME_BYTES.__add__, map(len, self.payloads)))


class Memory:
    """A mapped ring file: its identity, its words, its data."""

    def __init__(self, descriptor: int, size: int) -> None:
        self.descriptor = descriptor
        self.capacity = size - HEADER_BYTES
        self.file = mmap.mmap(descriptor, size)
        self._view = memoryview(self.file)
        self.page = self._view[:HEADER_BYTES]
        self.words = self.page.cast("Q")
        self.data = self._view[HEADER_BYTES:]

    def close(self) -> None:
        for view in (self.words, self.page, self.data, self._view):
            view.release()
        self.file.close()
        os.close(self.descriptor)


class RingWriter:
    """The worker's end. `append` never raises, never waits for a file system, and never loses in silence."""

    def __init__(self, directory: Path, slot: int, ring_bytes: int, budget_bytes: int) -> None:
        self._directory, self._slot = directory, slot
        self._ring_bytes, self._budget_bytes = ring_bytes, budget_bytes
        self._memory: Memory | None = None
        self._written = self._seed = 0
        self._retry_at = 0.0
        self._homeless = Drops(0, 0, 0, False)  # while there is no ring whose first page could keep the count

    @classmethod
    def open(cls, directory: Path, slot: int, ring_bytes: int, budget_bytes: int) -> RingWriter:
        """A writer with a ring of its own, made after any fork. `directory` is that of `edge.node.ring_directory`.

        `ring_bytes` is the size of its ring, `budget_bytes` that of all rings of the node together. Too little memory
        gives a smaller ring, and not even a page of it none for now. Raises OSError where the directory cannot be used.
        """
        directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "the directory of the rings cannot be written to", str(directory))
        writer = cls(directory, slot, ring_bytes, budget_bytes)
        if not writer._switch(ring_bytes, min(ring_bytes, CAPACITY_MIN_BYTES)):
            writer._switch(mmap.PAGESIZE, mmap.PAGESIZE)
        return writer

    @property
    def is_dropping(self) -> bool:
        """Whether the last batch found no room anywhere."""
        return self._memory is None or self._memory.words[DROPPING] != 0

    def append(self, records: Sequence[bytes]) -> None:
        """Puts the records into the ring, the whole batch or nothing; what finds no room is counted as dropped."""
        frames: list[bytes] = []
        at, seed = self._written, self._seed
        for record in records:
            length = len(record)
            if length > RECORD_MAX_BYTES:
                self._drop(1)
                continue
            frames.append(FRAME.pack(length, crc32(record, (seed + at) & CRC_MASK), at))
            frames.append(record)
            at += FRAME_BYTES + length
        memory = self._memory
        if memory is None or at - memory.words[READ] > memory.capacity:
            self._append_elsewhere(frames[1::2], at - self._written)
            return
        self._copy(memory, b"".join(frames))

    def close(self) -> None:
        """Says that nothing was left unsaid, and lets the ring go. A closed writer drops what it is given."""
        if self._homeless.count:
            self._switch(mmap.PAGESIZE, mmap.PAGESIZE)
        memory, self._memory, self._retry_at = self._memory, None, math.inf
        if memory is not None:
            memory.words[CLOSED] = 1
            memory.close()

    def _copy(self, memory: Memory, data: bytes) -> None:
        start = self._written % memory.capacity
        end = start + len(data)
        if end <= memory.capacity:
            memory.data[start:end] = data
        else:
            first = memory.capacity - start
            memory.data[start:] = data[:first]
            memory.data[: end - memory.capacity] = data[first:]
        self._written += len(data)
        memory.words[WRITTEN] = self._written
        if memory.words[DROPPING]:
            memory.words[DROPPING] = 0

    def _append_elsewhere(self, records: list[bytes], size: int) -> None:
        now = time.monotonic()
        if now >= self._retry_at:
            if self._switch(max(min(self._ring_bytes, GROWTH_BYTES), size), max(size, CAPACITY_MIN_BYTES)):
                self.append(records)
                return
            self._retry_at = now + RETRY_S
        self._drop(len(records))

    def _switch(self, capacity: int, least: int) -> bool:
        """Leaves the ring, if any, to the agent and goes on in a new one; False where there is no memory for it."""
        made = self._make(capacity, least)
        if made is None:
            return False
        old, self._memory = self._memory, made
        self._written, self._seed = 0, seed_of(identity_of(made.page).ring_id)
        if old is not None:
            old.words[CLOSED] = 1
            old.close()
        lost = self._homeless
        if lost.count:
            made.words[DROPPED_FIRST_MS], made.words[DROPPED_LAST_MS] = lost.first_ms, lost.last_ms
            made.words[DROPPED] = lost.count
            self._homeless = Drops(0, 0, 0, False)
        return True

    def _make(self, capacity: int, least: int) -> Memory | None:
        """A ring of `capacity` bytes, or the largest half, quarter… of it that there is room for, not below `least`."""
        while capacity >= least:
            size = HEADER_BYTES + -(-capacity // mmap.PAGESIZE) * mmap.PAGESIZE
            try:
                if capacity <= mmap.PAGESIZE or used_bytes(self._directory) + size <= self._budget_bytes:
                    return _create(self._directory, self._slot, size)
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    return None
            capacity //= 2
        return None

    def _drop(self, count: int) -> None:
        now = wall_ms()
        if self._memory is None:
            known = self._homeless
            self._homeless = Drops(known.count + count, known.first_ms or now, now, False)
            return
        words = self._memory.words
        words[DROPPING] = 1
        if words[DROPPED] == words[DROPS_STORED]:
            words[DROPPED_FIRST_MS] = now
        words[DROPPED_LAST_MS] = now
        words[DROPPED] += count


def used_bytes(directory: Path) -> int:
    """Memory that all rings of a node take together."""
    total = 0
    with os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                total += entry.stat().st_size
    return total


def _create(directory: Path, slot: int, size: int) -> Memory:
    """A new ring, locked. It gets its name last, so that a reader never sees one without header or lock."""
    ring_id, created_ms = secrets.token_bytes(16), wall_ms()
    draft = directory / f"{DRAFT_PREFIX}{ring_id.hex()}"
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _reserve(descriptor, size)
        identity = _IDENTITY.pack(MAGIC, VERSION, slot, ring_id, boot_id(), size - HEADER_BYTES, created_ms)
        os.pwrite(descriptor, identity + _IDENTITY_CRC.pack(crc32(identity)), 0)
        memory = Memory(descriptor, size)
        draft.rename(directory / f"{created_ms:014d}-{slot}-{ring_id.hex()}{SUFFIX}")
    except BaseException:
        os.close(descriptor)
        draft.unlink(missing_ok=True)
        raise
    return memory


def _reserve(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    for at in range(0, size, GROWTH_BYTES):  # macOS: writing is the portable way to reserve
        os.pwrite(descriptor, bytes(min(GROWTH_BYTES, size - at)), at)


def identity_of(page: bytes | memoryview) -> Identity:
    if len(page) < _IDENTITY.size + _IDENTITY_CRC.size:
        raise BadRing(f"a ring begins with a page of {HEADER_BYTES} bytes")
    magic, version, slot, ring_id, boot, capacity, created_ms = _IDENTITY.unpack_from(page)
    if magic != MAGIC:
        raise BadRing("this is no ring")
    if version != VERSION:
        raise BadRing(f"ring version {version} is not known here; {VERSION} is")
    if _IDENTITY_CRC.unpack_from(page, _IDENTITY.size)[0] != crc32(page[: _IDENTITY.size]):
        raise BadRing("the first page of this ring is damaged")
    return Identity(slot, ring_id, boot, capacity, created_ms)


def seed_of(ring_id: bytes) -> int:
    return crc32(ring_id)
