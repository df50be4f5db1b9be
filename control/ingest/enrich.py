"""From a click as the edge recorded it to the row that is stored: everything known is read off, then the address goes.

Pure: no database, no clock. The address, and whatever could be turned back into it, ends here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec

from control.ingest.agents import Agent, agent_of
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


class Click(msgspec.Struct, gc=False):
    """A row of `clicks`, with the columns in their order. Class, reason, alias and, for an activated prefetch, the time
    may still change."""

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


class Enricher:
    """Enriches the clicks of one batch."""

    def __init__(self, *, received_ms: int, edge_id: str, secret: bytes) -> None:
        self._received_ms, self._edge_id, self._secret = received_ms, edge_id, secret
        self._said: dict[int, tuple[dict[str, str], _Said]] = {}

    def enrich(self, record: ClickRecord, link: LinkFacts, time_ms: int) -> Click:
        """The click that a record is, at its corrected `time_ms`."""
        said = self._said_by(record.headers)
        hit_class, reason = classify(record.no_click, said.agent.robot)
        hashes = visitor_hash(self._secret, time_ms, record.address, said.user_agent)
        return Click(
            id=record.click_id,
            workspace_id=link.workspace_id,
            link_id=link.link_id,
            campaign_id=link.campaign_id,
            channel=link.channel,
            time_ms=time_ms,
            offset_ms=time_ms - record.time_ms,
            received_ms=self._received_ms,
            hit_class=hit_class,
            reason=reason,
            alias_of=None,
            arm=record.arm,
            carry=record.carry,
            visitor=record.visitor or None,
            visitor_hash=hashes.day,
            visitor_hash_before=hashes.before,
            country=country_of(record.address),
            browser=said.agent.browser,
            os=said.agent.os,
            device=said.agent.device,
            language=said.language,
            referrer_host=said.referrer_host,
            query=storable(record.query, QUERY_MAX_CHARS),
            headers=said.stored,
            edge_id=self._edge_id,
        )

    def _said_by(self, headers: dict[str, str]) -> _Said:
        """Clicks of a batch with the same headers share one dictionary of them, which is known by its id as long as it
        is held."""
        found = self._said.get(id(headers))
        if found is None:
            found = self._said[id(headers)] = headers, _said_by(tuple(headers.items()))
        return found[1]


class _Said(NamedTuple):
    """What a set of headers says."""

    user_agent: str
    agent: Agent
    language: str
    referrer_host: str
    stored: str  # the headers that are kept, in JSON


@lru_cache(maxsize=_CACHED_HEADERS)
def _said_by(headers: tuple[tuple[str, str], ...]) -> _Said:
    by_name = dict(headers)
    user_agent = by_name.get("user-agent", "")
    kept = {name: storable(value, HEADER_MAX_CHARS) for name, value in headers if name in _STORED}
    return _Said(
        user_agent,
        agent_of(user_agent),
        language_of(by_name.get("accept-language", "")),
        host_of(by_name.get("referer", "")),
        msgspec.json.encode(kept).decode("utf-8").replace("\\u0000", "�"),
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
