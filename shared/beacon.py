"""The JSON that the snippet posts to `/_t/e`: one report of one of three kinds, told apart by `type`.

The edge decodes it to refuse what is malformed; ingest decodes it again to store it. Both use `decode`, so the edge
never keeps what the control plane cannot read. Names are short because `sendBeacon` has a quota, and a page may close
right behind it.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from shared import click_id

BEACON_MAX_BYTES = 16 * 1024

Text64 = Annotated[str, msgspec.Meta(max_length=64)]
Text256 = Annotated[str, msgspec.Meta(max_length=256)]
Url = Annotated[str, msgspec.Meta(max_length=4096)]
AgeMs = Annotated[int, msgspec.Meta(ge=0, le=7 * 24 * 3600 * 1000)]
EventName = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{3}$")]
DecimalText = Annotated[str, msgspec.Meta(max_length=24, pattern=r"^-?\d{1,16}(\.\d{1,4})?$")]
EmailHash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]

_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*").fullmatch


class _Beacon(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False, tag_field="type"):
    k: Text64  # publishable key
    vid: Text64  # visitor id: 22 characters, made and kept first-party by the snippet; empty without consent
    age: AgeMs = 0  # how long ago it happened, by the page's monotonic clock
    url: Url = ""  # the page, its click id removed
    ref: Url = ""  # document.referrer
    c: Text64 = ""  # click id in hand, 22 characters


class Landing(_Beacon, frozen=True, kw_only=True, tag="landing"):
    """A page view that starts something: it carries a click id, or begins a new session without one."""

    new: bool = False  # the click id was just captured from the address or cookie


class Event(_Beacon, frozen=True, kw_only=True, tag="event"):
    """A conversion or other event. `key` makes it one event however often it arrives."""

    name: EventName
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]  # the caller's, else random
    amount: int | None = None  # minor units
    value: DecimalText | None = None  # or major units as decimal text; never both
    currency: CurrencyCode | None = None
    order: Text256 = ""
    customer: Text256 = ""
    email: EmailHash | None = None  # SHA-256 of the trimmed, lower-cased address
    props: dict[Text64, Text256] = {}


class Identify(_Beacon, frozen=True, kw_only=True, tag="identify"):
    """States who the visitor is: a customer id of the site, a hashed e-mail address, or both."""

    customer: Text256 = ""
    email: EmailHash | None = None


Beacon = Landing | Event | Identify

_decoder = msgspec.json.Decoder(Beacon)


class BadBeacon(ValueError):
    """The text says what is wrong, in words a developer can act on."""


def decode(body: bytes) -> Beacon:
    """The beacon in a request body. Raises BadBeacon for anything that ingest could not use."""
    if len(body) > BEACON_MAX_BYTES:
        raise BadBeacon(f"the body has {len(body)} bytes; {BEACON_MAX_BYTES} are allowed")
    try:
        beacon = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise BadBeacon(str(error)) from None
    for field in ("c", "vid"):
        text = getattr(beacon, field)
        if text and click_id.decode(text) is None:
            raise BadBeacon(f"`{field}` is not an id of 22 base64url characters")
    for field in ("url", "ref", "order", "customer", "key"):
        if not _PRINTABLE(getattr(beacon, field, "")):
            raise BadBeacon(f"`{field}` has a control character")
    if isinstance(beacon, Event):
        if beacon.amount is not None and beacon.value is not None:
            raise BadBeacon("`amount` (minor units) and `value` (major units) say the same thing: send one")
        if (beacon.amount is not None or beacon.value is not None) and beacon.currency is None:
            raise BadBeacon("an amount needs a `currency`")
    if isinstance(beacon, Identify) and not beacon.customer and beacon.email is None:
        raise BadBeacon("`identify` needs `customer` or `email`")
    return beacon
