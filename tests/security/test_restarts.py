"""Restarts refuse nobody (R14): visitors come on new connections all the while, and each is redirected, whatever is
restarted under them; every click that was answered is kept.

A worker's successor takes over its listening socket from the supervisor. A whole edge's takes it over from systemd,
which holds it while no edge runs (`deploy/systemd/clicktrail-edge.socket`); here the test plays systemd's part.

`CLICKTRAIL_TEST_SOAK=1` makes it 200 restarts of workers and 20 of edges. The suite restarts one edge here, and some
workers in `tests.edge.test_supervisor`.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from edge.claims import FIRST_PASSED, LISTEN_BACKLOG, open_listeners
from tests.edge.building import domain, fill, link
from tests.edge.edges import COMMAND, Edge, running_edge, settings
from tests.security.kept import kept_clicks
from tests.security.load import load, summary_of
from tests.support.imports import ROOT
from tests.support.ports import free_port
from tests.support.processes import Child, running, spawn, wait_until

SOAK = bool(os.environ.get("CLICKTRAIL_TEST_SOAK"))
RESTARTS = 200
EDGE_RESTARTS = 20 if SOAK else 1
WORKERS = 4  # a child that is ended within 5 s of its start is taken for a failing one
EVERY_S = 1.3
VISITS_A_SECOND = 300 if SOAK else 100
STOP_S = 10


@pytest.mark.skipif(not SOAK, reason="takes five minutes: CLICKTRAIL_TEST_SOAK=1")
def test_restarted_workers_refuse_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_edge(tmp_path, domain(), link(), workers=str(WORKERS)) as edge:
        slowest_s = 0.0
        with load(edge.port, tmp_path, rate=VISITS_A_SECOND, seconds=RESTARTS * EVERY_S + 1, newcomers=True) as (
            visitors,
            ids,
        ):
            for _ in range(RESTARTS):
                due = time.monotonic() + EVERY_S
                slowest_s = max(slowest_s, restart_worker(edge))
                time.sleep(max(0.0, due - time.monotonic()))
        assert edge.child.terminate(STOP_S) == 0
        log = edge.child.output()
    met = summary_of(visitors)["met"]
    answered = set(ids.read_text().split())
    lost = answered - kept_clicks(tmp_path)
    say(capsys, f"{RESTARTS} workers restarted, the slowest stop {slowest_s:.1f} s", visitors, lost)
    assert met == {"redirected": len(answered)}
    assert lost == set()
    assert log.count('"reason": "exit code 0"') == RESTARTS
    assert slowest_s < STOP_S


def restart_worker(edge: Edge) -> float:
    """Ends the worker that has run the longest, and returns how long it took to end."""
    wait_until(lambda: len(edge.pids("edge.worker")) == WORKERS, what="all workers")
    pid = min(edge.pids("edge.worker"))
    wait_until(lambda: handles_sigterm(pid), what=f"worker {pid} to run")
    began = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: pid not in edge.pids("edge.worker"), what=f"the end of worker {pid}", timeout_s=STOP_S + 5)
    return time.monotonic() - began


def handles_sigterm(pid: int) -> bool:
    """Whether a process would be asked to end, and not just ended, by SIGTERM: it is past its first imports."""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = (line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


class Systemd:
    """What systemd does for a service with a socket unit: holds the sockets, and starts the service with them."""

    def __init__(self, folder: Path, sockets: int, workers: int = 1) -> None:
        self.port = free_port()
        self._folder, self._workers = folder, workers
        self._held = [self._listen() for _ in range(sockets)]
        self._starts = 0

    def start(self) -> Edge:
        self._starts += 1
        copies = " ".join(f"{FIRST_PASSED + at}<&{held.fileno()}" for at, held in enumerate(self._held))
        script = f'exec {copies}; LISTEN_FDS={len(self._held)} LISTEN_PID=$$ exec "$@"'
        child = spawn(
            ("bash", "-c", script, "edge", *COMMAND),
            log=self._folder / f"edge-{self._starts}.log",
            environment=settings(self._folder, 9, workers=str(self._workers)),
            directory=ROOT,
            descriptors=[held.fileno() for held in self._held],
        )
        return Edge(child, self.port, self._folder / "data")

    def close(self) -> None:
        for held in self._held:
            held.close()

    def _listen(self) -> socket.socket:
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", self.port))
        held.listen(LISTEN_BACKLOG)
        return held


def test_a_restarted_edge_refuses_nobody_where_systemd_holds_its_sockets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "data" / "links", domain(), link())
    systemd = Systemd(tmp_path, sockets=2, workers=2)
    edge = systemd.start()
    edge.wait_until_healthy()
    took: list[float] = []
    try:
        with load(systemd.port, tmp_path, rate=VISITS_A_SECOND, seconds=EDGE_RESTARTS * 1.5 + 0.5, newcomers=True) as (
            visitors,
            ids,
        ):
            for _ in range(EDGE_RESTARTS):
                time.sleep(0.5)
                began = time.monotonic()
                assert edge.child.terminate(STOP_S) == 0
                took.append(time.monotonic() - began)
                edge = systemd.start()
                edge.wait_until_healthy()
        assert edge.child.terminate(STOP_S) == 0
    finally:
        edge.child.kill_group()
        systemd.close()
    answered = set(ids.read_text().split())
    lost = answered - kept_clicks(tmp_path)
    say(capsys, f"{EDGE_RESTARTS} edges restarted, the slowest stop {max(took):.1f} s", visitors, lost)
    assert summary_of(visitors)["met"] == {"redirected": len(answered)}
    assert lost == set()


def test_more_sockets_than_workers_are_one_sentence(tmp_path: Path) -> None:
    systemd = Systemd(tmp_path, sockets=3, workers=2)
    child = systemd.start().child
    systemd.close()
    assert child.process.wait(STOP_S) == 2
    assert (
        child.output() == "clicktrail-edge: systemd passed 3 sockets for 2 workers: at most one a worker can be used\n"
    )


def test_descriptors_that_are_no_sockets_are_one_sentence(tmp_path: Path) -> None:
    script = 'exec 3</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
    command = ("bash", "-c", script, "edge", *COMMAND)
    with running(command, log=tmp_path / "log", environment=settings(tmp_path, 9), directory=ROOT) as child:
        assert child.process.wait(STOP_S) == 2
        assert child.output().startswith("clicktrail-edge: LISTEN_FDS does not count listening sockets")


def test_sockets_that_were_passed_to_another_process_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child of a service inherits its environment, not its sockets."""
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", "1")
    (listener,) = open_listeners("127.0.0.1", port := free_port(), 1)
    with listener:
        assert listener.getsockname()[1] == port


def say(capsys: pytest.CaptureFixture[str], what: str, visitors: Child, lost: set[str]) -> None:
    if SOAK:
        with capsys.disabled():
            print(f"\n  {what}: {summary_of(visitors)}, {len(lost)} clicks lost", end="")
