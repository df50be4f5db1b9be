"""Ships streams to the control plane: two lanes side by side, each with one batch in flight, strictly in order.

The *fresh* lane follows the open stream; the *backlog* lane works through what has ended, oldest first. After an
outage the open stream holds a backlog itself: the fresh lane has it sealed, hands it over and goes on with the new one,
so that new records never queue behind old ones.

The control plane's word on where a stream goes on is final, in both directions: `next` of its answer replaces what was
believed here. It stores records and moves that number in one transaction; so a batch whose answer was lost is sent
again and not stored again, and a batch in the wrong place is refused with the right number.

Nothing that fails is given up: the lane pauses (full jitter, Retry-After honoured) and tries again. Only an answer that
carries `next` moves a stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import msgspec

from edge.agent.client import Answer, Backoff, ControlClient, Unreachable
from edge.agent.drain import Drain
from edge.agent.portion import BATCH_BYTES, BATCH_RECORDS, Packer, Portion, question
from edge.agent.samples import ClockSamples
from edge.agent.segment import BadSegment
from edge.agent.stream import Expired, Stream
from edge.agent.streams import Streams
from edge.agent.trouble import Trouble, is_server_error
from edge.record import NewerRecord
from shared.clock import wall_ms
from shared.logs import get_logger
from shared.wire import (
    CONTENT_TYPE,
    COUNT_HEADER,
    DIGEST_HEADER,
    FIRST_HEADER,
    STREAM_HEADER,
    BatchAck,
    Lane,
    digest_of,
)

BATCH_PATH: Final = "/edge/v1/batches"
BATCH_BYTES_MIN: Final = 64 * 1024
FRESH_BATCH_RECORDS: Final = 10_000  # so many come together at rates at which no batch should wait for another
FRESH_EVERY_S: Final = 0.1  # is often enough for batches that carry …
MANY_RECORDS: Final = 1_000  # … more than this: an exchange costs about as much as these
FRESH_LAG_MS: Final = 2_000  # records older than this make the open stream a backlog …
FRESH_RECORDS: Final = 2 * BATCH_RECORDS  # … when there are more of them than this
NEW_STREAM_EVERY_S: Final = 5.0
COMPLAIN_EVERY_S: Final = 60.0

_log = get_logger()


class Shipper:
    """Both lanes. `low_watermark_ms` gives the time before which nothing is missing any more."""

    def __init__(
        self,
        client: ControlClient,
        streams: Streams,
        drain: Drain,
        samples: ClockSamples,
        edge_id: str,
        low_watermark_ms: Callable[[], int],
    ) -> None:
        self._client, self._streams, self._drain, self._samples = client, streams, drain, samples
        self._low_watermark_ms = low_watermark_ms
        lanes: tuple[Lane, ...] = ("fresh", "backlog")
        self._packers = {lane: Packer(edge_id, lane) for lane in lanes}
        self._troubles: dict[bytes, Trouble] = {}
        self._held: Stream | None = None  # by the fresh lane
        self._max_bytes = BATCH_BYTES
        self._new_stream_at = 0.0
        self._complain_at: dict[str, float] = {}
        self.batches = self.records = self.body_bytes = 0
        """What the control plane has taken, by this process's exchanges."""
        self.errors: Counter[str] = Counter()
        """Exchanges that moved nothing, by status; `unreachable` where there was no answer."""
        self.gaps: Counter[str] = Counter()
        """Records that gap records shipped by this process speak of, by reason."""

    async def run(self, lane: Lane) -> None:
        """One lane, for ever."""
        next_work = self._fresh_work if lane == "fresh" else self._backlog_work
        changed, backoff = self._streams.changed[lane], Backoff()
        while True:
            changed.clear()
            stream = next_work()
            if stream is None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), self._shortest_rest_s())
                continue
            pause_s = await self._exchange(lane, stream, backoff)
            if pause_s is not None:
                await asyncio.sleep(pause_s)

    async def until_idle(self) -> None:
        """Returns when the control plane has all that is on disk."""
        while self._has_work():
            self._streams.acknowledged.clear()
            await self._streams.acknowledged.wait()

    def _has_work(self) -> bool:
        is_behind = self._streams.open is not None and self._streams.has_news(self._streams.open)
        return is_behind or next(self._streams.unsettled(), None) is not None

    # --- what to ship next

    def _fresh_work(self) -> Stream | None:
        held = self._held
        if held is None or not self._is_fresh(held):
            if held is not None:
                self._streams.changed["backlog"].set()  # handed over
            held = self._held = self._streams.open
        if held is None or (held.is_open and not self._streams.has_news(held)):
            return None
        return None if self._rests(held) else held

    def _is_fresh(self, stream: Stream) -> bool:
        """Open, or ended with so little left that handing it over would take longer than finishing it."""
        if stream.is_open:
            return stream is self._streams.open
        if self._rests(stream):
            return False
        return (
            stream.unacked <= FRESH_BATCH_RECORDS
            and not self._streams.is_settled(stream)
            and self._streams.knows(stream)
        )

    def _backlog_work(self) -> Stream | Expired | None:
        waiting = (stream for stream in self._streams.unsettled() if stream is not self._held)
        return next((stream for stream in waiting if not self._rests(stream)), None)

    def _rests(self, stream: Stream | Expired) -> bool:
        trouble = self._troubles.get(stream.stream_id)
        return trouble is not None and trouble.rests_s(time.monotonic()) > 0

    def _shortest_rest_s(self) -> float | None:
        now = time.monotonic()
        return min((rest for trouble in self._troubles.values() if (rest := trouble.rests_s(now))), default=None)

    def _most_records(self, stream: Stream | Expired, lane: Lane) -> int:
        trouble = self._troubles.get(stream.stream_id)
        if trouble is not None:
            return trouble.most_records
        return FRESH_BATCH_RECORDS if lane == "fresh" else BATCH_RECORDS

    @property
    def resting(self) -> int:
        """Streams with a record that the control plane fails at, or that only a later version can read."""
        return sum(trouble.rests_s(time.monotonic()) > 0 for trouble in self._troubles.values())

    def _keep_fresh(self, stream: Stream) -> None:
        """Has the open stream ended when what it holds would keep newer records waiting."""
        low_ms, now = stream.low_ms(), time.monotonic()
        if not stream.is_open or stream.unacked <= FRESH_RECORDS or low_ms is None or now < self._new_stream_at:
            return
        if wall_ms() - low_ms > FRESH_LAG_MS:
            self._new_stream_at = now + NEW_STREAM_EVERY_S
            self._drain.ask_for_new_stream()

    # --- one exchange

    async def _exchange(self, lane: Lane, stream: Stream | Expired, backoff: Backoff) -> float | None:
        """One batch and its answer. Returns how long to pause before the next, None to go on at once."""
        epoch, began = self._streams.epoch, time.monotonic()
        if isinstance(stream, Stream):
            stream.in_flight = True
        try:
            low_ms = self._low_watermark_ms()
            portion, body = await asyncio.to_thread(self._packed, stream, lane, epoch, low_ms)
            answer = await post_batch(self._client, self._samples, stream.stream_id, portion, body)
            moved = await self._take(answer, stream, portion, epoch)
        except Unreachable as error:
            self.errors["unreachable"] += 1
            self._complain("control plane unreachable; records are kept", reason=str(error))
            return backoff.next_s()
        except NewerRecord as error:
            self._trouble_of(stream).rest(time.monotonic())
            self._complain("records of a later version are kept for it", reason=str(error))
            return None
        except (OSError, BadSegment) as error:
            return await self._unreadable(stream, error, backoff)
        finally:
            if isinstance(stream, Stream):
                stream.in_flight = False
        if not moved:
            self.errors[str(answer.status)] += 1
            if self._isolate(stream, portion, answer.status):
                return None
            return backoff.next_s(answer.retry_after_s)
        backoff.reset()
        self.batches += 1
        self.records += portion.count
        self.body_bytes += len(body)
        if (trouble := self._troubles.get(stream.stream_id)) is not None and trouble.worked():
            del self._troubles[stream.stream_id]
        if isinstance(stream, Stream):
            self._keep_fresh(stream)
            if lane == "fresh" and portion.count > MANY_RECORDS > stream.unacked:
                return max(0.0, began + FRESH_EVERY_S - time.monotonic())
        return None

    def _portion(self, stream: Stream | Expired, lane: Lane, epoch: str) -> Portion:
        """A question as long as no exchange has told how far the clocks are apart: times could not be corrected."""
        if not self._samples.recent():
            return question(stream.acked, closed=False)
        return self._packers[lane].next_portion(stream, self._most_records(stream, lane), self._max_bytes, epoch)

    def _packed(self, stream: Stream | Expired, lane: Lane, epoch: str, low_watermark_ms: int) -> tuple[Portion, bytes]:
        portion = self._portion(stream, lane, epoch)
        return portion, self._packers[lane].pack(portion, low_watermark_ms, self._samples.recent())

    async def _take(self, answer: Answer, stream: Stream | Expired, portion: Portion, epoch: str) -> bool:
        """Believes the answer. False where it moved nothing."""
        ack = ack_of(answer)
        if ack is None:
            self._refused(answer, portion)
            return False
        if ack.quarantined:
            _log.error("a batch was set aside by the control plane", stream=stream.stream_id.hex(),
                       first=portion.first, records=portion.count, reason=ack.quarantined)  # fmt: skip
        moved = ack.next != portion.first or (answer.status == 200 and not portion.count)
        if ack.next > portion.first:
            self.gaps.update(portion.content.gaps)
        await self._streams.acknowledge(stream, ack.next, epoch, was_closing=portion.closed)
        return moved

    def _refused(self, answer: Answer, portion: Portion) -> None:
        if answer.status == 413 and portion.count > 1:
            self._max_bytes = max(BATCH_BYTES_MIN, self._max_bytes // 2)
        words = answer.body[:300].decode("utf-8", "replace")
        self._complain("control plane refuses records; they are kept", status=answer.status, answer=words)

    def _trouble_of(self, stream: Stream | Expired) -> Trouble:
        return self._troubles.setdefault(stream.stream_id, Trouble(BATCH_RECORDS))

    def _isolate(self, stream: Stream | Expired, portion: Portion, status: int) -> bool:
        """Whether the stream rests now: the lane may go on with another."""
        if not is_server_error(status) or not self._trouble_of(stream).failed(portion.count, time.monotonic()):
            return False
        _log.error("the control plane fails at a record; its stream rests, the others go on", status=status,
                   stream=stream.stream_id.hex(), number=portion.first)  # fmt: skip
        if isinstance(stream, Stream) and stream.is_open:
            self._drain.ask_for_new_stream()  # what comes now need not wait behind it
        return True

    async def _unreadable(self, stream: Stream | Expired, error: Exception, backoff: Backoff) -> float | None:
        if isinstance(error, FileNotFoundError) and isinstance(stream, Stream) and not stream.is_open:
            # Not under a former name: the drain may have sealed the file while it was being opened.
            if error.filename == str(stream.path):
                await self._streams.expire(stream, "spool_damaged")
            return None
        self._complain("a segment cannot be read", stream=stream.stream_id.hex(), reason=str(error))
        return backoff.next_s()

    def _complain(self, event: str, **fields: object) -> None:
        now = time.monotonic()
        if now >= self._complain_at.get(event, 0.0):
            self._complain_at[event] = now + COMPLAIN_EVERY_S
            _log.warning(event, **fields)


async def post_batch(
    client: ControlClient, samples: ClockSamples, stream_id: bytes, portion: Portion, body: bytes
) -> Answer:
    """One exchange; its answer is a clock sample too. Raises Unreachable."""
    said = stream_id.hex(), str(portion.first), str(portion.count)
    headers = dict(zip((STREAM_HEADER, FIRST_HEADER, COUNT_HEADER), said, strict=True))
    headers |= {"Content-Type": CONTENT_TYPE, DIGEST_HEADER: digest_of(body, *said)}
    answered = samples.begin()
    answer = await client.post(BATCH_PATH, body, headers)
    if (ack := ack_of(answer)) is not None:
        answered(ack.server_ms)
    return answer


def ack_of(answer: Answer) -> BatchAck | None:
    """What an answer acknowledges: records stored (200), wanted instead (409), or set aside (400, 422)."""
    if answer.status not in (200, 400, 409, 422):
        return None
    try:
        return answer.decode(BatchAck)
    except msgspec.DecodeError:
        return None
