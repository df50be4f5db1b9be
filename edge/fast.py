"""The fast path: a click on a plain link, from the bytes that came to the bytes that go, in 2 µs.

Five steps, in the order of `FastPath.answer`:

    parse     the first two lines name the link, the rest the client; both are looked up whole, by their bytes
    look up   a link that was asked for lately lies there ready; others come out of the link cache by the general path
    decide    may this client be given cookies, and which? That chooses one of three forms, cut and dried
    record    the click's bytes join the batch, which `commit` puts into the ring before any of its answers leaves
    answer    the form's pieces around the click id

Whatever is not found ready is judged by `other`: heads by their grammar (`edge.clients`), links by `Redirects.serve`,
the one description of what a request gets. A form is made by the same functions, for a stand-in of a click id at which
it is then cut, so the two paths cannot say different things.

Nothing here waits, and nothing is formatted that could have been formatted before: the date changes once a second, the
times once a batch, random bits come by the thousand.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Iterable
from typing import Final, NamedTuple

from edge import answer, carriers, record
from edge.clients import Clients, without_cookie
from edge.counts import Counts
from edge.head import Head, normal_host
from edge.hot import Hot
from edge.links import Link, LinkCache, entry_name
from edge.redirects import OWN_PATHS, Redirects, Ring
from edge.rendering import Rendering
from shared import click_id
from shared.clock import boot_ms
from shared.wire import Carry

READY_LINKS: Final = 20_000  # at about 1 kB each
LINES_MAX_BYTES: Final = 512

_STAND_IN = bytes(click_id.CLICK_ID_CHARS)  # no address or cookie holds a NUL: `edge.carriers`
_TIMES = struct.Struct("<qq")
_STARTS = {
    carry: [record.click_start(no_click, code) for no_click in record.NO_CLICK_CODE.values()]
    for carry, code in record.CARRY_CODE.items()
}
_asked = re.compile(
    rb"(GET|HEAD) (/[!$-;=?-Z_a-z~]*) HTTP/1\.1\r\nHost:[ \t]*([0-9A-Za-z._-]+(?::[0-9]{1,5})?)[ \t]*"
).fullmatch
_visitor = re.compile(rb"(?:^|[;\s])_ctv=([A-Za-z0-9_-]{22})(?:[;\s]|$)").search


class Form:
    """How one plain link is answered to one kind of client."""

    __slots__ = ("after", "before", "between", "sets_visitor", "starts")

    def __init__(self, link: Link, carry: Carry, *, sets_visitor: bool) -> None:
        cookies = b""
        if carry == "cookie":
            value = carriers.click_cookie(_STAND_IN, link.link_id, b"", 0)
            cookies = answer.click_cookie_line(value, link.cookie_domain, secure=False)
        if sets_visitor:
            cookies += answer.visitor_cookie_line(_STAND_IN, secure=False)
        lines = answer.redirect(link, link, link.status, carry, b"", _STAND_IN, cookies).lines
        pieces = lines.split(_STAND_IN)
        self.before, self.after = pieces[0], pieces[-1] + b"\r\n"
        self.between = pieces[1] if len(pieces) == 3 else b""
        self.sets_visitor = sets_visitor
        self.starts = _STARTS[carry]


class Ready:
    """A plain link, ready to answer with."""

    __slots__ = ("bare", "host", "known", "link_and_host_length", "new", "status")

    def __init__(self, link: Link, host: str) -> None:
        stores = link.consent == "granted"
        without = link.carry if link.carry != "cookie" else link.carry_without_cookie
        self.bare = Form(link, without, sets_visitor=False)  # to clients that may be given no cookies
        self.known = Form(link, link.carry, sets_visitor=False) if stores and link.carry == "cookie" else self.bare
        self.new = Form(link, link.carry, sets_visitor=True) if stores else self.bare
        self.status = link.status
        self.host = host.encode("ascii")
        self.link_and_host_length = link.link_id + len(self.host).to_bytes(2, "little")

    @staticmethod
    def is_possible(link: Link) -> bool:
        """All forms have the id where it can be cut out: the destination carries it, or a cookie does."""
        return link.is_plain and "none" not in (link.carry, link.carry_without_cookie)


class Peer:
    """The other end of a connection, as its records tell it."""

    __slots__ = ("address", "is_direct", "lengths", "lengths_with_visitor")

    def __init__(self, address: bytes, is_direct: bool) -> None:
        self.address = address  # 4 or 16 bytes
        self.is_direct = is_direct  # nobody whose word on somebody else's address counts
        self.lengths = bytes((len(address), 0))
        self.lengths_with_visitor = bytes((len(address), click_id.CLICK_ID_BYTES))


class Reply(NamedTuple):
    """Bytes to send; the connection ends behind them where it `closes`."""

    data: bytes
    closes: bool = False


class FastPath:
    """One worker's. `begin`, then `answer` (and `other`) for each request, then `commit`, then the answers may go."""

    def __init__(self, redirects: Redirects, cache: LinkCache, ring: Ring, counts: Counts) -> None:
        self._redirects, self._cache, self._ring, self._counts = redirects, cache, ring, counts
        self._ready = Hot[bytes, Ready](READY_LINKS)
        self._asked: dict[str, list[bytes]] = {}  # entry key -> the lines under which its link lies ready
        self._clients = Clients()
        self._usual = self._clients.usual
        self._no_clicks = counts.no_clicks
        self._records: list[bytes] = []
        self._ids: list[tuple[bytes, bytes]] = []
        self._stamp = self._time = self._time_text = b""
        self.rendering = Rendering()
        cache.on_moved = self._forget
        self.begin()

    def begin(self) -> None:
        """Requests have arrived, now."""
        now_ms = time.time_ns() // 1_000_000
        self.rendering.tick(now_ms // 1_000)
        self._time, self._time_text = click_id.time_parts(now_ms)
        self._stamp = _TIMES.pack(now_ms, boot_ms()) + self._time

    def answer(self, data: bytes, peer: Peer) -> bytes | None:
        """The answer to `data`, if it is one whole request of a usual client for a link that lies ready; else None."""
        end = data.find(b"\r\n", data.find(b"\r\n") + 2)
        ready = self._ready.young.get(data[:end])
        if ready is None or not peer.is_direct:
            return None
        lines, visitor = data[end:], b""
        client = self._usual.get(lines)
        if client is None:
            rest, cookie = without_cookie(lines)
            client = self._usual.get(rest)
            if client is None or b"_ct=" in cookie or cookie.count(b"_ctv") > 1:
                return None  # click ids that were set before, or several visitors: what to make of them takes longer
            visitor = _visitor_in(cookie)

        form = ready.bare if not client.may_store else ready.known if visitor else ready.new
        if not self._ids:
            self._ids = click_id.random_parts()
        random, text = self._ids.pop()
        if form.sets_visitor:
            visitor = self._time + random  # a new visitor is called by their first click

        self._no_clicks[client.code] += 1
        self._records.append(b"".join((
            form.starts[client.code], peer.lengths_with_visitor if visitor else peer.lengths, self._stamp, random,
            ready.link_and_host_length, len(data).to_bytes(4, "little"), peer.address, visitor, ready.host, data,
        )))  # fmt: skip

        redirect = self.rendering.redirects[ready.status]
        if form.sets_visitor:
            return b"".join((
                redirect, form.before, self._time_text, text, form.between, self._time_text, text, form.after,
            ))  # fmt: skip
        return b"".join((redirect, form.before, self._time_text, text, form.after))

    def other(self, head: bytes, peer: Peer, *, is_last: bool) -> Reply | None:
        """The answer to any one whole head; None where aiohttp must judge it. `is_last` closes the connection."""
        end = head.find(b"\r\n", head.find(b"\r\n") + 2)
        lines = head[:end]
        asked = _asked(lines)
        client, cookie = self._clients.judge(head[end:]) if asked is not None else (None, b"")
        if asked is None or client is None or client.has_host:
            return None
        method, target, authority = asked.groups()
        if target.startswith(OWN_PATHS):
            return None
        path, _, query = target.partition(b"?")
        headers = {**client.headers, b"cookie": cookie} if cookie else client.headers
        parsed = Head(head, method, normal_host(authority), path, query, headers)
        if self._ready.get(lines) is None and method == b"GET" and b"?" not in target:
            self._make_ready(lines, parsed)
        given = self._redirects.serve(parsed, peer.address)
        closes = client.closes or is_last
        return Reply(self.rendering.render(given, to_head=method == b"HEAD", closes=closes), closes)

    def commit(self) -> None:
        """The clicks that were answered since are outside of this process when this returns."""
        if self._records:
            self._ring.append(self._records)
            self._counts.redirects += len(self._records)
            self._records.clear()

    def _make_ready(self, lines: bytes, head: Head) -> None:
        """Of a plain link that was asked for before, so that links asked for once push out none that are popular."""
        link = self._cache.held(head.host, head.slug)
        if link is None or not Ready.is_possible(link) or len(lines) > LINES_MAX_BYTES:
            return
        if len(self._asked) > READY_LINKS:
            self._forget(None)  # names of links that were pushed out have piled up
        self._ready.put(lines, Ready(link, head.host))
        self._asked.setdefault(entry_name(head.host, head.slug), []).append(lines)

    def _forget(self, keys: Iterable[str] | None) -> None:
        """These entries have moved; None: any may have."""
        if keys is None:
            self._ready.clear()
            self._asked.clear()
            return
        for key in keys:
            for lines in self._asked.pop(key, ()):
                self._ready.drop(lines)


def _visitor_in(cookie: bytes) -> bytes:
    """The visitor's id in a Cookie line's value, 16 bytes, or empty."""
    found = _visitor(cookie)
    return click_id.decode(found[1].decode("ascii")) or b"" if found else b""
