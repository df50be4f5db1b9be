"""Servers that a benchmark starts: processes of their own, waited for, and gone at the end of a block."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from loadtests.bench_edge.processes import CannotMeasure

READY_S: Final = 60.0
STOP_S: Final = 20.0


@contextmanager
def running(
    command: list[str], log: Path, environment: Mapping[str, str] | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """A process without the configuration of whoever starts the benchmark; it does not outlive the block."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLICKTRAIL_")}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**inherited, **(environment or {})})
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def ring_folder(beside: Path) -> Generator[str]:
    """On shared memory, as in production; removed at the end."""
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else beside
    with tempfile.TemporaryDirectory(prefix="clicktrail-bench-", dir=parent) as folder:
        yield folder


def module(name: str, *arguments: object) -> list[str]:
    """The command that runs a module as this Python would."""
    return [sys.executable, "-m", name, *map(str, arguments)]


@contextmanager
def served(name: str, *arguments: object) -> Generator[str]:
    """A module of ours that serves on the port it is given last: its URL once it listens. Raises CannotMeasure."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="clicktrail-bench-") as folder:
        log = Path(folder) / "server.log"
        with running(module(name, *arguments, port), log) as process:
            until_listens(port, process, log)
            yield f"http://127.0.0.1:{port}"


def until_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the port takes connections."""

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(listens, process, log)


def until_redirects(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the edge has its links."""

    def is_healthy() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_t/health", timeout=5):
                return True
        except OSError:
            return False

    until(is_healthy, process, log)


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Raises CannotMeasure, with the end of its log, where the process ended or takes too long."""
    if not wait(lambda: process.poll() is not None or condition(), READY_S) or process.poll() is not None:
        raise CannotMeasure(f"{process.args} did not start:\n{log.read_text(errors='replace')[-2000:]}")


def wait(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Whether it became true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_port() -> int:
    """A TCP port of the loopback address that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as picker:
        return int(picker.getsockname()[1])
