"""The words of campaigns: what links are grouped by, and what was spent on them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from control.http.fields import Amount, Channel, Currency, Label
from control.http.paging import PageQuery

SPEND_MAX_ROWS = 5_000


class NewCampaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Label


class CampaignEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; what is left out stays."""

    name: Label | UnsetType = UNSET
    archived: bool | UnsetType = UNSET


class Campaign(msgspec.Struct, frozen=True):
    """Links that belong together. An archived campaign takes no new links; its figures stay."""

    id: str
    name: str
    created_at: datetime
    archived_at: datetime | None


class CampaignQuery(PageQuery, frozen=True):
    archived: bool = False
    """Whether archived campaigns are listed instead of those in use."""


class SpendRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one channel of a campaign cost on one day of the workspace's time zone."""

    day: date
    channel: Channel
    amount: Amount
    currency: Currency


class Spend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that was spent on a campaign, in order of day and channel."""

    items: Annotated[list[SpendRow], Meta(max_length=SPEND_MAX_ROWS)]
