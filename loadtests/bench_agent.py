"""What a record costs on its way from ring to control plane: CPU of the agent's process, and of each stage alone.

`make bench-agent` prints microseconds of CPU a record and writes them to bench-results/agent.json. The whole is a real
agent process that drains real rings, syncs to a real disk and ships to a sink which acknowledges everything; the stages
are the same code, called one after the other in this process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from edge import lifeline
from edge.agent.drain import Drain
from edge.agent.portion import BATCH_BYTES, BATCH_RECORDS, Packer
from edge.agent.ring_reader import RingReader, find_rings
from edge.agent.segment import list_segments
from edge.agent.ship import FRESH_BATCH_RECORDS
from edge.agent.stream import Stream
from edge.agent.streams import Streams
from edge.config import EdgeConfig
from edge.node import edge_id, ring_directory
from edge.ring import RingWriter
from loadtests import servers
from loadtests.agent_traffic import clicks
from shared.clock import HOUR_MS
from shared.config import LogConfig

TRAFFIC: dict[str, Callable[[int], Iterator[bytes]]] = {
    "visitors directly": clicks,
    "behind a proxy": partial(clicks, behind_proxy=True),
    "heads that never come again": partial(clicks, unrepeated=True),
}
RATES = (2_000, 20_000, 60_000, 90_000)  # records a second
WORKERS = 2  # rings, filled by this process
BATCH = 8  # records that a busy worker appends at once
DISTINCT = 20_000  # clicks made beforehand; appended again and again
RING_BYTES = 64 << 20
BUDGET_BYTES = 1 << 30
TICK_S = 0.005
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def main() -> None:
    given = _arguments()
    results: dict[str, float] = {}
    for name, clicks_of in TRAFFIC.items():
        records = list(clicks_of(DISTINCT))
        print(f"\n{name}: {sum(map(len, records)) / len(records):.0f} bytes a record, microseconds of CPU a record")
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            results |= _shown(name, stages(Path(folder), records))
        for rate in given.rates:
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                cost = whole(Path(folder), records, rate, given.seconds)
            results |= _shown(name, {f"agent at {rate:,} records/s": cost})
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-agent", description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, help="records a second")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long at each rate")
    parser.add_argument("--folder", help="where the spool is, for the time of the run; default: the temporary folder")
    parser.add_argument("--out", type=Path, default=Path("bench-results/agent.json"))
    return parser.parse_args()


def _shown(name: str, costs: dict[str, float]) -> dict[str, float]:
    for stage, cost in costs.items():
        print(f"  {stage:32} {cost:6.2f}")
    return {f"{name}, {stage}": round(cost, 3) for stage, cost in costs.items()}


def stages(folder: Path, records: Sequence[bytes]) -> dict[str, float]:
    """Each stage alone, in order."""
    spool, rings = folder / "spool", folder / "rings"
    spool.mkdir()
    writer = RingWriter.open(rings, 0, RING_BYTES, BUDGET_BYTES)
    costs = {"append to the ring": _cost(lambda: _append(writer, records), len(records))}
    streams = Streams(spool, BUDGET_BYTES, HOUR_MS, "epoch")
    drain = Drain(rings, spool, edge_id(folder), 0.0, streams.handle)
    drain.recover()
    costs["read, write, translate"] = _cost(lambda: _drain(drain), len(records))
    packer, sizes = Packer(edge_id(folder), "fresh"), list[int]()
    opened = streams.open
    assert opened is not None
    costs["pack from memory"] = _cost(lambda: sizes.extend(_ship(packer, opened, FRESH_BATCH_RECORDS)), len(records))
    drain.ask_for_new_stream()
    drain.step()
    (name,) = list_segments(spool)
    sealed = Stream(spool, name, (spool / str(name)).stat().st_size)
    costs["pack from the disk"] = _cost(lambda: _ship(packer, sealed, BATCH_RECORDS), len(records))
    print(f"  ({sum(sizes) / len(records):.0f} bytes a record cross the network)")
    return costs


def _drain(drain: Drain) -> None:
    while drain.step():
        pass


def _ship(packer: Packer, stream: Stream, most_records: int) -> list[int]:
    """Sizes of the bodies."""
    sizes: list[int] = []
    while stream.unacked:
        portion = packer.next_portion(stream, most_records, BATCH_BYTES, "epoch")
        sizes.append(len(packer.pack(portion, 0, [])))
        stream.goes_on_at(stream.acked + portion.count)
    return sizes


def _append(writer: RingWriter, records: Sequence[bytes]) -> None:
    for at in range(0, len(records), BATCH):
        writer.append(records[at : at + BATCH])


def _cost(stage: Callable[[], object], count: int) -> float:
    began = time.process_time()
    stage()
    return (time.process_time() - began) / count * 1e6


def whole(folder: Path, records: Sequence[bytes], rate: int, seconds: float) -> float:
    """The agent's process at that rate, everything included."""
    config = EdgeConfig(data=str(folder / "edge"), token="et_bench", ring_dir=str(folder))
    rings = ring_directory(config.data_dir, config.ring_dir)
    writers = [RingWriter.open(rings, slot, RING_BYTES, BUDGET_BYTES) for slot in range(WORKERS)]
    with sink() as url, agent(config, url) as pid:
        feed(writers, records, rate, 1.0)
        while any(ring_is_behind(rings)):  # until it runs: what starting costs is not a record's
            time.sleep(0.05)
        feed(writers, records, rate, 1.0)
        began, appended = cpu_s(pid), feed(writers, records, rate, seconds)
        while any(ring_is_behind(rings)):
            time.sleep(0.05)
        time.sleep(0.3)  # what the last sync found is shipped
        cost = (cpu_s(pid) - began) / appended * 1e6
        for writer in writers:
            assert not writer.is_dropping
            writer.close()
    return cost


def feed(writers: Sequence[RingWriter], records: Sequence[bytes], rate: int, seconds: float) -> int:
    """Appends at that rate; returns how many."""
    done, began = 0, time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        while done < now * rate:
            at = done % (len(records) - BATCH)
            writers[done // BATCH % len(writers)].append(records[at : at + BATCH])
            done += BATCH
        time.sleep(TICK_S)
    return done


def ring_is_behind(rings: Path) -> list[bool]:
    behind: list[bool] = []
    for path in find_rings(rings):
        reader = RingReader.open(path)
        behind.append(reader.unread_bytes() > 0)
        reader.close()
    return behind


@contextmanager
def sink() -> Generator[str]:
    """A server that acknowledges everything: its URL."""
    with servers.served("loadtests.sink", 0) as url:
        yield url


@contextmanager
def agent(config: EdgeConfig, url: str) -> Generator[int]:
    """An agent's process id."""
    told = EdgeConfig(data=config.data, token=config.token, ring_dir=config.ring_dir, control_url=url, metrics_port=0)
    process = subprocess.Popen([sys.executable, "-m", "edge.agent"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    lifeline.give(process.stdin, lifeline.Orders(told, LogConfig("error", "json")))
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


if __name__ == "__main__":
    main()
