"""Explains a conversion's credits: whose it is and why, every touch considered, and what each model gives them.

Credits come from the open ledger version, as reports count them. Who the person is and which touches were left out is
read from the facts anew, since the ledger keeps only paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control.attribution.models import MODEL_NAMES, MODELS
from control.attribution.paths import path_of
from control.attribution.refunds import clamp
from control.config import ControlConfig
from control.conversions import read_store
from control.conversions.list import largest_credit, to_conversion
from control.conversions.read_store import ConversionRow, Names
from control.conversions.read_types import (
    AppliedRefund,
    ConsideredTouch,
    CreditedTouch,
    Explanation,
    LedgerVersion,
    ModelFormula,
    ModelShare,
    NamedIdentifier,
    PersonJoin,
    PersonSummary,
    StoredReport,
    TouchCampaign,
    TouchLink,
)
from control.http.errors import NotFound
from control.identity.history import read_histories
from control.identity.types import ExcludedTouch, History, Identifier, Refund, Touch
from control.links.view import short_url
from control.times import from_ms, from_ms_or_none
from shared import click_id
from shared.clock import DAY_MS


async def explain(
    connection: AsyncConnection, config: ControlConfig, workspace_id: str, conversion_id: str
) -> Explanation:
    """Raises NotFound."""
    row = await read_store.conversion(connection, workspace_id, conversion_id)
    if row is None:
        raise NotFound(f"There is no conversion {conversion_id}.")
    history = await _history(connection, workspace_id, conversion_id)
    versions = [] if row.version_id is None else [row.version_id]
    credited = await read_store.credits_of(connection, versions, MODEL_NAMES)
    excluded = _excluded(history, row) if history else []
    names = await read_store.names(
        connection,
        workspace_id,
        {touch.link_id for touch in (*credited, *excluded) if touch.link_id},
        {touch.campaign_id for touch in (*credited, *excluded) if touch.campaign_id},
    )
    of_default_model = [share for share in credited if share.model == row.default_model]
    shown = to_conversion(
        row, largest_credit(of_default_model, config, names), await read_store.low_watermark_ms(connection)
    )
    return Explanation(
        **{field: getattr(shown, field) for field in shown.__struct_fields__ if field != "touches"},
        person=_person(history) if history else None,
        touches=_credited_touches(credited, row.time_ms, config, names),
        excluded=[_considered(touch, config, names) for touch in excluded],
        models=[ModelFormula(model.name, model.formula, model.parameters) for model in MODELS],
        window_days=row.window_ms // DAY_MS,
        ledger=[
            LedgerVersion(
                version.version,
                version.reason,
                from_ms(version.opened_ms),
                from_ms_or_none(version.closed_ms),
                version.touches,
            )
            for version in await read_store.ledger(connection, conversion_id)
        ],
        reports=[
            StoredReport(report.source, from_ms(report.received_ms), msgspec.json.decode(report.body))
            for report in await read_store.reports_of(connection, conversion_id)
        ],
        refunds=_refunds(row.amount, await read_store.refunds_of(connection, conversion_id)),
    )


async def _history(connection: AsyncConnection, workspace_id: str, conversion_id: str) -> History | None:
    histories = await read_histories(connection, workspace_id, [Identifier("conversion", conversion_id)])
    for history in histories:
        if any(conversion.id == conversion_id for conversion in history.conversions):
            return history
    return None


def _person(history: History) -> PersonSummary:
    return PersonSummary(
        id=history.person_id,
        identifiers=[_named(one) for one in history.identifiers],
        joins=[
            PersonJoin(_named(join.a), _named(join.b), from_ms(join.time_ms), join.source) for join in history.joins
        ],
    )


def _named(identifier: Identifier) -> NamedIdentifier:
    return NamedIdentifier(identifier.kind, identifier.value)


def _excluded(history: History, row: ConversionRow) -> list[ExcludedTouch]:
    """What earned nothing: outside the window, after the conversion, or no touch at all. Latest first."""
    path = path_of(history.touches, row.time_ms, row.window_ms)
    found = [
        *history.excluded,
        *(_left_out(touch, "out_of_window") for touch in path.before_window),
        *(_left_out(touch, "after_conversion") for touch in path.after_conversion),
    ]
    return sorted(found, key=lambda touch: (touch.time_ms, touch.id), reverse=True)


def _left_out(touch: Touch, reason: str) -> ExcludedTouch:
    return ExcludedTouch(touch.kind, touch.id, touch.time_ms, touch.link_id, touch.campaign_id, touch.channel, reason)


def _credited_touches(
    credited: Sequence[Any], time_ms: int, config: ControlConfig, names: Names
) -> list[CreditedTouch]:
    """The path, earliest touch first, each with what every model gives it."""
    by_position: dict[int, list[Any]] = {}
    for row in credited:
        by_position.setdefault(row.position, []).append(row)
    return [
        CreditedTouch(
            position=position,
            age_ms=time_ms - rows[0].touch_ms,
            models={row.model: ModelShare(row.weight, row.credit, row.value, row.net_value) for row in rows},
            kind=rows[0].touch_kind,
            id=click_id.encode(rows[0].touch_id),
            occurred_at=from_ms(rows[0].touch_ms),
            channel=rows[0].channel,
            link=_link(rows[0].link_id, config, names),
            campaign=_campaign(rows[0].campaign_id, names),
        )
        for position, rows in sorted(by_position.items())
    ]


def _considered(touch: ExcludedTouch, config: ControlConfig, names: Names) -> ConsideredTouch:
    return ConsideredTouch(
        kind=touch.kind,
        id=click_id.encode(touch.id),
        occurred_at=from_ms(touch.time_ms),
        channel=touch.channel,
        link=_link(touch.link_id, config, names),
        campaign=_campaign(touch.campaign_id, names),
        reason=touch.reason,
    )


def _link(link_id: str | None, config: ControlConfig, names: Names) -> TouchLink | None:
    name = names.links.get(link_id) if link_id else None
    return TouchLink(link_id, short_url(config, name.host, name.slug), name.title) if link_id and name else None


def _campaign(campaign_id: str | None, names: Names) -> TouchCampaign | None:
    name = names.campaigns.get(campaign_id) if campaign_id else None
    return TouchCampaign(campaign_id, name) if campaign_id and name else None


def _refunds(amount: int | None, rows: Iterable[Any]) -> list[AppliedRefund]:
    stored = list(rows)
    over = clamp(amount, [Refund(row.id, row.time_ms, row.amount) for row in stored]).over
    return [
        AppliedRefund(row.id, row.amount, beyond, row.currency, from_ms(row.time_ms), from_ms(row.received_ms))
        for row, beyond in zip(stored, over, strict=True)
    ]
