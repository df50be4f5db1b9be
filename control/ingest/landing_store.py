"""The SQL of landings. Callers hold the workspaces' lock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from control.store.append import append
from control.store.rowset import rowset
from control.store.schema import landings
from shared import click_id
from shared.clock import DAY_MS

_COLUMNS = tuple(column.name for column in landings.columns)


class LandingRow(Protocol):
    id: bytes
    workspace_id: str
    click_id: bytes | None
    visitor_id: bytes | None
    time_ms: int
    received_ms: int
    url: str
    referrer_host: str
    channel: str
    reason: str


class LaterVisit(NamedTuple):
    """A stored visit that a new landing comes right before."""

    id: bytes
    workspace_id: str
    visitor_id: bytes


class Neighbours(NamedTuple):
    before_ms: int | None  # of the visitor's stored landing right before
    after: LaterVisit | None  # the one right after, where it is a touch and must no longer be one


async def stored_landings(connection: AsyncConnection, ids: Iterable[bytes]) -> set[bytes]:
    """Which of these landings are there already."""
    wanted = [(raw,) for raw in ids]
    if not wanted:
        return set()
    found = await rowset(connection, "wanted", {"id": "bytea"}, wanted).fetch(
        "select l.id from wanted cross join landings l where l.id = wanted.id"
    )
    return {row[0] for row in found}


async def insert_landings(connection: AsyncConnection, new: Sequence[LandingRow]) -> None:
    """Stores landings that are not there yet; raises IntegrityError like `insert_clicks`."""
    rows = [tuple(getattr(landing, column) for column in _COLUMNS) for landing in new]
    await append(connection, "landings", _COLUMNS, rows)


async def neighbours(
    connection: AsyncConnection, landings: Sequence[LandingRow], idle_ms: int
) -> dict[bytes, Neighbours]:
    """What stands right before and right after each landing among its visitor's stored ones, robots' aside, as far as
    it is less than `idle_ms` away. Index ix_landings_visitor_time."""
    if not landings:
        return {}
    columns = {"workspace_id": "text", "visitor_id": "bytea", "time_ms": "bigint", "id": "bytea"}
    probes = [(one.workspace_id, one.visitor_id, one.time_ms, one.id) for one in landings]
    visitors = "l.workspace_id = p.workspace_id and l.visitor_id = p.visitor_id and l.reason not like 'bot:%'"
    rows = await rowset(connection, "p", columns, probes).fetch(
        f"""select p.id, p.workspace_id, p.visitor_id, (
            select max(l.time_ms) from landings l
            where {visitors} and l.time_ms > p.time_ms - {idle_ms} and (l.time_ms, l.id) < (p.time_ms, p.id)
        ), (
            select l.id from landings l
            where {visitors} and l.time_ms < p.time_ms + {idle_ms} and (l.time_ms, l.id) > (p.time_ms, p.id)
            order by l.time_ms, l.id limit 1
        ) from p"""
    )
    after = {row[4] for row in rows if row[4] is not None}
    touches = await _touches(connection, after)
    return {
        raw: Neighbours(before_ms, LaterVisit(after_id, workspace_id, visitor_id) if after_id in touches else None)
        for raw, workspace_id, visitor_id, before_ms, after_id in rows
    }


async def _touches(connection: AsyncConnection, ids: Collection[bytes]) -> set[bytes]:
    if not ids:
        return set()
    found = await rowset(connection, "wanted", {"id": "bytea"}, [(raw,) for raw in ids]).fetch(
        "select l.id from wanted cross join landings l where l.id = wanted.id and l.channel <> ''"
    )
    return {row[0] for row in found}


async def end_touches(connection: AsyncConnection, visits: Iterable[LaterVisit]) -> None:
    """These visits go on with a session after all."""
    rows = [(visit.id,) for visit in visits]
    if rows:
        await rowset(connection, "ended", {"id": "bytea"}, rows).run(
            "update landings set channel = '', reason = 'session' where id in (select id from ended)"
        )


async def own_hosts(connection: AsyncConnection, workspace_ids: Iterable[str]) -> set[tuple[str, str]]:
    """(workspace, host) of these workspaces' short domains."""
    found = await rowset(connection, "wanted", {"id": "text"}, [(one,) for one in workspace_ids]).fetch(
        "select d.workspace_id, d.host from wanted cross join domains d where d.workspace_id = wanted.id"
    )
    return {(row[0], row[1]) for row in found}


async def known_visitors(connection: AsyncConnection, visitors: Iterable[tuple[str, bytes]]) -> set[tuple[str, bytes]]:
    """Which of these (workspace, visitor) a conversion or an observation names. Indexes ix_conversions_visitor and
    ix_observations_b: `visitor` sorts behind all other kinds, so it is always `b`."""
    rows = [(workspace_id, visitor_id, click_id.encode(visitor_id)) for workspace_id, visitor_id in visitors]
    if not rows:
        return set()
    wanted = rowset(connection, "v", {"workspace_id": "text", "visitor_id": "bytea", "value": "text"}, rows)
    found = await wanted.fetch(
        """select v.workspace_id, v.visitor_id from v
        where exists (
            select 1 from conversions c where c.workspace_id = v.workspace_id and c.visitor_id = v.visitor_id
        ) or exists (
            select 1 from observations o
            where o.workspace_id = v.workspace_id and o.b_kind = 'visitor' and o.b_value = v.value
        )"""
    )
    return {(row[0], row[1]) for row in found}


async def known_clicks(connection: AsyncConnection, clicks: Iterable[tuple[str, bytes]]) -> set[tuple[str, bytes]]:
    """Which of these (workspace, click id) a conversion or an observation names, or may name by another click of their
    chain of duplicates. Indexes ix_conversions_click, ix_clicks_alias_of and the unique one of observations: `click`
    sorts before all other kinds, so it is always `a`. The bounds on the id spare Postgres the other partitions."""
    rows = [(workspace_id, raw, click_id.encode(raw), *_a_day_around(raw)) for workspace_id, raw in clicks]
    if not rows:
        return set()
    columns = {"workspace_id": "text", "click_id": "bytea", "value": "text", "low": "bytea", "high": "bytea"}
    found = await rowset(connection, "k", columns, rows).fetch(
        """select k.workspace_id, k.click_id from k
        where exists (
            select 1 from conversions c where c.workspace_id = k.workspace_id and c.click_id = k.click_id
        ) or exists (
            select 1 from observations o
            where o.workspace_id = k.workspace_id and o.a_kind = 'click' and o.a_value = k.value
        ) or exists (
            select 1 from clicks c where c.id = k.click_id and c.alias_of is not null
        ) or exists (
            select 1 from clicks c where c.alias_of = k.click_id and c.id >= k.low and c.id <= k.high
        )"""
    )
    return {(row[0], row[1]) for row in found}


def _a_day_around(raw: bytes) -> tuple[bytes, bytes]:
    made_ms = click_id.time_ms_of(raw)
    return click_id.least_at(max(0, made_ms - DAY_MS)), click_id.least_at(made_ms + DAY_MS)
