"""Fresh batches are stored before those of a backlog, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from control.ingest import turns
from control.ingest.batches import store_batch
from control.ingest.turns import Turns
from control.services import Services
from shared.wire import Lane
from tests.control.ingest.builders import Shop, Stream, a_batch, a_click

TIME_TO_SORT_S = 1.0  # what comes before a batch's turn


class Queue:
    """Callers of one `Turns`, and the order in which they had their turns."""

    def __init__(self, at_once: int = 1) -> None:
        self.turns, self.order = Turns(at_once), list[str]()
        self.at_once = self.most_at_once = 0
        self.may_end = asyncio.Event()

    async def come(self, name: str, lane: Lane) -> asyncio.Task[None]:
        """Somebody comes who, given the turn, keeps it until `may_end`."""
        task = asyncio.create_task(self._take(name, lane))
        await asyncio.sleep(0)
        return task

    async def _take(self, name: str, lane: Lane) -> None:
        async with self.turns.turn(lane):
            self.order.append(name)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            await self.may_end.wait()
            self.at_once -= 1


async def test_a_fresh_batch_overtakes_the_backlog_that_waits() -> None:
    queue = Queue()
    tasks = [await queue.come(name, "backlog") for name in ("stored now", "old", "older edge's")]
    tasks += [await queue.come(name, "fresh") for name in ("new", "newer")]
    queue.may_end.set()
    await asyncio.gather(*tasks)
    assert queue.order == ["stored now", "new", "newer", "old", "older edge's"]
    assert queue.most_at_once == 1


async def test_a_backlog_that_waited_long_goes_before_newer_fresh_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_S", 0.0)
    queue = Queue()
    tasks = [await queue.come("stored now", "fresh"), await queue.come("old", "backlog")]
    tasks.append(await queue.come("new", "fresh"))
    queue.may_end.set()
    await asyncio.gather(*tasks)
    assert queue.order == ["stored now", "old", "new"]


async def test_as_many_are_stored_at_once_as_may_be() -> None:
    queue = Queue(at_once=2)
    tasks = [await queue.come(str(number), "fresh") for number in range(6)]
    assert queue.order == ["0", "1"]
    queue.may_end.set()
    await asyncio.gather(*tasks)
    assert queue.most_at_once == 2


async def test_who_gives_up_waiting_or_is_cut_off_leaves_the_turn_to_others() -> None:
    queue = Queue()
    holder, waiting, last = [await queue.come(name, "fresh") for name in ("cut off", "gives up", "last")]
    waiting.cancel()
    holder.cancel()
    await asyncio.gather(holder, waiting, return_exceptions=True)
    queue.may_end.set()
    await last
    assert queue.order == ["cut off", "last"]


async def test_who_gives_up_just_as_the_turn_comes_passes_it_on() -> None:
    queue = Queue()
    holder, next_one, last = [await queue.come(name, "fresh") for name in ("first", "next", "last")]
    queue.may_end.set()
    await holder
    next_one.cancel()
    await asyncio.gather(next_one, return_exceptions=True)
    await last
    assert queue.order[0] == "first"
    assert queue.order[-1] == "last"


async def test_of_batches_that_wait_the_fresh_one_is_stored_first(services: Services, shop: Shop) -> None:
    stored: list[Lane] = []

    async def ship(lane: Lane) -> None:
        batch = msgspec.structs.replace(a_batch([a_click(shop)]), lane=lane)
        await store_batch(services, Stream().headers(1), batch)
        stored.append(lane)

    async with services.ingest_turns.turn("backlog"):
        tasks = [asyncio.create_task(ship(lane)) for lane in ("backlog", "backlog", "fresh")]
        await asyncio.sleep(TIME_TO_SORT_S)
    await asyncio.gather(*tasks)
    assert stored == ["fresh", "backlog", "backlog"]
