"""One connection: its socket, what has come and was not judged yet, what could not be sent yet, and its loan."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from edge.deadlines import HEAD_S, LOAN_S
from edge.fast import Peer
from edge.guests import Guest

RECEIVE_BYTES: Final = 4 * 1024  # most heads; more costs more to get and to cut, each time
OUTPUT_MAX_BYTES: Final = 32 * 1024  # of answers that are kept for a client that doesn't take them, and the last one
SOCKET_BUFFER_BYTES: Final = 16 * 1024  # each way; Linux takes the double, for its own books as well
FOR_GOOD: Final = -1


def set_options(listener: socket.socket) -> None:
    """What all accepted sockets inherit."""
    if listener.family in (socket.AF_INET, socket.AF_INET6):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)


class Owner(Protocol):
    """Who decides what becomes of a connection when its loan has moved on."""

    def on_answered(self, connection: Connection) -> None: ...

    def on_ended(self, connection: Connection) -> None: ...

    def on_resumed(self, connection: Connection) -> None: ...


class Connection:
    """`is_odd` is whether it needs more than the next request judged: then its owner looks closer."""

    __slots__ = (
        "_owner", "awaits_room", "body_left", "deadline", "ends_soon", "guest", "has_unread", "is_backed_up",
        "is_ending", "is_half_closed", "is_lingering", "is_odd", "is_open", "is_trusted", "keep_alive_s",
        "needs_prologue", "opened_s", "output", "peer", "pending", "place", "receive", "send", "socket",
    )  # fmt: skip

    def __init__(self, sock: socket.socket, peer: Peer, owner: Owner, *, keep_alive_s: int, deadline: int) -> None:
        self.socket = sock
        self.receive: Callable[[int], bytes] = sock.recv
        self.send: Callable[[bytes], int] = sock.send
        self.peer = peer
        self._owner = owner
        self.keep_alive_s = keep_alive_s
        self.deadline, self.place = deadline, 0  # see edge.deadlines
        self.opened_s = 0
        self.is_trusted = False  # a proxy of ours: exempt from budgets and shedding
        self.needs_prologue = False  # of the PROXY protocol
        self.is_open = True
        self.is_odd = False
        self.pending = b""  # part of a head, or requests behind one that is lent
        self.is_backed_up = False  # whole requests are pending because enough answers wait
        self.output = b""  # what the socket did not take yet
        self.awaits_room = False  # for it
        self.has_unread = False  # the socket said so while nobody wanted to read
        self.ends_soon = False  # the other side sends no more than what is there
        self.is_half_closed = False  # nothing more will come
        self.is_ending = False  # closes when its output is gone
        self.is_lingering = False  # has said its last, and reads on so that the answer isn't reset away
        self.guest: Guest | None = None
        self.body_left = 0  # bytes that the lent request still has coming, or FOR_GOOD

    @property
    def address(self) -> bytes:
        return self.peer.address

    @property
    def is_owed(self) -> bool:
        """Whether something of it is still on its way in or out."""
        return self.guest is not None or bool(self.pending or self.output)

    @property
    def is_asking_slowly(self) -> bool:
        """Whether what it waits for is the rest of a head."""
        return bool(self.pending) and self.guest is None and not (self.is_ending or self.has_more_to_send)

    @property
    def has_more_to_send(self) -> bool:
        return bool(self.output) or self.is_backed_up

    @property
    def may_be_shed(self) -> bool:
        """Whether it may be closed for a further connection: not while we owe it an answer."""
        return self.is_open and not self.is_trusted and (self.guest is None or self.body_left != 0)

    @property
    def active_s(self) -> int:
        """The second since which its client has had nothing answered, and nothing new begun."""
        allowed_s = LOAN_S if self.guest is not None else HEAD_S if self.is_asking_slowly else self.keep_alive_s
        return max(self.opened_s, self.deadline - allowed_s)

    @property
    def wants_bytes(self) -> bool:
        if self.has_more_to_send or self.is_ending:
            return False
        return self.guest is None or (self.body_left != 0 and not self.guest.is_paused)

    def read(self) -> bytes:
        """What is there; empty for nothing or the end, which sets `is_half_closed`. Raises OSError."""
        self.has_unread = False
        try:
            data = self.receive(RECEIVE_BYTES)
        except BlockingIOError:
            return b""
        self.is_half_closed = not data
        self.has_unread = len(data) == RECEIVE_BYTES or (self.ends_soon and not self.is_half_closed)
        return data

    def transmit(self, data: bytes) -> None:
        """Sends, or keeps what does not go out now. Raises OSError where the other side is gone."""
        if self.output:
            self.output += data
            return
        try:
            sent = self.send(data)
        except BlockingIOError:
            sent = 0
        self.output = data[sent:]

    def flush(self) -> None:
        """Sends what was kept. Raises OSError."""
        data, self.output = self.output, b""
        if data:
            self.transmit(data)
        if self.guest is not None and not self.output:
            self.guest.go_on()

    def linger(self) -> None:
        """Says that nothing more will be sent."""
        self.is_lingering = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.is_open = False
        self.socket.close()
        guest, self.guest = self.guest, None
        if guest is not None:
            guest.drop()

    # --- as a guest's borrower

    @property
    def is_behind(self) -> bool:
        return len(self.output) >= OUTPUT_MAX_BYTES

    def deliver(self, data: bytes) -> None:
        if self.is_open:
            with suppress(OSError):  # its end comes as an event of its own
                self.transmit(data)

    def answered(self) -> None:
        self._owner.on_answered(self)

    def ended(self) -> None:
        self.guest = None
        if self.is_open:
            self._owner.on_ended(self)

    def resume(self) -> None:
        self._owner.on_resumed(self)
