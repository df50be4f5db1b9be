"""The words of what is read about conversions: the list, and the explanation of one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from control.attribution.ledger import Reason
from control.attribution.models import ModelName
from control.http.paging import PAGE_DEFAULT, Cursor, Limit

MatchStatus = Literal["matched", "unmatched"]


class ConversionsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`from` and `to` are days of the workspace's time zone, both included. `link_id`, `campaign_id` and `channel`
    choose conversions that they are credited for under `model`, which is each event's own unless named."""

    event: str = ""
    status: Literal["matched", "unmatched", "all"] = "all"
    from_: str = msgspec.field(name="from", default="")
    to: str = ""
    link_id: str = ""
    campaign_id: str = ""
    channel: str = ""
    q: Annotated[str, msgspec.Meta(max_length=256, description="An order id.")] = ""
    model: ModelName | None = None
    cursor: Cursor = ""
    limit: Limit = PAGE_DEFAULT


class CreditedTo(msgspec.Struct, frozen=True):
    """The touch with the largest credit; the later one of several."""

    channel: str
    link_id: str | None
    short_url: str | None
    campaign: str | None


class ConversionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is `matched` when at least one touch lies in the attribution window. `provisional`: an edge may still
    hold earlier clicks. `refunded` is what refunds took, at most the amount."""

    id: str
    event: str
    title: str
    occurred_at: datetime
    received_at: datetime
    amount: int | None
    refunded: int
    currency: str | None
    order_id: str
    source: str
    status: MatchStatus
    counted: bool
    not_counted: str
    provisional: bool
    credited_to: CreditedTo | None


class Conversion(ConversionFacts, frozen=True, kw_only=True):
    """A conversion in the list; `touches`: how many its path has."""

    touches: int


class NamedIdentifier(msgspec.Struct, frozen=True):
    kind: str
    value: str


class PersonJoin(msgspec.Struct, frozen=True):
    """An observation that brought identifiers of this person together, and who stated it."""

    a: NamedIdentifier
    b: NamedIdentifier
    occurred_at: datetime
    source: str


class PersonSummary(msgspec.Struct, frozen=True):
    id: str
    identifiers: list[NamedIdentifier]
    joins: list[PersonJoin]


class TouchLink(msgspec.Struct, frozen=True):
    id: str
    short_url: str
    title: str


class TouchCampaign(msgspec.Struct, frozen=True):
    id: str
    name: str


class TouchFacts(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    id: str
    occurred_at: datetime
    channel: str
    link: TouchLink | None
    campaign: TouchCampaign | None


class ModelShare(msgspec.Struct, frozen=True):
    """`credit` in millionths; values in minor units, before and after refunds, null without an amount."""

    weight: int
    credit: int
    value: int | None
    net_value: int | None


class CreditedTouch(TouchFacts, frozen=True, kw_only=True):
    position: int
    age_ms: int
    models: dict[str, ModelShare]


class ConsideredTouch(TouchFacts, frozen=True, kw_only=True):
    """`reason`: `out_of_window`, `after_conversion`, `duplicate`, `prefetch`, `preview`, `head`, `ignored_referrer`,
    `internal` or `bot:…`."""

    reason: str


class ModelFormula(msgspec.Struct, frozen=True):
    model: ModelName
    formula: str
    parameters: dict[str, int]


class LedgerVersion(msgspec.Struct, frozen=True):
    version: int
    reason: Reason
    opened_at: datetime
    closed_at: datetime | None
    touches: int


class StoredReport(msgspec.Struct, frozen=True):
    source: str
    received_at: datetime
    body: dict[str, Any]


class AppliedRefund(msgspec.Struct, frozen=True):
    """`amount` null: all that was left. `over_refund`: what it asked beyond that."""

    id: str
    amount: int | None
    over_refund: int
    currency: str | None
    occurred_at: datetime
    received_at: datetime


class Explanation(ConversionFacts, frozen=True, kw_only=True):
    """One conversion: whose it is and why, what was considered, and what each model makes of it."""

    person: PersonSummary | None
    touches: list[CreditedTouch]
    excluded: list[ConsideredTouch]
    models: list[ModelFormula]
    window_days: int
    ledger: list[LedgerVersion]
    reports: list[StoredReport]
    refunds: list[AppliedRefund]
