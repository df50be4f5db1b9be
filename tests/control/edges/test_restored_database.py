"""A database put back from an older copy, and edited before any edge asked, is not taken for what it was."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from control.edges.changes import SnapshotNeeded, read_changes
from control.edges.feed import publish, read_state
from control.edges.mark import MARK_FILE, keep_mark, notice_restore
from control.edges.wake import FeedWake
from control.store.engine import Database
from control.store.schema import feed, feed_tips, sync_state
from tests.control.feed import a_link_entry


async def publish_link(database: Database, slug: str) -> None:
    async with database.transaction() as connection:
        await publish(connection, [a_link_entry(slug)])


async def test_it_begins_a_new_epoch(database: Database, tmp_path: Path) -> None:
    wake = FeedWake(database)
    await publish_link(database, "kept")
    await publish_link(database, "lost")
    keeping = asyncio.create_task(keep_mark(database, wake, tmp_path))
    async with database.reading() as connection:
        held = await read_state(connection)
    while not (tmp_path / MARK_FILE).exists():  # noqa: ASYNC110 a file has no event
        await asyncio.sleep(0.01)
    keeping.cancel()

    async with database.transaction() as connection:  # the older copy
        await connection.execute(delete(feed).where(feed.c.rev == 2))
        await connection.execute(delete(feed_tips).where(feed_tips.c.rev == 2))
        await connection.execute(update(sync_state).values(rev=1))
    assert await notice_restore(database, tmp_path)
    await publish_link(database, "other")

    async with database.reading() as connection:
        with pytest.raises(SnapshotNeeded):
            await read_changes(connection, held.epoch, held.rev)
    assert not await notice_restore(database, tmp_path)


async def test_an_ordinary_start_goes_on(database: Database, tmp_path: Path) -> None:
    assert not await notice_restore(database, tmp_path)
    (tmp_path / MARK_FILE).write_text("damaged")
    assert not await notice_restore(database, tmp_path)
