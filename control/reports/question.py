"""What a report is asked for, checked and with its defaults filled in."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from control.attribution.models import ModelName
from control.http.errors import InvalidInput
from control.reports import store
from control.reports.period import Period, read_period
from control.reports.store import Scope
from control.reports.types import PeriodQuery

DEFAULT_MODEL: ModelName = "last"


class Question(NamedTuple):
    scope: Scope
    period: Period
    model: ModelName
    timezone: str
    currency: str


async def read_question(connection: AsyncConnection, workspace_id: str, query: PeriodQuery, now_ms: int) -> Question:
    """Raises InvalidInput naming the parameter that is wrong."""
    workspace = await store.workspace(connection, workspace_id)
    scope = Scope(workspace_id, query.event)
    period = read_period(query.from_, query.to, ZoneInfo(workspace.timezone), now_ms)
    preferred = await store.default_model(connection, scope) if query.event else DEFAULT_MODEL
    if preferred is None:
        raise InvalidInput.of("event", f"no event is defined here by the name {query.event!r}")
    model = query.model or preferred
    return Question(scope, period, model, workspace.timezone, workspace.currency)
