"""Whole edges: a supervisor with its workers and its agent, as `clicktrail-edge` starts them."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.wire import Entry
from tests.edge.building import fill
from tests.support.imports import ROOT
from tests.support.ports import free_port
from tests.support.processes import Child, running, wait_until, wait_until_http

COMMAND = (sys.executable, "-m", "edge")


@dataclass(frozen=True)
class Edge:
    """A running edge."""

    child: Child
    port: int
    data: Path

    @property
    def links_dir(self) -> Path:
        return self.data / "links"

    def pids(self, module: str) -> list[int]:
        """The processes that run `python -m module` for this edge, by their parent."""
        found: list[int] = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes().split(b"\0")
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if parent == self.child.pid and module.encode() in command:
                found.append(int(process.name))
        return found

    def wait_until_healthy(self) -> None:
        wait_until_http(f"http://127.0.0.1:{self.port}/_t/health", child=self.child)


def settings(folder: Path, at_port: int, **more: str) -> dict[str, str]:
    """The environment of an edge whose files are all in `folder`."""
    values = {
        "port": str(at_port),
        "connections_per_address_s": "0",  # all visitors of a test come from one address
        "metrics_port": "0",
        "data": str(folder / "data"),
        "ring_dir": str(folder / "rings"),
        "ring_mib": "1",
        "workers": "2",
        "control_url": "http://127.0.0.1:9",
        **more,
    }
    return {f"CLICKTRAIL_EDGE_{name.upper()}": value for name, value in values.items()}


@contextmanager
def running_edge(folder: Path, *entries: Entry, **more: str) -> Generator[Edge]:
    """An edge with `entries` in its link cache, ready to redirect when there are any. No control plane."""
    data = folder / "data"
    if entries:
        fill(data / "links", *entries)
    port = free_port()
    with running(COMMAND, log=folder / "edge.log", environment=settings(folder, port, **more), directory=ROOT) as child:
        edge = Edge(child, port, data)
        if entries:
            edge.wait_until_healthy()
        yield edge


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(*pids: int) -> None:
    wait_until(lambda: not any(is_alive(pid) for pid in pids), what=f"the end of {pids}")
