"""`make bench-links`: what many links cost an edge: to load, to start with, and in each worker's memory.

    make bench-links                              # a million links, about half a minute
    make bench-links ARGS="--links 10000000"      # a few minutes, and 3 GB in the temporary folder

Three parts, one after the other, on one link cache. *Load*: an agent takes a snapshot from a server that computes links
while it sends them. *Start*: that server is gone; `clicktrail-edge` is started again and again, and each time the first
request waits in its connection. The link cache is then in the page cache, as after a restart of the edge, not as after
one of the machine. *Memory*: visitors with different heads follow different links until no worker's dictionaries have
room, then each worker's private memory is read from `/proc`.

A page that only one process has mapped counts as private there, the link cache's file included, though it is the
kernel's page cache: shared with whoever maps it next, and dropped under pressure. So those pages stand in a figure of
their own; the bound holds for all the rest.

Exit code 0: measured, and the bounds hold. 1: a bound is broken. 2: could not measure.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from edge.config import EdgeConfig
from edge.linkfiles import current_generation
from loadtests import servers
from loadtests.bench_agent import agent, cpu_s
from loadtests.bench_edge.links import HOST
from loadtests.bench_edge.mix import Visitors
from loadtests.bench_edge.processes import CannotMeasure, runs_module, tree
from loadtests.keep_alive import Client, get
from loadtests.many_links import ManyLinks
from loadtests.sink import TOKEN

PRIVATE_MOST_MB: Final = 150.0  # of a worker, without the link cache's own pages
FIRST_REDIRECT_MOST_MS: Final = 300.0
LOOK_EVERY_S: Final = 0.05
LOAD_MOST_S: Final = 3_600.0
FIRST_ANSWER_MOST_S: Final = 20.0
CONNECTIONS: Final = 64
LINKS_EACH: Final = 2_000  # of a connection: some 64,000 a worker of two, of which its dictionaries keep 20,000
HEADS: Final = 20_000  # of visitors; a worker remembers up to 16,384
CACHE_FILE: Final = "data.mdb"
MB: Final = 1_000_000
KB_OF_PROC: Final = 1_024


class Load(msgspec.Struct, frozen=True):
    """What it took an agent to make the link cache."""

    links: int
    seconds: float
    links_per_s: float
    agent_cpu_us: float  # a link
    file_bytes: int
    bytes_per_link: float
    agent_anonymous_peak_mb: float  # memory of its own
    agent_resident_peak_mb: float  # with the pages of the cache that it has mapped


class Memory(msgspec.Struct, frozen=True):
    """A worker's, in MB. `private` is without the pages of the link cache that nobody else has mapped."""

    private: float
    cache_pages: float


class Start(msgspec.Struct, frozen=True):
    """From the start of the supervisor's process until a visitor has the answer."""

    first_redirect_ms: float
    cpu_ms: float  # of that, on a CPU: the supervisor and the worker that took longest, one after the other


class Result(msgspec.Struct, frozen=True):
    load: Load
    starts: list[Start]
    fresh: list[Memory]
    filled: list[Memory]
    asked: int  # requests that filled the dictionaries
    broken: list[str]


def main() -> int:
    given = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is stopped, too
    try:
        with tempfile.TemporaryDirectory(prefix="clicktrail-bench-", dir=given.folder) as folder:
            result = measure(Path(folder), ManyLinks(given.links), given.starts, given.workers)
    except CannotMeasure as reason:
        print(f"bench-links: {reason}", file=sys.stderr)
        return 2
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    for bound in result.broken:
        print(f"bench-links: {bound}", file=sys.stderr)
    return 1 if result.broken else 0


def measure(folder: Path, links: ManyLinks, starts: int, workers: int) -> Result:
    """Raises CannotMeasure."""
    sink_port, port = servers.free_port(), servers.free_port()
    with servers.ring_folder(folder) as rings:
        config = EdgeConfig(
            port=port,
            workers=workers,
            data=str(folder / "edge"),
            ring_dir=rings,
            control_url=f"http://127.0.0.1:{sink_port}",
            token=TOKEN,
            connections_per_address_s=0,
            metrics_port=0,
        )
        with sink(len(links), sink_port, folder / "sink.log"):
            loaded = load(config, len(links))
        _show_load(loaded)
        started = [_start(config, folder, links) for _ in range(starts)]
        _show_starts(started, workers)
        with edge(config, folder / "edge.log") as process:
            until_all_serve(config, process, links)
            fresh = memory_of_workers(process.pid)
            _show_memory("after the start", fresh)
            asked = fill(config, links)
            filled = memory_of_workers(process.pid)
            _show_memory(f"after {asked:,} requests for {asked // 2:,} links", filled)
    return Result(loaded, started, fresh, filled, asked, _broken(started, filled))


@contextmanager
def sink(count: int, port: int, log: Path) -> Generator[None]:
    """A control plane that has so many links."""
    with servers.running(servers.module("loadtests.many_links", count, port), log) as process:
        servers.until_listens(port, process, log)
        yield


def load(config: EdgeConfig, count: int) -> Load:
    """An agent's first snapshot."""
    began, cpu, anonymous_kb = 0.0, 0.0, 0
    with agent(config, config.control_url) as pid:
        deadline = time.monotonic() + LOAD_MOST_S
        while not current_generation(config.links_dir):
            if not began and next(config.links_dir.glob("*.partial"), None) is not None:
                began, cpu = time.monotonic(), cpu_s(pid)
            if time.monotonic() > deadline:
                raise CannotMeasure(f"{count} links were not loaded within {LOAD_MOST_S:.0f} s")
            anonymous_kb = max(anonymous_kb, _status_kb(pid, "RssAnon"))
            time.sleep(LOOK_EVERY_S)
        if not began:
            raise CannotMeasure("too few links: they were loaded before anybody looked")
        seconds, cpu = time.monotonic() - began, cpu_s(pid) - cpu
        resident_kb = _status_kb(pid, "VmHWM")
    size = (config.links_dir / current_generation(config.links_dir) / CACHE_FILE).stat().st_size
    return Load(
        links=count,
        seconds=seconds,
        links_per_s=count / seconds,
        agent_cpu_us=cpu / count * 1e6,
        file_bytes=size,
        bytes_per_link=size / count,
        agent_anonymous_peak_mb=anonymous_kb * KB_OF_PROC / MB,
        agent_resident_peak_mb=resident_kb * KB_OF_PROC / MB,
    )


@contextmanager
def edge(config: EdgeConfig, log: Path) -> Generator[subprocess.Popen[bytes]]:
    """`clicktrail-edge`, as an operator starts it."""
    keys = ("port", "workers", "data", "ring_dir", "control_url", "token", "connections_per_address_s", "metrics_port")
    environment = {f"CLICKTRAIL_EDGE_{key.upper()}": str(getattr(config, key)) for key in keys}
    with servers.running([str(Path(sys.executable).with_name("clicktrail-edge"))], log, environment) as process:
        yield process


def _start(config: EdgeConfig, folder: Path, links: ManyLinks) -> Start:
    link = links.link(random.randrange(len(links)))
    began = time.monotonic()
    with edge(config, folder / "edge.log") as process:
        with Client.as_soon_as_open(config.port, FIRST_ANSWER_MOST_S) as client:
            client.send(get(HOST, f"/{link.slug}"))
            status, _ = client.receive()
        took_ms = (time.monotonic() - began) * 1e3
        if status != 302:
            raise CannotMeasure(f"the first answer was {status}, not 302")
        cpu_ms = _on_cpu_ms(process.pid) + max(map(_on_cpu_ms, _workers(process.pid)))
    return Start(took_ms, cpu_ms)


def until_all_serve(config: EdgeConfig, process: subprocess.Popen[bytes], links: ManyLinks) -> None:
    """Until each worker has answered: the kernel gives a connection to any of them, ready or not."""
    for _ in range(CONNECTIONS):
        with Client.as_soon_as_open(config.port, FIRST_ANSWER_MOST_S) as client:
            client.send(get(HOST, f"/{links.slug(0)}"))
            client.receive()
    time.sleep(1.0)  # for aiohttp, which workers import after that
    if len(_workers(process.pid)) != config.workers:
        raise CannotMeasure("a worker is missing; look at the edge's log")


def fill(config: EdgeConfig, links: ManyLinks) -> int:
    """Asks for links that nobody has asked for, each twice, as ever other visitors. Returns how many requests."""
    chance = random.Random(1)
    heads = Visitors(HEADS, chance).heads
    numbers = chance.sample(range(len(links)), min(len(links), CONNECTIONS * LINKS_EACH))
    clients = [Client.as_soon_as_open(config.port, FIRST_ANSWER_MOST_S) for _ in range(CONNECTIONS)]
    asked = 0
    for at in range(0, len(numbers), CONNECTIONS):
        turn = list(zip(clients, numbers[at : at + CONNECTIONS], strict=False))
        for _ in range(2):  # a link lies ready for the fast path from the second time on
            for client, number in turn:
                client.send(get(HOST, f"/{links.slug(number)}", heads[asked % HEADS]))
                asked += 1
            for client, number in turn:
                status, location = client.receive()
                if status != 302 or not location:
                    raise CannotMeasure(f"link {number} was answered with {status}")
    for client in clients:
        client.close()
    return asked


def memory_of_workers(supervisor: int) -> list[Memory]:
    return [_memory(pid) for pid in _workers(supervisor)]


def _workers(supervisor: int) -> list[int]:
    return [pid for pid in tree(supervisor) if runs_module(pid, "edge.worker")]


def _memory(pid: int) -> Memory:
    private = sum(_private_kb(Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()))
    mappings = Path(f"/proc/{pid}/smaps").read_text().split("\nVmFlags:")
    of_cache = sum(kb for mapping in mappings if CACHE_FILE in mapping for kb in _private_kb(mapping.splitlines()))
    return Memory((private - of_cache) * KB_OF_PROC / MB, of_cache * KB_OF_PROC / MB)


def _private_kb(lines: list[str]) -> list[int]:
    return [int(line.split()[1]) for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:"))]


def _status_kb(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


def _on_cpu_ms(pid: int) -> float:
    """Of the process's first thread so far."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e6


def _broken(starts: list[Start], filled: list[Memory]) -> list[str]:
    broken: list[str] = []
    took_ms = median(one.first_redirect_ms for one in starts)
    if took_ms > FIRST_REDIRECT_MOST_MS:
        broken.append(
            f"start to first redirect took {took_ms:.0f} ms, at most {FIRST_REDIRECT_MOST_MS:.0f} are allowed"
        )
    most = max(memory.private for memory in filled)
    if most > PRIVATE_MOST_MB:
        broken.append(f"a worker has {most:.0f} MB of private memory, at most {PRIVATE_MOST_MB:.0f} are allowed")
    return broken


def _show_load(loaded: Load) -> None:
    print(
        f"load of {loaded.links:,} links: {loaded.links_per_s:,.0f} links/s, {loaded.agent_cpu_us:.2f} µs of the"
        f" agent's CPU a link; file {loaded.file_bytes / MB:,.0f} MB, {loaded.bytes_per_link:.0f} bytes a link;"
        f" agent's peak {loaded.agent_anonymous_peak_mb:.0f} MB of its own,"
        f" {loaded.agent_resident_peak_mb:,.0f} MB with mapped pages of the cache"
    )


def _show_starts(starts: list[Start], workers: int) -> None:
    took_ms = [one.first_redirect_ms for one in starts]
    print(
        f"start to first redirect, {workers} workers, cache in memory, control plane down:"
        f" median {median(took_ms):.0f} ms, worst of {len(starts)} {max(took_ms):.0f} ms;"
        f" on a CPU, supervisor and worker, {median(one.cpu_ms for one in starts):.0f} ms"
    )


def _show_memory(when: str, workers: list[Memory]) -> None:
    each = ", ".join(f"{one.private:.1f} MB (and {one.cache_pages:,.0f} MB of the cache's file)" for one in workers)
    print(f"private memory of the workers {when}: {each}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench-links", description="What many links cost an edge.")
    parser.add_argument("--links", type=int, default=1_000_000, help="how many; 20,000 to 1,000,000,000")
    parser.add_argument("--starts", type=int, default=9, help="how often the edge is started")
    parser.add_argument("--workers", type=int, default=2, help="redirecting processes of the edge")
    parser.add_argument("--folder", help="where the link cache is meanwhile; default: the temporary folder")
    parser.add_argument("--json", type=Path, default=Path("bench-results/links.json"), help="where the figures go")
    given = parser.parse_args()
    if not 20_000 <= given.links <= 10**9 or given.starts < 1 or given.workers < 1:
        parser.error("--links must be from 20,000 to 1,000,000,000; --starts and --workers at least 1")
    return given


if __name__ == "__main__":
    sys.exit(main())
