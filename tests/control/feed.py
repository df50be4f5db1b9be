"""What an edge would hold that has followed the feed from its beginning."""

from __future__ import annotations

from control.edges.changes import read_changes
from control.edges.feed import read_state
from control.store.engine import Database
from shared.wire import Entry


async def held_by_edges(database: Database) -> dict[str, Entry]:
    """Entries by key, by replaying the feed in small pages."""
    async with database.reading() as connection:
        epoch = (await read_state(connection)).epoch
    held: dict[str, Entry] = {}
    rev, more = 0, True
    while more:
        async with database.reading() as connection:
            page = await read_changes(connection, epoch, rev, limit=3)
        for change in page.changes:
            if change.entry is None:
                held.pop(change.key, None)
            else:
                held[change.key] = change.entry
        rev, more = page.rev, page.more
    return held
