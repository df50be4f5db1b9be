"""From a click as the edge recorded it to the row that is stored: everything known is read off, then the address goes.

Pure: no database, no clock. The address, and whatever could be turned back into it, ends here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import msgspec

from control.ingest.agents import agent_of
from control.ingest.classify import HitClass, classify
from control.ingest.countries import country_of
from control.ingest.referrers import host_of
from control.ingest.visitors import visitor_hash
from shared.wire import STORED_HEADERS, ClickRecord

QUERY_MAX_CHARS = 8_192
HEADER_MAX_CHARS = 2_048

_CACHED_HEADERS = 4_096  # sets of them, at about 1 kB: a batch's clicks share few

_STORED = frozenset(STORED_HEADERS)


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What a click copies from its link, as the link is at that time."""

    link_id: str
    workspace_id: str
    campaign_id: str | None
    channel: str


@dataclass(slots=True)
class Click:
    """A row of `clicks`. Class, reason, alias and, for an activated prefetch, the time may still change."""

    id: bytes
    workspace_id: str
    link_id: str
    campaign_id: str | None
    channel: str
    time_ms: int
    offset_ms: int
    received_ms: int
    hit_class: HitClass
    reason: str
    alias_of: bytes | None
    arm: int
    carry: str
    visitor: bytes | None
    visitor_hash: bytes
    visitor_hash_before: bytes | None
    country: str
    browser: str
    os: str
    device: str
    language: str
    referrer_host: str
    query: str
    headers: str
    edge_id: str


def enrich(
    record: ClickRecord, link: LinkFacts, *, time_ms: int, received_ms: int, edge_id: str, secret: bytes
) -> Click:
    """The click that a record is, at its corrected `time_ms`."""
    headers = record.headers
    user_agent = headers.get("user-agent", "")
    agent = agent_of(user_agent)
    hit_class, reason = classify(record.no_click, agent.robot)
    hashes = visitor_hash(secret, time_ms, record.address, user_agent)
    return Click(
        id=record.click_id,
        workspace_id=link.workspace_id,
        link_id=link.link_id,
        campaign_id=link.campaign_id,
        channel=link.channel,
        time_ms=time_ms,
        offset_ms=time_ms - record.time_ms,
        received_ms=received_ms,
        hit_class=hit_class,
        reason=reason,
        alias_of=None,
        arm=record.arm,
        carry=record.carry,
        visitor=record.visitor or None,
        visitor_hash=hashes.day,
        visitor_hash_before=hashes.before,
        country=country_of(record.address),
        browser=agent.browser,
        os=agent.os,
        device=agent.device,
        language=language_of(headers.get("accept-language", "")),
        referrer_host=host_of(headers.get("referer", "")),
        query=storable(record.query, QUERY_MAX_CHARS),
        headers=_stored_headers(tuple(headers.items())),
        edge_id=edge_id,
    )


def language_of(accept_language: str) -> str:
    """The first language's primary tag, lower-case: `de` of `de-AT,de;q=0.9`; empty for none or `*`."""
    tag = accept_language.partition(",")[0].partition(";")[0].strip().partition("-")[0].lower()
    return tag if 2 <= len(tag) <= 8 and tag.isascii() and tag.isalpha() else ""


def storable(text: str, max_chars: int) -> str:
    """Text that both databases take: Postgres refuses NUL, and UTF-8 has no lone surrogates."""
    if text.isascii():
        return text[:max_chars].replace("\0", "�")
    return text[:max_chars].replace("\0", "�").encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=_CACHED_HEADERS)
def _stored_headers(headers: tuple[tuple[str, str], ...]) -> str:
    kept = {name: storable(value, HEADER_MAX_CHARS) for name, value in headers if name in _STORED}
    return msgspec.json.encode(kept).decode("utf-8").replace("\\u0000", "�")
