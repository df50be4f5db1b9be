"""Requests by loan: aiohttp serves what the fast path cannot judge, over a connection that stays ours.

A *guest* is one of aiohttp's connection handlers on a transport that exists in memory alone: it is fed the bytes of one
request, and its answer is passed on to whichever connection has the loan. aiohttp never sees the socket, so nothing is
handed over or taken back, no byte can be read by the wrong side, and a request costs what it costs in a stock aiohttp
server. Handlers are kept for the next loan.

A connection whose further bytes only aiohttp can delimit (a body of unknown length, an upgrade, a head that is not by
the grammar) is lent *for good*: it gets every byte from then on, and ends the connection when it likes.

aiohttp is imported after the worker serves already, which halves the time to the first redirect. What is lent before
`open` waits.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from aiohttp import web

IDLE_MAX: Final = 64  # handlers kept for the next loan


class Borrower(Protocol):
    """A connection's side of a loan."""

    @property
    def address(self) -> bytes:
        """The peer's, 4 or 16 bytes."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether its client leaves so many answers that it is to get no more for now; `Guest.go_on` ends that."""
        ...

    def deliver(self, data: bytes) -> None:
        """Part of an answer."""

    def answered(self) -> None:
        """The request that was lent has its answer, and more may follow."""

    def ended(self) -> None:
        """The connection ends behind what was delivered."""

    def resume(self) -> None:
        """More of a body may come."""


class Host(Protocol):
    """Where handlers come from: aiohttp's server."""

    def __call__(self) -> web.RequestHandler: ...

    def stop(self) -> None:
        """Every answer from now on ends its connection, and says so."""


class Guest(asyncio.Transport):
    """aiohttp's end of a loan."""

    def __init__(self) -> None:
        super().__init__()
        self.borrower: Borrower | None = None
        self.is_paused = False
        self._handler: web.RequestHandler | None = None
        self._early = b""
        self._is_closed = False
        self._room: asyncio.Future[None] | None = None

    @property
    def is_usable(self) -> bool:
        return not self._is_closed and self.borrower is None

    def attach(self, handler: web.RequestHandler) -> None:
        """Gives it the handler that answers, and what had come for it."""
        if self._is_closed:
            return
        self._handler = handler
        handler.connection_made(self)
        early, self._early = self._early, b""
        if early:
            handler.data_received(early)

    def feed(self, data: bytes) -> None:
        """Bytes of the borrower."""
        if self._handler is None:
            self._early += data
        else:
            self._handler.data_received(data)

    def drop(self) -> None:
        """The borrower is gone."""
        self.borrower = None
        self.close()

    def finish(self) -> None:
        """The request has its answer. Called by the handler."""
        if self.borrower is not None and not self._is_closed:
            self.borrower.answered()

    async def until_taken(self) -> None:
        """Waits while the borrower's client takes no answers."""
        if self.borrower is not None and self.borrower.is_behind:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def go_on(self) -> None:
        """The client has taken what there was."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    # --- what aiohttp does with a transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.borrower is not None:
            self.borrower.deliver(bytes(data))

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self.go_on()
        borrower, self.borrower = self.borrower, None
        if borrower is not None:
            borrower.ended()
        if self._handler is not None:
            asyncio.get_running_loop().call_soon(self._handler.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._is_closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "peer_address" and self.borrower is not None:
            return self.borrower.address
        return default

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False
        if self.borrower is not None:
            self.borrower.resume()

    def is_reading(self) -> bool:
        return not self.is_paused

    def get_write_buffer_size(self) -> int:
        return 0


class Guests:
    """One worker's."""

    def __init__(self) -> None:
        self._host: Host | None = None
        self._is_stopping = False
        self._early: list[Guest] = []
        self._idle: list[Guest] = []

    def open(self, host: Host) -> None:
        """aiohttp is there."""
        self._host = host
        if self._is_stopping:
            host.stop()
        early, self._early = self._early, []
        for guest in early:
            guest.attach(host())

    def stop(self) -> None:
        """The worker stops: who is answered from now on is told."""
        self._is_stopping = True
        if self._host is not None:
            self._host.stop()

    def lend(self, borrower: Borrower) -> Guest:
        """One that takes this borrower's next bytes."""
        guest = self._take()
        guest.borrower = borrower
        return guest

    def give_back(self, guest: Guest) -> None:
        """After it has answered."""
        guest.borrower = None
        if guest.is_usable and len(self._idle) < IDLE_MAX:
            self._idle.append(guest)
        else:
            guest.close()

    def close(self) -> None:
        for guest in self._idle:
            guest.close()
        self._idle.clear()

    def _take(self) -> Guest:
        while self._idle:
            guest = self._idle.pop()
            if guest.is_usable:
                return guest
        guest = Guest()
        if self._host is None:
            self._early.append(guest)
        else:
            guest.attach(self._host())
        return guest
