"""The words of event definitions: which events count as conversions, how often, and how long after a click."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from control.http.fields import Amount, Currency, Label
from control.http.paging import PageQuery
from shared.beacon import EventName

Counting = Literal["every", "once_per_person", "once_per_click"]
Model = Literal["first", "last", "linear", "time_decay", "position"]

WindowDays = Annotated[int, Meta(ge=1, le=365, description="Attribution window in days of 24 hours.")]


class NewEventDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event of one's own. `name` is what pages and servers send; it can't be changed later."""

    name: EventName
    title: Label
    counting: Counting = "every"
    window_days: WindowDays = 30
    default_model: Model = "last"
    default_amount: Amount | None = None
    default_currency: Currency | None = None


class EventDefinitionEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; what is left out stays. A change of counting or window credits past conversions anew."""

    title: Label | UnsetType = UNSET
    counting: Counting | UnsetType = UNSET
    window_days: WindowDays | UnsetType = UNSET
    default_model: Model | UnsetType = UNSET
    default_amount: Amount | UnsetType | None = UNSET
    default_currency: Currency | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET


class EventDefinition(msgspec.Struct, frozen=True):
    """What an event means. `version` moves with every change that can change a credit."""

    id: str
    name: str
    title: str
    standard: bool
    counting: Counting
    window_days: int
    default_model: Model
    default_amount: int | None
    default_currency: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class EventDefinitionQuery(PageQuery, frozen=True):
    archived: bool = False
    """Whether archived definitions are listed instead of those in use."""
