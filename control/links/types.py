"""The words of short links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from control.http.fields import Channel, Line
from control.http.paging import PageQuery
from control.links.carry import CarryChoice
from shared.wire import Carry

Status = Literal[301, 302, 307, 308]
ReferrerPolicy = Literal[
    "",
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
]
DestinationText = Annotated[str, Meta(max_length=8192, description="An http(s) URL of at most 4096 characters.")]
SlugText = Annotated[str, Meta(max_length=512, description="1–128 letters of any script, digits and - _ . ~ /")]
QueryName = Annotated[
    str,
    Meta(
        max_length=32,
        pattern=r"^[A-Za-z][A-Za-z0-9_-]*$",
        description="Name of the query parameter that carries the click id where no cookie or fragment can.",
    ),
]


class NewLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link to make. Without `domain_id` it is on the oldest domain; without `slug` it gets a random one."""

    destination: DestinationText
    domain_id: str | None = None
    slug: SlugText | None = None
    title: Line = ""
    campaign_id: str | None = None
    channel: Channel = "other"
    status: Status = 302
    carry: CarryChoice = "auto"
    query_name: QueryName = "ct"
    forward_query: bool = True
    referrer_policy: ReferrerPolicy = ""


class LinkEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; what is left out stays. `archived: false` brings an archived link back."""

    destination: DestinationText | UnsetType = UNSET
    domain_id: str | UnsetType = UNSET
    slug: SlugText | UnsetType = UNSET
    title: Line | UnsetType = UNSET
    campaign_id: str | UnsetType | None = UNSET
    channel: Channel | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    carry: CarryChoice | UnsetType = UNSET
    query_name: QueryName | UnsetType = UNSET
    forward_query: bool | UnsetType = UNSET
    referrer_policy: ReferrerPolicy | UnsetType = UNSET
    archived: bool | UnsetType = UNSET


class LinkDomain(msgspec.Struct, frozen=True):
    id: str
    host: str


class LinkCampaign(msgspec.Struct, frozen=True):
    id: str
    name: str


class Link(msgspec.Struct, frozen=True):
    """A short link. `carry_resolved` is what `carry` comes to here, `clicks` the human clicks of all time."""

    id: str
    short_url: str
    destination: str
    domain_id: str
    domain: LinkDomain
    slug: str
    title: str
    campaign_id: str | None
    campaign: LinkCampaign | None
    channel: str
    status: Status
    carry: CarryChoice
    carry_resolved: Carry
    query_name: str
    forward_query: bool
    referrer_policy: ReferrerPolicy
    warnings: list[str]
    clicks: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class LinkQuery(PageQuery, frozen=True):
    """Filters of the list; `q` is looked for in title, short link and destination, in any case and script."""

    q: Annotated[str, Meta(max_length=200)] = ""
    domain_id: str = ""
    campaign_id: str = ""
    channel: str = ""
    archived: bool = False


class QrQuery(msgspec.Struct, frozen=True):
    """How the code is drawn: `scale` is the side of one module, in pixels of a PNG or units of an SVG."""

    format: Literal["svg", "png"] = "svg"
    scale: Annotated[int, Meta(ge=1, le=40)] = 8
