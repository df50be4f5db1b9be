"""Runs credit passes: at once when woken after a commit that marked somebody, and every second for others' marks."""

from __future__ import annotations

import asyncio

from control.attribution.credit_pass import PassReport, run_pass
from control.store.engine import Database
from shared.clock import wall_ms
from shared.logs import get_logger

POLL_INTERVAL_S = 1.0
RETRY_INTERVAL_S = 5.0  # after a pass that failed, such as by a database that is away

log = get_logger()


class CreditWorker:
    """Keeps credits up to date in this process until its task is cancelled.

    `woken` is set by whoever committed marks in this process (`Services.credit_wake`).
    """

    def __init__(self, database: Database, woken: asyncio.Event) -> None:
        self._database = database
        self._woken = woken

    async def run(self) -> None:
        """Drain, wait to be woken, and so on; a failed pass is logged and tried again."""
        while True:
            self._woken.clear()
            try:
                await drain(self._database)
            except Exception:
                log.exception("credit pass failed", retry_in_s=RETRY_INTERVAL_S)
                await asyncio.sleep(RETRY_INTERVAL_S)
                continue
            await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POLL_INTERVAL_S):
                await self._woken.wait()
        except TimeoutError:
            return


async def drain(database: Database) -> PassReport:
    """Run passes until nothing is dirty; the sum of their reports."""
    total = PassReport()
    while (report := await run_pass(database, wall_ms())).marks:
        total = PassReport(*map(sum, zip(total, report, strict=True)))
    return total
