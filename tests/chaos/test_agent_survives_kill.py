"""`kill -9` of workers and of the agent at random moments: every click that was answered is stored, once.

A worker process here appends a batch to its ring, then "answers" by writing the ids to a file of its own: an id in that
file was answered, and must be stored.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from edge.config import EdgeConfig
from edge.node import ring_directory
from edge.ring import RingWriter, used_bytes
from tests.support.agent import AgentProcess, agent, append_clicks, click, config_for, wait_until, writer_for
from tests.support.control_plane import ControlPlane, running, without_duplicates

WORKER_KILLS = 40
AGENT_KILLS = 25
RING_BUDGET = 8 << 20
ID_BYTES = 16

_WORKER = """
import os, sys
from pathlib import Path
from edge.ring import RingWriter
from shared import click_id
from tests.support.agent import click

writer = RingWriter.open(Path(sys.argv[1]), int(sys.argv[3]), 1 << 20, int(sys.argv[5]))
answers = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
while True:
    ids = [click_id.new() for _ in range(8)]
    writer.append([click(identity) for identity in ids])
    os.write(answers, b"".join(ids))
    if sys.argv[4] == "slowly":
        import time
        time.sleep(0.002)
"""


class Worker:
    """A process that records and answers until it is killed."""

    def __init__(self, rings: Path, answers: Path, slot: int, pace: str) -> None:
        self.answers = answers
        command = [sys.executable, "-c", _WORKER, str(rings), str(answers), str(slot), pace, str(RING_BUDGET)]
        self._process = subprocess.Popen(command)

    def has_answered(self) -> bool:
        return self.answers.exists() and self.answers.stat().st_size > 0

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def answered(self) -> list[bytes]:
        data = self.answers.read_bytes()
        return [data[at : at + ID_BYTES] for at in range(0, len(data), ID_BYTES)]


def config_of(tmp_path: Path, url: str) -> tuple[EdgeConfig, Path]:
    config = config_for(tmp_path / "edge", url)
    config.data_dir.mkdir()
    return config, ring_directory(config.data_dir, config.ring_dir)


async def test_killed_workers_lose_nothing_that_they_answered(tmp_path: Path) -> None:
    rng = random.Random(11)
    async with running(ControlPlane()) as control:
        config, rings = config_of(tmp_path, control.url)
        answered: list[bytes] = []
        with agent(config):
            for kill in range(WORKER_KILLS):
                worker = Worker(rings, tmp_path / f"answers-{kill}", kill % 4, "slowly")
                await asyncio.to_thread(wait_until, worker.has_answered, 30)
                await asyncio.sleep(rng.uniform(0, 0.05))
                worker.kill()
                answered += worker.answered()
            await control.until(lambda: set(answered) <= set(control.click_ids()), 60)
            await control.until(lambda: not list(rings.glob("*.ring")))
    stored = control.click_ids()
    assert without_duplicates(stored)
    print(f"{WORKER_KILLS} kills of a worker: {len(answered)} answered, {len(stored)} stored, 0 lost, 0 doubled")


async def test_a_killed_agent_loses_and_doubles_nothing(tmp_path: Path) -> None:
    rng = random.Random(12)
    control = ControlPlane()
    async with running(control):
        config, rings = config_of(tmp_path, control.url)
        worker = Worker(rings, tmp_path / "answers", 0, "slowly")
        await asyncio.to_thread(wait_until, worker.has_answered, 30)
        process = AgentProcess(config)
        for kill in range(AGENT_KILLS):
            delivered = len(control.click_ids())
            process.start()
            await asyncio.sleep(rng.uniform(0.2, 1.5))
            if kill % 2:  # on a slow machine the others die before they have read anything
                await control.until(lambda delivered=delivered: len(control.click_ids()) > delivered, 60)
            process.kill()
        worker.kill()
        answered = worker.answered()
        with agent(config):
            await control.until(lambda: set(answered) <= set(control.click_ids()), 60)
            await asyncio.sleep(0.5)
    stored = control.click_ids()
    assert without_duplicates(stored)
    assert len(set(stored) - set(answered)) <= 8, "only the batch that the last kill left unanswered"
    print(f"{AGENT_KILLS} kills of the agent: {len(answered)} answered, {len(stored)} stored, 0 lost, 0 doubled")


async def test_without_an_agent_the_rings_grow_and_what_exceeds_the_budget_is_counted(tmp_path: Path) -> None:
    async with running(ControlPlane()) as control:
        config, rings = config_of(tmp_path, control.url)
        writer = RingWriter.open(rings, 0, 1 << 18, 3 << 18)
        ids = append_clicks(writer, 4_000)
        with agent(config):
            await control.until(lambda: len(control.click_ids()) + sum(gap.count for gap in control.gaps()) >= 4_000)
            writer.append([click()])
            await control.until(lambda: len(control.click_ids()) + sum(gap.count for gap in control.gaps()) >= 4_001)
    dropped = sum(gap.count for gap in control.gaps())
    assert len(control.click_ids()) + dropped == 4_001
    assert dropped > 0
    assert {gap.reason for gap in control.gaps()} == {"ring_full"}
    assert not any(gap.at_least for gap in control.gaps())
    assert set(control.click_ids()) & set(ids)
    print(f"no agent: {len(control.click_ids())} kept in {3 << 18} bytes, {dropped} dropped and told")


async def test_a_worker_killed_while_dropping_says_at_least(tmp_path: Path) -> None:
    async with running(ControlPlane()) as control:
        config, rings = config_of(tmp_path, control.url)
        worker = Worker(rings, tmp_path / "answers", 0, "fast")
        await control.until(lambda: worker.has_answered() and used_bytes(rings) > RING_BUDGET - (2 << 20), 60)
        await asyncio.sleep(0.5)
        worker.kill()
        answered = set(worker.answered())
        with agent(config):
            await control.until(
                lambda: len(control.click_ids()) + sum(gap.count for gap in control.gaps()) >= len(answered), 120
            )
            await control.until(lambda: any(gap.at_least for gap in control.gaps()))
    dropped = sum(gap.count for gap in control.gaps())
    assert len(answered) <= len(control.click_ids()) + dropped <= len(answered) + 8
    print(
        f"killed while dropping: {len(answered)} answered, {len(control.click_ids())} stored, at least {dropped} lost"
    )


async def test_two_agents_on_one_folder_are_refused(tmp_path: Path) -> None:
    config = config_for(tmp_path / "edge")
    writer_for(config)
    with agent(config) as first:
        await asyncio.to_thread(first.until_ready)
        second = AgentProcess(config).start()
        await asyncio.to_thread(wait_until, lambda: not second.is_running(), 20)
        assert "another edge uses" in second.log_text()
