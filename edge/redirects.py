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
from edge.carriers import Target
from edge.counts import Counts
from edge.head import Head
from edge.linkfiles import Damage
from edge.links import Link, LinkCache
from edge.proxies import Proxies
from edge.unknown import UnknownSlugs
from edge.visitors import Visitor
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

    def __init__(
        self, cache: LinkCache, ring: Ring, proxies: Proxies, counts: Counts, country_header: str = ""
    ) -> None:
        self._cache, self._ring, self._proxies, self._counts = cache, ring, proxies, counts
        self._country_header = country_header.lower().encode("ascii")
        self._unknown = UnknownSlugs()
        self._new_id: Callable[[int], bytes] = click_id.ClickIds().new

    def serve(self, head: Head, peer: bytes) -> Answer:
        """The answer to one request; `peer` is the socket's address in 4 or 16 bytes."""
        found = self.find(head)
        return found if isinstance(found, Answer) else self.answer(found, head, peer)

    def find(self, head: Head) -> Link | Answer:
        """The link that is asked for; where there is none, the answer."""
        if head.method not in (b"GET", b"HEAD"):
            return answer.METHOD
        if not self._cache.is_ready:
            return answer.UNAVAILABLE
        try:
            return self._cache.find(head.host, head.slug) or self._answer_unknown(head)
        except Damage:
            return self._damaged()

    def answer(self, link: Link, head: Head, peer: bytes) -> Answer:
        """The answer to a request for this link."""
        return answer.PASSWORD if link.password else self._answer_link(link, head, peer, link.status)

    def locked(self, head: Head) -> Link | Answer:
        """The link whose password a POST may bring; for every other POST its answer."""
        if not self._cache.is_ready:
            return answer.UNAVAILABLE
        try:
            link = self._cache.find(head.host, head.slug)
        except Damage:
            return self._damaged()
        return link if link is not None and link.password else answer.METHOD

    def unlocked(self, link: Link, head: Head, peer: bytes) -> Answer:
        """The answer to the right password: 303, so that the password is not sent on to the destination."""
        return self._answer_link(link, head, peer, 303)

    def flush_unknown(self, *, all_of_it: bool = False) -> None:
        """Puts the finished minutes of unknown slugs into the ring; when the worker stops, the running one too."""
        minutes = self._unknown.take_all() if all_of_it else self._unknown.take(wall_ms())
        records = [record.encode_unknown_slugs(minute) for minute in minutes]
        if records:
            self._ring.append(records)

    def _answer_link(self, link: Link, head: Head, peer: bytes, status: int) -> Answer:
        """Of a closed link nothing is recorded: who came too late went nowhere that the link would have taken them, and
        a touch that credits the link for what they do elsewhere would be false."""
        time_ms = wall_ms()
        if time_ms >= link.closes_ms:
            return answer.closed(link)
        # Not even a prefetch, which could become a click, makes a honeypot's visitor anything but a machine.
        no_click: NoClick = "honeypot" if link.is_honeypot else head.no_click
        click = self._new_id(time_ms)
        if no_click == "preview" and link.preview is not None:
            self._record(link, head, peer, 0, no_click, "none", click, b"", time_ms)
            return answer.preview(link, link.preview)

        may_store = not no_click and link.consent == "granted" and not head.refuses_tracking
        held = head.cookies()
        known = click_id.decode(held.get(answer.VISITOR_COOKIE, b"").decode("latin-1"))
        visitor = known or (click if may_store else b"")  # a new visitor is called by their first click
        target = self._target(link, head, peer, visitor, time_ms)
        carry = target.carry if may_store or target.carry != "cookie" else target.carry_without_cookie
        if no_click == "prefetch":
            carry = target.carry_without_cookie
            if carry != "fragment":
                return answer.ASK_AGAIN  # nothing on the page could say later that it became a visit
        self._record(link, head, peer, target.number, no_click, carry, click, visitor, time_ms)

        text = click_id.encode(click).encode("ascii")
        cookies = b""
        if may_store:
            secure = self._proxies.is_secure(peer, head)
            if carry == "cookie":
                value = carriers.click_cookie(text, link.link_id, held.get(carriers.CLICK_COOKIE, b""), time_ms)
                cookies = answer.click_cookie_line(value, link.cookie_domain, secure)
            if known is None:
                cookies += answer.visitor_cookie_line(text, secure)
        forwarded = target.destination.forwardable(head.query) if link.forward_query else b""
        return answer.redirect(link, target, status, carry, forwarded, text, cookies)

    def _target(self, link: Link, head: Head, peer: bytes, visitor: bytes, time_ms: int) -> Target:
        if link.rules is None:
            return link
        country_header = self._country_header if self._proxies.trusts(peer) else b""
        asking = Visitor(head, self._proxies.visitor(peer, head), visitor, country_header)
        return link.rules.decide(asking, time_ms) or link

    def _record(
        self,
        link: Link,
        head: Head,
        peer: bytes,
        arm: int,
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
            arm=arm,
            no_click=record.NO_CLICK_CODE[no_click],
            carry=record.CARRY_CODE[carry],
            address=self._proxies.visitor(peer, head),
            visitor=visitor,
            host=head.host.encode("ascii", "replace"),
            head=head.raw,
        )
        self._ring.append([encoded])
        self._counts.redirects += 1
        self._counts.no_clicks[record.NO_CLICK_CODE[no_click]] += 1

    def _answer_unknown(self, head: Head) -> Answer:
        domain = self._cache.domain(head.host)
        if domain is None:
            return answer.UNKNOWN_HOST
        if head.path != b"/":  # the bare host is no slug
            self._counts.unknown_slugs += 1
            self._unknown.count(head.host, head.path.decode("utf-8", "replace"), wall_ms())
        return answer.fallback(domain.fallback_url) if domain.fallback_url else answer.UNKNOWN_SLUG

    def _damaged(self) -> Answer:
        self._counts.damaged += 1
        return answer.UNAVAILABLE
