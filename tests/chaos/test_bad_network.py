"""Edge and control plane over a network that damages, cuts, delays and repeats what it carries (R5).

Whatever arrives twice, late, out of order or damaged: each answered click is stored once, nothing that was only damaged
on its way is set aside, and no record is stored that the edge did not send.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.chaos.proxy import Network, network
from tests.chaos.stored import all_stored, click_ids, counted_clicks, rows
from tests.chaos.visitors import SLUG, Scale, answered_ids, load
from tests.support.installation import Installation, installation
from tests.support.processes import wait_until

pytestmark = pytest.mark.chaos

IS_SOAK = bool(os.environ.get("CLICKTRAIL_TEST_SOAK"))
SCALE = Scale(2_000, 100, 60, 12) if IS_SOAK else Scale(300, 20, 8, 3)
ARRIVAL_S = 120.0


@pytest.fixture
def bad(database_url: str, tmp_path: Path) -> Generator[tuple[Installation, Network]]:
    """An installation on each engine, whose edge reaches its control plane only through the network."""
    url = database_url.replace("+asyncpg", "") if database_url.startswith("postgresql") else ""
    with over_network(tmp_path, url) as both:
        yield both


@contextmanager
def over_network(folder: Path, database: str) -> Generator[tuple[Installation, Network]]:
    with installation(folder, database) as made, network(made.control_port) as bad:
        made.make_link(SLUG)
        assert made.edge is not None
        made.edge.terminate(timeout_s=20)
        made.edge_environment = {"CLICKTRAIL_EDGE_CONTROL_URL": f"http://127.0.0.1:{bad.port}"}
        made.start_edge()
        yield made, bad


def kill_agent(made: Installation) -> None:
    wait_until(lambda: bool(made.edge_pids("edge.agent")), what="an agent")
    for pid in made.edge_pids("edge.agent"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def run(made: Installation, bad: Network, answered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Load, with kills of the agent; then a good network, and the count."""
    with load(made, answered, SCALE):
        for _ in range(SCALE.faults):
            time.sleep(SCALE.seconds / (SCALE.faults + 1))
            kill_agent(made)
    expected = answered_ids(answered)
    time.sleep(2.0)  # of bad network without load
    bad.flip = bad.cut = bad.repeat = bad.delay_s = 0.0
    wait_until(lambda: all_stored(made, expected), what="all answered clicks", timeout_s=ARRIVAL_S)
    time.sleep(2.5)  # what the network sends again late
    made.stop()
    stored = click_ids(made)
    set_aside = rows(made, "select reason, count from quarantine")
    lost, doubled = len(set(expected) - set(stored)), len(stored) - len(set(stored))
    with capsys.disabled():
        print(
            f"\n  {bad.flips} flips, {bad.cuts} cuts, {bad.repeats} connections repeated, {SCALE.faults} kills:"
            f" {len(expected)} answered, {lost} lost, {doubled} doubled, {len(set_aside)} set aside",
            end="",
        )
    assert set(stored) >= set(expected)
    assert len(stored) == len(set(stored)) == counted_clicks(made)
    assert len(stored) - len(expected) <= SCALE.connections + 10  # asked, and the answer didn't arrive whole
    assert set_aside == []
    assert rows(made, "select count, reason from gaps") == []


def test_damaged_bytes_are_sent_again_and_set_aside_nowhere(
    bad: tuple[Installation, Network], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, between = bad
    between.flip = 0.4
    run(made, between, tmp_path / "answered", capsys)
    assert between.flips > 10


def test_what_is_cut_delayed_and_repeated_is_stored_once(
    bad: tuple[Installation, Network], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, between = bad
    between.cut, between.delay_s, between.repeat = 0.4, 0.1, 0.8
    run(made, between, tmp_path / "answered", capsys)
    assert between.cuts > 10
    assert between.repeats > 5
