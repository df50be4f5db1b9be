"""Tells the control plane how this node is, often enough that silence means something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from edge.agent.client import ControlClient, Unreachable
from edge.agent.samples import ClockSamples
from shared.logs import get_logger
from shared.wire import EdgeStatus, StatusAck

STATUS_PATH: Final = "/edge/v1/status"
STATUS_EVERY_S: Final = 5.0
CONTENT_TYPE: Final = "application/msgpack"

_log = get_logger()
_encoder = msgspec.msgpack.Encoder()


async def report(client: ControlClient, samples: ClockSamples, status: Callable[[], EdgeStatus]) -> None:
    """For ever. Each answer is also a clock sample: small requests have the shortest round trips."""
    was_told = True
    while True:
        told = await _report_once(client, samples, status())
        if told != was_told:
            _log.info("the control plane knows of this edge again" if told else "the status could not be reported")
            was_told = told
        await asyncio.sleep(STATUS_EVERY_S)


async def _report_once(client: ControlClient, samples: ClockSamples, status: EdgeStatus) -> bool:
    answered = samples.begin()
    try:
        answer = await client.post(STATUS_PATH, _encoder.encode(status), {"Content-Type": CONTENT_TYPE})
        if answer.status != 200:
            return False
        answered(answer.decode(StatusAck).server_ms)
    except (Unreachable, msgspec.DecodeError):
        return False
    return True
