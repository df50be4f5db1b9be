"""Compares what the control plane has of every stream with what this node believes it has.

A stream that is wholly acknowledged says nothing any more, so nobody would notice that the control plane's database was
replaced by an older copy of itself; a new epoch tells of it, but a plain copy of files has the epoch it always had.
So all those streams' marks are asked for: after each reconnection, because a database is put back while the control
plane is away, and once a minute, because that may have gone unseen. What is lower than it was is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from edge.agent.client import ControlClient, Unreachable
from edge.agent.streams import Believed, Streams
from shared.logs import get_logger
from shared.wire import MARKS_MAX, Marks, MarksQuestion

MARKS_PATH: Final = "/edge/v1/marks"
ASK_EVERY_S: Final = 60.0
CONTENT_TYPE: Final = "application/msgpack"

_log = get_logger()
_encoder = msgspec.msgpack.Encoder()


async def compare_marks(client: ControlClient, streams: Streams, edge_id: str) -> None:
    """For ever."""
    was_answered = True
    while True:
        client.reconnected.clear()
        answered = await _compare_once(client, streams, edge_id)
        if was_answered and not answered:
            _log.info("the control plane did not say how far streams are stored; asking again")
        was_answered = answered
        try:
            await asyncio.wait_for(client.reconnected.wait(), ASK_EVERY_S)
        except TimeoutError:
            continue


async def _compare_once(client: ControlClient, streams: Streams, edge_id: str) -> bool:
    believed = streams.believed()
    for at in range(0, len(believed), MARKS_MAX):
        part = believed[at : at + MARKS_MAX]
        marks = await _ask(client, edge_id, part)
        if marks is None or len(marks.marks) != len(part):
            return False
        for belief, mark in zip(part, marks.marks, strict=True):
            streams.compare(belief, mark)
    return True


async def _ask(client: ControlClient, edge_id: str, about: Sequence[Believed]) -> Marks | None:
    question = MarksQuestion(edge_id, [belief.stream.stream_id for belief in about])
    try:
        answer = await client.post(MARKS_PATH, _encoder.encode(question), {"Content-Type": CONTENT_TYPE})
        return answer.decode(Marks) if answer.status == 200 else None
    except (Unreachable, msgspec.DecodeError):
        return None
