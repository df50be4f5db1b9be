"""A real agent process and a worker's records for it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from edge import lifeline
from edge.agent.drain import Drain
from edge.config import EdgeConfig
from edge.node import edge_id, ring_directory
from edge.record import CARRY_CODE, encode_click
from edge.ring import RingWriter
from shared import click_id
from shared.clock import boot_ms, wall_ms
from shared.config import LogConfig

HEAD = (
    b"GET /spring?gclid=x HTTP/1.1\r\nHost: go.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    b"Accept: text/html\r\nCookie: session=secret\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"
)


def click(identity: bytes | None = None, time_ms: int | None = None, head: bytes = HEAD) -> bytes:
    """An encoded click."""
    time_ms = wall_ms() if time_ms is None else time_ms
    identity = identity or click_id.new(time_ms)
    carry = CARRY_CODE["fragment"]
    return encode_click(
        time_ms, boot_ms(), identity, bytes(16), 0, 0, carry, b"\xcb\x00\x71\x09", b"", b"go.example", head
    )


def append_clicks(writer: RingWriter, count: int, batch: int = 8) -> list[bytes]:
    """Puts `count` clicks into a ring; returns their ids in order."""
    ids = [click_id.new() for _ in range(count)]
    for at in range(0, count, batch):
        writer.append([click(identity) for identity in ids[at : at + batch]])
    return ids


class AgentProcess:
    """`python -m edge.agent`, which may be killed and started again."""

    def __init__(self, config: EdgeConfig) -> None:
        self.config = config
        self.log = config.data_dir / "agent.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *prefix: str) -> AgentProcess:
        self.config.data_dir.mkdir(parents=True, exist_ok=True)
        self._starts = self.log_text().count('"agent runs"') + 1 if self.log.exists() else 1
        command = [*prefix, sys.executable, "-m", "edge.agent"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log)
        assert self._process.stdin is not None
        lifeline.give(self._process.stdin, lifeline.Orders(self.config, LogConfig("debug", "json")))
        return self

    def until_ready(self) -> None:
        """Waits until it has recovered what was there."""
        wait_until(lambda: self.log_text().count('"agent runs"') >= self._starts, 30)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def terminate(self, timeout_s: float = 15.0) -> int:
        """SIGTERM; returns the exit code."""
        self.until_ready()
        return self._end(signal.SIGTERM, timeout_s)

    def _end(self, how: signal.Signals, timeout_s: float = 15.0) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        code = self._process.wait(timeout_s)
        if self._process.stdin is not None:
            self._process.stdin.close()
        return code

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def agent(config: EdgeConfig) -> Generator[AgentProcess]:
    """A running agent; killed at the end if the test has left it running."""
    process = AgentProcess(config).start()
    try:
        yield process
    finally:
        if process.is_running():
            process.kill()


def config_for(
    data: Path,
    url: str = "http://127.0.0.1:9",
    *,
    retention_hours: float = 24,
    spool_gib: float = 0,
    metrics_port: int = 0,
) -> EdgeConfig:
    """A configuration whose rings are beside `data`, so that tests leave nothing in /dev/shm."""
    return EdgeConfig(
        data=str(data),
        control_url=url,
        token="et_test",
        ring_dir=str(data.parent / "rings"),
        ring_mib=1,
        retention_hours=retention_hours,
        spool_gib=spool_gib,
        metrics_port=metrics_port,
    )


def writer_for(config: EdgeConfig, slot: int = 0, ring_bytes: int | None = None) -> RingWriter:
    """A worker's ring of that node."""
    directory = ring_directory(config.data_dir, config.ring_dir)
    return RingWriter.open(directory, slot, ring_bytes or config.ring_mib << 20, config.ring_budget_mib << 20)


def seal_one_stream(config: EdgeConfig, count: int) -> list[bytes]:
    """A stream that has ended, as left by an agent that never reached the control plane."""
    writer = writer_for(config)
    ids = append_clicks(writer, count)
    writer.close()
    spool = config.data_dir / "spool"
    spool.mkdir(exist_ok=True)
    rings = ring_directory(config.data_dir, config.ring_dir)
    drain = Drain(rings, spool, edge_id(config.data_dir), sync_interval_s=0.05, notify=lambda _: None)
    drain.recover()
    stop = threading.Event()
    stop.set()
    drain.run(stop)
    return ids


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Polls until it is true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
