"""Credits by channel, campaign or link."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from control.config import ControlConfig
from control.links.view import short_url
from control.reports import store
from control.reports.overview import other_currencies
from control.reports.question import Question
from control.reports.store import KeyCredits, Label
from control.reports.types import Basis, Breakdown, BreakdownFigures, BreakdownRow, By


async def breakdown(
    connection: AsyncConnection, config: ControlConfig, question: Question, by: By, basis: Basis
) -> Breakdown:
    """A row for every key with clicks, credits or spend, the most credited first. What nobody is credited for is booked
    on the conversion's day under either basis, since it has no touch."""
    scope, period, currency = question.scope, question.period, question.currency
    credited = await store.credits_by_key(connection, scope, period, by, basis, question.model)
    clicks = await store.clicks_by_key(connection, scope.workspace_id, period, by)
    spend = {} if by == "link" else await store.spend_by_key(connection, scope.workspace_id, period, by, currency)
    labels = await store.labels(connection, scope.workspace_id, by)
    by_key: dict[str, list[KeyCredits]] = {}
    for row in credited:
        by_key.setdefault(row.key, []).append(row)
    rows = [
        _row(key, by, labels.get(key), config, by_key.get(key, ()), currency, clicks.get(key, 0), spend.get(key))
        for key in by_key.keys() | clicks.keys() | spend.keys()
    ]
    rows.sort(key=lambda row: (-row.conversions, -row.clicks, row.label, row.key))
    alone = await store.unattributed(connection, scope, period)
    unattributed = _figures(alone, currency)
    return Breakdown(
        from_=period.first.isoformat(),
        to=period.last.isoformat(),
        timezone=question.timezone,
        currency=currency,
        model=question.model,
        by=by,
        basis=basis,
        rows=rows,
        unattributed=unattributed,
        total=_total([*rows, unattributed]),
        other_currencies=other_currencies(
            (row.currency, row.value, row.net_value) for row in (*credited, *alone) if row.currency != currency
        ),
    )


def _row(
    key: str,
    by: By,
    label: Label | None,
    config: ControlConfig,
    credited: Iterable[KeyCredits],
    currency: str,
    clicks: int,
    spend: int | None,
) -> BreakdownRow:
    figures = _figures(credited, currency)
    return BreakdownRow(
        key=key,
        label=_label(key, by, label, config),
        archived=label is not None and label.archived,
        clicks=clicks,
        conversions=figures.conversions,
        value=figures.value,
        net_value=figures.net_value,
        spend=spend,
    )


def _figures(credited: Iterable[KeyCredits], currency: str) -> BreakdownFigures:
    """Credits of all currencies; values of this one alone."""
    rows = list(credited)
    own = [row for row in rows if row.currency == currency]
    return BreakdownFigures(
        conversions=sum(row.credit for row in rows),
        value=sum(row.value for row in own),
        net_value=sum(row.net_value for row in own),
    )


def _label(key: str, by: By, label: Label | None, config: ControlConfig) -> str:
    if by == "channel" or not key:
        return key
    if label is None:
        return f"Deleted {by} {key}"
    return label.title or short_url(config, label.host, label.slug)


def _total(rows: Iterable[BreakdownFigures]) -> BreakdownFigures:
    added = list(rows)
    spent = [row.spend for row in added if row.spend is not None]
    return BreakdownFigures(
        clicks=sum(row.clicks for row in added),
        conversions=sum(row.conversions for row in added),
        value=sum(row.value for row in added),
        net_value=sum(row.net_value for row in added),
        spend=sum(spent) if spent else None,
    )
