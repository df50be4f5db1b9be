"""Wakes the edges that wait for changes."""

from __future__ import annotations

import asyncio

from control.store.engine import Database


class FeedWake:
    """Wakes within this process; `wake()` comes after the commit."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._moved = asyncio.Event()

    def wake(self) -> None:
        """Something was committed to the feed."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def wait(self, timeout_s: float) -> bool:
        """Waits for the next wake; False when none came in time."""
        try:
            await asyncio.wait_for(self._moved.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Stops waiting."""
        self.wake()
