"""Every answered click is stored exactly once, whoever is killed (R1).

Under load a process is killed with SIGKILL at moments drawn evenly over the run. Afterwards the ids of all answers that
arrived whole are compared with the database's. `make soak` runs the whole form (100 kills of the worker, the agent and
both in turn within 300 s, and 20 of the control plane within 60 s, under 5 000 redirects a second over 200
connections, on SQLite and Postgres); the suite runs a short one.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from tests.chaos.stored import all_stored, click_ids, counted_clicks, rows
from tests.chaos.visitors import Scale, answered_ids, load, tally
from tests.support.installation import Installation
from tests.support.processes import Child, wait_until

pytestmark = pytest.mark.chaos

IS_SOAK = bool(os.environ.get("CLICKTRAIL_TEST_SOAK"))
ARRIVAL_S = 600.0 if IS_SOAK else 120.0  # how long the last records may take after the load has ended
LOOK_EVERY_S = 1.0
OF_THE_EDGE = Scale(5_000, 200, 300, 100) if IS_SOAK else Scale(600, 50, 18, 9)
OF_THE_CONTROL_PLANE = Scale(5_000, 200, 60, 20) if IS_SOAK else Scale(600, 50, 7, 3)


def kill_edge_process(made: Installation, *modules: str) -> None:
    for module in modules:
        wait_until(partial(made.edge_pids, module), what=f"a new {module}")
        for pid in made.edge_pids(module):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def kill_worker(made: Installation) -> None:
    kill_edge_process(made, "edge.worker")


def kill_agent(made: Installation) -> None:
    kill_edge_process(made, "edge.agent")


def kill_worker_and_agent(made: Installation) -> None:
    kill_edge_process(made, "edge.worker", "edge.agent")


def kill_control(made: Installation) -> None:
    assert made.control is not None
    made.control.kill()
    made.start_control()


Kill = Callable[[Installation], None]


@pytest.mark.parametrize(
    ("kills", "scale"),
    [
        pytest.param((kill_worker, kill_agent, kill_worker_and_agent), OF_THE_EDGE, id="edge"),
        pytest.param((kill_control,), OF_THE_CONTROL_PLANE, id="control"),
    ],
)
def test_every_answered_click_is_stored_once(
    everything: Installation,
    kills: Sequence[Kill],
    scale: Scale,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answered = tmp_path / "answered"
    chance = random.Random(len(kills))
    moments = sorted(chance.uniform(0.2, scale.seconds) for _ in range(scale.faults))
    done: Counter[str] = Counter()
    with load(everything, answered, scale) as visitors:
        began = time.monotonic()
        for moment, kill in zip(moments, cycle(kills), strict=False):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            kill(everything)
            done[kill.__name__] += 1
    expected = answered_ids(answered)
    expected_set = set(expected)
    wait_for(everything, expected_set)
    everything.stop()
    stored = click_ids(everything)
    with capsys.disabled():
        print(f"\n  {dict(done)}: {_tally(visitors, expected, stored)}", end="")
    assert sum(done.values()) == scale.faults
    assert len(expected) == len(expected_set) > 0
    assert expected_set <= set(stored)
    assert len(stored) == len(set(stored)) == counted_clicks(everything)


def wait_for(made: Installation, expected: set[bytes]) -> None:
    """Until they are stored, or have had their time. Ids are compared once there are enough of them to be all."""
    deadline = time.monotonic() + ARRIVAL_S
    while time.monotonic() < deadline:
        if rows(made, "select count(*) from clicks")[0][0] >= len(expected) and all_stored(made, expected):
            return
        time.sleep(LOOK_EVERY_S)


def _tally(visitors: Child, expected: list[bytes], stored: list[bytes]) -> str:
    said = tally(visitors)
    lost, doubled = len(set(expected) - set(stored)), len(stored) - len(set(stored))
    return (
        f"{said['per_second']:.0f} redirects/s, {len(expected)} answered, {len(stored)} stored,"
        f" {lost} lost, {doubled} doubled, {said['broken']} connections broken"
    )
