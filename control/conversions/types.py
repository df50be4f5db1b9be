"""The words of conversions: a report of one, what recording it came to, and the API's forms of both."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, NamedTuple

import msgspec

from shared.beacon import CurrencyCode, DecimalText, EmailHash, EventName, Text64, Text256

Source = Literal["browser", "server", "import"]

SOURCES: tuple[Source, ...] = ("server", "import", "browser")
"""Whose word stands where several report one conversion: the earlier here."""


class ConversionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one source says about one conversion, checked and normalised. Reports are kept whole, as JSON."""

    id: bytes  # 16 bytes: the edge's record id, or one made at receipt
    source: Source
    name: str
    key: str = ""  # the caller's event key
    time_ms: int  # when it happened, or its receipt where the source doesn't say
    time_stated: bool  # whether the source said so
    received_ms: int
    click_id: bytes | None = None
    visitor_id: bytes | None = None
    customer: str = ""  # namespace:id
    email_hash: str = ""  # SHA-256 in hex
    order_id: str = ""
    amount: int | None = None  # minor units
    currency: str | None = None
    url: str = ""
    props: dict[str, str] = {}


class Recorded(NamedTuple):
    """The conversion that a report became part of."""

    conversion_id: str
    duplicate: bool  # whether the same source had reported it already


HoldReason = Literal["undefined_event", "invalid", "conflicting_repeat", "robot"]


class Held(NamedTuple):
    """Why a report became no conversion."""

    reason: HoldReason
    field: str
    detail: str


# --- the API ----------------------------------------------------------------------------------------------------------

EmailAddress = Annotated[str, msgspec.Meta(min_length=3, max_length=320, pattern="@")]
Id22 = Annotated[str, msgspec.Meta(min_length=22, max_length=22)]


class NewConversion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A conversion as a server reports it. Name whatever is known of whoever converted: each identifier joins."""

    event: EventName
    click_id: Id22 | None = None
    visitor_id: Id22 | None = None
    customer_id: Text256 = ""
    """`namespace:id`, or an id alone in the namespace `default`."""
    email: EmailAddress | None = None
    """Hashed at receipt (trimmed, lower-cased, SHA-256); the address itself is not kept."""
    email_sha256: EmailHash | None = None
    order_id: Text256 = ""
    event_key: Annotated[str, msgspec.Meta(max_length=128)] = ""
    """Makes a repeated report the same conversion; an order id does so by itself."""
    amount: int | None = None
    """In minor units (cents)."""
    value: DecimalText | None = None
    """The amount in major units as decimal text, such as "12.90"; instead of `amount`."""
    currency: CurrencyCode | None = None
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """At most 365 days back and 5 minutes ahead; without it, now."""
    props: dict[Text64, Text256] = {}


class ConversionReceipt(msgspec.Struct, frozen=True):
    """`unmatched`: nothing is known yet of whoever converted; it joins when the click or identifier arrives."""

    id: str
    status: Literal["matched", "unmatched"]
    duplicate: bool


class NewRefund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money given back. It names its conversion, or the order, which may be reported later."""

    conversion_id: Text64 | None = None
    order_id: Annotated[str, msgspec.Meta(max_length=256)] = ""
    event: EventName = "purchase"
    """Which event's order it is."""
    amount: Annotated[int, msgspec.Meta(gt=0)] | None = None
    """In minor units; without `amount` and `value` all that is left."""
    value: DecimalText | None = None
    currency: CurrencyCode | None = None
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    event_key: Annotated[str, msgspec.Meta(max_length=128)] = ""


class Refund(msgspec.Struct, frozen=True):
    """A stored refund. `conversion_id` is null while its order has not been reported."""

    id: str
    conversion_id: str | None
    order_id: str
    amount: int | None
    currency: str | None
    occurred_at: datetime
    received_at: datetime


class RefundReceipt(msgspec.Struct, frozen=True):
    id: str
    conversion_id: str | None
    duplicate: bool


class UndefinedEvent(msgspec.Struct, frozen=True):
    """An event that pages report and no definition counts. Its reports are kept: define it, and they count."""

    name: str
    reports: int
    first_seen_at: datetime
    last_seen_at: datetime


class UndefinedEvents(msgspec.Struct, frozen=True):
    items: list[UndefinedEvent]
