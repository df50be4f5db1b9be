"""Notices at start that the database is older than what edges have been told: a copy that was put back by hand.

Edges notice a rev above the server's, but not one that the restored database has given out a second time before they
asked. So the newest rev is also kept in a file of the data folder, apart from the database; where the database begins
behind it, in the same epoch, a new epoch is begun and every edge takes a snapshot. (`restore` and a Postgres that fails
over change the epoch anyway; see `control.edges.feed`.)

The file follows within a second. What it misses when the process is killed within that second, only an edge that heard
of the change in it and asks again after as many new ones could take for the same.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from control.edges.feed import SyncState, read_state, renew_epoch
from control.edges.wake import FeedWake
from control.store.engine import Database
from shared.logs import get_logger

MARK_FILE = "feed-mark"
MARK_INTERVAL_S = 1.0
LONGEST_WAIT_S = 3600.0

log = get_logger()


async def notice_restore(database: Database, folder: Path) -> bool:
    """Begins a new epoch when the database is behind the mark. Returns whether it did."""
    epoch, rev = _read(folder)
    async with database.transaction() as connection:
        state = await read_state(connection)
        if epoch != state.epoch or rev <= state.rev:
            return False
        await renew_epoch(connection)
    log.warning("the database is older than what edges were told; all take a snapshot", rev=state.rev, told=rev)
    return True


async def keep_mark(database: Database, wake: FeedWake, folder: Path) -> None:
    """Has the mark follow the feed until cancelled."""
    while True:
        ticket = wake.ticket()
        try:
            await _write(database, folder)
        except Exception:
            log.exception("the feed's mark was not written", file=str(folder / MARK_FILE))
        await wake.wait(ticket, LONGEST_WAIT_S)
        await asyncio.sleep(MARK_INTERVAL_S)


async def _write(database: Database, folder: Path) -> None:
    async with database.reading() as connection:
        state: SyncState = await read_state(connection)
    written = folder / f"{MARK_FILE}.new"
    written.write_text(f"{state.epoch} {state.rev}\n", encoding="ascii")
    written.replace(folder / MARK_FILE)


def _read(folder: Path) -> tuple[str, int]:
    try:
        epoch, rev = (folder / MARK_FILE).read_text(encoding="ascii").split()
        return epoch, int(rev)
    except (OSError, ValueError):
        return "", 0
