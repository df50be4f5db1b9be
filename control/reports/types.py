"""The words of reports. Days are `YYYY-MM-DD` in the workspace's time zone, both ends included."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from control.attribution.models import ModelName

Day = Annotated[str, msgspec.Meta(description="A day such as 2026-06-01, in the workspace's time zone.")]
By = Literal["channel", "campaign", "link"]
Basis = Literal["conversion_date", "touch_date"]


class PeriodQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which days and which event. Without days: the last 30."""

    from_: Day = msgspec.field(name="from", default="")
    to: Day = ""
    event: str = ""  # its name; empty: all
    model: ModelName | None = None  # default: the event's own, or `last`


class OverviewQuery(PeriodQuery, frozen=True, kw_only=True):
    """Figures of a period and of the one before it."""


class BreakdownQuery(PeriodQuery, frozen=True, kw_only=True):
    """Credits by something. `basis` says whose day books a credit: the conversion's, or its touch's."""

    by: By = "channel"
    basis: Basis = "conversion_date"


class Figures(msgspec.Struct, frozen=True):
    """`conversions` are those that count, whole; `net_conversions` without the fully refunded ones. Values are minor
    units of the workspace's currency, before and after refunds."""

    clicks: int = 0
    conversions: int = 0
    net_conversions: int = 0
    value: int = 0
    net_value: int = 0


class OverviewDay(msgspec.Struct, frozen=True):
    day: str
    clicks: int
    conversions: int
    value: int


class Unattributed(msgspec.Struct, frozen=True):
    """Conversions whose path is empty, which nobody is credited for."""

    conversions: int
    value: int


class Gaps(msgspec.Struct, frozen=True):
    """Clicks that edges lost in the period, or had no room to keep; with `at_least` there may have been more."""

    count: int
    at_least: bool


class CurrencyValue(msgspec.Struct, frozen=True):
    """What was sold in another currency than the workspace's: listed apart, never summed."""

    currency: str
    value: int
    net_value: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    from_: str = msgspec.field(name="from")
    to: str
    timezone: str
    currency: str
    model: ModelName
    clicks: int
    conversions: int
    net_conversions: int
    value: int
    net_value: int
    unattributed: Unattributed
    gaps: Gaps
    previous: Figures
    days: list[OverviewDay]
    other_currencies: list[CurrencyValue]


class BreakdownFigures(msgspec.Struct, frozen=True):
    """`conversions` are credits: millionths of a conversion. `spend` is null where it isn't known by this key."""

    clicks: int = 0
    conversions: int = 0
    value: int = 0
    net_value: int = 0
    spend: int | None = None


class BreakdownRow(BreakdownFigures, frozen=True, kw_only=True):
    """`key` is a channel or an id, empty for touches without campaign or link; `label` is for people."""

    key: str
    label: str
    archived: bool = False


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` and `unattributed` add up to `total`, exactly."""

    from_: str = msgspec.field(name="from")
    to: str
    timezone: str
    currency: str
    model: ModelName
    by: By
    basis: Basis
    rows: list[BreakdownRow]
    unattributed: BreakdownFigures
    total: BreakdownFigures
    other_currencies: list[CurrencyValue]


class ArmResult(msgspec.Struct, frozen=True):
    """What one destination of a link brought. Arm 0 is the link's own destination; `destination` is null where the arm
    has been removed. `conversions` are millionths, values minor units of the workspace's currency."""

    arm: int
    destination: str | None
    clicks: int
    conversions: int
    value: int
    net_value: int


class LinkResults(msgspec.Struct, frozen=True):
    """A link's clicks of some days, and what is credited to these clicks, by destination."""

    from_: str = msgspec.field(name="from")
    to: str
    model: ModelName
    currency: str
    arms: list[ArmResult]
