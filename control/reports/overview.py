"""The figures of a period, day by day, beside those of the period before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from control.reports import store
from control.reports.question import Question
from control.reports.store import DayConversions
from control.reports.types import CurrencyValue, Figures, Gaps, Overview, OverviewDay, Unattributed


async def overview(connection: AsyncConnection, question: Question) -> Overview:
    """Clicks, conversions that count, and what they were worth."""
    period = question.period
    days = [*period.previous().days(), *period.days()]
    conversions = await store.conversions_by_day(connection, question.scope, days)
    clicks = await store.clicks_by_day(connection, question.scope.workspace_id, days)
    current = [row for row in conversions if row.start_ms >= period.start_ms]
    own = [row for row in current if row.currency in (None, question.currency)]
    count, at_least = await store.gaps(connection, period)
    figures = _figures(current, question.currency, _since(clicks, period.start_ms))
    before = [row for row in conversions if row.start_ms < period.start_ms]
    clicks_before = sum(clicks.values()) - figures.clicks
    return Overview(
        from_=period.first.isoformat(),
        to=period.last.isoformat(),
        timezone=question.timezone,
        currency=question.currency,
        model=question.model,
        clicks=figures.clicks,
        conversions=figures.conversions,
        net_conversions=figures.net_conversions,
        value=figures.value,
        net_value=figures.net_value,
        unattributed=Unattributed(sum(row.unattributed for row in current), sum(row.unattributed_value for row in own)),
        gaps=Gaps(count, at_least),
        previous=_figures(before, question.currency, clicks_before),
        days=[
            OverviewDay(
                day=day.day.isoformat(),
                clicks=clicks.get(day.start_ms, 0),
                conversions=sum(row.conversions for row in current if row.start_ms == day.start_ms),
                value=sum(row.value for row in own if row.start_ms == day.start_ms),
            )
            for day in period.days()
        ],
        other_currencies=other_currencies(
            (row.currency, row.value, row.net_value) for row in current if row not in own
        ),
    )


def other_currencies(values: Iterable[tuple[str | None, int, int]]) -> list[CurrencyValue]:
    """Values by currency, for currencies that are not the workspace's, in their codes' order."""
    sums: dict[str, tuple[int, int]] = {}
    for currency, value, net_value in values:
        if currency is not None:
            so_far = sums.get(currency, (0, 0))
            sums[currency] = (so_far[0] + value, so_far[1] + net_value)
    return [CurrencyValue(currency, *sums[currency]) for currency in sorted(sums)]


def _figures(rows: Iterable[DayConversions], currency: str, clicks: int) -> Figures:
    """Conversions of all currencies; values of this one alone."""
    counted = list(rows)
    own = [row for row in counted if row.currency == currency]
    return Figures(
        clicks=clicks,
        conversions=sum(row.conversions for row in counted),
        net_conversions=sum(row.net_conversions for row in counted),
        value=sum(row.value for row in own),
        net_value=sum(row.net_value for row in own),
    )


def _since(clicks: Mapping[int, int], start_ms: int) -> int:
    return sum(count for day_ms, count in clicks.items() if day_ms >= start_ms)
