"""A word from the agent spares an edit the wait for the next tick; without it nothing is missed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from edge.hints import give_hint, on_hint
from edge.links import LinkCache
from edge.node import ring_directory
from tests.edge.agent_process import Agent
from tests.edge.building import HOST, changed, domain, link
from tests.support.agent import agent as running_agent
from tests.support.agent import config_for
from tests.support.control_plane import ControlPlane, running

HINTED_S = 5.0
MORE_THAN_A_FIFO_HOLDS = 70_000


async def test_a_hint_brings_an_edit_to_a_worker_that_does_not_look_by_itself(
    agent: Agent, links_dir: Path, tmp_path: Path
) -> None:
    agent.take_snapshot(domain(), link())
    cache = LinkCache.open(links_dir)
    assert cache.find(HOST, "spring") is not None
    looked = asyncio.Event()
    on_hint(asyncio.get_running_loop(), tmp_path, 0, lambda: (cache.refresh(), looked.set()))
    agent.apply(changed(11, link("spring", "https://shop.example/new")))
    give_hint(tmp_path)
    await asyncio.wait_for(looked.wait(), HINTED_S)
    found = cache.find(HOST, "spring")
    assert found is not None
    assert found.destination.plain == b"https://shop.example/new"
    cache.close()


async def test_all_workers_of_a_node_are_told_in_slots_that_had_another_before_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "worker-1.hint")  # of a worker that was killed
    told = [asyncio.Event() for _ in range(2)]
    for slot, event in enumerate(told):
        on_hint(asyncio.get_running_loop(), tmp_path, slot, event.set)
    give_hint(tmp_path)
    for event in told:
        await asyncio.wait_for(event.wait(), HINTED_S)


async def test_a_hint_that_nobody_takes_costs_nothing(tmp_path: Path) -> None:
    """No worker, no folder, a worker that is dead, and one that hangs."""
    give_hint(tmp_path / "missing")
    give_hint(tmp_path)
    called = asyncio.Event()
    on_hint(asyncio.get_running_loop(), tmp_path, 0, called.set)
    for _ in range(MORE_THAN_A_FIFO_HOLDS):  # this loop, which would read them, is busy here
        give_hint(tmp_path)
    await asyncio.wait_for(called.wait(), HINTED_S)


async def test_a_worker_serves_on_without_hints_where_there_can_be_none(tmp_path: Path) -> None:
    (tmp_path / "worker-0.hint").write_bytes(b"")
    called = asyncio.Event()
    for directory in (tmp_path, tmp_path / "missing"):
        on_hint(asyncio.get_running_loop(), directory, 0, called.set)
    give_hint(tmp_path)
    await asyncio.sleep(0.05)
    assert not called.is_set()


async def test_an_agent_gives_a_hint_after_each_change(tmp_path: Path) -> None:
    control = ControlPlane()
    control.publish(domain(), link())
    async with running(control):
        config = config_for(tmp_path / "edge", control.url)
        hints: asyncio.Queue[None] = asyncio.Queue()
        rings = ring_directory(config.data_dir, config.ring_dir)
        rings.mkdir(parents=True)
        on_hint(asyncio.get_running_loop(), rings, 0, lambda: hints.put_nowait(None))
        with running_agent(config):
            await asyncio.wait_for(hints.get(), 20)  # the snapshot
            for number in range(3):
                control.publish(link("spring", f"https://shop.example/{number}"))
                await asyncio.wait_for(hints.get(), HINTED_S)
