"""A stream: records numbered from 0, of which the control plane has those below `acked`.

It is a segment's file, and as long as the segment is open, also its newest records in memory as they will be shipped:
what was just brought to the disk is not read back. A stream whose file is gone is `Expired`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from edge.agent.segment import SegmentName
from edge.agent.segment_reader import SegmentReader
from edge.agent.translate import Translated, joined

RECENT_RECORDS: Final = 20_000  # that are kept in memory, at about 250 bytes a click
_MARK_RECORDS: Final = 1_000  # how many records, or how long a time, may share one least time
_MARK_MS: Final = 1_000

ExpiryReason = Literal["stream_expired", "spool_budget", "spool_damaged"]


class _Stretch(NamedTuple):
    """Records that came from a ring together."""

    first: int
    content: Translated


class Stream:
    """A stream with a file."""

    def __init__(self, directory: Path, name: SegmentName, size: int) -> None:
        self._directory, self.name, self.size = directory, name, size
        self.end = name.end or 0  # records on disk
        self.acked = 0  # the number that the control plane wants next
        self.settled_in: str | None = None  # epoch
        self.asked_in: str | None = None  # epoch in which `acked` is the control plane's word
        self.in_flight = False
        self._recent: tuple[_Stretch, ...] = ()  # replaced as a whole: another thread reads
        self._lows: list[tuple[int, int]] = []  # (end, least time of the records below it and above the one before)
        self._reader: SegmentReader | None = None

    @property
    def stream_id(self) -> bytes:
        return self.name.stream_id

    @property
    def is_open(self) -> bool:
        return self.name.end is None

    @property
    def path(self) -> Path:
        return self._directory / str(self.name)

    @property
    def unacked(self) -> int:
        return max(0, self.end - self.acked)

    def grown(self, end: int, low_ms: int, size: int, said: Sequence[Translated] = ()) -> None:
        """More records are on disk; `said` are the last of them, if they were translated already."""
        if self._lows:
            last_end, last_low = self._lows[-1]
            start = self._lows[-2][0] if len(self._lows) > 1 else 0
            if end - start <= _MARK_RECORDS and low_ms - last_low <= _MARK_MS and last_end > self.acked:
                self._lows.pop()
                low_ms = min(low_ms, last_low)
        self._lows.append((end, low_ms))
        self._recent = _newest((*self._recent, *_stretches(said, end)))
        self.end, self.size = end, size

    def goes_on_at(self, number: int) -> None:
        """The control plane wants this number next. Where it had more before, what it lacks is as old as the file."""
        if number < self.acked:
            self._lows = [(self.end, self.name.created_ms)]
        self.acked = number
        self._recent = tuple(stretch for stretch in self._recent if stretch.first >= number)

    def forget_recent(self) -> None:
        """What is left to ship is read from the disk, since it may have to wait for long."""
        self._recent = ()

    def low_ms(self) -> int | None:
        """The least time of any record that isn't acknowledged; None when there is none."""
        self._lows = [low for low in self._lows if low[0] > self.acked]
        return min((low_ms for _, low_ms in self._lows), default=None)

    def read(self, max_records: int, max_bytes: int) -> list[bytes | None]:
        """The next records to ship, None for a damaged one. Raises OSError, BadSegment.

        May wait for the disk: not for the event loop.
        """
        if self._reader is None:
            self._reader = SegmentReader(self.path, self.name)
        return self._reader.read(self.acked, self.end, max_records, max_bytes)

    def recent(self, max_records: int) -> Translated:
        """The next records to ship, where they are in memory; else nothing."""
        found: list[Translated] = []
        number = self.acked
        for first, content in self._recent:
            if first != number or number + content.count > self.acked + max_records:
                break
            found.append(content)
            number += content.count
        return joined(found)

    def close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


class Expired(msgspec.Struct, kw_only=True):
    """A stream without a file. What the control plane lacks of it becomes one gap record, at the first such number."""

    stream_id: bytes
    created_ms: int
    records: int
    acked: int
    low_ms: int
    high_ms: int
    reason: ExpiryReason
    settled_in: str | None  # epoch
    asked_in: str | None = None  # epoch in which `acked` is the control plane's word: only then is a gap placed
    gap_at: int | None = None  # number at which the gap record stands: the stream then ends behind it

    @property
    def end(self) -> int:
        return self.records if self.gap_at is None else self.gap_at + 1

    def goes_on_at(self, number: int) -> None:
        """The control plane wants this number next."""
        self.acked = number

    @property
    def lost(self) -> int:
        """How many records the gap record speaks of."""
        return 0 if self.gap_at is None else self.records - self.gap_at


def _stretches(parts: Sequence[Translated], end: int) -> Iterator[_Stretch]:
    first = end - sum(part.count for part in parts)
    for part in parts:
        yield _Stretch(first, part)
        first += part.count


def _newest(stretches: tuple[_Stretch, ...]) -> tuple[_Stretch, ...]:
    """As many of the last ones as may be kept."""
    room = RECENT_RECORDS
    for at in range(len(stretches) - 1, -1, -1):
        room -= stretches[at].content.weight
        if room < 0:
            return stretches[at + 1 :]
    return stretches
