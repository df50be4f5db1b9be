"""Reports."""

from __future__ import annotations

from control.http.context import Context
from control.http.routing import Routes
from control.reports.arms import link_results
from control.reports.breakdown import breakdown
from control.reports.overview import overview
from control.reports.question import read_question
from control.reports.types import Breakdown, BreakdownQuery, LinkResults, Overview, OverviewQuery, PeriodQuery

routes = Routes(tag="Reports")


@routes.get("/api/v1/reports/overview", summary="Figures of a period, day by day")
async def read_overview(context: Context, query: OverviewQuery) -> Overview:
    """Without `from` and `to`, the last 30 days. `previous` are the same figures of as many days right before."""
    async with context.database.reading() as connection:
        question = await read_question(connection, context.workspace_id, query, context.now_ms)
        return await overview(connection, question)


@routes.get("/api/v1/reports/breakdown", summary="Credits by channel, campaign or link")
async def read_breakdown(context: Context, query: BreakdownQuery) -> Breakdown:
    """Conversions are credits in millionths. Rows and `unattributed` add up to `total` exactly."""
    async with context.database.reading() as connection:
        question = await read_question(connection, context.workspace_id, query, context.now_ms)
        return await breakdown(connection, context.services.config, question, query.by, query.basis)


@routes.get("/api/v1/links/{link_id}/arms", summary="What each destination of a link brought")
async def read_link_results(context: Context, link_id: str, query: PeriodQuery) -> LinkResults:
    """Clicks of the period, and the conversions credited to these clicks whenever they happened."""
    async with context.database.reading() as connection:
        question = await read_question(connection, context.workspace_id, query, context.now_ms)
        return await link_results(connection, question, link_id)
