"""A backlog goes down while new records stay fresh: a million records in the spool, 2 000 a second coming in.

`make bench-backlog` prints how fast the backlog drained, as a multiple of the live rate, and how old new records were
when they were acknowledged: by a sink that takes everything, or with `ARGS="--control sqlite"` or `postgres` by a real
control plane, which stores them. JSON goes to bench-results/backlog.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path

import msgspec

from edge.agent.drain import Drain
from edge.config import EdgeConfig
from edge.node import edge_id, ring_directory
from edge.ring import RingWriter
from loadtests import servers
from loadtests.agent_traffic import clicks
from loadtests.bench_agent import BATCH, BUDGET_BYTES, DISTINCT, RING_BYTES, TICK_S, agent, sink
from loadtests.sink import TOKEN
from loadtests.tap import LAGS_PATH, Lags
from shared import ids
from tests.support.installation import Installation
from tests.support.postgres import running_postgres

LIVE_RATE = 2_000  # records a second
ASK_EVERY_S = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-backlog", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000, help="of the backlog")
    parser.add_argument("--seconds", type=float, default=20.0, help="of live records, at least")
    parser.add_argument("--most-seconds", type=float, default=600.0, help="after which it is given up")
    parser.add_argument("--control", choices=("sink", "sqlite", "postgres"), default="sink", help="who takes them")
    parser.add_argument("--out", type=Path, default=Path("bench-results/backlog.json"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), given)
    for name, figure in result.items():
        print(f"{name:28} {figure:12,.3f}")
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def measure(folder: Path, given: argparse.Namespace) -> dict[str, float]:
    """Drain rate of the backlog over the live rate, and lags of fresh records in seconds."""
    with ExitStack() as stack:
        url, token, link_id = stack.enter_context(taker(folder, given.control))
        config = EdgeConfig(data=str(folder / "edge"), token=token, ring_dir=str(folder))
        old = clicks(given.records, link_ids=[link_id])
        fill_spool(config, given.records, cycle(islice(old, DISTINCT)) if given.control == "sink" else old)
        tap = stack.enter_context(servers.served("loadtests.tap", url))
        writer = RingWriter.open(ring_directory(config.data_dir, config.ring_dir), 1, RING_BYTES, BUDGET_BYTES)
        stack.enter_context(agent(config, tap))
        live = feed_until_drained(writer, clicks(1 << 62, link_ids=[link_id], seed=2), tap, given)
        said = lags_of(tap)
    lags = sorted(said.fresh_ms)
    took_s = (said.backlog_ended_ms - said.backlog_began_ms) / 1_000
    return {
        "backlog records": said.backlog_records,
        "backlog records/s": said.backlog_records / took_s,
        "times the live rate": said.backlog_records / took_s / LIVE_RATE,
        "live records": live,
        "live lag p50, s": lags[len(lags) // 2] / 1_000,
        "live lag p99, s": lags[int(len(lags) * 0.99)] / 1_000,
        "live lag worst, s": lags[-1] / 1_000,
    }


@contextmanager
def taker(folder: Path, control: str) -> Generator[tuple[str, str, bytes]]:
    """Who takes the records: URL, an edge's token, and a link for the clicks."""
    with ExitStack() as stack:
        if control == "sink":
            yield stack.enter_context(sink()), TOKEN, bytes(16)
            return
        made = Installation(folder)
        if control == "postgres":
            server = stack.enter_context(running_postgres(durable=True))
            made.database = stack.enter_context(server.database())
        made.start_control()
        stack.callback(made.stop)
        made.set_up()
        yield made.control_url, made.edge_token, ids.to_bytes("lnk", made.make_link("spring")["id"])


def feed_until_drained(writer: RingWriter, fresh: Iterator[bytes], tap: str, given: argparse.Namespace) -> int:
    """Appends live records, each with the time at which it is made, until the backlog is gone; returns how many."""
    live, began, ask_at = 0, time.monotonic(), given.seconds
    while (now := time.monotonic() - began) < given.most_seconds:
        while live < now * LIVE_RATE:
            writer.append(list(islice(fresh, BATCH)))
            live += BATCH
        if now >= ask_at:
            if lags_of(tap).backlog_records >= given.records:
                break
            ask_at = now + ASK_EVERY_S
        time.sleep(TICK_S)
    writer.close()
    time.sleep(1.0)
    return live


def lags_of(tap: str) -> Lags:
    with urllib.request.urlopen(tap + LAGS_PATH, timeout=30) as answer:
        return msgspec.json.decode(answer.read(), type=Lags)


def fill_spool(config: EdgeConfig, count: int, records: Iterator[bytes]) -> None:
    """Segments as an agent leaves them that never reached the control plane."""
    rings, spool = ring_directory(config.data_dir, config.ring_dir), config.data_dir / "spool"
    spool.mkdir(parents=True)
    writer = RingWriter.open(rings, 0, RING_BYTES, BUDGET_BYTES)
    drain = Drain(rings, spool, edge_id(config.data_dir), 0.5, lambda _: None)
    drain.recover()
    for done in range(0, count, BATCH):
        writer.append(list(islice(records, BATCH)))
        if not done % DISTINCT:
            drain.step()
    assert not writer.is_dropping
    writer.close()
    stop = threading.Event()
    stop.set()
    drain.run(stop)


if __name__ == "__main__":
    main()
