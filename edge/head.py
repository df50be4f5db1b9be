"""A request's head, from its bytes: what the redirect needs to know, and nothing of any connection.

One pass finds the few headers that matter, wherever they stand; the rest stays in `raw`, which is what gets recorded.
The parser in front (aiohttp's) has refused malformed heads by then; what is odd but legal is judged here: hosts
compare in lower case without port and final dot, slugs are case-sensitive and percent-decoded, so that `/fr%C3%BCh`,
`/fr%c3%bch` and raw UTF-8 are one slug.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from edge.agents import no_click_of
from shared.wire import NoClick

_request_line = re.compile(
    rb"([!-~]+) (?:[Hh][Tt][Tt][Pp][Ss]?://([^/?# ]*))?([^?\r\n]*?)(?:\?([^\r\n]*?))? HTTP/1\.[01]\r\n"
).match
_headers = re.compile(
    rb"\n(?i:(host|user-agent|cookie|accept-language|sec-ch-ua-mobile|sec-ch-ua-platform|sec-gpc|sec-purpose|purpose"
    rb"|x-moz|x-forwarded-for|x-forwarded-proto|forwarded)):[ \t]*([^\r\n]*)"
).findall
_host = re.compile(rb"[a-z0-9._-]+|\[[0-9a-f:.]+\]").fullmatch
_cookie_names = re.compile(rb"(?:^|[;\s])(_ctv?)=([^;\s]*)").findall
_LISTS = {  # may come as several lines
    b"accept-language": b", ",
    b"cookie": b"; ",
    b"forwarded": b", ",
    b"x-forwarded-for": b", ",
}


class Head:
    """One request, up to and without its body."""

    __slots__ = ("_headers", "host", "is_tls", "method", "path", "query", "raw")

    def __init__(self, raw: bytes, method: bytes, host: str, path: bytes, query: bytes, headers: dict[bytes, bytes]):
        self.raw = raw
        self.method = method
        self.host = host  # lower case, without port; empty when there was none
        self.path = path  # as sent, without `?`
        self.query = query  # as sent
        self.is_tls = False  # whether it came over a TLS connection of our own
        self._headers = headers

    @property
    def slug(self) -> str:
        """The path as a slug: decoded, without its first slash. Bytes that aren't UTF-8 match no link."""
        path = self.path[1:]
        return (unquote_to_bytes(path) if b"%" in path else path).decode("utf-8", "surrogateescape")

    @property
    def no_click(self) -> NoClick:
        """Why this request is no click, as far as its head says so: an agent's HEAD is the agent's."""
        if agent := no_click_of(self.get(b"user-agent")):
            return agent
        if self.method == b"HEAD":
            return "head"
        for name in (b"sec-purpose", b"purpose", b"x-moz"):
            if b"prefetch" in self.get(name).lower():
                return "prefetch"
        return ""

    @property
    def refuses_tracking(self) -> bool:
        """Global Privacy Control is on (https://w3c.github.io/gpc/)."""
        return self.get(b"sec-gpc") == b"1"

    def get(self, name: bytes) -> bytes:
        """A header by its lower-case name, one of those that `parse` looks for; empty when it didn't come."""
        return self._headers.get(name, b"")

    def find(self, name: bytes) -> bytes:
        """Any header by its lower-case name, looked for anew at each call. Several lines are one list; empty when it
        didn't come."""
        return b", ".join(value.rstrip(b" \t") for value in _lines_of(name)(self.raw))

    def cookies(self) -> dict[bytes, bytes]:
        """Our own cookies. A name that came twice (set for the host and for its parent) has both values, joined as a
        list of click ids is."""
        found: dict[bytes, bytes] = {}
        for name, value in _cookie_names(self.get(b"cookie")):
            found[name] = found[name] + b"~" + value if name in found else value
        return found


@lru_cache(64)
def _lines_of(name: bytes) -> Callable[[bytes], list[bytes]]:
    return re.compile(rb"\n(?i:%b):[ \t]*([^\r\n]*)" % re.escape(name)).findall


def parse(raw: bytes) -> Head | None:
    """The head in `raw`, which ends with an empty line; None for what is no HTTP/1 request."""
    line = _request_line(raw)
    if line is None:
        return None
    method, authority, path, query = line.groups()
    headers = headers_in(raw, line.end() - 2)
    host = normal_host(authority if authority is not None else headers.get(b"host", b""))
    return Head(raw, method, host, path or b"/", query or b"", headers)


def headers_in(raw: bytes, start: int = 0) -> dict[bytes, bytes]:
    """The headers that matter here, by lower-case name, from `raw` at the line break before the first."""
    headers: dict[bytes, bytes] = {}
    for name, value in _headers(raw, start):
        name = name.lower()
        if name not in headers:
            headers[name] = value.rstrip(b" \t")
        elif name in _LISTS:
            headers[name] += _LISTS[name] + value.rstrip(b" \t")
    return headers


def normal_host(authority: bytes) -> str:
    """`Go.Example.com.:8080` as the cache knows it: `go.example.com`. `[::1]:8080` is `[::1]`; no host is empty."""
    host = authority.rpartition(b"@")[2].lower()
    if not host.endswith(b"]"):
        name, colon, port = host.rpartition(b":")
        if colon and (port.isdigit() or not port) and (b":" not in name or name.endswith(b"]")):
            host = name
    host = host.rstrip(b".")
    return host.decode("ascii") if _host(host) else ""
