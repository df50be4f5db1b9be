"""While the control plane is down redirects go on, and afterwards everything arrives, once.

That what is new need not wait behind a backlog is proven in `tests/edge/test_ship.py`.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.chaos.stored import click_ids, counted_clicks
from tests.chaos.visitors import Scale, answered_ids, load, tally
from tests.support.installation import Installation
from tests.support.processes import wait_until

pytestmark = pytest.mark.chaos

SCALE = Scale(rate=500, connections=20, seconds=9, faults=1)
DOWN_AFTER_S, DOWN_FOR_S = 1.0, 3.0


def test_an_outage_of_the_control_plane_delays_records_and_loses_none(
    everything: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answered = tmp_path / "answered"
    with load(everything, answered, SCALE) as visitors:
        time.sleep(DOWN_AFTER_S)
        assert everything.control is not None
        everything.control.terminate(timeout_s=20)
        time.sleep(DOWN_FOR_S)
        everything.start_control()
    expected = set(answered_ids(answered))
    wait_until(lambda: expected <= set(click_ids(everything)), what="all answered clicks", timeout_s=60)
    everything.stop()
    stored, counts = click_ids(everything), tally(visitors)
    with capsys.disabled():
        print(
            f"\n  control plane away: {counts['redirected']} redirected, {counts['refused']} refused,"
            f" {len(expected - set(stored))} lost, {len(stored) - len(set(stored))} doubled",
            end="",
        )
    assert (counts["refused"], counts["broken"]) == (0, 0)
    assert len(stored) == len(set(stored)) == counted_clicks(everything)
