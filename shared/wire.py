"""Every message between an edge and the control plane; `docs/reference/wire.md` explains them and the exchanges.

All are msgpack. Structs are arrays on the wire: a new field goes last, with a default, so that an old reader skips it
and a new reader does without it; a change that this cannot express raises `WIRE_VERSION`. A receiver refuses a version
it doesn't know by name (HTTP 400, `unsupported-wire-version`), never by guessing.

Two directions:
- *sync*, control → edge: links, domains and publishable keys as `Change`s of a feed or entries of a snapshot, all
  ordered by `rev`, a counter that every change to anything an edge needs moves forward by one;
- *ship*, edge → control: what visitors did, as `Record`s in batches of a stream.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import msgspec

WIRE_VERSION = 2
WIRE_VERSIONS = (1, WIRE_VERSION)  # that a control plane understands; batches of the first have no `clicks`
WIRE_HEADER = "Clicktrail-Wire"
DIGEST_HEADER = "Clicktrail-Digest"


def digest_of(body: bytes, *said: str) -> str:
    """What `Clicktrail-Digest` says of a body and of the headers that it depends on, in lower-case hex.

    TCP's own checksum lets one damaged segment in some thousands through. With a digest, a message that was damaged on
    its way (send it again) is told from one that was wrong when it left (sending it again helps nobody).
    """
    digest = sha256("\n".join((*said, "")).encode())
    digest.update(body)
    return digest.hexdigest()


# --- sync: control -> edge -------------------------------------------------------------------------------------------

Carry = Literal["cookie", "fragment", "query", "none"]
"""How a click id travels: first-party cookie, `#ct_…`, `?ct=…`, not at all."""

ConsentMode = Literal["granted", "required", "cookieless"]
"""What a domain may store in a browser: anything first-party; nothing before consent; never anything."""


Device = Literal["desktop", "mobile", "tablet"]
System = Literal["android", "chromeos", "ios", "linux", "macos", "windows"]


class Arm(msgspec.Struct, frozen=True, array_like=True):
    """One destination of a rule. `number` is the link's for good: a removed arm's is never given out again."""

    number: int  # 1–65535; 0 is the link's own destination
    destination: str
    weight: int = 1  # 1–10 000, relative to the other arms of its rule
    carry: Carry = "fragment"
    carry_without_cookie: Carry = "fragment"


class Rule(msgspec.Struct, frozen=True, array_like=True):
    """Who goes elsewhere. The first rule whose conditions all hold decides; an empty condition holds for everyone.

    Of several arms a visitor keeps the one that was drawn for them. A rule without conditions splits all traffic.
    """

    arms: tuple[Arm, ...]  # at least one
    countries: tuple[str, ...] = ()  # ISO 3166-1 alpha-2, upper-case
    devices: tuple[Device, ...] = ()
    systems: tuple[System, ...] = ()
    languages: tuple[str, ...] = ()  # BCP 47, lower-case: `pt` holds for `pt-BR` too, `pt-br` for that alone
    from_ms: int = 0  # Unix ms, inclusive; 0: no beginning
    until_ms: int = 0  # Unix ms, exclusive; 0: no end


class Preview(msgspec.Struct, frozen=True, array_like=True):
    """Open Graph tags for the agents that draw link previews (https://ogp.me). Empty fields are left out."""

    title: str = ""
    description: str = ""
    image: str = ""  # absolute http(s) URL


class LinkEntry(msgspec.Struct, frozen=True, array_like=True, tag="link"):
    """What an edge needs to answer one short link. `carry` is resolved by the control plane: never `auto`.

    Judged in this order: password, expiry and click limit, rules, the link's own destination.
    """

    host: str
    slug: str
    link_id: bytes  # 16 bytes, `lnk_…`
    destination: str  # absolute http(s) URL in ASCII (punycode host, percent-encoded path)
    status: Literal[301, 302, 307, 308] = 302
    carry: Carry = "fragment"
    carry_without_cookie: Carry = "fragment"  # where a cookie may not be set: GPC, consent, no click
    query_name: str = "ct"
    forward_query: bool = True
    referrer_policy: str = ""  # header value; empty sends none
    rules: tuple[Rule, ...] = ()
    expires_ms: int = 0  # Unix ms from which the link is closed; 0: never
    is_exhausted: bool = False  # its click limit is reached, as counted by the control plane: closed
    closed_url: str = ""  # where a closed link leads; empty: a page that says so, 410
    password: str = ""  # `shared.password`; empty: none
    is_honeypot: bool = False  # nobody but machines finds it: redirected, recorded, never counted
    preview: Preview | None = None


class DomainEntry(msgspec.Struct, frozen=True, array_like=True, tag="domain"):
    """A short host. Unknown slugs go to `fallback_url` where there is one, else to a 404 page."""

    host: str
    domain_id: bytes  # `dom_…`
    workspace_id: bytes  # `wsp_…`
    fallback_url: str = ""
    cookie_domain: str = ""  # registrable domain for the click-id cookie; empty: host-only
    consent: ConsentMode = "granted"
    is_verified: bool = False  # seen to lead to an edge: certificates may be fetched for it


class KeyEntry(msgspec.Struct, frozen=True, array_like=True, tag="key"):
    """A publishable key that beacons may use, and the origins they may come from (`*` alone: any)."""

    key: str  # `pk_…`, as the page shows it
    key_id: bytes  # `key_…`
    workspace_id: bytes
    allowed_origins: tuple[str, ...] = ()


Entry = LinkEntry | DomainEntry | KeyEntry


def entry_key(entry: Entry) -> str:
    """The name under which an entry is stored and removed: `link:go.example.com/spring`, `domain:…`, `key:…`."""
    match entry:
        case LinkEntry():
            return f"link:{entry.host}/{entry.slug}"
        case DomainEntry():
            return f"domain:{entry.host}"
        case KeyEntry():
            return f"key:{entry.key}"


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One step of the feed: `entry` is now so, or (`entry` None) `key` is gone."""

    rev: int
    key: str
    entry: Entry | None


class ChangePage(msgspec.Struct, frozen=True, array_like=True):
    """`GET /edge/v1/changes`: all that moved after the asked rev, up to `rev`; `more`: ask again at once."""

    epoch: str
    rev: int
    changes: list[Change]
    more: bool = False
    server_ms: int = 0  # the control plane's wall clock, for the edge's clock samples
    tip: str = ""  # random, of the transaction that gave out `rev`: tells two histories of one epoch apart


class SnapshotStart(msgspec.Struct, frozen=True, array_like=True, tag="start"):
    """First frame of `GET /edge/v1/snapshot`; frames are msgpack values behind a 4-byte little-endian length."""

    epoch: str
    rev: int
    server_ms: int
    tip: str = ""  # see ChangePage


class SnapshotEntries(msgspec.Struct, frozen=True, array_like=True, tag="entries"):
    entries: list[Entry]


class SnapshotEnd(msgspec.Struct, frozen=True, array_like=True, tag="end"):
    """Last frame; a snapshot without it, or with another count or digest, is not one."""

    count: int
    digest: bytes = b""  # SHA-256 of all frames before this one, without their lengths


SnapshotFrame = SnapshotStart | SnapshotEntries | SnapshotEnd

# --- ship: edge -> control -------------------------------------------------------------------------------------------

CONTENT_TYPE = "application/vnd.clicktrail.batch+msgpack"
STREAM_HEADER = "Clicktrail-Stream"  # 32 hex digits
FIRST_HEADER = "Clicktrail-First"  # sequence number of the batch's first record in its stream
COUNT_HEADER = "Clicktrail-Count"  # how many records; lets an undecodable batch be set aside and its mark moved
# A batch's digest is made of these three headers, in this order, and the body as sent.

Lane = Literal["fresh", "backlog"]
NoClick = Literal["", "prefetch", "head", "preview", "scanner", "honeypot"]
"""Why the edge itself says that a request is no click; empty: as far as the edge can tell, it is one."""

STORED_HEADERS = (
    "user-agent",
    "accept",
    "accept-language",
    "referer",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-ch-ua-platform-version",
    "sec-ch-ua-model",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-fetch-user",
    "sec-purpose",
    "purpose",
    "x-moz",
    "sec-gpc",
)
"""The only request headers that ever leave the spool, lower-case. Cookie, Authorization and every header that holds an
address stay behind."""


class ClickRecord(msgspec.Struct, frozen=True, array_like=True, tag="click"):
    """A request for a link, answered with a redirect."""

    click_id: bytes
    time_ms: int  # the edge's wall clock at receipt
    boot_ms: int  # the edge machine's time since boot at receipt
    link_id: bytes
    arm: int  # which of a link's rules answered; 0: the link itself
    no_click: NoClick
    carry: Carry
    host: str
    path: str
    query: str  # raw, without `?`
    address: bytes  # 4 or 16 bytes; used at ingest for country and duplicates, then dropped
    visitor: bytes  # first-party id of the short host's cookie (16 bytes), or empty
    headers: dict[str, str]  # of STORED_HEADERS


class BeaconRecord(msgspec.Struct, frozen=True, array_like=True, tag="beacon"):
    """A report by the snippet: landing, event or identify. `body` is the JSON as received (see `shared.beacon`)."""

    record_id: bytes  # UUIDv7 made by the edge
    time_ms: int
    boot_ms: int
    workspace_id: bytes
    key_id: bytes
    host: str
    origin: str
    address: bytes
    headers: dict[str, str]
    body: bytes


class GapRecord(msgspec.Struct, frozen=True, array_like=True, tag="gap"):
    """Records that were lost: how many, when, why. Stored and shown by reports, never hidden."""

    from_ms: int
    to_ms: int
    count: int
    at_least: bool  # the true number may be higher (the counting process was killed as well)
    reason: str  # ring_full | spool_budget | spool_damaged | stream_expired | accepted_loss


class UnknownSlugsRecord(msgspec.Struct, frozen=True, array_like=True, tag="unknown"):
    """Requests for slugs that no link has, summed over a minute of one host."""

    host: str
    minute_ms: int
    total: int
    paths: dict[str, int]  # the 100 most frequent


Record = ClickRecord | BeaconRecord | GapRecord | UnknownSlugsRecord


class ClockSample(msgspec.Struct, frozen=True, array_like=True):
    """One exchange with the control plane, by the edge's clocks; offset ≈ server − wall at half of the round trip."""

    wall_ms: int
    boot_ms: int
    offset_ms: int
    round_trip_ms: int


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Body of `POST /edge/v1/batches` (zstd-compressed) in version 1, and what a `ShippedBatch` comes to.

    Records are numbered on from the `Clicktrail-First` header.
    """

    edge_id: str  # `edg_…`, made by the agent at first start
    lane: Lane
    closed: bool  # no record will follow these in this stream
    low_watermark_ms: int  # least time of any record not yet acked, else now
    clock: list[ClockSample]  # recent samples, newest last
    records: list[Record]


class Target(msgspec.Struct, frozen=True, array_like=True):
    """Where a click's request went to; as in `ClickRecord`."""

    host: str
    path: str
    query: str


class Clicks(msgspec.Struct, frozen=True, array_like=True):
    """The clicks of a batch by columns: one row, one target and one number each. `shared.rows` reads them."""

    rows: bytes  # one behind the other
    targets: list[Target]
    headers: list[dict[str, str]]  # of STORED_HEADERS; each set once
    header_numbers: bytes  # u32 each, little-endian: which of `headers`


class ShippedBatch(Batch, frozen=True, array_like=True):
    """A batch as it crosses the network since version 2: `records` are those that are not among `clicks`."""

    places: list[int] = []  # of `records` among all records of the batch, from 0 on, ascending
    clicks: Clicks | None = None


class BatchAck(msgspec.Struct, frozen=True, array_like=True):
    """Answer with 200 (stored, or had been) and 409 (starts above the mark): the number the stream goes on with."""

    next: int
    server_ms: int
    quarantined: str = ""  # why the batch was set aside undecoded, when it was


MARKS_MAX = 1_000  # streams that one question may name


class MarksQuestion(msgspec.Struct, frozen=True, array_like=True):
    """Body of `POST /edge/v1/marks`: what does the control plane have of these streams? The answer is `Marks`.

    Asked of streams that are wholly acknowledged, after each reconnection and once a minute. A database that was
    replaced by an older copy of itself says nothing of it otherwise: epoch and rev may be those that the edge holds.
    """

    edge_id: str
    streams: list[bytes]


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """`next`: the first record that is not stored; 0 for a stream that is not known."""

    next: int
    closed: bool


class Marks(msgspec.Struct, frozen=True, array_like=True):
    """Marks in the order of the question."""

    server_ms: int
    marks: list[Mark]


class EdgeStatus(msgspec.Struct, frozen=True, array_like=True):
    """Body of `POST /edge/v1/status`, at least every 10 s; the answer is a `StatusAck`."""

    edge_id: str
    name: str  # the node's host name unless configured
    version: str
    wire: int
    epoch: str
    rev: int
    workers: int
    low_watermark_ms: int
    backlog_records: int
    backlog_bytes: int
    spool_bytes: int
    gap_count: int  # records that this agent process has reported as lost
    clock: list[ClockSample]
    held_feed: str = ""  # why changes wait for `clicktrail-edge accept-feed`; empty: they don't


class StatusAck(msgspec.Struct, frozen=True, array_like=True):
    server_ms: int
