"""The SQL of reports.

`cross join` is an inner join on both engines, and SQLite also takes it as the order of the loops: from a few ranges of
time to the rows within them, each found by an index that starts with workspace and time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from control.attribution.models import ModelName
from control.attribution.split import WHOLE
from control.reports.period import DayRange, Period
from control.reports.types import Basis, By
from shared.clock import DAY_MS

LONGEST_WINDOW_MS = 365 * DAY_MS

_DAYS = {
    "sqlite": """days (start_ms, end_ms) as (
        select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(:days)
    )""",
    "postgresql": """days (start_ms, end_ms) as (
        select cast(item->>0 as bigint), cast(item->>1 as bigint)
        from jsonb_array_elements(cast(:days as jsonb)) as item
    )""",
}
_KEYS: dict[By, str] = {"channel": "channel", "campaign": "campaign_id", "link": "link_id"}
OPEN_AND_COUNTED = """v.closed_ms is null and v.counted and (:event = '' or v.name = :event)"""


class Scope(NamedTuple):
    """Whose figures, and of which event; an empty name: of all."""

    workspace_id: str
    event: str


class WorkspaceRow(NamedTuple):
    timezone: str
    currency: str


class DayConversions(NamedTuple):
    """A day's counted conversions in one currency; None: without an amount."""

    start_ms: int
    currency: str | None
    conversions: int
    net_conversions: int
    value: int
    net_value: int
    unattributed: int
    unattributed_value: int


class KeyCredits(NamedTuple):
    """Credits (millionths) and values of one key in one currency."""

    key: str
    currency: str | None
    credit: int
    value: int
    net_value: int


class Label(NamedTuple):
    """What a campaign or link is called. `host` and `slug` are a link's."""

    key: str
    title: str
    archived: bool
    host: str
    slug: str


async def workspace(connection: AsyncConnection, workspace_id: str) -> WorkspaceRow:
    query = text("select timezone, currency from workspaces where id = :workspace_id")
    return WorkspaceRow(*(await connection.execute(query, {"workspace_id": workspace_id})).one())


async def default_model(connection: AsyncConnection, scope: Scope) -> ModelName | None:
    """The model that an event's definition prefers; None when there is no such event."""
    query = text("select default_model from event_definitions where workspace_id = :workspace_id and name = :event")
    return await connection.scalar(query, scope._asdict())


async def conversions_by_day(
    connection: AsyncConnection, scope: Scope, days: Sequence[DayRange]
) -> list[DayConversions]:
    """Index: ix_credit_versions_workspace_time, one range a day."""
    query = f"""
        select
            d.start_ms,
            v.currency,
            count(*),
            sum(case when v.fully_refunded then 0 else 1 end),
            cast(coalesce(sum(v.amount), 0) as bigint),
            cast(coalesce(sum(v.amount - v.refunded), 0) as bigint),
            sum(case when v.touches = 0 then 1 else 0 end),
            cast(coalesce(sum(case when v.touches = 0 then v.amount end), 0) as bigint)
        from days as d
        cross join credit_versions as v
        where v.workspace_id = :workspace_id and v.time_ms >= d.start_ms and v.time_ms < d.end_ms
            and {OPEN_AND_COUNTED}
        group by d.start_ms, v.currency
    """
    return [DayConversions(*row) for row in await _by_days(connection, query, days, scope._asdict())]


async def clicks_by_day(connection: AsyncConnection, workspace_id: str, days: Sequence[DayRange]) -> dict[int, int]:
    """Human clicks by the day's start. Index: the primary key, one range a day."""
    query = """
        select d.start_ms, cast(sum(r.count) as bigint)
        from days as d
        cross join click_rollups as r
        where r.workspace_id = :workspace_id and r.bucket_ms >= d.start_ms and r.bucket_ms < d.end_ms
            and r.class = 'human'
        group by d.start_ms
    """
    rows = await _by_days(connection, query, days, {"workspace_id": workspace_id})
    return {row[0]: row[1] for row in rows}


async def credits_by_key(
    connection: AsyncConnection, scope: Scope, period: Period, by: By, basis: Basis, model: str
) -> list[KeyCredits]:
    """By the conversions' time, or by the touches': then conversions up to one longest window later hold them.
    Indexes: ix_credit_versions_workspace_time, then the primary key of touch_credits."""
    on_touch = "and t.touch_ms >= :start_ms and t.touch_ms < :end_ms" if basis == "touch_date" else ""
    query = f"""
        select
            coalesce(t.{_KEYS[by]}, ''),
            v.currency,
            cast(sum(t.credit) as bigint),
            cast(coalesce(sum(t.value), 0) as bigint),
            cast(coalesce(sum(t.net_value), 0) as bigint)
        from credit_versions as v
        cross join touch_credits as t
        where v.workspace_id = :workspace_id and v.time_ms >= :start_ms and v.time_ms < :last_ms
            and {OPEN_AND_COUNTED}
            and t.version_id = v.id and t.model = :model {on_touch}
        group by 1, 2
    """
    last_ms = period.end_ms + (LONGEST_WINDOW_MS if basis == "touch_date" else 0)
    bounds = {"start_ms": period.start_ms, "last_ms": last_ms, "model": model}
    if on_touch:
        bounds["end_ms"] = period.end_ms
    rows = await connection.execute(text(query), scope._asdict() | bounds)
    return [KeyCredits(*row) for row in rows]


async def unattributed(connection: AsyncConnection, scope: Scope, period: Period) -> list[KeyCredits]:
    """What nobody is credited for, by currency, as credits of no key. Index: ix_credit_versions_workspace_time."""
    query = text(f"""
        select
            '',
            v.currency,
            {WHOLE} * count(*),
            cast(coalesce(sum(v.amount), 0) as bigint),
            cast(coalesce(sum(v.amount - v.refunded), 0) as bigint)
        from credit_versions as v
        where v.workspace_id = :workspace_id and v.time_ms >= :start_ms and v.time_ms < :end_ms
            and {OPEN_AND_COUNTED} and v.touches = 0
        group by v.currency
    """)
    return [KeyCredits(*row) for row in await connection.execute(query, scope._asdict() | _bounds(period))]


async def clicks_by_key(connection: AsyncConnection, workspace_id: str, period: Period, by: By) -> dict[str, int]:
    """Human clicks. Index: the primary key."""
    query = text(f"""
        select r.{_KEYS[by]}, cast(sum(r.count) as bigint)
        from click_rollups as r
        where r.workspace_id = :workspace_id and r.bucket_ms >= :start_ms and r.bucket_ms < :end_ms
            and r.class = 'human'
        group by 1
    """)
    rows = await connection.execute(query, {"workspace_id": workspace_id, **_bounds(period)})
    return {row[0]: row[1] for row in rows}


async def spend_by_key(
    connection: AsyncConnection, workspace_id: str, period: Period, by: By, currency: str
) -> dict[str, int]:
    """What was spent in the workspace's currency, by channel or campaign."""
    query = text(f"""
        select s.{_KEYS[by]}, cast(sum(s.amount) as bigint)
        from campaign_spend as s
        where s.workspace_id = :workspace_id and s.currency = :currency and s.day between :first and :last
        group by 1
    """)
    days = {"first": period.first.isoformat(), "last": period.last.isoformat()}
    rows = await connection.execute(query, {"workspace_id": workspace_id, "currency": currency, **days})
    return {row[0]: row[1] for row in rows}


async def gaps(connection: AsyncConnection, period: Period) -> tuple[int, bool]:
    """Clicks lost by edges in gaps that touch the period, and whether any count is only a least one. An edge serves
    every workspace and cannot say whose clicks it lost, so all of them see the gap."""
    query = text("""
        select cast(coalesce(sum(count), 0) as bigint), coalesce(max(case when at_least then 1 else 0 end), 0)
        from gaps where from_ms < :end_ms and to_ms >= :start_ms
    """)
    count, at_least = (await connection.execute(query, _bounds(period))).one()
    return count, bool(at_least)


async def labels(connection: AsyncConnection, workspace_id: str, by: By) -> dict[str, Label]:
    """What the workspace's campaigns or links are called."""
    query = {
        "campaign": """
            select id, name, archived_ms is not null, '', '' from campaigns where workspace_id = :workspace_id
        """,
        "link": """
            select l.id, l.title, l.archived_ms is not null, d.host, l.slug
            from links as l join domains as d on d.id = l.domain_id where l.workspace_id = :workspace_id
        """,
    }.get(by)
    if query is None:
        return {}
    rows = await connection.execute(text(query), {"workspace_id": workspace_id})
    return {row[0]: Label(row[0], row[1], bool(row[2]), row[3], row[4]) for row in rows}


async def _by_days(
    connection: AsyncConnection, query: str, days: Sequence[DayRange], parameters: dict[str, Any]
) -> Sequence[Any]:
    listed = msgspec.json.encode([(day.start_ms, day.end_ms) for day in days]).decode()
    statement = _with_days(query, connection.dialect.name)
    return (await connection.execute(statement, {"days": listed, **parameters})).all()


def _bounds(period: Period) -> dict[str, int]:
    return {"start_ms": period.start_ms, "end_ms": period.end_ms}


@cache
def _with_days(query: str, dialect: str) -> TextClause:
    return text(f"with {_DAYS[dialect]} {query}")
