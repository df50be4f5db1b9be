"""A click, in five steps: parse the head, look up the link, decide, record, answer.

No socket is known here: a head comes in, an answer goes out, and between the two the click's record is in the ring.
The order is the promise: **when `serve` returns, the record is outside of this process**, so an answered click is a
kept click even if the process is killed before the answer is on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from edge import answer, carriers, record
from edge.answer import Answer
from edge.counts import Counts
from edge.head import Head
from edge.linkfiles import Damage
from edge.links import Link, LinkCache
from edge.proxies import Proxies
from edge.unknown import UnknownSlugs
from shared import click_id
from shared.clock import boot_ms, wall_ms
from shared.wire import Carry, NoClick

OWN_PATHS = b"/_t/"  # the snippet, beacons and health; no slug begins so


class Ring(Protocol):
    """Where records go (`edge.ring.RingWriter`)."""

    @property
    def is_dropping(self) -> bool: ...

    def append(self, records: Sequence[bytes]) -> None: ...


class Redirects:
    """Everything that one worker answers outside of `/_t/`."""

    def __init__(self, cache: LinkCache, ring: Ring, proxies: Proxies, counts: Counts) -> None:
        self._cache, self._ring, self._proxies, self._counts = cache, ring, proxies, counts
        self._unknown = UnknownSlugs()
        self._new_id: Callable[[int], bytes] = click_id.ClickIds().new

    def serve(self, head: Head, peer: bytes) -> Answer:
        """The answer to one request; `peer` is the socket's address in 4 or 16 bytes."""
        if head.method not in (b"GET", b"HEAD"):
            return answer.METHOD
        if not self._cache.is_ready:
            return answer.UNAVAILABLE
        try:
            link = self._cache.find(head.host, head.slug)
            if link is None:
                return self._answer_unknown(head)
        except Damage:
            self._counts.damaged += 1
            return answer.UNAVAILABLE
        return self._answer_link(link, head, peer)

    def flush_unknown(self, *, all_of_it: bool = False) -> None:
        """Puts the finished minutes of unknown slugs into the ring; when the worker stops, the running one too."""
        minutes = self._unknown.take_all() if all_of_it else self._unknown.take(wall_ms())
        records = [record.encode_unknown_slugs(minute) for minute in minutes]
        if records:
            self._ring.append(records)

    def _answer_link(self, link: Link, head: Head, peer: bytes) -> Answer:
        no_click = head.no_click
        may_store = not no_click and link.consent == "granted" and not head.refuses_tracking
        carry = link.carry if may_store or link.carry != "cookie" else link.carry_without_cookie
        if no_click == "prefetch":
            carry = link.carry_without_cookie
            if carry != "fragment":
                return answer.ASK_AGAIN  # nothing on the page could say later that it became a visit

        time_ms = wall_ms()
        click = self._new_id(time_ms)
        text = click_id.encode(click).encode("ascii")
        visitor, cookies = self._cookies(link, head, peer, carry, may_store, text, time_ms)
        self._record(link, head, peer, no_click, carry, click, visitor, time_ms)

        forwarded = link.destination.forwardable(head.query) if link.forward_query else b""
        return answer.redirect(link, carry, forwarded, text, cookies)

    def _cookies(
        self, link: Link, head: Head, peer: bytes, carry: Carry, may_store: bool, click: bytes, time_ms: int
    ) -> tuple[bytes, bytes]:
        """The visitor's id on this host (16 bytes, or none), and the Set-Cookie lines."""
        held = head.cookies()
        visitor = click_id.decode(held.get(answer.VISITOR_COOKIE, b"").decode("latin-1")) or b""
        if not may_store:
            return visitor, b""
        secure = self._proxies.is_secure(peer, head)
        lines = b""
        if carry == "cookie":
            value = carriers.click_cookie(click, link.link_id, held.get(carriers.CLICK_COOKIE, b""), time_ms)
            lines = answer.click_cookie_line(value, link.cookie_domain, secure)
        if not visitor:
            visitor = self._new_id(time_ms)
            lines += answer.visitor_cookie_line(click_id.encode(visitor).encode("ascii"), secure)
        return visitor, lines

    def _record(
        self,
        link: Link,
        head: Head,
        peer: bytes,
        no_click: NoClick,
        carry: Carry,
        click: bytes,
        visitor: bytes,
        time_ms: int,
    ) -> None:
        encoded = record.encode_click(
            time_ms=time_ms,
            boot_ms=boot_ms(),
            click_id=click,
            link_id=link.link_id,
            arm=0,
            no_click=record.NO_CLICK_CODE[no_click],
            carry=record.CARRY_CODE[carry],
            address=self._proxies.visitor(peer, head),
            visitor=visitor,
            host=head.host.encode("ascii", "replace"),
            head=head.raw,
        )
        self._ring.append([encoded])
        self._counts.redirects += 1

    def _answer_unknown(self, head: Head) -> Answer:
        domain = self._cache.domain(head.host)
        if domain is None:
            return answer.UNKNOWN_HOST
        if head.path != b"/":  # the bare host is no slug
            self._counts.unknown_slugs += 1
            self._unknown.count(head.host, head.path.decode("utf-8", "replace"), wall_ms())
        return answer.fallback(domain.fallback_url) if domain.fallback_url else answer.UNKNOWN_SLUG
