"""Reporting conversions and refunds from a server, and what waits for a definition."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, select

from control.conversions import refunds as refunding
from control.conversions.record import record_conversion
from control.conversions.refunds import RefundDiffers, record_refund
from control.conversions.reports import from_server
from control.conversions.store import is_matched
from control.conversions.types import (
    ConversionReceipt,
    Held,
    NewConversion,
    NewRefund,
    Refund,
    RefundReceipt,
    UndefinedEvent,
    UndefinedEvents,
)
from control.http.context import Context
from control.http.errors import Conflict, InvalidInput
from control.http.paging import PAGE_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from control.http.routing import Routes
from control.store.locks import lock_workspaces
from control.store.schema import held_reports
from control.times import from_ms

routes = Routes(tag="Conversions")


class ConversionDiffers(Conflict):
    slug = "conversion-differs"
    title = "This conversion was reported before, with another content"


@routes.post("/api/v1/conversions", summary="Report a conversion", status=202, errors=(ConversionDiffers, InvalidInput))
async def report_conversion(context: Context, body: NewConversion) -> ConversionReceipt:
    """Reports may come before their click, late, twice or from several sources: the order id, else the event key, makes
    them one conversion. A repeat gets the first answer again; a repeat with another content is a conflict."""
    report = from_server(body, context.now_ms)
    async with context.database.transaction() as connection:
        await lock_workspaces(connection, [context.workspace_id], shared=True)
        outcome = await record_conversion(connection, context.services.secret, context.workspace_id, report)
        if isinstance(outcome, Held):
            raise _problem(outcome)
        matched = await is_matched(connection, outcome.conversion_id)
    context.services.credit_wake.set()
    return ConversionReceipt(outcome.conversion_id, "matched" if matched else "unmatched", outcome.duplicate)


def _problem(held: Held) -> Conflict | InvalidInput:
    if held.reason == "conflicting_repeat":
        return ConversionDiffers(f"{held.field}: {held.detail}.")
    return InvalidInput.of(held.field, held.detail)


@routes.post("/api/v1/refunds", summary="Report a refund", status=202, errors=(RefundDiffers, InvalidInput))
async def report_refund(context: Context, body: NewRefund) -> RefundReceipt:
    """A refund is stored whatever it names; one of an order that was not reported yet joins it when it is."""
    async with context.database.transaction() as connection:
        await lock_workspaces(connection, [context.workspace_id], shared=True)
        receipt = await record_refund(connection, context.workspace_id, body, context.now_ms)
    context.services.credit_wake.set()
    return receipt


class RefundQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cursor: Cursor = ""
    limit: Limit = PAGE_DEFAULT


@routes.get("/api/v1/refunds", summary="Refunds, newest first")
async def list_refunds(context: Context, query: RefundQuery) -> Page[Refund]:
    before = decode_cursor(query.cursor, tuple[int, str])
    async with context.database.reading() as connection:
        rows = await refunding.list_refunds(connection, context.workspace_id, before, query.limit + 1)
    return page_of(rows, query.limit, refunding.refund_of, lambda row: (row.time_ms, row.id))


@routes.get("/api/v1/undefined-events", summary="Events that pages report and no definition counts")
async def list_undefined_events(context: Context) -> UndefinedEvents:
    """Nothing of them is lost: define an event of that name, and all its reports are recorded."""
    at = held_reports.c
    async with context.database.reading() as connection:
        rows = await connection.execute(
            select(at.name, func.count(), func.min(at.received_ms), func.max(at.received_ms))
            .where(at.workspace_id == context.workspace_id, at.reason == "undefined_event")
            .group_by(at.name)
            .order_by(func.max(at.received_ms).desc())
        )
        return UndefinedEvents([UndefinedEvent(name, n, from_ms(low), from_ms(high)) for name, n, low, high in rows])
