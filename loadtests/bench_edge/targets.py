"""What is measured: nginx, the stock aiohttp server, the edge. Each is started in a folder of its own, on one core, and
knows how many requests it has kept: a server that answers without logging would be cheap.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from loadtests import servers
from loadtests.bench_edge import processes
from loadtests.bench_edge.links import Links
from loadtests.bench_edge.processes import CannotMeasure
from loadtests.sink import COUNTS_PATH, TOKEN, Counts

HERE: Final = Path(__file__).parent
CATCH_UP_S: Final = 60.0  # for the agent to deliver what a round left behind
FLUSHED_S: Final = 5.0  # logs are flushed within 0.2 s, by a machine that has time for it
NGINX_PROCESSES: Final = 2  # master and worker


class Cores(msgspec.Struct, frozen=True):
    """Which core who works on."""

    server: int
    load: int  # load generator, and the sink that stands for a control plane on another machine
    agent: int


class Target(ABC):
    """One server under test, running."""

    name: str
    keeps_misses_at_once = True
    """Whether requests for unknown slugs are counted by `kept` at once, or only by `kept_after_stop`."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.servers: list[int] = []
        """Processes whose time is the cost of answering and logging."""
        self.agents: list[int] = []
        """Processes that deliver what is logged."""

    @abstractmethod
    def kept(self, at_least: int) -> int:
        """How many requests it has put down since it started; waits a while for that many."""

    @abstractmethod
    def kept_after_stop(self) -> int:
        """Ends it in order, and counts all requests that it ever logged."""

    def check_alive(self) -> None:
        """Raises CannotMeasure when a process was replaced: its time would be missing."""
        if set(processes.tree(self.process.pid)) != {*self.servers, *self.agents}:
            raise CannotMeasure(f"{self.name}: a process ended and was replaced")

    def _end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(servers.STOP_S)


class Logging(Target):
    """A server that logs into a file, a line a request."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        super().__init__(port, process)
        self.name, self._log = name, log
        self._counted = self._read_bytes = 0
        self.servers = processes.tree(process.pid)

    def kept(self, at_least: int) -> int:
        servers.wait(lambda: self._lines() >= at_least, FLUSHED_S)
        return self._lines()

    def kept_after_stop(self) -> int:
        self._end()
        return self._lines()

    def _lines(self) -> int:
        """Of the log so far; only what is new is read."""
        with self._log.open("rb") as file:
            file.seek(self._read_bytes)
            for chunk in iter(lambda: file.read(1 << 20), b""):
                self._counted += chunk.count(b"\n")
                self._read_bytes += len(chunk)
        return self._counted


class Edge(Target):
    """The edge as `clicktrail-edge` starts it: supervisor, workers and an agent that ships to the sink."""

    keeps_misses_at_once = False

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes], sink: str) -> None:
        super().__init__(port, process)
        self.name, self._sink = name, sink
        every = processes.tree(process.pid)
        self.agents = [pid for pid in every if processes.runs_module(pid, "edge.agent")]
        self.servers = [pid for pid in every if pid not in self.agents]

    def kept(self, at_least: int) -> int:
        """What has reached the sink. Unknown slugs are summed over a minute, and come when it is over."""
        servers.wait(lambda: self._stored() >= at_least, CATCH_UP_S)
        return self._stored()

    def kept_after_stop(self) -> int:
        """Workers flush their minutes, the agent drains and ships: then everything is there, and nothing twice."""
        self._end()
        counts = counts_of(self._sink)
        if counts.lost or counts.repeated:
            raise CannotMeasure(f"{self.name}: {counts.lost} records lost, {counts.repeated} delivered twice")
        return counts.clicks + counts.beacons + counts.unknown

    def _stored(self) -> int:
        counts = counts_of(self._sink)
        return counts.clicks + counts.beacons


@contextmanager
def nginx(links: Links, cores: Cores) -> Generator[Target]:
    program = processes.require("nginx", "nginx-light")
    with tempfile.TemporaryDirectory(prefix="clicktrail-bench-") as scratch:
        folder, port = Path(scratch), servers.free_port()
        with (folder / "links.map").open("w", encoding="ascii") as table:
            table.writelines(f'/{link.slug} "{link.destination}";\n' for link in links.entries)
        text = (HERE / "nginx.conf").read_text(encoding="utf-8")
        values = {"PORT": port, "DIR": folder, "MAP": folder / "links.map", "CPU_MASK": f"{1 << cores.server:b}"}
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        command = [program, "-p", scratch, "-c", str(folder / "nginx.conf")]
        with servers.running(command, folder / "nginx.err") as process:
            servers.until_listens(port, process, folder / "nginx.err")
            servers.until(lambda: len(processes.tree(process.pid)) == NGINX_PROCESSES, process, folder / "nginx.err")
            target = Logging("nginx", port, process, folder / "access.log")
            processes.pin(target.servers, cores.server)
            yield target


@contextmanager
def aiohttp_reference(links: Links, cores: Cores) -> Generator[Target]:
    with tempfile.TemporaryDirectory(prefix="clicktrail-bench-") as scratch:
        folder, port = Path(scratch), servers.free_port()
        with (folder / "links.csv").open("w", encoding="ascii") as table:
            table.writelines(f"{link.slug},{link.destination}\n" for link in links.entries)
        command = servers.module("loadtests.bench_edge.reference", folder / "links.csv", port, folder / "requests.log")
        with servers.running(command, folder / "aiohttp.err") as process:
            servers.until_listens(port, process, folder / "aiohttp.err")
            target = Logging("aiohttp", port, process, folder / "requests.log")
            processes.pin(target.servers, cores.server)
            yield target


@contextmanager
def edge(links: Links, cores: Cores, workers: int = 1) -> Generator[Target]:
    """With a sink of its own, so that the sink's counts are this edge's alone."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clicktrail-bench-")))
        sink_port, port = servers.free_port(), servers.free_port()
        sink_url = f"http://127.0.0.1:{sink_port}"
        sink_command = servers.module("loadtests.sink", len(links), sink_port)
        sink = stack.enter_context(servers.running(sink_command, folder / "sink.err"))
        servers.until_listens(sink_port, sink, folder / "sink.err")
        processes.pin([sink.pid], cores.load)

        environment = {
            "CLICKTRAIL_EDGE_PORT": str(port),
            "CLICKTRAIL_EDGE_WORKERS": str(workers),
            "CLICKTRAIL_EDGE_DATA": str(folder / "edge"),
            "CLICKTRAIL_EDGE_RING_DIR": stack.enter_context(servers.ring_folder(folder)),
            "CLICKTRAIL_EDGE_CONTROL_URL": sink_url,
            "CLICKTRAIL_EDGE_TOKEN": TOKEN,
            "CLICKTRAIL_EDGE_RETENTION_HOURS": "0",  # delivered segments go at once: 100 GB an hour otherwise
        }
        log = folder / "edge.log"
        process = stack.enter_context(servers.running(servers.module("edge"), log, environment))
        servers.until_redirects(port, process, log)
        target = Edge("edge" if workers == 1 else f"edge × {workers}", port, process, sink_url)
        processes.pin(target.servers, cores.server)
        processes.pin(target.agents, cores.agent)
        yield target


def counts_of(sink: str) -> Counts:
    with urllib.request.urlopen(sink + COUNTS_PATH, timeout=10) as answer:
        return msgspec.json.decode(answer.read(), type=Counts)
