"""The fast path: a click, from the bytes that came to the bytes that go, in a few microseconds.

Five steps, in the order of `FastPath.answer`:

    parse     the first two lines name the link, the rest the client; both are looked up whole, by their bytes
    look up   a link that was asked for lately lies there ready; others come out of the link cache by the general path
    decide    is the link open, what do its rules say, may this client be given cookies? That chooses a form
    record    the click's bytes join the batch, which `commit` puts into the ring before any of its answers leaves
    answer    the form's pieces around the click id, and around a query that is passed on

Whatever is not found ready is judged by `other`: heads by their grammar (`edge.clients`), links by `Redirects`, the one
description of what a request gets. Forms (`edge.forms`) come from the same functions, so the two paths cannot say
different things.

Nothing here waits, and nothing is formatted that could have been formatted before: the date changes once a second, the
times once a millisecond, random bits come by the thousand.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Iterable
from typing import Final, NamedTuple

from edge.answer import Answer
from edge.clients import Clients, without_cookie
from edge.counts import Counts
from edge.forms import Forms, Ready
from edge.head import Head, normal_host
from edge.hot import Hot
from edge.links import Link, LinkCache, entry_name
from edge.redirects import OWN_PATHS, Redirects, Ring
from edge.rendering import Rendering
from edge.visitors import Visitor
from shared import click_id
from shared.clock import boot_ms

READY_LINKS: Final = 20_000  # at about 1.5 kB each; every arm of a rule counts like a link
NAMED_MAX_BYTES: Final = 512

_LINE_END: Final = b"\r\n"
_TIMES = struct.Struct("<qq")
_head_length = struct.Struct("<I").pack
_TARGET_CHARS: Final = rb"!$-;=?-Z_a-z~"  # aiohttp takes these as they are; whatever else it may make of others
_asked = re.compile(
    rb"(GET|HEAD) (/[%b]*) HTTP/1\.1\r\nHost:[ \t]*([0-9A-Za-z._-]+(?::[0-9]{1,5})?)[ \t]*" % _TARGET_CHARS
).fullmatch
_as_target = bytes(byte if re.match(rb"[%b]" % _TARGET_CHARS, bytes((byte,))) else ord(" ") for byte in range(256))
_visitor = re.compile(rb"_ctv=(%b)(?:[;\s]|$)" % click_id.TEXT_FORM).match


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
        self._redirects, self._ring, self._counts = redirects, ring, counts
        self._ready = Hot[bytes, Ready](READY_LINKS, lambda ready: ready.link.size)
        self._asked: dict[str, list[bytes]] = {}  # entry key -> the lines under which its link lies ready
        self._clients = Clients()
        self._usual = self._clients.usual
        self._no_clicks = counts.no_clicks
        self._records: list[bytes] = []
        self._ids: list[tuple[bytes, bytes]] = []
        self._now_ms = 0
        self._stamp = self._time = self._time_text = b""
        self.rendering = Rendering()
        cache.on_moved = self._forget
        self.begin()

    def begin(self) -> None:
        """Requests have arrived, now."""
        now_ms = time.time_ns() // 1_000_000
        if now_ms != self._now_ms:
            self._now_ms = now_ms
            self.rendering.tick(now_ms // 1_000)
            self._time, self._time_text = click_id.time_parts(now_ms)
            self._stamp = _TIMES.pack(now_ms, boot_ms()) + self._time

    def answer(self, data: bytes, peer: Peer) -> bytes | None:
        """The answer to `data`, if it is one whole request of a usual client for a link that lies ready; else None."""
        try:
            asked, host, lines = data.split(_LINE_END, 2)
        except ValueError:
            return None
        named, query = _LINE_END.join((asked, host)), b""
        ready = self._ready.young.get(named)
        if ready is None:
            ready, query = self._without_query(asked, host)
        if ready is None or not peer.is_direct:
            return None

        lines, cookie = without_cookie(lines)
        client = self._usual.get(lines)
        if client is None:
            return None
        visitor, has_click_ids = b"", False
        if cookie.partition(b"_ct")[1]:
            if cookie.count(b"_ct") > 1:
                return None  # what to make of several visitors or ids takes longer
            visitor, has_click_ids = _visitor_in(cookie), cookie.find(b"_ct=") >= 0

        if not self._ids:
            self._ids = click_id.random_parts()
        random, text = self._ids.pop()
        if ready.is_plain:
            forms = ready.forms
        else:
            known = visitor or (self._time + random if client.may_store and ready.forms.new.style.sets_visitor else b"")
            forms = self._decide(ready, Visitor(client.head, peer.address, known, b""))
        if forms is None:
            return None
        form = forms.bare if not client.may_store else forms.known if visitor else forms.new
        style = form.style
        if has_click_ids and style.sets_click_cookie:
            return None  # so does adding an id to those that were set before
        if style.sets_visitor:
            visitor = self._time + random  # a new visitor is called by their first click

        self._no_clicks[client.code] += 1
        self._records.append(b"".join((
            style.starts[client.code], peer.lengths_with_visitor if visitor else peer.lengths, self._stamp, random,
            ready.link_and_host_length, _head_length(len(data)), peer.address, visitor, ready.host, data,
        )))  # fmt: skip

        start, before = self.rendering.redirects[ready.status], form.before
        if query and ready.link.forward_query and (query := form.destination.forwardable(query)):
            before = form.before_query + query + style.behind_query
        if style.sets_visitor:
            return b"".join((
                start, before, self._time_text, text, style.between, self._time_text, text, style.after,
            ))  # fmt: skip
        return b"".join((start, before, self._time_text, text, style.after))

    def other(self, head: bytes, peer: Peer, *, is_last: bool) -> Reply | None:
        """The answer to any one whole head; None where aiohttp must judge it. `is_last` closes the connection."""
        first, second, lines = head.split(_LINE_END, 2)
        named = _LINE_END.join((first, second))
        asked = _asked(named)
        client, cookie = self._clients.judge(lines) if asked is not None else (None, b"")
        if asked is None or client is None or client.has_host:
            return None
        method, target, authority = asked.groups()
        if target.startswith(OWN_PATHS):
            return None
        path, mark, query = target.partition(b"?")
        headers = {**client.headers, b"cookie": cookie} if cookie else client.headers
        parsed = Head(head, method, normal_host(authority), path, query, headers)
        given = self._redirects.find(parsed)
        if not isinstance(given, Answer):
            if method == b"GET":
                self._make_ready(named.replace(mark + query, b"", 1), given, parsed)
            given = self._redirects.answer(given, parsed, peer.address)
        closes = client.closes or is_last
        return Reply(self.rendering.render(given, to_head=method == b"HEAD", closes=closes), closes)

    def commit(self) -> None:
        """The clicks that were answered since are outside of this process when this returns."""
        if self._records:
            self._ring.append(self._records)
            self._counts.redirects += len(self._records)
            self._records.clear()

    def _without_query(self, asked: bytes, host: bytes) -> tuple[Ready | None, bytes]:
        """The link that the first two lines name without their query, and that."""
        path, _, behind = asked.partition(b"?")
        query, space, version = behind.partition(b" ")
        if not space or query.translate(_as_target) != query:
            return None, b""
        return self._ready.young.get(b"".join((path, space, version, _LINE_END, host))), query

    def _decide(self, ready: Ready, visitor: Visitor) -> Forms | None:
        """Of a link that has rules or closes once. None: it is closed."""
        link = ready.link
        if self._now_ms >= link.closes_ms:
            return None
        return ready.forms_of(link.rules.decide(visitor, self._now_ms)) if link.rules else ready.forms

    def _make_ready(self, named: bytes, link: Link, head: Head) -> None:
        """Of a link that was asked for before, so that links asked for once push out none that are popular."""
        if not link.was_asked_for:
            link.was_asked_for = True
            return
        if not Ready.is_possible(link) or len(named) > NAMED_MAX_BYTES or self._ready.get(named) is not None:
            return
        if len(self._asked) > READY_LINKS:
            self._forget(None)  # names of links that were pushed out have piled up
        self._ready.put(named, Ready(link, head.host))
        self._asked.setdefault(entry_name(head.host, head.slug), []).append(named)

    def _forget(self, keys: Iterable[str] | None) -> None:
        """These entries have moved; None: any may have."""
        if keys is None:
            self._ready.clear()
            self._asked.clear()
            return
        for key in keys:
            for named in self._asked.pop(key, ()):
                self._ready.drop(named)


def _visitor_in(cookie: bytes) -> bytes:
    """The visitor's id in a Cookie line's value, 16 bytes; empty where there is none."""
    at = cookie.find(b"_ctv=")
    found = _visitor(cookie, at) if at == 0 or (at > 0 and cookie[at - 1] in b"; \t") else None
    return click_id.bytes_of(found[1]) if found else b""
