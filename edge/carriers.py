"""How a click id reaches the landing page, as text in and bytes out: the destination's address, and the cookie.

    cookie    Set-Cookie: _ct=<click>.<link>~<click>.<link>…   newest first, destination untouched
    fragment  https://shop.example/p?a=b#ct_<click>
    query     https://shop.example/p?a=b&ct=<click>#anchor
    none      the destination as it is

Whatever an address or a query holds, only `!`–`~` leave this module: a line break, a space or a raw byte of either is
percent-encoded, so neither can end a header or begin another.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from shared import click_id
from shared.clock import HOUR_MS
from shared.wire import Carry

CLICK_COOKIE = b"_ct"
CLICK_COOKIE_MS = HOUR_MS
CLICK_COOKIE_IDS = 8
NEVER_FORWARDED = frozenset((b"ct", b"r"))
_FRAGMENT_MARK = b"#ct_"
_FUTURE_MS = 10 * 60 * 1000  # how far ahead of this machine's clock another edge's may be

_unsafe = re.compile(rb"[^!-~]")
_unsafe_in_query = re.compile(rb"[^!-~]|#")
_SAFE_IN_QUERY = bytes(byte for byte in range(0x21, 0x7F) if byte != ord("#"))


class Destination:
    """A link's address, taken apart once so that a click only joins bytes."""

    __slots__ = ("_base", "_fragment", "_query", "_taken", "plain")

    def __init__(self, address: str, query_name: str) -> None:
        raw = _unsafe.sub(_percent, address.encode("utf-8", "surrogateescape"))
        before, _, self._fragment = raw.partition(b"#")
        self._base, mark, query = before.partition(b"?")
        self._query = query.rstrip(b"&")
        self.plain = self._base + (mark + self._query if self._query else b"")
        self._taken = NEVER_FORWARDED | {query_name.encode()} | {_name(part) for part in query.split(b"&")}

    def possible(self, carry: Carry) -> Carry:
        """`carry`, or `query` where it is the fragment's and the address has a fragment already."""
        return "query" if carry == "fragment" and self._fragment else carry

    def with_nothing(self, forwarded: bytes) -> bytes:
        """The address for `cookie` and `none`."""
        return self._with_query(forwarded) + (b"#" + self._fragment if self._fragment else b"")

    def with_fragment(self, forwarded: bytes, click: bytes) -> bytes:
        """The address for `fragment`, which must be `possible`."""
        return self._with_query(forwarded) + _FRAGMENT_MARK + click

    def with_query(self, forwarded: bytes, name: bytes, click: bytes) -> bytes:
        """The address for `query`: the id is the last parameter, before the fragment."""
        own = name + b"=" + click
        return self.with_nothing(forwarded + b"&" + own if forwarded else own)

    def forwardable(self, query: bytes) -> bytes:
        """What of a request's query may be added: as it was written, without the names that the address has already,
        without ours."""
        if not query:
            return b""
        if query.translate(None, _SAFE_IN_QUERY):
            query = _unsafe_in_query.sub(_percent, query)
        parts = query.split(b"&")
        kept = [part for part in parts if part and _name(part) not in self._taken]
        return query if len(kept) == len(parts) else b"&".join(kept)

    def _with_query(self, addition: bytes) -> bytes:
        if not addition:
            return self.plain
        return self.plain + (b"&" if self._query else b"?") + addition


class Target:
    """Where a click may go, and how its id travels there. `number` is the arm's; 0: the link's own destination."""

    __slots__ = ("carry", "carry_without_cookie", "destination", "number")

    def __init__(self, number: int, address: str, query_name: str, carry: Carry, carry_without_cookie: Carry) -> None:
        self.number = number
        self.destination = Destination(address, query_name)
        self.carry: Carry = self.destination.possible(carry)
        without: Carry = "fragment" if carry_without_cookie == "cookie" else carry_without_cookie
        self.carry_without_cookie: Carry = self.destination.possible(without)


def click_cookie(click: bytes, link_id: bytes, held: bytes, time_ms: int) -> bytes:
    """The cookie's value for a new click of a link: its entry, then those of `held` (the value that came in) that are
    well-formed and no older than the cookie itself may become."""
    entries = [click + b"." + click_id.encode(link_id).encode("ascii")]
    seen = {click}
    for entry in held.split(b"~"):
        old, _, link = entry.partition(b".")
        if old in seen or not _is_recent(old, time_ms) or click_id.decode(link.decode("latin-1")) is None:
            continue
        seen.add(old)
        entries.append(entry)
    return b"~".join(entries[:CLICK_COOKIE_IDS])


def _is_recent(click: bytes, time_ms: int) -> bool:
    raw = click_id.decode(click.decode("latin-1"))
    return raw is not None and -_FUTURE_MS <= time_ms - click_id.time_ms_of(raw) <= CLICK_COOKIE_MS


def _name(part: bytes) -> bytes:
    """A parameter's name, decoded, so that another spelling of `ct` is still `ct`."""
    name = part.partition(b"=")[0].replace(b"+", b" ")
    return unquote_to_bytes(name) if name.find(b"%") >= 0 else name


def _percent(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]
