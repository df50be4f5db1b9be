"""The agent: one process a node, between the workers and the control plane. `python -m edge.agent`, by the supervisor.

    rings ──Drain (thread)──▶ segments ──Streams──▶ Shipper ×2 ──▶ control plane
    link cache ◀──Sync── changes, snapshots            Status ──▶

It may be killed at any instruction: what it had not finished, the next one finds in rings and segments. On SIGTERM it
drains the rings to their end, syncs, and ships what the control plane takes within `LAST_SHIP_S`; the rest keeps.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import shutil
import socket
import sys
import threading
from importlib import metadata
from pathlib import Path
from typing import Final

import uvloop

from edge import lifeline
from edge.agent.client import ControlClient
from edge.agent.drain import Drain, Event
from edge.agent.guard import FeedGuard
from edge.agent.lock import AlreadyRunning, hold
from edge.agent.marks import compare_marks
from edge.agent.metrics import NodeCollector, serve_metrics
from edge.agent.samples import ClockSamples
from edge.agent.scrub import Scrubs
from edge.agent.ship import Shipper
from edge.agent.status import report
from edge.agent.streams import Streams
from edge.agent.sync import Sync
from edge.config import EdgeConfig
from edge.hints import give_hint
from edge.linkstore import LinkStore
from edge.node import PRIVATE_DIRECTORY, edge_id, ring_directory
from shared import logs
from shared.clock import HOUR_MS
from shared.logs import get_logger
from shared.wire import WIRE_VERSION, EdgeStatus

LAST_DRAIN_S: Final = 3.0
LAST_SHIP_S: Final = 2.0
HOUSE_EVERY_S: Final = 1.0
BUDGET_MOST_BYTES: Final = 10 << 30
BUDGET_SHARE: Final = 5  # of the disk: a fifth
WATERMARK_MARGIN_MS: Final = 1_000  # between a worker's time stamp and its record's arrival in the ring

_log = get_logger()


class Agent:
    """The parts of one node's agent, put together."""

    def __init__(self, config: EdgeConfig, client: ControlClient, loop: asyncio.AbstractEventLoop) -> None:
        data = config.data_dir
        self._config, self._id = config, edge_id(data)
        spool, rings = data / "spool", ring_directory(data, config.ring_dir)
        for directory in (spool, rings):
            directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        self._rings = rings
        self._locks = hold(data / "agent.lock"), hold(rings / "agent.lock")
        self._store = LinkStore.open(config.links_dir)
        self._stop_drain, self.drain_ended = threading.Event(), loop.create_future()
        self._streams = Streams(
            spool, _budget_bytes(config, spool), int(config.retention_hours * HOUR_MS), self._store.position()[0]
        )

        def notify(event: Event) -> None:
            loop.call_soon_threadsafe(self._streams.handle, event)

        self._drain = Drain(rings, spool, self._id, config.fsync_interval_ms / 1_000, notify)
        self._samples = ClockSamples()
        self._shipper = Shipper(client, self._streams, self._drain, self._samples, self._id, self.low_watermark_ms)
        self._guard = FeedGuard(data)
        self._sync = Sync(client, self._store, self._guard, self._note_applied)
        self._scrubs = Scrubs(config.links_dir)
        self._client, self._loop = client, loop
        self._metrics = NodeCollector(
            rings, self._drain, self._streams, self._shipper, self._sync, self._scrubs, self.status
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, or until a part fails, whose exception is then raised: a new process begins from the disk."""
        self._drain.recover()
        self._streams.load()
        threading.Thread(target=self._run_drain, name="drain", daemon=True).start()
        parts = [
            asyncio.ensure_future(self._streams.keep_house(HOUSE_EVERY_S)),
            asyncio.ensure_future(self._scrubs.run()),
        ]
        if self._config.token:
            parts += [
                asyncio.ensure_future(self._shipper.run("fresh")),
                asyncio.ensure_future(self._shipper.run("backlog")),
                asyncio.ensure_future(self._sync.run()),
                asyncio.ensure_future(compare_marks(self._client, self._streams, self._id)),
                asyncio.ensure_future(report(self._client, self._samples, self.status)),
            ]
        else:
            _log.warning("no edge token: serving what is here, keeping records")
        metrics = await serve_metrics(self._config.metrics_port, self._metrics) if self._config.metrics_port else None
        _log.info("agent runs", edge=self._id, version=_version())
        stopped = asyncio.ensure_future(stop.wait())
        ended, _ = await asyncio.wait({stopped, self.drain_ended, *parts}, return_when=asyncio.FIRST_COMPLETED)
        await self._shut_down(can_ship=bool(self._config.token))
        for part in parts:
            part.cancel()
        if metrics is not None:
            await metrics.cleanup()
        for part in ended - {stopped}:
            part.result()

    def low_watermark_ms(self) -> int:
        """Every record of an earlier request has been acknowledged."""
        covered_ms = max(0, self._drain.covered_ms - WATERMARK_MARGIN_MS)
        low_ms = self._streams.low_ms()
        return covered_ms if low_ms is None else min(low_ms, covered_ms)

    def status(self) -> EdgeStatus:
        epoch, rev = self._store.position()
        records, size = self._streams.backlog()
        return EdgeStatus(
            edge_id=self._id,
            name=self._config.name or socket.gethostname(),
            version=_version(),
            wire=WIRE_VERSION,
            epoch=epoch,
            rev=rev,
            workers=self._config.worker_count,
            low_watermark_ms=self.low_watermark_ms(),
            backlog_records=records,
            backlog_bytes=size,
            spool_bytes=self._streams.spool_bytes(),
            gap_count=self._shipper.gaps.total(),
            clock=self._samples.recent(),
            held_feed=self._sync.held,
        )

    def _note_applied(self, epoch: str) -> None:
        """The link cache has moved on, or is of another epoch."""
        give_hint(self._rings)
        self._streams.enter_epoch(epoch)

    def _run_drain(self) -> None:
        failure: Exception | None = None
        try:
            self._drain.run(self._stop_drain)
        except Exception as error:
            failure = error
        self._loop.call_soon_threadsafe(self._end_drain, failure)

    def _end_drain(self, failure: Exception | None) -> None:
        if failure is None:
            self.drain_ended.set_result(None)
        else:
            self.drain_ended.set_exception(failure)

    async def _shut_down(self, *, can_ship: bool) -> None:
        self._stop_drain.set()
        await asyncio.wait({self.drain_ended}, timeout=LAST_DRAIN_S)
        if can_ship:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._shipper.until_idle(), LAST_SHIP_S)
        await self._streams.save_acked()


async def serve(config: EdgeConfig) -> int:
    """The process's exit code. A drain that a hung disk holds fast is left behind: its records are in the rings."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    lifeline.on_stop(loop, stop)
    async with ControlClient(config.control_url, config.token) as client:
        agent = Agent(config, client, loop)
        await agent.run(stop)
        if not agent.drain_ended.done():
            _log.warning("the disk does not answer; unsynced records stay in the rings")
            os._exit(0)
    return 0


def main() -> int:
    orders = lifeline.take()
    logs.set_up(orders.log.level, orders.log.format, process="agent")
    try:
        return uvloop.run(serve(orders.config))
    except (AlreadyRunning, OSError) as error:
        _log.error("the agent cannot run", reason=str(error))
        return 2


def _budget_bytes(config: EdgeConfig, spool: Path) -> int:
    if config.spool_gib:
        return int(config.spool_gib * (1 << 30))
    return min(BUDGET_MOST_BYTES, shutil.disk_usage(spool).total // BUDGET_SHARE)


@functools.cache
def _version() -> str:
    """Read from a file once: a process without descriptors still has to tell its version."""
    try:
        return metadata.version("clicktrail")
    except metadata.PackageNotFoundError:
        return "source"


if __name__ == "__main__":
    sys.exit(main())
