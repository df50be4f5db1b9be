"""Who is stored next: batches take turns, and a fresh one goes before a backlog.

A few transactions at once are all that a database can use (SQLite one, and on Postgres those of one workspace exclude
each other). Whoever waits is taken in the order of when it is due: a fresh batch when it came, one of a backlog
PATIENCE_S later. So new records wait for what is being stored and for nothing else, however many edges work off a
backlog; and where new ones alone are more than can be stored, a backlog still gets its turn in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Final

from control.store.engine import Dialect
from shared.wire import Lane

PATIENCE_S = 5.0
AT_ONCE: Final[Mapping[Dialect, int]] = {"sqlite": 1, "postgresql": 4}


class Turns:
    """Lets `at_once` callers through at a time."""

    def __init__(self, at_once: int = 1) -> None:
        self._free = at_once
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []  # a heap by when they are due
        self._number = count()

    @asynccontextmanager
    async def turn(self, lane: Lane) -> AsyncGenerator[None]:
        """For the length of a block, once it is this caller's turn."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(lane)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, lane: Lane) -> None:
        mine = asyncio.get_running_loop().create_future()
        due = monotonic() + (PATIENCE_S if lane == "backlog" else 0.0)
        heappush(self._waiting, (due, next(self._number), mine))
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # it had just become this caller's turn
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, waiter = heappop(self._waiting)
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1
