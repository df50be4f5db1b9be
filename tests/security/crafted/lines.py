"""Request lines: methods, versions, white space, line ends, what stands before them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.security.crafted.request import GOOD, HOST_LINE, Case, named, request

_METHODS = (
    b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"PROPFIND", b"REPORT", b"PURGE",
    b"M-SEARCH", b"QUERY", b"BREW", b"get", b"Get", b"head", b"GETT", b"GE", b"G", b"GET/", b"GET,HEAD", b"G\0T",
    b"G\xc9T", b"GET\x0b", b"*", b"!", b"a" * 19, b"A" * 300, b"A" * 20_000, b"",
)  # fmt: skip
_VERSIONS = (
    b"HTTP/1.0", b"HTTP/1.1", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/2", b"HTTP/3", b"HTTP/1",
    b"HTTP/1.", b"HTTP/.1", b"HTTP/1.11", b"HTTP/01.1", b"HTTP/1.01", b"HTTP/11.1", b"HTTP/-1.1", b"HTTP/+1.1",
    b"HTTP/1,1", b"HTTP/1.1x", b"HTTP/1.1 x", b"HTTP 1.1", b"HTTP/ 1.1", b"HTTP/1 .1", b"http/1.1", b"Http/1.1",
    b"HTTPS/1.1", b"HTTP/A.B", b"HTTP/1.\xb1", b"HTTP/999999999999999999.1", b"ICE/1.0", b"RTSP/1.0", b"", b"HTTP",
    b"1.1",
)  # fmt: skip
_SPACES = (
    b"", b"  ", b"\t", b" \t", b"\x0b", b"\x0c", b"\r", b"\n", b"\xa0", b"\0", b"\x1f", b"+", b"%20", b"\xe2\x80\x83",
)  # fmt: skip
_ENDS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\r\n",
    b"\n\r",
    b"\r\n\n",
    b" \r\n",
    b"\t\r\n",
    b"\x0b\r\n",
    b"\x85",
    b"\0\r\n",
    b"",
)
_LEADING = (
    b"\r\n", b"\r\n\r\n", b"\n", b"\n\n\n", b"\r", b"\r\r", b" ", b"\t", b" \r\n", b"\0", b"\0\r\n", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\r\n" * 100, b"\r\n" * 9_000, b"X: y\r\n", b":\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"# \r\n",
)  # fmt: skip


def methods() -> Iterator[Case]:
    for method in _METHODS:
        for target in (b"/spring", b"/nothing", b"/_t/e", b"/_t/health", b"/_t/t.js"):
            yield Case(f"{named(method)} {target.decode()}", request(method=method, target=target))


def versions() -> Iterator[Case]:
    for version in _VERSIONS:
        yield Case(named(version), request(version=version))
        yield Case(f"{named(version)} without Host", request(version=version, host=None))
        yield Case(f"{named(version)} kept alive", request(b"Connection: keep-alive", version=version))


def separators() -> Iterator[Case]:
    rest = b"\r\n" + HOST_LINE + b"\r\n\r\n"
    for space in _SPACES:
        yield Case(f"{named(space)} behind the method", b"GET" + space + b"/spring HTTP/1.1" + rest)
        yield Case(f"{named(space)} behind the target", b"GET /spring" + space + b"HTTP/1.1" + rest)
        yield Case(f"{named(space)} and a space behind the target", b"GET /spring" + space + b" HTTP/1.1" + rest)
        yield Case(f"{named(space)} behind the version", b"GET /spring HTTP/1.1" + space + rest)
        yield Case(f"{named(space)} within the target", b"GET /spr" + space + b"ing HTTP/1.1" + rest)


def endings() -> Iterator[Case]:
    for end in _ENDS:
        yield Case(f"{named(end)} behind the request line", b"GET /spring HTTP/1.1" + end + HOST_LINE + b"\r\n\r\n")
        yield Case(f"{named(end)} behind a field", b"GET /spring HTTP/1.1\r\n" + HOST_LINE + end + b"A: b\r\n\r\n")
        yield Case(f"{named(end)} behind the last field", b"GET /spring HTTP/1.1\r\n" + HOST_LINE + end + b"\r\n")
        yield Case(f"{named(end)} as the empty line", b"GET /spring HTTP/1.1\r\n" + HOST_LINE + b"\r\n" + end)
        yield Case(f"{named(end)} everywhere", b"GET /spring HTTP/1.1" + end + HOST_LINE + end + b"A: b" + end + end)
        yield Case(f"{named(end)} twice as the end", b"GET /spring HTTP/1.1\r\n" + HOST_LINE + end + end)


def leading() -> Iterator[Case]:
    for junk in _LEADING:
        yield Case(named(junk), junk + GOOD)
