"""What was reported before its click arrived, or before its order did, and is joined now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from control.identity import types as identity
from control.identity.observe import mark_dirty
from control.store.rowset import rowset
from shared import click_id


class ArrivedClick(NamedTuple):
    workspace_id: str
    id: bytes
    time_ms: int


async def join_waiting(connection: AsyncConnection, clicks: Sequence[ArrivedClick]) -> None:
    """Joins conversions and observations that name clicks which are stored only now: no conversion is earlier than its
    click, and whoever they concern is recomputed. A click that nobody names costs two index look-ups."""
    if not clicks:
        return
    columns = {"workspace_id": "text", "id": "bytea", "time_ms": "bigint", "value": "text"}
    rows = [(*click, click_id.encode(click.id)) for click in clicks]
    arrived = rowset(connection, "arrived", columns, rows)
    # Index ix_conversions_click.
    conversions = await arrived.fetch(
        "select a.workspace_id, a.value, c.id, a.time_ms, c.time_ms from arrived a cross join conversions c"
        " where c.click_id = a.id and c.workspace_id = a.workspace_id"
    )
    # Index uq_observations…: clicks sort before all other kinds, so they are always `a`.
    observed = await arrived.fetch(
        "select distinct a.workspace_id, a.value from arrived a cross join observations o"
        " where o.workspace_id = a.workspace_id and o.a_kind = 'click' and o.a_value = a.value"
    )
    waited = {(row[0], row[1]) for row in (*conversions, *observed)}
    early = [(conversion_id, click_ms) for _, _, conversion_id, click_ms, time_ms in conversions if time_ms < click_ms]
    if early:
        await rowset(connection, "early", {"id": "text", "time_ms": "bigint"}, early).run(
            "update conversions set time_ms = early.time_ms from early where conversions.id = early.id"
        )
    marks: defaultdict[str, list[identity.Identifier]] = defaultdict(list)
    for workspace_id, value in waited:
        marks[workspace_id].append(identity.Identifier("click", value))
    for workspace_id, identifiers in marks.items():
        await mark_dirty(connection, workspace_id, identifiers, "late_click")
