"""What each destination of a link brought: the result of an A/B test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from control.ingest.visitors import SLOT_MS
from control.links import rules
from control.links.links import find_link
from control.reports.period import Period
from control.reports.question import Question
from control.reports.store import LONGEST_WINDOW_MS, OPEN_AND_COUNTED
from control.reports.types import ArmResult, LinkResults
from shared import click_id
from shared.clock import DAY_MS

ID_MARGIN_MS = DAY_MS  # an edge's clock may be off, and a prefetch becomes a click when it lands


class _Credits(NamedTuple):
    credit: int = 0
    value: int = 0
    net_value: int = 0


async def link_results(connection: AsyncConnection, question: Question, link_id: str) -> LinkResults:
    """Clicks of the days, and what is credited to them, whenever it happened. Raises NotFound.

    Rows: the link's own destination (arm 0) where it has or may get clicks, the arms of today in their order, then
    removed ones that have clicks in these days.
    """
    row = await find_link(connection, question.scope.workspace_id, link_id)
    clicks = await _clicks(connection, link_id, question.period)
    credited = await _credits(connection, question, link_id)
    present = rules.decode(row.rules)
    destinations = {arm.number: arm.destination for rule in present for arm in rule.arms}
    if 0 in clicks or not any(rule.is_for_everyone for rule in present):
        destinations = {0: row.destination, **destinations}
    removed = sorted((clicks.keys() | credited.keys()) - destinations.keys())
    numbers = [*destinations, *removed]
    rows = [_result(number, destinations.get(number), clicks, credited) for number in numbers]
    first, last = question.period.first.isoformat(), question.period.last.isoformat()
    return LinkResults(first, last, question.model, question.currency, rows)


def _result(
    number: int, destination: str | None, clicks: Mapping[int, int], credited: Mapping[int, _Credits]
) -> ArmResult:
    return ArmResult(number, destination, clicks.get(number, 0), *credited.get(number, _Credits()))


async def _clicks(connection: AsyncConnection, link_id: str, period: Period) -> dict[int, int]:
    """Human clicks by arm. Index: ix_clicks_link_chain, in the partitions of the period."""
    query = text(f"""
        select c.arm, count(*)
        from clicks as c
        where c.link_id = :link_id and c.class = 'human' and c.time_ms >= :start_ms and c.time_ms < :end_ms
            and c.time_ms / {SLOT_MS} >= :first_slot and c.time_ms / {SLOT_MS} <= :last_slot
            and c.id >= :low and c.id < :high
        group by c.arm
    """)
    bounds = {
        "link_id": link_id,
        "start_ms": period.start_ms,
        "end_ms": period.end_ms,
        "first_slot": period.start_ms // SLOT_MS,
        "last_slot": period.end_ms // SLOT_MS,
        "low": click_id.least_at(max(0, period.start_ms - ID_MARGIN_MS)),
        "high": click_id.least_at(period.end_ms + ID_MARGIN_MS),
    }
    return {row[0]: row[1] for row in await connection.execute(query, bounds)}


async def _credits(connection: AsyncConnection, question: Question, link_id: str) -> dict[int, _Credits]:
    """Credits of all currencies, values of the workspace's alone. Indexes: ix_credit_versions_workspace_time, then the
    primary keys of touch_credits and clicks."""
    query = text(f"""
        select
            c.arm,
            cast(sum(t.credit) as bigint),
            cast(coalesce(sum(case when v.currency = :currency then t.value end), 0) as bigint),
            cast(coalesce(sum(case when v.currency = :currency then t.net_value end), 0) as bigint)
        from credit_versions as v
        cross join touch_credits as t
        cross join clicks as c
        where v.workspace_id = :workspace_id and v.time_ms >= :start_ms and v.time_ms < :last_ms
            and {OPEN_AND_COUNTED}
            and t.version_id = v.id and t.model = :model and t.touch_kind = 'click' and t.link_id = :link_id
            and t.touch_ms >= :start_ms and t.touch_ms < :end_ms
            and c.id = t.touch_id
        group by c.arm
    """)
    period = question.period
    values = question.scope._asdict() | {
        "link_id": link_id,
        "model": question.model,
        "currency": question.currency,
        "start_ms": period.start_ms,
        "end_ms": period.end_ms,
        "last_ms": period.end_ms + LONGEST_WINDOW_MS,
    }
    return {row[0]: _Credits(*row[1:]) for row in await connection.execute(query, values)}
