"""Several requests at once, and requests that stop halfway."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.security.crafted.request import GOOD, Case, request

_KINDS: dict[str, bytes] = {
    "link": GOOD,
    "cookie link": request(target=b"/cookie"),
    "unknown slug": request(target=b"/nothing"),
    "unknown host": request(host=b"Host: stranger.example"),
    "HEAD": request(method=b"HEAD"),
    "health": request(target=b"/_t/health"),
    "snippet": request(target=b"/_t/t.js"),
    "beacon": request(b"Content-Length: 5", method=b"POST", target=b"/_t/e", body=b"hello"),
    "chunked beacon": request(
        b"Transfer-Encoding: chunked", method=b"POST", target=b"/_t/e", body=b"5\r\nhello\r\n0\r\n\r\n"
    ),
    "POST": request(method=b"POST"),
    "close": request(b"Connection: close"),
    "1.0": request(version=b"HTTP/1.0"),
    "kept 1.0": request(b"Connection: keep-alive", version=b"HTTP/1.0"),
    "malformed": request(b"broken"),
    "upgrade": request(b"Connection: upgrade", b"Upgrade: websocket"),
    "empty lines": b"\r\n\r\n",
    "absolute": request(target=b"http://go.shop.example/spring"),
}


def pipelines() -> Iterator[Case]:
    for first, second in product(_KINDS, repeat=2):
        yield Case(f"{first}, {second}", _KINDS[first] + _KINDS[second])
    for count in (3, 10, 50, 300):
        yield Case(f"{count} links", GOOD * count)
        yield Case(f"{count} times HEAD and link", (_KINDS["HEAD"] + GOOD) * count)
        yield Case(f"{count} links, then a beacon", GOOD * count + _KINDS["beacon"])
    yield Case(
        "everything", b"".join(_KINDS[kind] for kind in _KINDS if kind not in ("close", "1.0", "malformed", "upgrade"))
    )


def truncations() -> Iterator[Case]:
    for at in range(0, len(GOOD), 4):
        yield Case(f"{at} bytes", GOOD[:at])
    body = _KINDS["chunked beacon"]
    for at in range(body.index(b"\r\n\r\n"), len(body), 2):
        yield Case(f"{at} bytes of a chunked beacon", body[:at])
    for length in (1, 5, 1_000, 70_000):
        sent = request(b"Content-Length: %d" % (length + 1), method=b"POST", target=b"/_t/e", body=b"x" * length)
        yield Case(f"a body of {length} bytes and one missing", sent)
