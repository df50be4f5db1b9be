"""What the rest of a head, behind its first two lines, says of the client: judged once and remembered by its bytes.

Browsers have cut their User-Agents down to few, so many visitors of a link send the same lines apart from the address
that they ask for. One dictionary look-up (0.15 µs) then stands for the grammar check and all searches for single
headers (9 µs). The line of cookies, which is one visitor's own, is cut out before and looked at by itself.
Heads that are one visitor's own in other ways (a proxy's address lines) are judged anew each time and never kept.

*Only what aiohttp would take as well is taken here*: lines of RFC 9112's grammar without its obsolete forms, no body,
nothing that changes the protocol or would be given twice. Everything else is None: aiohttp judges it.
"""

from __future__ import annotations

import re
from typing import Final

from edge import record
from edge.framing import HEADERS_MAX, well_formed_lines
from edge.head import Head, headers_in
from edge.hot import Hot

KEPT: Final = 16_384  # clients whose bytes are remembered, at about 1 kB each …
KEPT_MAX_BYTES: Final = 1_024  # … where they are no longer than this

_not_ours = re.compile(
    rb"\n(?i:content-|transfer-encoding:|te:|trailer:|expect:|upgrade:|http2-settings:"
    rb"|connection:(?![ \t]*(?:keep-alive|close)[ \t]*\r))"
).search
_given_once = re.compile(rb"\n(?i:host|user-agent|connection|etag|max-forwards|server):").findall
_one_visitors_own = re.compile(
    rb"\n(?i:cookie|authorization|x-forwarded|forwarded|cf-|via|x-real-ip|true-client)"
).search
COOKIE: Final = b"\r\nCookie: "  # as browsers spell it
_as_printable = bytes(byte if 0x20 <= byte < 0x7F else ord("?") for byte in range(256))
_closes = re.compile(rb"\n(?i:connection:[ \t]*close)").search


class Client:
    """One kind of client."""

    __slots__ = ("closes", "code", "has_host", "head", "headers", "is_usual", "may_store")

    def __init__(self, lines: bytes, headers: dict[bytes, bytes]) -> None:
        self.headers = headers
        self.has_host = b"host" in headers
        self.closes = _closes(lines) is not None
        self.head = Head(lines, b"GET", "", b"/", b"", headers)  # that of no request: what all of this client's share
        no_click = self.head.no_click
        self.code = record.NO_CLICK_CODE[no_click]
        self.may_store = not no_click and not self.head.refuses_tracking
        self.is_usual = not (self.has_host or self.closes or no_click == "prefetch" or _one_visitors_own(lines))


class Clients:
    """One worker's memory of clients."""

    def __init__(self) -> None:
        self._kept = Hot[bytes, Client](KEPT)
        self.usual = self._kept.young
        """Those that were met lately, by their lines with the final empty one."""

    def judge(self, lines: bytes) -> tuple[Client | None, bytes]:
        """The client of these lines, which end with an empty one, and its Cookie line's value; no client: for
        aiohttp."""
        client = self._kept.get(lines)
        if client is not None:
            return client, b""
        rest, cookie = without_cookie(lines)
        if cookie:
            client = self._kept.get(rest) or self._judge(rest)
            if client is not None and client.is_usual:
                return client, cookie
        return self._judge(lines), b""

    def _judge(self, lines: bytes) -> Client | None:
        behind = b"\r\n" + lines  # which ends the line before
        if not well_formed_lines(behind) or _not_ours(behind) or behind.count(b"\n") > HEADERS_MAX:
            return None
        once = [name.lower() for name in _given_once(behind)]
        if len(once) != len(set(once)):
            return None
        client = Client(behind, headers_in(behind))
        if client.is_usual and len(lines) <= KEPT_MAX_BYTES:
            self._kept.put(lines, client)
        return client


def without_cookie(lines: bytes) -> tuple[bytes, bytes]:
    """Lines without the first that is spelled `Cookie: …`, and its value; empty where there is none to be cut out. The
    very first line is left where it is.

    What is left may stand for a client that was judged before, so the line that is cut out has to be whole, and one of
    the head's. It was none if nothing follows it: then it began behind the empty line, where the next request's bytes
    are. Where more follows, two empty lines are left behind, and that is no client's head."""
    before, cookie, behind = lines.partition(COOKIE)
    if not cookie:
        return lines, b""
    value, end, behind = behind.partition(b"\r\n")
    if not behind or value.translate(_as_printable) != value:
        return lines, b""
    return b"".join((before, end, behind)), value
