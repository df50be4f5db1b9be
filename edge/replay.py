"""`spool replay`: gives the control plane what it lacks of the segments in a folder, as their own streams.

The control plane's mark of each stream decides, as it does for an agent: it is asked for first, and only what lies
behind it is sent, to streams that have not ended. So replaying twice, or what an agent has sent as well, doubles
nothing, and what a gap record has declared lost stays so. For a folder that was copied from a dead machine, or a
control plane that lost records which the edge no longer asks about by itself.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from edge.agent.client import Backoff, ControlClient, Unreachable
from edge.agent.lock import hold
from edge.agent.marks import CONTENT_TYPE, MARKS_PATH
from edge.agent.portion import BATCH_BYTES, BATCH_RECORDS, Packer, Portion, question
from edge.agent.samples import ClockSamples
from edge.agent.segment import BadSegment, list_segments
from edge.agent.ship import ack_of, post_batch
from edge.agent.stream import Stream
from edge.config import EdgeConfig
from edge.node import edge_id
from edge.record import NewerRecord
from edge.spool import CannotReplay, folder_in
from shared.wire import Mark, Marks, MarksQuestion

TRIES: Final = 5  # of one exchange
_NO_EPOCH = ""  # only expired streams ask in which one they are


class Replayed(msgspec.Struct, frozen=True):
    """What became of one segment."""

    file: str
    records: int
    sent: int  # the rest the control plane had already


async def replay(config: EdgeConfig, data: Path, files: list[str]) -> list[Replayed]:
    """Of all sealed segments in `data`, or of those named. Raises CannotReplay, NoSpool, AlreadyRunning, OSError."""
    spool = folder_in(data)
    if not config.token:
        raise CannotReplay("[edge] token is empty; replaying needs an edge's token")
    lock = hold(data / "agent.lock")
    try:
        return await _replay(config, data, spool, files)
    finally:
        os.close(lock)


async def _replay(config: EdgeConfig, data: Path, spool: Path, files: list[str]) -> list[Replayed]:
    names = {str(name): name for name in list_segments(spool) if name.end is not None}
    if unknown := [file for file in files if file not in names]:
        raise CannotReplay(f"{unknown[0]} is no sealed segment in {spool}; `spool inspect` lists them")
    done: list[Replayed] = []
    async with ControlClient(config.control_url, config.token) as client:
        sender = _Sender(client, edge_id(data))
        for file in files or list(names):
            stream = Stream(spool, names[file], (spool / file).stat().st_size)
            with closing(stream):
                done.append(Replayed(file, stream.end, await sender.send(stream)))
    return done


class _Sender:
    def __init__(self, client: ControlClient, edge: str) -> None:
        self._client, self._samples, self._edge = client, ClockSamples(), edge
        self._packer = Packer(edge, "backlog")

    async def send(self, stream: Stream) -> int:
        """How many records were new to the control plane."""
        mark = await self._mark_of(stream)
        if mark.closed:
            return 0
        stream.acked = await self._exchange(stream, question(mark.next, closed=False))  # also a sample of its clock
        sent = 0
        while stream.unacked:
            try:
                portion = self._packer.next_portion(stream, BATCH_RECORDS, BATCH_BYTES, _NO_EPOCH)
            except (BadSegment, NewerRecord) as error:
                raise CannotReplay(f"{stream.name}: {error}") from None
            acked = await self._exchange(stream, portion)
            if acked == stream.acked:
                raise CannotReplay(f"{stream.name}: the control plane does not move from record {acked}")
            sent, stream.acked = sent + max(0, acked - stream.acked), acked
        return sent

    async def _mark_of(self, stream: Stream) -> Mark:
        asked = msgspec.msgpack.encode(MarksQuestion(self._edge, [stream.stream_id]))
        try:
            answer = await self._client.post(MARKS_PATH, asked, {"Content-Type": CONTENT_TYPE})
            if answer.status == 200:
                return answer.decode(Marks).marks[0]
            reason = f"it answers {answer.status}"
        except (Unreachable, msgspec.DecodeError, IndexError) as error:
            reason = str(error)
        raise CannotReplay(f"the control plane does not say what it has of {stream.name}: {reason}")

    async def _exchange(self, stream: Stream, portion: Portion) -> int:
        """The number with which the stream goes on."""
        body, backoff, reason = self._packer.pack(portion, 0, self._samples.recent()), Backoff(), ""
        for _ in range(TRIES):
            try:
                answer = await post_batch(self._client, self._samples, stream.stream_id, portion, body)
            except Unreachable as error:
                reason = str(error)
            else:
                if (ack := ack_of(answer)) is not None:
                    return ack.next
                reason = f"it answers {answer.status}"
            await asyncio.sleep(backoff.next_s())
        raise CannotReplay(f"the control plane does not take {stream.name}: {reason}")
