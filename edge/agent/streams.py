"""Every stream that this node still knows: how far each is acknowledged, and when its file may go.

A stream is *open* while the drain writes to it, then *sealed*, and *expired* when its file is gone. It is *settled*
once the control plane, in its present epoch, has confirmed all of its records and that no more follow. A new epoch (a
restore, a fail-over) unsettles them all, a mark that has gone back (`edge.agent.marks`) its own: it asks again, and
what the control plane no longer has is sent again from the file, or as a gap where there is none.

All of this runs on the agent's event loop; the drain's thread speaks to it by events.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from edge.agent import books
from edge.agent.drain import Event, Failed, Opened, Sealed, Synced
from edge.agent.segment import BadSegment, SegmentName, list_segments
from edge.agent.segment_reader import SegmentReader
from edge.agent.stream import Expired, ExpiryReason, Stream
from edge.record import time_ms_of
from shared.clock import DAY_MS, wall_ms
from shared.logs import get_logger
from shared.wire import Lane, Mark

EXPIRED_KEPT_MS: Final = 30 * DAY_MS
_CLOCK_TICK_MS: Final = 10  # files are stamped by the kernel's coarse clock, which lags by up to one tick

_log = get_logger()


class Believed(NamedTuple):
    """A stream, and the number up to which we take it to be stored."""

    stream: Stream | Expired
    acked: int


class Streams:
    """The book of streams. `changed` has an event for each lane, set when there may be something new to ship."""

    def __init__(self, directory: Path, budget_bytes: int, retention_ms: int, epoch: str) -> None:
        self._directory, self._budget_bytes, self._retention_ms = directory, budget_bytes, retention_ms
        self.epoch = epoch
        self.open: Stream | None = None
        self._sealed: dict[bytes, Stream] = {}
        self._expired: dict[bytes, Expired] = {}
        self._is_acked_file_old = False
        self._needs_room = False
        self.changed = {"fresh": asyncio.Event(), "backlog": asyncio.Event()}
        self.acknowledged = asyncio.Event()

    def load(self) -> None:
        """What a former agent has left, after `Drain.recover`. Raises OSError."""
        self._expired = {lost.stream_id: lost for lost in books.read_expired(self._directory)}
        acks = books.read_acked(self._directory)
        for name in list_segments(self._directory):
            path = self._directory / str(name)
            if name.end is None:
                continue
            if name.stream_id in self._expired:
                path.unlink()  # its removal was decided, and interrupted
                continue
            stream = Stream(self._directory, name, path.stat().st_size)
            if (ack := acks.get(name.stream_id.hex())) is not None:
                stream.acked, stream.settled_in = ack.next, ack.settled_in
            try:
                stream.grown(stream.end, _first_time_ms(path, name), stream.size)
            except BadSegment as error:
                _log.error("segment left alone", reason=str(error))
                continue
            self._sealed[name.stream_id] = stream

    def handle(self, event: Event) -> None:
        """What the drain has done."""
        match event:
            case Opened():
                self.open = Stream(self._directory, event.name, 0)
            case Synced():
                if self.open is not None:
                    self.open.grown(event.count, event.low_ms, event.size, event.said)
            case Sealed():
                stream, self.open = self.open, None
                if stream is not None and event.sealed is not None:
                    for older in self._sealed.values():
                        older.forget_recent()
                    stream.name = event.sealed
                    self._sealed[stream.stream_id] = stream
            case Failed():
                self._needs_room = event.errno in (errno.ENOSPC, errno.EDQUOT)
        self.wake()

    def wake(self) -> None:
        for event in self.changed.values():
            event.set()

    def enter_epoch(self, epoch: str) -> None:
        """The control plane speaks of this epoch now. Another one than before makes every stream ask again."""
        if epoch != self.epoch:
            if self.epoch:
                _log.warning("the control plane has a new epoch; all streams ask where they stand", epoch=epoch)
            self.epoch = epoch
            self.wake()

    def unsettled(self) -> Iterator[Stream | Expired]:
        """Streams that end and have something to say, oldest first."""
        yield from (stream for stream in self._sealed.values() if stream.settled_in != self.epoch)
        yield from (expired for expired in self._expired.values() if expired.settled_in != self.epoch)

    def has_news(self, stream: Stream) -> bool:
        """Whether an open stream has records to ship, or a new epoch to ask."""
        return stream.unacked > 0 or (stream.end > 0 and stream.asked_in != self.epoch)

    def is_settled(self, stream: Stream | Expired) -> bool:
        return stream.settled_in == self.epoch

    async def acknowledge(self, stream: Stream | Expired, next_number: int, epoch: str, *, was_closing: bool) -> None:
        """The control plane, in `epoch`, wants `next_number` next, whatever we believed.

        `was_closing`: it has been told that nothing follows what it got. Of an expired stream, what it lacks becomes a
        gap at that number, and the place of the gap is on disk before the gap is sent. Raises OSError.
        """
        if next_number < stream.acked:
            _log.warning("the control plane has less of a stream than before", stream=stream.stream_id.hex(),
                         acked=stream.acked, next=next_number)  # fmt: skip
        stream.goes_on_at(next_number)
        stream.asked_in = epoch
        self.acknowledged.set()
        self._is_acked_file_old = True
        if was_closing and next_number >= stream.end:
            stream.settled_in = epoch
            if isinstance(stream, Stream):
                stream.close()
        if isinstance(stream, Expired) and next_number < stream.end:
            stream.gap_at = next_number
            await self.save_expired()

    def believed(self) -> list[Believed]:
        """What the control plane should have of every stream of which nothing is about to be sent."""
        quiet: list[Stream | Expired] = [one for one in self._sealed.values() if self.is_settled(one)]
        quiet += [one for one in self._expired.values() if self.is_settled(one)]
        if self.open is not None and not self.has_news(self.open) and not self.open.in_flight:
            quiet.append(self.open)
        return [Believed(stream, stream.acked) for stream in quiet]

    def compare(self, belief: Believed, mark: Mark) -> None:
        """The control plane's word about a stream, asked for when we held that belief: what it lacks is sent again."""
        stream, acked = belief
        is_moving = isinstance(stream, Stream) and stream.in_flight
        if is_moving or stream.acked != acked or stream.settled_in not in (None, self.epoch):
            return  # it has been asked or answered meanwhile, which counts more
        if mark.next >= acked and (mark.closed or stream.settled_in is None):
            return
        _log.warning("the control plane has less than it said; sending again", stream=stream.stream_id.hex(),
                     acked=acked, next=mark.next)  # fmt: skip
        stream.goes_on_at(min(mark.next, acked))
        stream.settled_in = stream.asked_in = None
        self._is_acked_file_old = True
        self.wake()

    def knows(self, stream: Stream) -> bool:
        """Whether the stream's file is still kept."""
        return stream is self.open or stream.stream_id in self._sealed

    def low_ms(self) -> int | None:
        """The least time of any record on disk, or lost from it, that isn't acknowledged."""
        lows = [low for stream in self._files() if (low := stream.low_ms()) is not None]
        lows.extend(lost.low_ms for lost in self._expired.values() if lost.acked < lost.end)
        return min(lows, default=None)

    def backlog(self) -> tuple[int, int]:
        """Records and bytes that are not acknowledged."""
        return _unacked(self._files())

    def backlog_by_lane(self) -> dict[Lane, tuple[int, int]]:
        """The same, by the lane that ships them."""
        opened = () if self.open is None else (self.open,)
        return {"fresh": _unacked(opened), "backlog": _unacked(self._sealed.values())}

    def spool_bytes(self) -> int:
        return sum(stream.size for stream in self._files())

    async def keep_house(self, every_s: float) -> None:
        """Writes acknowledgements down and removes what may go, for ever."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.trim()
                await self.save_acked()
            except OSError as error:
                _log.error("cannot keep the spool's books", error=str(error))

    async def save_acked(self) -> None:
        if self._is_acked_file_old:
            self._is_acked_file_old = False
            acks = {stream.stream_id.hex(): books.Ack(stream.acked, stream.settled_in) for stream in self._files()}
            await asyncio.to_thread(books.write_acked, self._directory, acks)

    async def trim(self) -> None:
        """Lets go of files past their retention; over the budget also of younger ones, acknowledged ones first."""
        now = wall_ms()
        for stream in list(self._sealed.values()):
            if not self.is_settled(stream) or now - stream.name.created_ms <= self._retention_ms:
                continue
            if now - await asyncio.to_thread(_modified_ms, stream.path) > self._retention_ms:
                await self.expire(stream, "stream_expired")
        while self.spool_bytes() > self._budget_bytes or self._needs_room:
            idle = [stream for stream in self._sealed.values() if not stream.in_flight]
            acked = [stream for stream in idle if not stream.unacked]
            if not (acked or (idle and not self._needs_room)):
                break
            await self.expire((acked or idle)[0], "spool_budget")
            self._needs_room = False
        self._needs_room = False
        for lost in list(self._expired.values()):
            if self.is_settled(lost) and now - lost.high_ms > EXPIRED_KEPT_MS:
                del self._expired[lost.stream_id]

    async def expire(self, stream: Stream, reason: ExpiryReason) -> None:
        """Removes a stream's file. What the control plane lacks of it is then lost, and a gap record will say so."""
        if stream.unacked:
            _log.error("records are lost: their segment had to go", reason=reason, records=stream.unacked)
        del self._sealed[stream.stream_id]
        low_ms = stream.low_ms() or stream.name.created_ms
        modified_ms = await asyncio.to_thread(_modified_ms, stream.path)
        lost = Expired(
            stream_id=stream.stream_id,
            created_ms=stream.name.created_ms,
            records=stream.end,
            acked=stream.acked,
            low_ms=low_ms,
            high_ms=max(low_ms, min(modified_ms + _CLOCK_TICK_MS, wall_ms())),
            reason=reason,
            settled_in=stream.settled_in,
        )
        self._expired[stream.stream_id] = lost
        await self.save_expired()
        stream.close()
        await asyncio.to_thread(stream.path.unlink, missing_ok=True)
        self.wake()

    async def save_expired(self) -> None:
        """On disk when it returns. Raises OSError."""
        await asyncio.to_thread(books.write_expired, self._directory, list(self._expired.values()))

    def _files(self) -> Iterator[Stream]:
        yield from self._sealed.values()
        if self.open is not None:
            yield self.open


def _unacked(streams: Iterable[Stream]) -> tuple[int, int]:
    records = size = 0
    for stream in streams:
        records += stream.unacked
        size += stream.size * stream.unacked // max(1, stream.end)
    return records, size


def _modified_ms(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return 0


def _first_time_ms(path: Path, name: SegmentName) -> int:
    """The time of the first record, near enough the least one of a former agent's stream. Raises BadSegment."""
    reader = SegmentReader(path, name)
    try:
        first = reader.read(0, 1, 1, 1)
    finally:
        reader.close()
    payload = first[0] if first else None
    time_ms = None if payload is None else time_ms_of(payload)
    return name.created_ms if time_ms is None else time_ms
