"""What was reported before its click arrived, or before its order did, and is joined now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from control.identity.observe import mark_clicks
from control.store.rowset import rowset


class ArrivedClick(NamedTuple):
    workspace_id: str
    id: bytes
    time_ms: int


async def join_clicks(connection: AsyncConnection, clicks: Sequence[ArrivedClick]) -> None:
    """Joins what names clicks that are stored only now: a conversion is never earlier than its click, and whoever they
    concern is recomputed. A click that nobody names costs index look-ups."""
    if not clicks:
        return
    # Index ix_conversions_click.
    early = await rowset(
        connection, "arrived", {"workspace_id": "text", "id": "bytea", "time_ms": "bigint"}, clicks
    ).fetch(
        "select c.id, a.time_ms from arrived a cross join conversions c"
        " where c.click_id = a.id and c.workspace_id = a.workspace_id and c.time_ms < a.time_ms"
    )
    if early:
        await rowset(connection, "early", {"id": "text", "time_ms": "bigint"}, early).run(
            "update conversions set time_ms = early.time_ms from early where conversions.id = early.id"
        )
    by_workspace: defaultdict[str, list[bytes]] = defaultdict(list)
    for click in clicks:
        by_workspace[click.workspace_id].append(click.id)
    for workspace_id, click_ids in by_workspace.items():
        await mark_clicks(connection, workspace_id, click_ids, "late_click")


async def join_refunds(connection: AsyncConnection, conversion_ids: Sequence[str]) -> None:
    """Joins refunds that named the orders of these conversions before those were reported, where the currencies agree.
    The callers mark the conversions' people. Index ix_refunds_order."""
    if not conversion_ids:
        return
    wanted = rowset(connection, "wanted", {"id": "text"}, [(one,) for one in conversion_ids])
    await wanted.run(
        """update refunds set conversion_id = orders.id from (
            select c.id, c.workspace_id, c.definition_id, c.order_id, c.currency
            from wanted cross join conversions c where c.id = wanted.id and c.order_id <> ''
        ) as orders
        where refunds.workspace_id = orders.workspace_id and refunds.order_id = orders.order_id
          and refunds.definition_id = orders.definition_id and refunds.conversion_id is null
          and (refunds.currency is null or refunds.currency = orders.currency)"""
    )
