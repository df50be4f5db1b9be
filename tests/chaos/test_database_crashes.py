"""Postgres stopped at once (`immediate`) under load, again and again: nothing lost, nothing doubled (R5)."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.chaos.stored import all_stored, click_ids, counted_clicks, rows
from tests.chaos.visitors import SLUG, Scale, answered_ids, load
from tests.support.installation import installation
from tests.support.postgres import PostgresServer
from tests.support.processes import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.postgres]

SCALE = Scale(2_000, 100, 120, 50) if os.environ.get("CLICKTRAIL_TEST_SOAK") else Scale(400, 20, 20, 6)
ARRIVAL_S = 120.0


def test_every_click_is_stored_once_over_crashes_of_the_database(
    durable_postgres: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    durable_postgres.execute("create database clicktrail")
    chance = random.Random(1)
    with installation(tmp_path, durable_postgres.url("clicktrail").replace("+asyncpg", "")) as made:
        made.make_link(SLUG)
        with load(made, tmp_path / "answered", SCALE) as visitors:
            crashes = 0
            while visitors.is_running() and crashes < SCALE.faults:
                time.sleep(chance.uniform(0.2, 1.5 * SCALE.seconds / SCALE.faults))
                durable_postgres.crash()
                durable_postgres.start()
                crashes += 1
        expected = answered_ids(tmp_path / "answered")
        wait_until(lambda: all_stored(made, expected), what="all answered clicks", timeout_s=ARRIVAL_S)
        made.stop()
        stored = click_ids(made)
        set_aside = rows(made, "select reason from quarantine")
        with capsys.disabled():
            print(
                f"\n  {crashes} crashes: {len(expected)} answered, {len(stored)} stored,"
                f" {len(set(expected) - set(stored))} lost, {len(stored) - len(set(stored))} doubled,"
                f" {len(set_aside)} set aside",
                end="",
            )
        assert crashes >= SCALE.faults // 2
        assert set(stored) >= set(expected)
        assert len(stored) == len(set(stored)) == counted_clicks(made)
        assert set_aside == []
