"""From what a page or a server sent to a checked, normalised report."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from control.conversions import money
from control.conversions.times import occurred_ms
from control.conversions.types import ConversionReport, NewConversion
from control.http.errors import InvalidInput
from shared import click_id
from shared.beacon import Event

DEFAULT_NAMESPACE = "default"
URL_MAX_CHARS = 2_048


def customer_of(text: str) -> str:
    """A customer id as `namespace:id`; one without a namespace is in `default`. Empty stays empty."""
    text = text.strip()
    namespace, colon, own = text.partition(":")
    if not text or (colon and namespace and own):
        return text
    return f"{DEFAULT_NAMESPACE}:{text}"


def email_hash(address: str) -> str:
    """SHA-256 in hex of an address, trimmed and lower-cased, as the snippet computes it."""
    return sha256(address.strip().lower().encode()).hexdigest()


def from_beacon(record_id: bytes, event: Event, *, time_ms: int, received_ms: int) -> ConversionReport:
    """A page's report. Raises BadMoney for an amount that its currency can't have."""
    currency = money.currency_of(event.currency) if event.currency else None
    amount = money.amount_of(event.amount, event.value, currency)
    report = without_amount(record_id, event, time_ms=time_ms, received_ms=received_ms)
    return msgspec.structs.replace(report, amount=amount, currency=currency if amount is not None else None)


def without_amount(record_id: bytes, event: Event, *, time_ms: int, received_ms: int) -> ConversionReport:
    """What a page's report says besides its amount, which may be wrong."""
    return ConversionReport(
        id=record_id,
        source="browser",
        name=event.name,
        key=event.key,
        time_ms=time_ms,
        time_stated=True,
        received_ms=received_ms,
        click_id=click_id.decode(event.c) if event.c else None,
        visitor_id=click_id.decode(event.vid) if event.vid else None,
        customer=customer_of(event.customer),
        email_hash=event.email or "",
        order_id=event.order.strip(),
        url=event.url[:URL_MAX_CHARS],
        props={_storable(name): _storable(value) for name, value in event.props.items()},
    )


def _storable(text: str) -> str:
    return text.replace("\0", "�")


def from_server(body: NewConversion, received_ms: int) -> ConversionReport:
    """A server's report. Raises InvalidInput naming the field."""
    if body.email is not None and body.email_sha256 is not None:
        raise InvalidInput.of("email_sha256", "says the same as `email`: send one of them")
    for name, text in (("order_id", body.order_id), ("customer_id", body.customer_id), ("event_key", body.event_key)):
        if not text.isprintable():
            raise InvalidInput.of(name, "has a control character")
    if any("\0" in text for pair in body.props.items() for text in pair):
        raise InvalidInput.of("props", "has a NUL character")
    try:
        currency = money.currency_of(body.currency) if body.currency else None
        amount = money.amount_of(body.amount, body.value, currency)
    except money.BadMoney as error:
        raise InvalidInput.of(error.field, str(error)) from None
    return ConversionReport(
        id=click_id.new(received_ms),
        source="server",
        name=body.event,
        key=body.event_key,
        time_ms=received_ms if body.occurred_at is None else occurred_ms(body.occurred_at, received_ms),
        time_stated=body.occurred_at is not None,
        received_ms=received_ms,
        click_id=_id_of("click_id", body.click_id),
        visitor_id=_id_of("visitor_id", body.visitor_id),
        customer=customer_of(body.customer_id),
        email_hash=email_hash(body.email) if body.email is not None else (body.email_sha256 or ""),
        order_id=body.order_id.strip(),
        amount=amount,
        currency=currency if amount is not None else None,
        props=body.props,
    )


def _id_of(field: str, text: str | None) -> bytes | None:
    if text is None:
        return None
    raw = click_id.decode(text)
    if raw is None:
        raise InvalidInput.of(field, "is not an id of 22 base64url characters")
    return raw
