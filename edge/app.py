"""The edge behind aiohttp: requests become heads, answers become responses. All judgement is elsewhere.

`web.Server` instead of an application: there are no routes but `/_t/…`, and a short link's path must not be normalised
on its way in. aiohttp keeps the limits of the protocol (line and header sizes, keep-alive) and refuses what isn't HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
import structlog
from aiohttp import web
from multidict import CIMultiDict

from edge import answer, head
from edge.answer import Answer
from edge.beacons import Beacons, problem
from edge.counts import Counts
from edge.linkfiles import Damage
from edge.links import LinkCache
from edge.proxies import NOWHERE, Proxies, packed
from edge.redirects import OWN_PATHS, Redirects, Ring
from edge.script import Script
from shared.beacon import BEACON_MAX_BYTES

KEEP_ALIVE_S = 75
HEAD_MAX_BYTES = 16 * 1024
HEADERS_MAX = 100
SERVER_NAME = "clicktrail"

_log = structlog.get_logger()


class _Connection(web.RequestHandler):
    """aiohttp's protocol with our limits, and with our page for what its parser refuses: it would quote the request and
    log a traceback for each, which strangers could make it do all day."""

    __slots__ = ()

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # pyright: ignore[reportArgumentType] — off, which its annotation doesn't know
            keepalive_timeout=KEEP_ALIVE_S,
            max_line_size=HEAD_MAX_BYTES,
            max_field_size=HEAD_MAX_BYTES,
            max_headers=HEADERS_MAX,
        )

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        response = _response(answer.BAD_REQUEST if status < 500 else answer.UNAVAILABLE)
        response.force_close()
        return response


class _Server(web.Server):
    """Makes our connections."""

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, asyncio.get_running_loop())


class App:
    """One worker's HTTP service."""

    def __init__(self, cache: LinkCache, ring: Ring, proxies: Proxies) -> None:
        self.counts = Counts()
        self.redirects = Redirects(cache, ring, proxies, self.counts)
        self._cache, self._ring = cache, ring
        self._beacons = Beacons(cache, ring, proxies, self.counts)
        self._script = Script()
        self._in_flight = 0
        self._is_stopping = False
        self._finished = asyncio.Event()

    def server(self) -> web.Server:
        """What a listening socket needs."""
        return _Server(self.handle, loop=asyncio.get_running_loop())

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request. What goes wrong in here is logged, and the visitor sees a page without its cause."""
        self._in_flight += 1
        try:
            response = _response(await self._answer(request))
        except (ConnectionError, web.RequestPayloadError):
            raise
        except Exception:
            _log.exception("a request failed")
            response = _response(answer.UNAVAILABLE)
        finally:
            self._in_flight -= 1
        if self._is_stopping:
            response.force_close()
            if not self._in_flight:
                self._finished.set()
        return response

    async def finish(self, within_s: float) -> None:
        """Lets the requests in flight come to their end, bodies included (aiohttp's own shutdown would stop reading
        them). Connections are told to close with their next answer, so that nobody sends into a closed one."""
        self._is_stopping = True
        if self._in_flight:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._finished.wait(), within_s)

    async def _answer(self, request: web.BaseRequest) -> Answer:
        raw = raw_head(request)
        if len(raw) > HEAD_MAX_BYTES:
            return answer.TOO_LARGE
        parsed = head.parse(raw)
        if parsed is None:
            return answer.BAD_REQUEST
        peer = _peer(request)
        if not parsed.path.startswith(OWN_PATHS):
            return self.redirects.serve(parsed, peer)
        match parsed.path, request.method:
            case b"/_t/e", "POST":
                return await self._take_beacon(request, parsed, peer)
            case b"/_t/e", "OPTIONS":
                return self._beacons.preflight(request.headers.get("Origin", ""))
            case b"/_t/t.js", "GET" | "HEAD":
                return self._script.answer(request.headers.get("If-None-Match", ""))
            case b"/_t/health", "GET" | "HEAD":
                return self._health()
            case b"/_t/e", _:
                return _method_not_allowed("OPTIONS, POST")
            case ((b"/_t/t.js" | b"/_t/health"), _):
                return _method_not_allowed("GET, HEAD")
            case _:
                return problem(404, "not-found", "There is nothing here", "the edge has t.js, e and health under /_t/")

    async def _take_beacon(self, request: web.BaseRequest, parsed: head.Head, peer: bytes) -> Answer:
        origin = request.headers.get("Origin", "")
        body = b""
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > BEACON_MAX_BYTES:
                return self._beacons.too_large(origin)
        return self._beacons.take(parsed, peer, origin, body)

    def _health(self) -> Answer:
        """Healthy means: able to redirect. An edge that waits for its first snapshot isn't."""
        try:
            position = self._cache.position
        except Damage:
            position = None
        ready = position is not None and self._cache.is_ready
        body = {
            "status": "ok" if ready else "waiting for links",
            "epoch": position.epoch if position else "",
            "rev": position.rev if position else 0,
            "ring": "full" if self._ring.is_dropping else "ok",
            "worker": self.counts,
        }
        lines = b"Content-Type: application/json\r\nCache-Control: no-store\r\n"
        return Answer(200 if ready else 503, lines, msgspec.json.encode(body))


def raw_head(request: web.BaseRequest) -> bytes:
    """The head as it came, but for white space around header values."""
    target = request.raw_path.encode("utf-8", "surrogateescape")
    version = b"%d.%d" % (request.version.major, request.version.minor)
    lines = b"".join(b"%b: %b\r\n" % header for header in request.raw_headers)
    return b"%b %b HTTP/%b\r\n%b\r\n" % (request.method.encode("ascii"), target, version, lines)


def _peer(request: web.BaseRequest) -> bytes:
    name: Any = request.transport.get_extra_info("peername") if request.transport is not None else None
    return (packed(name[0]) if name else None) or NOWHERE


def _response(given: Answer) -> web.Response:
    headers: CIMultiDict[str] = CIMultiDict()
    for line in given.lines.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b": ")
        headers.add(name.decode("ascii"), value.decode("latin-1"))
    headers["Server"] = SERVER_NAME
    return web.Response(status=given.status, headers=headers, body=given.body)


def _method_not_allowed(allowed: str) -> Answer:
    lines = f"Allow: {allowed}\r\n".encode("ascii")
    return problem(405, "method-not-allowed", "This method does nothing here", f"allowed are {allowed}", lines)
