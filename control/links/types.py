"""The words of short links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from control.http.fields import Channel, Line
from control.http.paging import PageQuery
from control.links.carry import CarryChoice
from shared.password import PASSWORD_MAX_CHARS
from shared.wire import Carry, Device, System

RULES_MAX = 20
ARMS_MAX = 20
COUNTRIES_MAX = 250
LANGUAGES_MAX = 50
WEIGHT_MAX = 10_000

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
Time = Annotated[datetime, Meta(tz=True)]
Weight = Annotated[int, Meta(ge=1, le=WEIGHT_MAX, description="Relative to the other arms of its rule.")]
ClickLimit = Annotated[int, Meta(ge=1, le=10**12, description="Human clicks after which the link is closed.")]
ClosedUrl = Annotated[
    str, Meta(max_length=8192, description="Where a closed link leads; empty: a page that says so, with status 410.")
]
PasswordText = Annotated[
    str, Meta(max_length=PASSWORD_MAX_CHARS, description="Asked of visitors; empty: none. It is never shown again.")
]
CountryText = Annotated[str, Meta(max_length=8, description="ISO 3166-1 alpha-2, such as DE.")]
LanguageText = Annotated[
    str, Meta(max_length=35, description="BCP 47: pt holds for pt-BR too, pt-br for that region alone.")
]
Paragraph = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]


class LinkArm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One destination of a rule. `arm` is its number, by which clicks know it; name it in an edit to keep it."""

    destination: DestinationText
    weight: Weight = 1
    arm: int | None = None


class LinkRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who goes elsewhere. The first rule whose conditions all hold decides; an empty condition holds for everyone.

    Of several arms a visitor keeps the one that was drawn for them. A rule without conditions splits all traffic.
    """

    arms: Annotated[list[LinkArm], Meta(min_length=1, max_length=ARMS_MAX)]
    countries: Annotated[list[CountryText], Meta(max_length=COUNTRIES_MAX)] = []
    devices: list[Device] = []
    systems: list[System] = []
    languages: Annotated[list[LanguageText], Meta(max_length=LANGUAGES_MAX)] = []
    from_: Time | None = msgspec.field(default=None, name="from")
    until: Time | None = None


class LinkPreview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What messengers and social networks show for the link. An empty field is left to the destination's own page."""

    title: Line = ""
    description: Paragraph = ""
    image: Annotated[str, Meta(max_length=8192, description="An http(s) URL, or empty.")] = ""


Rules = Annotated[list[LinkRule], Meta(max_length=RULES_MAX)]


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
    rules: Rules = []
    expires_at: Time | None = None
    click_limit: ClickLimit | None = None
    closed_url: ClosedUrl = ""
    password: PasswordText = ""
    honeypot: bool = False
    preview: LinkPreview | None = None


class LinkEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; what is left out stays. `archived: false` brings an archived link back.

    `rules` takes the place of all rules; an arm that names its number is kept, one that doesn't is new.
    """

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
    rules: Rules | UnsetType = UNSET
    expires_at: Time | UnsetType | None = UNSET
    click_limit: ClickLimit | UnsetType | None = UNSET
    closed_url: ClosedUrl | UnsetType = UNSET
    password: PasswordText | UnsetType = UNSET
    honeypot: bool | UnsetType = UNSET
    preview: LinkPreview | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET


class LinkDomain(msgspec.Struct, frozen=True):
    id: str
    host: str


class LinkCampaign(msgspec.Struct, frozen=True):
    id: str
    name: str


class Link(msgspec.Struct, frozen=True):
    """A short link. `carry_resolved` is what `carry` comes to here, `clicks` the human clicks of all time.

    `exhausted`: its click limit is reached. Clicks on a `honeypot` are never counted.
    """

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
    rules: list[LinkRule]
    expires_at: datetime | None
    click_limit: int | None
    exhausted: bool
    closed_url: str
    has_password: bool
    honeypot: bool
    preview: LinkPreview | None
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
