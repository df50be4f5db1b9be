"""The worker credits what was marked: at once when woken, within its poll interval when nobody wakes it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from control.attribution.worker import POLL_INTERVAL_S, CreditWorker
from control.store.engine import Database
from shared.clock import HOUR_MS
from tests.attribution.world import NOON_MS, World

PATIENCE_S = 10 * POLL_INTERVAL_S  # on a busy machine


@pytest.mark.parametrize("is_woken", [True, False])
async def test_marks_become_credits(database: Database, workspace_id: str, is_woken: bool) -> None:
    world = World(database, workspace_id)
    await world.define()
    woken = asyncio.Event()
    working = asyncio.create_task(CreditWorker(database, woken).run())
    try:
        await world.click(1, NOON_MS - HOUR_MS, by=100)
        await world.convert("order", NOON_MS, by=100, amount=700)
        if is_woken:
            woken.set()
        async with asyncio.timeout(PATIENCE_S):
            while not await world.credits("last"):  # noqa: ASYNC110 (the database tells nobody)
                await asyncio.sleep(0.02)
        assert [credit.value for credit in await world.credits("last")] == [700]
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
