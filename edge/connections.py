"""A worker's connections: an epoll set of its own, itself one readable descriptor of the event loop.

All connections that a wake-up makes ready cost the loop once. They are taken in batches of up to BATCH: each is read
once and judged, then the batch's records go into the ring, then its answers go out. So an answered click is a kept one,
and the first visitor of a batch waits for the last, which is why batches are short.

    one whole request, link and client known   -> `FastPath.answer`, the case that everything here is built around
    any other whole plain request              -> `FastPath.other`: unknown slugs, rules, HEAD, queries, new clients
    everything else                            -> lent to aiohttp (`edge.guests`); the connection comes back afterwards
    part of a head                             -> kept until the rest comes or HEAD_S is over

Events are edge-triggered: the kernel speaks once of what has come, and a connection that nobody wants to read at that
moment remembers it (`has_unread`). Limits: HEAD_MAX_BYTES and HEAD_S for a head; KEEP_ALIVE_S between requests, longer
for trusted proxies, which close first; a cap on connections, kept by closing those that have been idle the longest;
a budget of new connections an address. A connection that does not take its answer is read no further until it does, and
of the requests that were read no further one is judged once OUTPUT_MAX_BYTES of answers wait.
"""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections.abc import Callable
from typing import Final

from edge import answer, proxy_protocol
from edge.connection import FOR_GOOD, OUTPUT_MAX_BYTES, RECEIVE_BYTES, Connection
from edge.counts import Counts
from edge.deadlines import KEEP_ALIVE_S, LAST_REQUEST_S, LINGER_S, LOAN_S, PROXY_KEEP_ALIVE_S, Deadlines
from edge.door import Door, Limits
from edge.fast import FastPath, Peer
from edge.framing import END, HEAD_MAX_BYTES, body_length, is_hopeless
from edge.guests import Guests
from edge.proxies import Proxies

BATCH: Final = 8
ROUNDS: Final = 16  # batches before the event loop has its turn
DRAIN_POLL_S: Final = 0.02

_IN: Final = select.EPOLLIN
_IN_OR_OUT: Final = select.EPOLLIN | select.EPOLLOUT
_WATCHED: Final = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET


class Connections:
    """All connections of one worker, from their acceptance on."""

    def __init__(
        self, listener: socket.socket, fast: FastPath, guests: Guests, proxies: Proxies, counts: Counts, limits: Limits
    ) -> None:
        self._fast, self._guests = fast, guests
        self._proxies, self._counts, self._limits = proxies, counts, limits
        self._loop = asyncio.get_running_loop()
        self._ready_set = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._second = int(time.monotonic())
        self._deadlines = Deadlines[Connection](self._second)
        self._answer: Callable[[bytes, Peer], bytes | None] = fast.answer
        self._is_draining = False
        self._loop.add_reader(self._ready_set.fileno(), self._serve)
        held = self._connections.values()
        self._door = Door[Connection](listener, held, limits, proxies, counts, adopt=self._adopt, close=self._close)

    def tick(self) -> None:
        """To be called many times a second: ends what has taken too long."""
        self._second = int(time.monotonic())
        self._door.tick(self._second)
        for connection in self._deadlines.passed(self._second):
            if connection.is_asking_slowly:
                self._end_with(connection, answer.TOO_SLOW)
            else:
                self._close(connection)

    async def finish(self, within_s: float) -> None:
        """Takes no new connections, answers what is on its way in, and closes. The listening socket is left open.

        Once, as the last call."""
        self._door.stop()
        self._is_draining = True
        self._answer = lambda _data, _peer: None  # every answer has to say so: `FastPath.other` does
        self._guests.stop()
        started = time.monotonic()
        while (elapsed := time.monotonic() - started) < within_s and self._connections:
            if elapsed >= LAST_REQUEST_S and not any(held.is_owed for held in self._connections.values()):
                break
            self.tick()
            await asyncio.sleep(DRAIN_POLL_S)
        for connection in list(self._connections.values()):
            self._close(connection)
        self._loop.remove_reader(self._ready_set.fileno())
        self._ready_set.close()
        self._guests.close()

    def _adopt(self, accepted: socket.socket, address: bytes) -> None:
        """Who has come in at the door."""
        is_trusted = self._proxies.trusts(address)
        keep_alive_s = PROXY_KEEP_ALIVE_S if is_trusted else KEEP_ALIVE_S
        peer, deadline = Peer(address, is_direct=not is_trusted), self._second + self._limits.head_s
        connection = Connection(accepted, peer, self, keep_alive_s=keep_alive_s, deadline=deadline)
        connection.opened_s, connection.is_trusted = self._second, is_trusted
        connection.needs_prologue = connection.is_odd = is_trusted and self._limits.proxy_protocol
        descriptor = accepted.fileno()
        self._connections[descriptor] = connection
        self._deadlines.watch(connection)
        self._ready_set.register(descriptor, _WATCHED)
        self._counts.connections_open += 1

    # --- requests

    def _serve(self) -> None:
        poll, connections, fast, judge = self._ready_set.poll, self._connections, self._fast, self._answer
        for _ in range(ROUNDS):
            ready = poll(0, BATCH)
            fast.begin()
            answers: list[tuple[Connection, bytes]] = []
            for descriptor, events in ready:
                connection = connections[descriptor]
                if events != _IN or connection.is_odd:
                    connection.ends_soon |= events & ~_IN_OR_OUT != 0
                    self._attend(connection)
                    continue
                receive = connection.receive  # for the interpreter a call of an attribute takes four times longer
                try:
                    data = receive(RECEIVE_BYTES)
                except OSError as error:
                    self._note_failure(connection, error)
                    continue
                found = judge(data, connection.peer)
                if found is None:
                    self._take_first(connection, data)
                else:
                    answers.append((connection, found))
            fast.commit()
            for connection, found in answers:
                connection.deadline = self._second + connection.keep_alive_s
                send = connection.send
                try:
                    sent = send(found)
                except OSError as error:
                    sent = 0
                    self._note_failure(connection, error)
                if sent != len(found):
                    connection.output = found[sent:]
                    self._settle(connection)
            if len(ready) < BATCH:
                return

    def _take_first(self, connection: Connection, data: bytes) -> None:
        """What a connection in no special state has sent, and the fast path did not know."""
        connection.is_half_closed = not data
        connection.has_unread = len(data) == RECEIVE_BYTES
        self._judge(connection, data)
        if connection.has_unread:
            self._attend(connection)

    def _attend(self, connection: Connection) -> None:
        """Whatever is to be done for a connection that is odd, or whose event was."""
        connection.has_unread = True
        try:
            connection.flush()
            if connection.is_backed_up and not connection.output:
                self._take_up(connection)
            while connection.is_lingering and connection.has_unread:
                connection.read()  # and forget
            while connection.is_open and connection.has_unread and connection.wants_bytes:
                self._take(connection, connection.read())
        except OSError:
            self._close(connection)
        self._settle(connection)

    def _take(self, connection: Connection, data: bytes) -> None:
        """Bytes of a connection, to where they belong."""
        if connection.guest is None:
            self._judge(connection, data)
        elif connection.body_left == FOR_GOOD:
            connection.guest.feed(data)
        else:
            body, connection.pending = data[: connection.body_left], data[connection.body_left :]
            connection.body_left -= len(body)
            connection.guest.feed(body)

    def _judge(self, connection: Connection, data: bytes) -> None:
        """Answers all whole requests up to one that is lent; keeps part of a head."""
        known, data, connection.pending = len(connection.pending), connection.pending + data, b""
        if connection.needs_prologue:
            known, data = 0, self._after_prologue(connection, data)
        replies: list[bytes] = []
        waiting = len(connection.output)
        while data and not connection.is_ending:
            if waiting >= OUTPUT_MAX_BYTES:
                connection.pending, connection.is_backed_up = data, True
                break
            end = data.find(END, max(0, known - len(END)))
            if not 0 <= end <= HEAD_MAX_BYTES - len(END):
                self._judge_part(connection, data, known, replies)
                break
            head, data, known = data[: end + len(END)], data[end + len(END) :], 0
            reply = self._fast.other(head, connection.peer, is_last=self._is_draining)
            if reply is None:
                self._send(connection, replies)
                self._lend(connection, head, data)
                return
            replies.append(reply.data)
            waiting += len(reply.data)
            connection.is_ending = reply.closes
        self._send(connection, replies)

    def _take_up(self, connection: Connection) -> None:
        """What had to wait is judged."""
        data, connection.pending, connection.is_backed_up = connection.pending, b"", False
        self._fast.begin()
        self._judge(connection, data)

    def _after_prologue(self, connection: Connection, data: bytes) -> bytes:
        """What follows a balancer's word on whom it speaks for; nothing while that isn't whole, or is none."""
        try:
            prologue = proxy_protocol.read(data)
        except proxy_protocol.BadPrologue:
            self._counts.bad_requests += 1
            self._close(connection)
            return b""
        if prologue is None:
            connection.pending = data
            return b""
        connection.needs_prologue = False
        if prologue.address is not None:
            connection.peer = Peer(prologue.address, is_direct=not self._proxies.trusts(prologue.address))
        return data[prologue.size :]

    def _judge_part(self, connection: Connection, data: bytes, known: int, replies: list[bytes]) -> None:
        """`data` begins a head and does not end it, or not in time; the first `known` bytes were looked at before."""
        if is_hopeless(data, max(0, known - 1)):
            self._send(connection, replies)
            replies.clear()
            self._lend(connection, data, b"")
        elif len(data) >= HEAD_MAX_BYTES:
            self._counts.bad_requests += 1
            replies.append(self._fast.rendering.render(answer.TOO_LARGE, closes=True))
            connection.is_ending = connection.has_unread = True
        else:
            connection.pending = data
            if not known:
                self._pull(connection, self._limits.head_s)

    def _send(self, connection: Connection, replies: list[bytes]) -> None:
        """Answers in order, once what they speak of is in the ring."""
        self._fast.commit()
        if replies:
            if not connection.pending or connection.is_backed_up:
                connection.deadline = self._second + connection.keep_alive_s
            try:
                connection.transmit(b"".join(replies))
            except OSError:
                self._close(connection)
        self._settle(connection)
        if connection.is_backed_up and not connection.output:
            self._loop.call_soon(self._attend_if_open, connection)  # after others had their turn

    def _end_with(self, connection: Connection, last: answer.Answer) -> None:
        """Says why, and closes."""
        self._counts.bad_requests += 1
        connection.pending = b""
        connection.is_ending = connection.has_unread = True
        self._pull(connection, LINGER_S)
        self._send(connection, [self._fast.rendering.render(last, closes=True)])

    def _settle(self, connection: Connection) -> None:
        """What this connection waits for now; where that is nothing, its end."""
        if not connection.is_open:
            return
        if connection.is_half_closed and connection.guest is None and not connection.has_more_to_send:
            self._close(connection)
            return
        if bool(connection.output) != connection.awaits_room:
            # Not at every look: the kernel answers a change with an event for whatever is ready already.
            connection.awaits_room = bool(connection.output)
            room = select.EPOLLOUT if connection.awaits_room else 0
            self._ready_set.modify(connection.socket.fileno(), _WATCHED | room)
        if connection.is_ending and not connection.output and not connection.is_lingering:
            if not connection.has_unread:
                self._close(connection)
                return
            connection.linger()
            self._pull(connection, LINGER_S)
        connection.is_odd = connection.needs_prologue or connection.is_lingering or connection.is_owed

    # --- loans

    def _lend(self, connection: Connection, head: bytes, rest: bytes) -> None:
        """Has aiohttp answer the request that begins with `head`; `rest` came behind it."""
        if not connection.is_open:
            return
        self._counts.lent += 1
        length = body_length(head)
        if length is None:
            body, connection.body_left = rest, FOR_GOOD
        else:
            body, connection.pending = rest[:length], rest[length:]
            connection.body_left = length - len(body)
        connection.is_odd = True
        connection.guest = self._guests.lend(connection)
        self._pull(connection, LOAN_S)
        connection.guest.feed(head + body)

    def on_answered(self, connection: Connection) -> None:
        """The loan is over, unless aiohttp reads on: what came meanwhile is taken up."""
        if connection.body_left != 0:
            connection.body_left = FOR_GOOD
            connection.deadline = self._second + LOAN_S
            self._settle(connection)
            return
        guest, connection.guest = connection.guest, None
        if guest is not None:
            self._guests.give_back(guest)
        connection.deadline = self._second + connection.keep_alive_s
        self._take_up(connection)
        if connection.has_unread:
            self._attend(connection)

    def on_ended(self, connection: Connection) -> None:
        """aiohttp has said its last."""
        connection.pending = b""
        connection.is_ending = True
        connection.has_unread |= connection.body_left != 0
        self._settle(connection)

    def on_resumed(self, connection: Connection) -> None:
        """aiohttp takes more of a body."""
        if connection.has_unread:
            self._loop.call_soon(self._attend_if_open, connection)

    def _attend_if_open(self, connection: Connection) -> None:
        if connection.is_open:
            self._attend(connection)

    # --- ends

    def _pull(self, connection: Connection, seconds: int) -> None:
        """Makes a deadline that may be earlier than the one it had."""
        connection.deadline = self._second + seconds
        self._deadlines.watch(connection)

    def _note_failure(self, connection: Connection, error: OSError) -> None:
        if not isinstance(error, BlockingIOError):
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        if connection.is_open:
            del self._connections[connection.socket.fileno()]
            self._counts.connections_open -= 1
            connection.close()
