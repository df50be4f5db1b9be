"""The list of conversions, each with the touch that earned most of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from control.accounts.workspaces import read_workspace
from control.config import ControlConfig
from control.conversions import read_store
from control.conversions.read_store import ConversionRow, Names
from control.conversions.read_types import Conversion, ConversionsQuery, CreditedTo
from control.http.paging import Page, decode_cursor, page_of
from control.links.view import short_url
from control.reports.period import read_period
from control.times import from_ms


async def list_conversions(
    connection: AsyncConnection, config: ControlConfig, workspace_id: str, query: ConversionsQuery, now_ms: int
) -> Page[Conversion]:
    """A page of conversions, latest first. Raises InvalidInput."""
    bounds = None
    if query.from_ or query.to:
        workspace = await read_workspace(connection, workspace_id)
        period = read_period(query.from_, query.to, ZoneInfo(workspace.timezone), now_ms)
        bounds = (period.start_ms, period.end_ms)
    after = decode_cursor(query.cursor, tuple[int, str])
    rows = await read_store.conversions_page(connection, workspace_id, query, bounds, after, query.limit + 1)
    watermark_ms = await read_store.low_watermark_ms(connection)
    credited = await _largest_credits(connection, config, workspace_id, rows, query.model)
    return page_of(
        rows,
        query.limit,
        lambda row: to_conversion(row, credited.get(row.id), watermark_ms),
        lambda row: (row.stated_ms, row.id),
    )


def to_conversion(row: ConversionRow, credited_to: CreditedTo | None, watermark_ms: int | None) -> Conversion:
    return Conversion(
        id=row.id,
        event=row.name,
        title=row.title,
        occurred_at=from_ms(row.time_ms),
        received_at=from_ms(row.received_ms),
        amount=row.amount,
        refunded=row.refunded,
        currency=row.currency,
        order_id=row.order_id,
        source=row.source,
        status="matched" if row.touches else "unmatched",
        counted=row.counted,
        not_counted=row.not_counted,
        provisional=watermark_ms is not None and row.time_ms >= watermark_ms,
        touches=row.touches,
        credited_to=credited_to,
    )


def largest_credit(credits_of_model: Sequence[Any], config: ControlConfig, names: Names) -> CreditedTo | None:
    """Where most of a conversion went; None where nothing was credited."""
    if not credits_of_model:
        return None
    most = max(credits_of_model, key=lambda row: (row.credit, row.position))
    if most.credit == 0:
        return None
    link = names.links.get(most.link_id)
    return CreditedTo(
        channel=most.channel,
        link_id=most.link_id,
        short_url=None if link is None else short_url(config, link.host, link.slug),
        campaign=names.campaigns.get(most.campaign_id),
    )


async def _largest_credits(
    connection: AsyncConnection,
    config: ControlConfig,
    workspace_id: str,
    rows: Sequence[ConversionRow],
    model: str | None,
) -> dict[str, CreditedTo]:
    models = {row.version_id: (row.id, model or row.default_model) for row in rows if row.version_id is not None}
    credited = await read_store.credits_of(connection, models.keys(), {name for _, name in models.values()})
    names = await read_store.names(
        connection,
        workspace_id,
        {row.link_id for row in credited if row.link_id},
        {row.campaign_id for row in credited if row.campaign_id},
    )
    by_conversion: dict[str, list[Any]] = {}
    for row in credited:
        conversion_id, wanted = models[row.version_id]
        if row.model == wanted:
            by_conversion.setdefault(conversion_id, []).append(row)
    found = {one: largest_credit(given, config, names) for one, given in by_conversion.items()}
    return {one: credit for one, credit in found.items() if credit is not None}
