"""A worker's TLS connections: aiohttp serves whole ones, within the limits of the plain port (`edge.connections`).

They are accepted here, so that the budget of an address, the cap, and what happens where descriptors run out go before
the handshake, which is what costs. From then on each has one deadline: for handshake and first head, for a further head
from its first byte on, for a request and its body, and between two requests. aiohttp knows the last of these alone.

What it can't be told: a head is read on in another's parser, so its size is counted by what comes while no request is
whole, and is exact only where it comes in parts; `edge.app` looks at the others. A client that takes no answers is
judged no further once OUTPUT_MAX_BYTES wait in the transport; aiohttp then reads on, for some dozens of requests.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Final, Protocol, cast

from aiohttp import StreamReader, web

from edge import answer
from edge.answer import Answer
from edge.connection import OUTPUT_MAX_BYTES, RECEIVE_BYTES
from edge.counts import Counts
from edge.deadlines import KEEP_ALIVE_S, LAST_REQUEST_S, LINGER_S, LOAN_S, PROXY_KEEP_ALIVE_S, Deadlines
from edge.door import Door, Limits
from edge.framing import HEAD_MAX_BYTES
from edge.proxies import Proxies
from edge.rendering import Rendering
from edge.server import Handler, Server
from edge.tls import Certificate

CLOSE_S: Final = 0.5  # for answers on their way, when the worker stops


class _Wire(Protocol):
    """The event loop's transport over TLS, uvloop's or asyncio's; neither has a type that says this."""

    def set_write_buffer_limits(self, high: int) -> None: ...

    def set_read_buffer_limits(self, high: int) -> None:
        """How much is kept that was read and that nobody wants at the moment."""

    def abort(self) -> None: ...


class TlsConnection(Handler):
    """One connection from its acceptance on: aiohttp's handler, and since when its client owes us something."""

    __slots__ = (
        "_answered", "_body", "_front", "_head_bytes", "_keep_alive_s", "_wire", "active_s", "deadline", "handshake",
        "is_open", "is_trusted", "place",
    )  # fmt: skip

    def __init__(self, server: Server, front: TlsFront, *, is_trusted: bool) -> None:
        self._keep_alive_s = PROXY_KEEP_ALIVE_S if is_trusted else KEEP_ALIVE_S
        super().__init__(server, asyncio.get_running_loop(), self._keep_alive_s)
        self._front = front
        self.is_trusted = is_trusted  # a proxy of ours: exempt from budgets and shedding
        self.is_open = True
        self.handshake: asyncio.Task[None] | None = None
        self._wire: _Wire | None = None  # aiohttp forgets its own when it begins to close it
        self._answered = 0
        self._head_bytes = 0  # of a head that is not whole
        self._body: StreamReader | None = None  # of the request that was answered last; may be on its way yet
        self.place = 0  # see edge.deadlines
        self._allow(front.head_s)

    @property
    def may_be_shed(self) -> bool:
        """Whether it may be closed for a further connection: not while we owe it an answer that it would take."""
        if not self.is_open or self.is_trusted:
            return False
        return not self._is_asked or self._paused or self._awaits_body

    def expire(self) -> None:
        """Its deadline is over."""
        if self._head_bytes:
            self._refuse(answer.TOO_SLOW)
        elif self._wire is None:
            self.drop()
        else:
            self.force_close()

    def drop(self) -> None:
        """Ends it at once, whatever waits."""
        self._front.forget(self)
        if self._wire is not None:
            self._wire.abort()
        elif self.handshake is not None:
            self.handshake.cancel()

    # --- what happens to it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = wire = cast("_Wire", transport)
        wire.set_write_buffer_limits(OUTPUT_MAX_BYTES)
        wire.set_read_buffer_limits(RECEIVE_BYTES)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._front.forget(self)

    def data_received(self, data: bytes) -> None:
        was_asked = self._is_asked
        super().data_received(data)
        if self._is_asked:
            self._head_bytes = 0
            if not was_asked:
                self._allow(LOAN_S)
        elif data and (self._body is None or self._body.is_eof()):
            self._note_part_of_head(len(data))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._allow(self._keep_alive_s)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        finished = await super().finish_response(request, resp, start_time)
        self._answered += 1
        self._body = request.content
        self._allow(LOAN_S if self._is_asked else self._keep_alive_s)
        return finished

    # --- limits

    @property
    def _is_asked(self) -> bool:
        """Whether a request has come that was not answered."""
        return self._request_count > self._answered

    @property
    def _awaits_body(self) -> bool:
        asked = self._current_request
        return asked is not None and not asked.content.is_eof()

    def _note_part_of_head(self, size: int) -> None:
        if not self._head_bytes:
            self._allow(self._front.head_s)
        self._head_bytes += size
        if self._head_bytes > HEAD_MAX_BYTES:
            self._refuse(answer.TOO_LARGE)

    def _refuse(self, last: Answer) -> None:
        """Says why, and closes."""
        if self.transport is not None:
            self.transport.write(self._front.refusal(last))
        self.force_close()

    def _allow(self, seconds: int) -> None:
        """Something has come to its end, or begun: the client has so long for what is next."""
        self.active_s = self._front.second
        self.deadline = self.active_s + seconds
        self._front.deadlines.watch(self)


class TlsFront:
    """One worker's."""

    def __init__(
        self,
        listener: socket.socket,
        server: Server,
        certificate: Certificate,
        proxies: Proxies,
        counts: Counts,
        limits: Limits,
    ) -> None:
        """Serves from the first tick on at which there is a certificate."""
        self._socket, self._server, self.certificate = listener, server, certificate
        self._proxies, self._counts, self._limits = proxies, counts, limits
        self.head_s = limits.head_s
        self._held: dict[TlsConnection, None] = {}  # the oldest first
        self.second = int(time.monotonic())
        self.deadlines = Deadlines[TlsConnection](self.second)
        self._rendering = Rendering()
        self._door: Door[TlsConnection] | None = None

    def tick(self) -> None:
        """To be called many times a second: ends what has taken too long, looks after the certificate."""
        self.second = int(time.monotonic())
        self.certificate.refresh()
        if self._door is not None:
            self._door.tick(self.second)
        elif self.certificate.is_usable:
            self._door = Door[TlsConnection](
                self._socket, self._held.keys(), self._limits, self._proxies, self._counts,
                adopt=self._adopt, close=TlsConnection.drop,
            )  # fmt: skip
        for connection in self.deadlines.passed(self.second):
            connection.expire()

    async def finish(self, within_s: float) -> None:
        """Takes no new connections, answers what is on its way in, and closes. The listening socket is left open."""
        until = time.monotonic() + within_s
        if self._door is not None:
            self._door.stop()
        self._server.stop()
        handshakes = [held.handshake for held in self._held if held.handshake is not None]
        if handshakes:
            await asyncio.wait(handshakes, timeout=LAST_REQUEST_S)
        await self._server.finish(until - time.monotonic())
        self._server.pre_shutdown()
        await self._server.shutdown(CLOSE_S)
        for connection in list(self._held):
            connection.drop()

    def refusal(self, last: Answer) -> bytes:
        """The bytes of an answer that ends its connection."""
        self._counts.bad_requests += 1
        self._rendering.tick(int(time.time()))
        return self._rendering.render(last, closes=True)

    def forget(self, connection: TlsConnection) -> None:
        """It has ended. May be said twice."""
        if connection.is_open:
            connection.is_open = False
            del self._held[connection]
            self._counts.connections_open -= 1

    # --- new connections

    def _adopt(self, accepted: socket.socket, peer: bytes) -> None:
        """Who has come in at the door."""
        connection = TlsConnection(self._server, self, is_trusted=self._proxies.trusts(peer))
        self._held[connection] = None
        self._counts.connections_open += 1
        connection.handshake = asyncio.ensure_future(self._shake_hands(accepted, connection))

    async def _shake_hands(self, accepted: socket.socket, connection: TlsConnection) -> None:
        """Until the connection is one of TLS, or has ended."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=self.certificate.context,
                ssl_handshake_timeout=self.head_s + 1,  # ours comes first
                ssl_shutdown_timeout=LINGER_S,
            )
        except OSError:  # no TLS, or none that both speak
            self.forget(connection)
