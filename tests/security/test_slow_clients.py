"""Slow clients cost little (S2): they hold connections, and neither the others' time nor much memory.

`CLICKTRAIL_TEST_SOAK=1` makes it 10 000 slow connections, beside which the p99 of ordinary visitors is compared with
that of the same visitors without them, several times in turn. Nothing is timed in the suite, where 1 000 do.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edge.deadlines import HEAD_S
from tests.edge.building import domain, key, link
from tests.edge.edges import Edge, running_edge
from tests.security import slow
from tests.security.load import load, summary_of
from tests.security.slow import slow_clients

SOAK = bool(os.environ.get("CLICKTRAIL_TEST_SOAK"))
SLOW = 10_000 if SOAK else 1_000
P99_MOST = 2.0
BYTES_A_CONNECTION_MOST = 64 * 1024
LATE_MOST_S = 4.0  # two seconds of a clock that ticks in seconds, and two for the client to hear of it
RATE = 600 if SOAK else 100  # visits a second, of those who keep their connection and of those who don't
ROUNDS = 6
ROUND_S = 20.0
PRIORITY = -15
LINKS = (domain(), link(), key("*"))


class Visits(NamedTuple):
    """What ordinary visitors met."""

    met: dict[str, int]
    p50_ms: float
    p99_ms: float


def visit(edge: Edge, folder: Path, seconds: float) -> tuple[Visits, Visits]:
    """Visitors who keep their connections, and at the same time ones who come on new connections."""
    with (
        load(edge.port, folder, rate=RATE, seconds=seconds, connections=100) as (regulars, _),
        load(edge.port, folder, rate=RATE / 4, seconds=seconds, connections=50, newcomers=True) as (newcomers, _),
    ):
        on_core(1, regulars.pid)
        on_core(1, newcomers.pid)
    first, second = (summary_of(child) for child in (regulars, newcomers))
    return Visits(first["met"], first["p50"], first["p99"]), Visits(second["met"], second["p50"], second["p99"])


def on_core(core: int, *pids: int, priority: int = PRIORITY) -> None:
    """In the measured form the edge has a core of its own, as if the clients were on other machines, and the machine's
    other work waits, as far as one may ask for that."""
    cores = sorted(os.sched_getaffinity(0))
    if SOAK and len(cores) > 1:
        for thread in (int(task.name) for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()):
            os.sched_setaffinity(thread, {cores[core]})
            with suppress(PermissionError):
                os.setpriority(os.PRIO_PROCESS, thread, priority)


def resident_bytes(pid: int) -> int:
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def test_ordinary_visitors_are_answered_beside_slow_clients(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_edge(tmp_path, *LINKS, workers="1") as edge:
        (worker,) = edge.pids("edge.worker")
        visit(edge, tmp_path, 2)  # whatever the first visits need is there now
        before = resident_bytes(worker)
        with slow_clients(edge.port, tmp_path, SLOW) as crowd:
            regulars, newcomers = visit(edge, tmp_path, HEAD_S + 3)
            each = (resident_bytes(worker) - before) / SLOW
        counted = slow.summary_of(crowd)
        assert edge.child.terminate(15) == 0
    say(capsys, f"{SLOW} slow connections of {each / 1024:.1f} kB, {ended(counted)}")
    assert set(regulars.met) == set(newcomers.met) == {"redirected"}
    assert sum(counted["held"].values()) > SLOW * 0.95  # the others are being opened again
    assert counted["held"].keys() == set(slow.KINDS)
    for kind in ("half a head", "a head, byte by byte"):
        (how, told) = next(iter(counted["ends"][kind].items()))
        assert (how, len(counted["ends"][kind])) == ("408", 1)
        assert told["youngest_s"] >= HEAD_S - 1
        assert told["count"] >= SLOW / len(slow.KINDS) * (0.95 if SOAK else 0.5)
        assert told["oldest_s"] <= HEAD_S + LATE_MOST_S or not SOAK
    assert each < BYTES_A_CONNECTION_MOST


def test_a_head_that_is_too_large_is_refused_however_many_send_one(tmp_path: Path) -> None:
    with running_edge(tmp_path, *LINKS, workers="1") as edge:
        with slow_clients(edge.port, tmp_path, 20, kinds=("too large a head",)) as crowd:
            regulars, newcomers = visit(edge, tmp_path, 1)
        assert edge.child.is_running()
    assert set(regulars.met) == set(newcomers.met) == {"redirected"}
    assert slow.summary_of(crowd)["ends"]["too large a head"].keys() == {"431"}


@pytest.mark.parametrize("kind", ["idle", "half a head", "chunks, byte by byte"])
def test_a_full_worker_makes_room_by_closing_the_slowest(tmp_path: Path, kind: str) -> None:
    room = 300
    with running_edge(tmp_path, *LINKS, workers="1", connections=str(room)) as edge:
        with slow_clients(edge.port, tmp_path, room, kinds=(kind,), comes_back=False) as crowd:
            regulars, newcomers = visit(edge, tmp_path, 2)
        assert edge.child.terminate(15) == 0
    assert set(regulars.met) == set(newcomers.met) == {"redirected"}
    first = slow.summary_of(crowd)["first_ended"]
    assert len(first) > 20
    assert max(first[:20]) < room / 2  # by age, not by chance; connections of one second are equally old


@pytest.mark.skipif(not SOAK, reason="takes five minutes: CLICKTRAIL_TEST_SOAK=1")
def test_slow_clients_cost_the_others_little_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_edge(tmp_path, *LINKS, workers="1") as edge:
        on_core(0, edge.child.pid, *edge.pids("edge.worker"), *edge.pids("edge.agent"))
        visit(edge, tmp_path, 3)
        alone: list[tuple[Visits, Visits]] = []
        beside: list[tuple[Visits, Visits]] = []
        for _ in range(ROUNDS):
            alone.append(visit(edge, tmp_path, ROUND_S))
            with slow_clients(edge.port, tmp_path, SLOW) as crowd:
                on_core(1, crowd.pid, priority=0)  # it shares the visitors' core and must not stop their clock
                time.sleep(HEAD_S)  # until some are closed and opened all the time
                beside.append(visit(edge, tmp_path, ROUND_S))
            time.sleep(1)
    for at, who in enumerate(("kept connections", "new connections")):
        without, with_them = ([round_[at] for round_ in rounds] for rounds in (alone, beside))
        ratio = statistics.median(p99s(with_them)) / statistics.median(p99s(without))
        say(
            capsys,
            f"{who}: p99 {p99s(without)} ms without, {p99s(with_them)} ms with them, × {ratio:.2f} at the median",
        )
        assert all(set(visits.met) == {"redirected"} for visits in (*without, *with_them))
        assert ratio <= P99_MOST


def p99s(rounds: Sequence[Visits]) -> list[float]:
    return [visits.p99_ms for visits in rounds]


def ended(counted: dict[str, Any]) -> str:
    ends = (f"{kind}: {how} × {told['count']}" for kind, hows in counted["ends"].items() for how, told in hows.items())
    return "; ".join(ends)


def say(capsys: pytest.CaptureFixture[str], what: str) -> None:
    if SOAK:
        with capsys.disabled():
            print(f"\n  {what}", end="")
