"""aiohttp's server with our limits and our manners: what it says to nonsense, and how it stops.

It answers what is lent to it (`edge.guests`), and over TLS (`edge.tls_front`), or where there is no epoll, whole
connections.

Stopping refuses nobody who is already here. aiohttp's own shutdown closes connections that have not sent their request
yet, and stops reading bodies; under load both happen to somebody at each restart. So the listening socket goes first
(the supervisor keeps its own copy, where new connections queue for the successor), then requests come to their end and
connections that were just accepted get a moment to ask, and only then is aiohttp told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from aiohttp import web

from edge import answer
from edge.answer import Answer
from edge.deadlines import KEEP_ALIVE_S, LAST_REQUEST_S
from edge.framing import HEAD_MAX_BYTES, HEADERS_MAX
from edge.guests import Guest
from edge.rendering import SERVER_NAME

_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class Server(web.Server):
    """Hands requests to `respond`, and knows who is still owed an answer."""

    def __init__(self, respond: Callable[[web.BaseRequest], Awaitable[Answer]]) -> None:
        super().__init__(self._serve, loop=asyncio.get_running_loop())
        self._respond = respond
        self._silent: set[web.RequestHandler] = set()  # connections that have not asked for anything yet
        self._asking: set[web.RequestHandler] = set()
        self._is_stopping = False
        self._finished = asyncio.Event()

    def __call__(self) -> web.RequestHandler:
        return Handler(self, asyncio.get_running_loop())

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._silent.add(handler)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._silent.discard(handler)
        self._asking.discard(handler)
        self._note_progress()

    def stop(self) -> None:
        """Every answer from now on ends its connection and says so, so that nobody sends another request into a closed
        one."""
        self._is_stopping = True

    async def finish(self, within_s: float) -> None:
        """Stops, and waits until nobody is owed an answer."""
        self.stop()
        asyncio.get_running_loop().call_later(LAST_REQUEST_S, self._give_up_on_silent)
        self._note_progress()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._finished.wait(), within_s)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self._silent.discard(request.protocol)
        self._asking.add(request.protocol)
        if isinstance(request.transport, Guest):
            await request.transport.until_taken()
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(_GO_ON)  # what aiohttp does for applications, not for its low-level server
        try:
            response = response_of(await self._respond(request))
        finally:
            self._asking.discard(request.protocol)
            self._note_progress()
        if self._is_stopping or response.status == answer.TOO_LARGE.status:
            response.force_close()
        return response

    def _give_up_on_silent(self) -> None:
        self._silent.clear()
        self._note_progress()

    def _note_progress(self) -> None:
        if self._is_stopping and not self._silent and not self._asking:
            self._finished.set()


class Handler(web.RequestHandler):
    """One connection. What aiohttp's parser refuses gets our page: aiohttp would quote the request and log a traceback,
    which strangers could make it do all day."""

    __slots__ = ()

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop, keep_alive_s: int = KEEP_ALIVE_S) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # pyright: ignore[reportArgumentType] — off, which its annotation doesn't know
            keepalive_timeout=keep_alive_s,
            max_line_size=HEAD_MAX_BYTES,
            max_field_size=HEAD_MAX_BYTES,
            max_headers=HEADERS_MAX,
        )

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Sends the answer; a loan is over with it where the connection may go on."""
        finished = await super().finish_response(request, resp, start_time)
        if resp.keep_alive and isinstance(self.transport, Guest):
            self.transport.finish()
        return finished

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        response = response_of(answer.BAD_REQUEST if status < 500 else answer.UNAVAILABLE)
        response.force_close()
        return response


def response_of(given: Answer) -> web.Response:
    """aiohttp's form of an answer."""
    response = web.Response(status=given.status, headers={"Server": SERVER_NAME}, body=given.body or None)
    for line in given.lines.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b": ")
        response.headers.add(name.decode("ascii"), value.decode("latin-1"))
    return response
