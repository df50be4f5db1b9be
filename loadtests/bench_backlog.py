"""A backlog goes down while new records stay fresh: a million records in the spool, 2 000 a second coming in.

`make bench-backlog` prints how fast the backlog drained, as a multiple of the live rate, and how old new records were
when a sink that acknowledges everything had them. JSON goes to bench-results/backlog.json.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from edge.agent.drain import Drain
from edge.config import EdgeConfig
from edge.node import edge_id, ring_directory
from edge.ring import RingWriter
from loadtests.agent_traffic import clicks
from loadtests.bench_agent import BATCH, BUDGET_BYTES, DISTINCT, RING_BYTES, TICK_S, agent

LIVE_RATE = 2_000  # records a second


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-backlog", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000, help="of the backlog")
    parser.add_argument("--seconds", type=float, default=20.0, help="of live records")
    parser.add_argument("--out", type=Path, default=Path("bench-results/backlog.json"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), given.records, given.seconds)
    for name, figure in result.items():
        print(f"{name:28} {figure:12,.3f}")
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def measure(folder: Path, backlog: int, seconds: float) -> dict[str, float]:
    """Drain rate of the backlog over the live rate, and lags of fresh records in seconds."""
    config = EdgeConfig(data=str(folder / "edge"), token="et_bench", ring_dir=str(folder))
    fill_spool(config, backlog)
    writer = RingWriter.open(ring_directory(config.data_dir, config.ring_dir), 1, RING_BYTES, BUDGET_BYTES)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "loadtests.acking_sink", str(port), "lags"]
    sink = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    live = 0
    with agent(config, f"http://127.0.0.1:{port}"):
        began, fresh = time.monotonic(), clicks(1 << 62, behind_proxy=False)
        while (now := time.monotonic() - began) < seconds:
            while live < now * LIVE_RATE:
                writer.append([next(fresh) for _ in range(BATCH)])  # each with the time at which it is made
                live += BATCH
            time.sleep(TICK_S)
        writer.close()
        time.sleep(1.0)
    said: dict[str, Any] = json.loads(sink.communicate()[0])
    lags = sorted(said["fresh_ms"])
    took_s = (said["backlog_ended_ms"] - said["backlog_began_ms"]) / 1_000
    assert said["backlog_records"] >= backlog, f"only {said['backlog_records']} of {backlog} arrived in time"
    return {
        "backlog records": said["backlog_records"],
        "backlog records/s": said["backlog_records"] / took_s,
        "times the live rate": said["backlog_records"] / took_s / LIVE_RATE,
        "live records": live,
        "live lag p50, s": lags[len(lags) // 2] / 1_000,
        "live lag p99, s": lags[int(len(lags) * 0.99)] / 1_000,
        "live lag worst, s": lags[-1] / 1_000,
    }


def fill_spool(config: EdgeConfig, count: int) -> None:
    """Segments as an agent leaves them that never reached the control plane."""
    rings, spool = ring_directory(config.data_dir, config.ring_dir), config.data_dir / "spool"
    spool.mkdir(parents=True)
    writer = RingWriter.open(rings, 0, RING_BYTES, BUDGET_BYTES)
    drain = Drain(rings, spool, edge_id(config.data_dir), 0.5, lambda _: None)
    drain.recover()
    records, done = list(clicks(DISTINCT, behind_proxy=False)), 0
    while done < count:
        for at in range(0, DISTINCT, BATCH):
            writer.append(records[at : at + BATCH])
        done += DISTINCT
        drain.step()
    assert not writer.is_dropping
    writer.close()
    stop = threading.Event()
    stop.set()
    drain.run(stop)


if __name__ == "__main__":
    main()
