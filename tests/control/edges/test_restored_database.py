"""A database put back from an older copy, and edited before any edge asked, is not taken for what it was."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from control.edges.changes import SnapshotNeeded, read_changes
from control.edges.feed import publish, read_state, tip_of
from control.store.engine import Database
from control.store.schema import feed, feed_tips, sync_state
from tests.control.feed import a_link_entry


async def publish_link(database: Database, slug: str) -> None:
    async with database.transaction() as connection:
        await publish(connection, [a_link_entry(slug)])


async def held_by_an_edge(database: Database) -> tuple[str, int, str]:
    """Epoch, rev and tip of an edge that has followed to the end."""
    async with database.reading() as connection:
        state = await read_state(connection)
        return state.epoch, state.rev, await tip_of(connection, state.rev)


async def put_back(database: Database, rev: int) -> None:
    """The database is an older copy of itself, from when `rev` was the last."""
    async with database.transaction() as connection:
        await connection.execute(delete(feed).where(feed.c.rev > rev))
        await connection.execute(delete(feed_tips).where(feed_tips.c.rev > rev))
        await connection.execute(update(sync_state).values(rev=rev))


@pytest.mark.parametrize("edits", [0, 1, 2])
async def test_an_edge_that_heard_of_what_is_lost_takes_a_snapshot(database: Database, edits: int) -> None:
    """Before the lost rev is given out again, when it just was, and after."""
    await publish_link(database, "kept")
    await publish_link(database, "lost")
    epoch, rev, tip = await held_by_an_edge(database)
    await put_back(database, rev - 1)
    for number in range(edits):
        await publish_link(database, f"other-{number}")
    async with database.reading() as connection:
        with pytest.raises(SnapshotNeeded):
            await read_changes(connection, epoch, rev, tip=tip)


async def test_an_edge_that_had_not_heard_of_it_goes_on(database: Database) -> None:
    await publish_link(database, "kept")
    epoch, rev, tip = await held_by_an_edge(database)
    await publish_link(database, "lost")
    await put_back(database, rev)
    await publish_link(database, "other")
    async with database.reading() as connection:
        page = await read_changes(connection, epoch, rev, tip=tip)
    assert [change.key.rpartition("/")[2] for change in page.changes] == ["other"]
