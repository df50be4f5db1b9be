"""Refunds: always stored, may come before their order, and change the credits of their conversion alone.

What exceeds the rest of a conversion is clamped where credits are computed, never here: the fact is what was reported.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from control.conversions import money
from control.conversions.standing import identifiers_named
from control.conversions.times import occurred_ms
from control.conversions.types import NewRefund, Refund, RefundReceipt
from control.http.errors import Conflict, InvalidInput
from control.identity.observe import mark_dirty
from control.identity.types import Identifier
from control.store.schema import conversions, event_definitions, refunds
from control.store.upsert import insert_into
from control.times import from_ms
from shared.ids import new_id


class RefundDiffers(Conflict):
    slug = "refund-differs"
    title = "This event key was used for another refund"


class _Target(NamedTuple):
    """What a refund names: a stored conversion, or an order that may still come."""

    conversion_id: str | None
    order_id: str
    definition_id: str
    currency: str | None
    identifiers: list[Identifier]


async def record_refund(
    connection: AsyncConnection, workspace_id: str, refund: NewRefund, received_ms: int
) -> RefundReceipt:
    """Stores a refund in the caller's transaction, which holds the workspace's lock. Raises InvalidInput naming the
    field, and RefundDiffers for another content under a known event key."""
    target = await _target(connection, workspace_id, refund)
    amount, currency = _money(refund, target)
    stored = {
        "conversion_id": target.conversion_id,
        "order_id": target.order_id,
        "definition_id": target.definition_id,
        "amount": amount,
        "currency": currency,
    }
    key = f"key:{refund.event_key or secrets.token_urlsafe(16)}"
    new = insert_into(connection, refunds).values(
        id=new_id("rfd"),
        workspace_id=workspace_id,
        event_key=key,
        time_ms=received_ms if refund.occurred_at is None else occurred_ms(refund.occurred_at, received_ms),
        received_ms=received_ms,
        **stored,
    )
    inserted = await connection.execute(new.on_conflict_do_nothing().returning(refunds.c.id))
    refund_id = inserted.scalar()
    if refund_id is None:
        return await _first_answer(connection, workspace_id, key, amount, target)
    await mark_dirty(connection, workspace_id, target.identifiers, "refund")
    return RefundReceipt(refund_id, target.conversion_id, duplicate=False)


async def _target(connection: AsyncConnection, workspace_id: str, refund: NewRefund) -> _Target:
    if (refund.conversion_id is None) == (not refund.order_id):
        raise InvalidInput.of(
            "order_id", "name either the order or the conversion that is refunded, as `conversion_id`"
        )
    if refund.conversion_id is not None:
        target = await _conversion(connection, workspace_id, conversions.c.id == refund.conversion_id)
        if target is None:
            raise InvalidInput.of("conversion_id", f"there is no conversion {refund.conversion_id}")
        return target
    definition_id = await _definition(connection, workspace_id, refund.event)
    is_order = and_(conversions.c.order_id == refund.order_id, conversions.c.definition_id == definition_id)
    target = await _conversion(connection, workspace_id, is_order)
    return target or _Target(None, refund.order_id, definition_id, None, [])


async def _conversion(connection: AsyncConnection, workspace_id: str, which: ColumnElement[bool]) -> _Target | None:
    at = conversions.c
    columns = at.id, at.order_id, at.definition_id, at.currency, at.click_id, at.visitor_id, at.customer, at.email_hash
    found = (await connection.execute(select(*columns).where(at.workspace_id == workspace_id, which))).first()
    if found is None:
        return None
    conversion_id, order_id, definition_id, currency, *named = found
    identifiers = identifiers_named(*named) or [Identifier("conversion", conversion_id)]
    return _Target(conversion_id, order_id, definition_id, currency, identifiers)


async def _definition(connection: AsyncConnection, workspace_id: str, name: str) -> str:
    found = await connection.execute(
        select(event_definitions.c.id).where(
            event_definitions.c.workspace_id == workspace_id, event_definitions.c.name == name
        )
    )
    definition_id = found.scalar()
    if definition_id is None:
        raise InvalidInput.of("event", f"no event named {name!r} is defined")
    return definition_id


def _money(refund: NewRefund, target: _Target) -> tuple[int | None, str | None]:
    """Amount and currency, in the conversion's currency where there is one yet."""
    try:
        stated = money.currency_of(refund.currency) if refund.currency else None
        if stated and target.currency and stated != target.currency:
            raise money.BadMoney("currency", f"the conversion is in {target.currency}")
        currency = stated or target.currency
        amount = money.amount_of(refund.amount, refund.value, currency)
    except money.BadMoney as error:
        raise InvalidInput.of(error.field, str(error)) from None
    if amount is not None and amount <= 0:
        raise InvalidInput.of("value", "a refund is more than zero; leave it out to refund all that is left")
    return amount, currency


async def _first_answer(
    connection: AsyncConnection, workspace_id: str, key: str, amount: int | None, target: _Target
) -> RefundReceipt:
    found = await connection.execute(
        select(refunds).where(refunds.c.workspace_id == workspace_id, refunds.c.event_key == key)
    )
    first = found.one()
    same_target = first.conversion_id == target.conversion_id or (first.order_id and first.order_id == target.order_id)
    if first.amount != amount or not same_target:
        raise RefundDiffers(f"The refund {first.id} has this event key and another amount or order.")
    return RefundReceipt(first.id, first.conversion_id, duplicate=True)


class RefundRow(NamedTuple):
    id: str
    conversion_id: str | None
    order_id: str
    amount: int | None
    currency: str | None
    time_ms: int
    received_ms: int


async def list_refunds(
    connection: AsyncConnection, workspace_id: str, before: tuple[int, str] | None, limit: int
) -> list[RefundRow]:
    """Up to `limit` refunds, newest first, older than `before` (time, id)."""
    at = refunds.c
    wanted = select(at.id, at.conversion_id, at.order_id, at.amount, at.currency, at.time_ms, at.received_ms)
    wanted = wanted.where(at.workspace_id == workspace_id).order_by(at.time_ms.desc(), at.id.desc()).limit(limit)
    if before:
        wanted = wanted.where(tuple_(at.time_ms, at.id) < before)
    return [RefundRow(*row) for row in await connection.execute(wanted)]


def refund_of(row: RefundRow) -> Refund:
    return Refund(
        row.id,
        row.conversion_id,
        row.order_id,
        row.amount,
        row.currency,
        from_ms(row.time_ms),
        from_ms(row.received_ms),
    )
