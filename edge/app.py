"""What the edge has at which path, between aiohttp's requests and the parts that judge them.

There are no routes but `/_t/…`: everything else is a short link, whose path must not be normalised on its way in, so
requests come straight from aiohttp's low-level server (`edge.server`) and become heads again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from edge import answer, head
from edge.answer import Answer
from edge.beacons import Beacons, problem
from edge.counts import Counts
from edge.framing import HEAD_MAX_BYTES
from edge.links import LinkCache
from edge.passwords import BODY_MAX_BYTES as PASSWORD_BODY_MAX_BYTES
from edge.passwords import Passwords
from edge.probes import VERIFY_PATH, Probes
from edge.proxies import NOWHERE, Proxies, packed
from edge.redirects import OWN_PATHS, Redirects, Ring
from edge.script import Script
from shared.beacon import BEACON_MAX_BYTES
from shared.logs import get_logger

_log = get_logger()


class App:
    """One worker's HTTP service."""

    def __init__(
        self,
        cache: LinkCache,
        ring: Ring,
        proxies: Proxies,
        counts: Counts,
        redirects: Redirects,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.counts, self.redirects, self._proxies = counts, redirects, proxies
        self._passwords = Passwords()
        self._beacons = Beacons(cache, ring, proxies, counts)
        self._script = Script()
        self._probes = Probes(cache, ring, proxies, counts, is_stopping)

    async def respond(self, request: web.BaseRequest) -> Answer:
        """One request. What goes wrong in here is logged, and the visitor sees a page without its cause."""
        try:
            return await self._answer(request)
        except (ConnectionError, web.RequestPayloadError):
            raise
        except Exception:
            _log.exception("a request failed")
            return answer.UNAVAILABLE

    async def _answer(self, request: web.BaseRequest) -> Answer:
        raw = raw_head(request)
        if len(raw) > HEAD_MAX_BYTES:
            return answer.TOO_LARGE
        parsed = head.parse(raw)
        if parsed is None:
            return answer.BAD_REQUEST
        parsed.is_tls = _is_tls(request)
        peer = _peer(request)
        if not parsed.path.startswith(OWN_PATHS):
            if request.method == "POST":
                return await self._take_password(request, parsed, peer)
            return self.redirects.serve(parsed, peer)
        match parsed.path, request.method:
            case b"/_t/e", "POST":
                return await self._take_beacon(request, parsed, peer)
            case b"/_t/e", "OPTIONS":
                return self._beacons.preflight(request.headers.get("Origin", ""))
            case b"/_t/t.js", "GET" | "HEAD":
                return self._script.answer(request.headers.get("If-None-Match", ""))
            case b"/_t/health", "GET" | "HEAD":
                return self._probes.health()
            case b"/_t/ready", "GET" | "HEAD":
                return self._probes.ready()
            case b"/_t/tls-ask", "GET" | "HEAD":
                return self._probes.tls_ask(parsed, peer)
            case path, "GET" | "HEAD" if path.startswith(VERIFY_PATH):
                return self._probes.verify(parsed)
            case b"/_t/e", _:
                return _method_not_allowed("OPTIONS, POST")
            case ((b"/_t/t.js" | b"/_t/health" | b"/_t/ready" | b"/_t/tls-ask"), _):
                return _method_not_allowed("GET, HEAD")
            case _:
                return problem(404, "not-found", "There is nothing here", "under /_t/ are t.js, e, health and ready")

    async def _take_beacon(self, request: web.BaseRequest, parsed: head.Head, peer: bytes) -> Answer:
        origin = request.headers.get("Origin", "")
        body = await _body(request, BEACON_MAX_BYTES)
        return self._beacons.too_large(origin) if body is None else self._beacons.take(parsed, peer, origin, body)

    async def _take_password(self, request: web.BaseRequest, parsed: head.Head, peer: bytes) -> Answer:
        link = self.redirects.locked(parsed)
        if isinstance(link, Answer):
            return link
        body = await _body(request, PASSWORD_BODY_MAX_BYTES)
        if body is None:
            return answer.PASSWORD_TOO_LARGE
        refused = await self._passwords.refuse(link, self._proxies.visitor(peer, parsed), body)
        return refused or self.redirects.unlocked(link, parsed, peer)


def raw_head(request: web.BaseRequest) -> bytes:
    """The head as it came, but for white space around header values."""
    target = request.raw_path.encode("utf-8", "surrogateescape")
    version = b"%d.%d" % (request.version.major, request.version.minor)
    lines = b"".join(b"%b: %b\r\n" % header for header in request.raw_headers)
    return b"%b %b HTTP/%b\r\n%b\r\n" % (request.method.encode("ascii"), target, version, lines)


async def _body(request: web.BaseRequest, max_bytes: int) -> bytes | None:
    """The request's body; None where it is longer."""
    body = b""
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            return None
    return body


def _is_tls(request: web.BaseRequest) -> bool:
    return request.transport is not None and request.transport.get_extra_info("sslcontext") is not None


def _peer(request: web.BaseRequest) -> bytes:
    transport = request.transport
    if transport is None:
        return NOWHERE
    lent: bytes | None = transport.get_extra_info("peer_address")  # by a connection of ours: `edge.guests`
    name: Any = transport.get_extra_info("peername")
    return lent or (packed(name[0]) if name else None) or NOWHERE


def _method_not_allowed(allowed: str) -> Answer:
    lines = f"Allow: {allowed}\r\n".encode("ascii")
    return problem(405, "method-not-allowed", "This method does nothing here", f"allowed are {allowed}", lines)
