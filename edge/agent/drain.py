"""Moves records from the rings to the disk: the agent's thread that may wait for the file system, so that nobody else
has to.

A pass reads every ring and appends to the open segment; every sync interval the segment is synced, and only then may
the writers overwrite what was read, and only then do the records exist for shipping. A disk that hangs, hangs this
thread; the rings fill meanwhile.

A write or sync that fails ends its segment at what was synced before. The file is never synced again: the kernel may
have dropped the pages and report success the second time. What was behind the last sync is still in the rings and goes
into a new segment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from edge.agent.recover import recover
from edge.agent.ring_reader import RingReader, find_rings
from edge.agent.segment import DROPS, SKIPPED, Entry, SegmentName, SegmentWriter, seal
from edge.agent.translate import Translated, Translator
from edge.record import NewerRecord, encode_gap, time_ms_of
from edge.ring import BadRing
from edge.shortages import is_shortage
from shared.clock import wall_ms
from shared.logs import get_logger
from shared.wire import GapRecord

SEGMENT_BYTES: Final = 64 * 1024 * 1024
SEGMENT_AGE_S: Final = 3600.0  # a quiet node's raw heads must not outlive their retention in an open segment
POLL_S: Final = 0.025  # rarer and longer runs cost less; nothing waits for it but the sync after it
PASS_RECORDS: Final = 4_000  # of one ring, before the next one is looked at; then the next pass follows at once
HOUSEKEEPING_S: Final = 0.1
RETRY_S: Final = 1.0  # after the disk has refused something
DROPS_REPORT_S: Final = 1.0  # at most one gap record a ring in this time

_log = get_logger()


class Opened(msgspec.Struct, frozen=True):
    """A new stream has begun; its file is durable and empty."""

    name: SegmentName


class Synced(msgspec.Struct, frozen=True):
    """Records below `count` are on disk; `said` are the last of them, those that this sync has added."""

    name: SegmentName
    count: int
    low_ms: int  # the least time of those added
    size: int
    said: Sequence[Translated] = ()


class Sealed(msgspec.Struct, frozen=True):
    """A stream has ended; `sealed` is None where it never had a record."""

    name: SegmentName
    sealed: SegmentName | None


class Failed(msgspec.Struct, frozen=True):
    """The disk refused to take records; they wait in the rings."""

    errno: int | None


class Level(NamedTuple):
    """How much of a ring is not on disk yet."""

    unread_bytes: int
    capacity: int


Event = Opened | Synced | Sealed | Failed


class Drain:
    """`run` is the thread. `notify` is called in it, for every event in order."""

    def __init__(
        self,
        ring_directory: Path,
        spool_directory: Path,
        edge_id: str,
        sync_interval_s: float,
        notify: Callable[[Event], None],
    ) -> None:
        self._ring_directory, self._spool_directory, self._edge_id = ring_directory, spool_directory, edge_id
        self._sync_interval_s, self._notify = sync_interval_s, notify
        self._rings: dict[Path, RingReader] = {}
        self._refused: set[Path] = set()
        self._drops_told: dict[bytes, tuple[int, bool]] = {}
        self._drops_at: dict[bytes, float] = {}
        self._writer: SegmentWriter | None = None
        self._to_seal: tuple[SegmentName, int] | None = None
        self._opened_at = self._synced_at = self._housekeeping_at = self._retry_at = 0.0
        self._low_ms: int | None = None
        self._translator = Translator()
        self._said: list[Translated] | None = []  # of what is not synced yet; None where not all of it is
        self._roll_asked = False
        self._is_behind = True
        self._caught_up_ms = 0
        self.dropped = 0
        """Records that found no room in memory, as far as this process knows of them."""
        self.syncs, self.sync_seconds = 0, 0.0
        self.ring_levels: list[Level] = []
        """How full the rings are; a new list now and then, for other threads to read."""
        self.covered_ms = 0
        """Wall time before which every answered request's record is on disk or behind (a worker's own delay aside)."""

    def recover(self) -> None:
        """Once, before `run`. Raises OSError."""
        self._find_rings()
        recover(self._spool_directory, list(self._rings.values()))

    def ask_for_new_stream(self) -> None:
        """From any thread: seals the open segment soon, so that fresh records need not wait behind its backlog."""
        self._roll_asked = True

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; then drains the rings to their end, syncs and seals."""
        while not stop.is_set():
            if self.step() < PASS_RECORDS:
                stop.wait(POLL_S)
        self._housekeeping_at = self._retry_at = 0.0
        while self.step():
            pass
        self._finish()

    def step(self) -> int:
        """One pass over the rings: how many records it moved."""
        now = time.monotonic()
        if now < self._retry_at:
            return 0
        started_ms = wall_ms()
        if now >= self._housekeeping_at:
            self._housekeeping_at = now + HOUSEKEEPING_S
            self._look_for_rings(now)
            self.ring_levels = [Level(ring.unread_bytes(), ring.identity.capacity) for ring in self._rings.values()]
        try:
            self._seal_what_failed()
            self._is_behind = False
            moved = [self._move(ring, now) for ring in list(self._rings.values())]
            if self._writer is not None and now - self._synced_at >= self._sync_interval_s:
                self._sync(self._writer)
            if self._writer is not None and self._should_roll(self._writer, now):
                self._roll(self._writer)
        except OSError as error:
            self._fail(error)
            return 0
        if not self._is_behind:
            self._caught_up_ms = started_ms
        if not self._is_dirty():
            self.covered_ms = self._caught_up_ms
        return sum(moved)

    # --- rings

    def _look_for_rings(self, now: float) -> None:
        """Those that came since. Where this process may open nothing more, it goes on with what it has."""
        try:
            self._find_rings()
        except OSError as error:
            _log.error("cannot look for new rings", error=str(error))
            self._housekeeping_at = now + RETRY_S

    def _find_rings(self) -> None:
        """Raises OSError for a shortage, which passes. A ring that does not open for another reason is left alone."""
        for path in find_rings(self._ring_directory):
            if path in self._rings or path in self._refused:
                continue
            try:
                self._rings[path] = RingReader.open(path)
            except FileNotFoundError:
                continue
            except (BadRing, OSError) as error:
                if is_shortage(error):
                    raise
                self._refused.add(path)
                _log.error("ring left alone", path=str(path), reason=str(error))

    def _move(self, ring: RingReader, now: float) -> int:
        gone = ring.is_abandoned()  # asked before reading: a ring without writer that reads as empty stays so
        ring_id, moved = ring.identity.ring_id, 0
        while moved < PASS_RECORDS and (run := ring.read()) is not None:
            self._opened().append_run(ring_id, run)
            self._say(run.payloads)
            self._note_time(run.low_ms)
            moved += len(run.payloads)
        if not moved and (skipped := ring.skip_damage()):
            _log.error("damage in a ring", path=str(ring.path), bytes=skipped)
            self._append(Entry(SKIPPED, ring_id, ring.cursor, encode_gap(_damage_gap())))
            moved = 1
        if moved >= PASS_RECORDS or not (moved or ring.is_drained()):
            self._is_behind = True
        if (drops := self._drops(ring, gone, now)) is not None:
            self._append(drops)
            moved += 1
        if not moved and gone and not self._is_dirty() and ring.is_drained():
            self._forget(ring)
        return moved

    def _forget(self, ring: RingReader) -> None:
        """All that a writer left is on disk, and it will not come back."""
        del self._rings[ring.path]
        self._drops_told.pop(ring.identity.ring_id, None)
        self._drops_at.pop(ring.identity.ring_id, None)
        ring.remove()

    def _drops(self, ring: RingReader, gone: bool, now: float) -> Entry | None:
        """The gap record for what the writer had to drop since the last one."""
        ring_id, drops = ring.identity.ring_id, ring.drops()
        told, told_at_least = self._drops_told.get(ring_id, (ring.drops_stored, False))
        if drops.count <= told and drops.at_least <= told_at_least:
            return None
        if not gone and now < self._drops_at.get(ring_id, 0.0):
            return None
        self._drops_at[ring_id] = now + DROPS_REPORT_S
        self._drops_told[ring_id] = drops.count, drops.at_least
        gap = GapRecord(drops.first_ms, drops.last_ms, drops.count - told, drops.at_least, "ring_full")
        self.dropped += gap.count
        _log.error("records were dropped: no room in memory", count=gap.count, at_least=gap.at_least)
        return Entry(DROPS, ring_id, drops.count, encode_gap(gap))

    # --- the segment

    def _opened(self) -> SegmentWriter:
        writer = self._writer
        if writer is None:
            writer = self._writer = SegmentWriter.create(self._spool_directory, self._edge_id)
            self._opened_at, self._roll_asked = time.monotonic(), False
            self._notify(Opened(writer.name))
        return writer

    def _append(self, entry: Entry) -> None:
        self._opened().append(entry)
        self._say([entry.payload])
        self._note_time(time_ms_of(entry.payload))

    def _say(self, payloads: Sequence[bytes]) -> None:
        """Translates what was just read, as long as the processor has it at hand, for shipping it from memory."""
        if self._said is None:
            return
        try:
            self._said.append(self._translator.translate(payloads, 0, wall_ms()))
        except NewerRecord:
            self._said = None
            return
        if self._said[-1].count < len(payloads):
            self._said = None

    def _note_time(self, time_ms: int | None) -> None:
        known = wall_ms() if self._low_ms is None else self._low_ms
        self._low_ms = known if time_ms is None else min(known, time_ms)

    def _is_dirty(self) -> bool:
        return self._writer is not None and self._writer.synced < self._writer.count

    def _sync(self, writer: SegmentWriter) -> None:
        if writer.synced == writer.count:
            return
        began = time.monotonic()
        writer.sync()
        self._synced_at = time.monotonic()
        self.syncs, self.sync_seconds = self.syncs + 1, self.sync_seconds + self._synced_at - began
        self._release(writer)

    def _release(self, writer: SegmentWriter) -> None:
        """All that was read is on disk: the workers may have the room again, and shipping the records."""
        for ring in self._rings.values():
            ring.release(ring.cursor)
            if ring.identity.ring_id in self._drops_told:
                ring.drops_stored = self._drops_told[ring.identity.ring_id][0]
        low_ms, self._low_ms = self._low_ms, None
        said, self._said = self._said, []
        self._notify(Synced(writer.name, writer.synced, low_ms or 0, writer.size, said or ()))

    def _should_roll(self, writer: SegmentWriter, now: float) -> bool:
        asked, self._roll_asked = self._roll_asked, False
        return writer.count > 0 and (asked or writer.size >= SEGMENT_BYTES or now - self._opened_at >= SEGMENT_AGE_S)

    def _roll(self, writer: SegmentWriter) -> None:
        self._sync(writer)
        self._end(writer)
        self._seal_what_failed()

    def _end(self, writer: SegmentWriter) -> None:
        writer.close()
        self._writer, self._to_seal = None, (writer.name, writer.synced)

    def _seal_what_failed(self) -> None:
        """Gives a segment that ended its final name. Until that has worked nothing is read from the rings."""
        if self._to_seal is not None:
            name, end = self._to_seal
            self._notify(Sealed(name, seal(self._spool_directory, name, end)))
            self._to_seal = None

    def _fail(self, error: OSError) -> None:
        _log.error("the spool's disk refused", error=str(error))
        self._retry_at = time.monotonic() + RETRY_S
        writer = self._writer
        if writer is not None:
            self._end(writer)
        for ring in self._rings.values():
            ring.rewind()
        self._drops_told.clear()
        self._said = []
        self._low_ms = None
        self._notify(Failed(error.errno))

    def _finish(self) -> None:
        try:
            self._seal_what_failed()
            if self._writer is not None:
                self._roll(self._writer)
        except OSError as error:
            self._fail(error)
        for ring in self._rings.values():
            ring.close()


def _damage_gap() -> GapRecord:
    now = wall_ms()
    return GapRecord(from_ms=now, to_ms=now, count=1, at_least=True, reason="spool_damaged")
