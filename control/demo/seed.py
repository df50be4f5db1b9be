"""Brings the demo's history in: as an edge's batches and a server's reports, through the code that real ones take."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from itertools import islice

from control.attribution.credit_pass import run_pass
from control.conversions.record import Reported, record_conversions
from control.conversions.refunds import record_refund
from control.conversions.types import ConversionReport, NewRefund
from control.demo.catalogue import CURRENCY
from control.demo.world import Moment, ServerOrder, ServerRefund, Setup
from control.ingest.batches import store_batch
from control.ingest.types import BatchHeaders
from control.services import Services
from control.store.locks import lock_workspaces
from control.times import from_ms
from shared import click_id, ids
from shared.clock import wall_ms
from shared.wire import Batch, Record

MOMENTS_AT_ONCE = 4_000

Progress = Callable[[int], None]


async def bring_in(services: Services, setup: Setup, moments: Iterable[Moment], progress: Progress) -> None:
    """Stores all moments, in order; `progress` is told how many each time."""
    stream = _Stream(services)
    workspace_id = ids.from_bytes("wsp", setup.workspace_id)
    rest = iter(moments)
    while some := list(islice(rest, MOMENTS_AT_ONCE)):
        await stream.ship([moment.what for moment in some if not isinstance(moment.what, ServerOrder | ServerRefund)])
        orders = [moment.what for moment in some if isinstance(moment.what, ServerOrder)]
        refunds = [moment.what for moment in some if isinstance(moment.what, ServerRefund)]
        await _report(services, workspace_id, orders, refunds)
        progress(len(some))


async def credit(services: Services, progress: Progress) -> None:
    """Runs credit passes until nobody is left; `progress` is told how many marks each dealt with."""
    while (report := await run_pass(services.database, wall_ms())).marks:
        progress(report.marks)


class _Stream:
    """One stream of an edge that has been away for 90 days."""

    def __init__(self, services: Services) -> None:
        self._services, self._edge_id = services, ids.new_id("edg")
        self._stream_id, self._next = secrets.token_bytes(16), 0

    async def ship(self, records: list[Record]) -> None:
        batch = Batch(self._edge_id, "backlog", closed=False, low_watermark_ms=wall_ms(), clock=[], records=records)
        ack = await store_batch(self._services, BatchHeaders(self._stream_id, self._next, len(records)), batch)
        self._next = ack.next


async def _report(
    services: Services, workspace_id: str, orders: list[ServerOrder], refunds: list[ServerRefund]
) -> None:
    received_ms = wall_ms()
    async with services.database.transaction() as connection:
        await lock_workspaces(connection, [workspace_id])
        reported = [Reported(workspace_id, _order(order, received_ms)) for order in orders]
        await record_conversions(connection, services.secret, reported)
        for refund in refunds:
            new = NewRefund(
                event="purchase",
                order_id=refund.order_id,
                amount=refund.amount,
                currency=CURRENCY if refund.amount is not None else None,
                occurred_at=from_ms(refund.occurred_ms),
            )
            await record_refund(connection, workspace_id, new, received_ms)


def _order(order: ServerOrder, received_ms: int) -> ConversionReport:
    return ConversionReport(
        id=click_id.new(),
        source="server",
        name="purchase",
        time_ms=order.occurred_ms,
        time_stated=True,
        received_ms=received_ms,
        customer=order.customer_id,
        order_id=order.order_id,
        amount=order.amount,
        currency=CURRENCY,
    )
