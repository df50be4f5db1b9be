"""Closing links at their click limit.

Clicks are counted where they are stored, in rollups, and what closes a link happens in the transaction of the click
that reached the limit. Ingest takes a workspace alone (`control.store.locks`); an edit that sets a limit shares that
lock, so neither can count past the other. A link that was closed stays closed until its limit is changed, also when a
click of it turns out to be a duplicate later.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from control.edges.feed import publish
from control.links import store
from control.links.entry import to_entry


async def close_at_limit(connection: AsyncConnection, link_ids: Iterable[str], now_ms: int) -> None:
    """Closes those of these links whose limit is reached, and tells edges.

    For callers that hold the workspaces' lock and have just changed how many human clicks these links have. Once a
    transaction, as its last step: an edit holds its link and then wants the feed, so who has the feed may not ask for a
    link. A link without a limit costs its part of one look-up by key.
    """
    limits = await store.open_limits(connection, link_ids)
    if not limits:
        return
    counts = await store.human_clicks(connection, list(limits))
    reached = sorted(link_id for link_id, limit in limits.items() if counts.get(link_id, 0) >= limit)
    closed = [row for link_id in reached if (row := await store.exhaust(connection, link_id, now_ms)) is not None]
    entries = [to_entry(row) for row in closed if row.archived_ms is None]
    if entries:
        await publish(connection, entries)


async def exhausted_since(
    connection: AsyncConnection, link_id: str, limit: int | None, since_ms: int | None, now_ms: int
) -> int | None:
    """What becomes of the time when a link's limit was reached, now that the limit is this one."""
    if limit is None:
        return None
    clicks = (await store.human_clicks(connection, [link_id])).get(link_id, 0)
    return (since_ms or now_ms) if clicks >= limit else None
