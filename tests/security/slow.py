"""Slow clients for security tests: `python -m tests.security.slow …` holds connections in the ways that cost a server.

One process, one epoll set, thousands of connections. A connection that the server ends is opened again at once, as an
attacker would. `held N` is printed when all are open, and a line of JSON at SIGTERM: how each kind's connections ended,
how often, and at what age.
"""

from __future__ import annotations

import argparse
import errno
import heapq
import json
import random
import resource
import select
import signal
import socket
import struct
import sys
import time
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from edge.framing import HEAD_MAX_BYTES
from tests.edge.building import HOST, KEY
from tests.security.crafted.request import GOOD, request
from tests.support.imports import ROOT
from tests.support.processes import Child, running, wait_until

OPENED_A_SECOND: Final = 2_000  # no flood: one that fills the queue of new connections is another attack
PACE_S: Final = 1.0  # between the bytes of those that send one at a time, on average
MOST_IDLE_S: Final = 0.05
BUFFER_BYTES: Final = 4096  # of the system's, each way: what the attackers' own machines would hold is not to count
MOST_SENT_BYTES: Final = 1 << 20
READ_BYTES: Final = 1 << 16
OWN_DESCRIPTORS: Final = 64
BIND_ADDRESS_NO_PORT: Final = 24  # of Linux: the port is chosen at connect, so each address has all of them
OPEN_S: Final = 60
STOP_S: Final = 15

_BODY = f'{{"type":"landing","k":"{KEY}","vid":"","url":"https://shop.example/"}}'.encode()
_ORIGIN = b"Origin: https://shop.example"
_LENGTH = b"Content-Length: %d" % len(_BODY)
_POST = request(_ORIGIN, _LENGTH, method=b"POST", target=b"/_t/e")
_POST_IN_CHUNKS = request(_ORIGIN, b"Transfer-Encoding: chunked", method=b"POST", target=b"/_t/e")
_CHUNKS = b"".join(b"1\r\n%c\r\n" % byte for byte in _BODY)
_TOO_LARGE = request(b"X-Padding: " + b"x" * HEAD_MAX_BYTES)
_SHORTEST = b"GET /nowhere HTTP/1.1\r\nHost: %b\r\n\r\n" % HOST.encode()

AT_ONCE: Final = {
    "idle": GOOD,
    "half a head": GOOD[:60],
    "a head, byte by byte": GOOD[:1],
    "a body, byte by byte": _POST,
    "chunks, byte by byte": _POST_IN_CHUNKS,
    "too large a head": _TOO_LARGE,
    "takes no answers": b"",
}
"""What each kind sends when it has connected."""

SLOWLY: Final = {
    "a head, byte by byte": GOOD[1:],
    "a body, byte by byte": _BODY[:-1],
    "chunks, byte by byte": _CHUNKS,
}
"""What it sends then, a byte at a time, and never all of it."""

KINDS: Final = tuple(kind for kind in AT_ONCE if kind != "too large a head")


class Slow:
    """One slow client, over all its connections."""

    def __init__(self, number: int, kind: str) -> None:
        self.number, self.kind = number, kind
        self.socket: socket.socket | None = None
        self.opened_s = 0.0
        self.sent = 0
        self.answers = b""

    def open(self, port: int, sources: int, now_s: float) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
        # Nothing may be left in TIME_WAIT: there are fewer ports than connections over a long run.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        at = self.number % sources
        sock.bind((f"127.0.{1 + at // 250}.{1 + at % 250}", 0))
        sock.connect_ex(("127.0.0.1", port))
        self.socket, self.opened_s, self.sent, self.answers = sock, now_s, 0, b""


class Crowd:
    """All of them."""

    def __init__(self, port: int, kinds: list[str], count: int, sources: int, *, comes_back: bool) -> None:
        self._port, self._sources, self._comes_back = port, sources, comes_back
        self._poll, self._chance = select.epoll(), random.Random(count)
        self._held: dict[int, Slow] = {}
        self._due: list[tuple[float, int, float, Slow]] = []  # next byte: when, whose, of the connection opened when
        self._waiting = [Slow(number, kinds[number % len(kinds)]) for number in reversed(range(count))]
        self._ages: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        self._order: list[int] = []  # who was ended, oldest end first
        self._is_told = False
        self._next_open_s = 0.0

    def run(self) -> None:
        """Until SIGTERM."""
        stopped: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
        while not stopped:
            self._open_some()
            for descriptor, events in self._poll.poll(self._idle_s()):
                slow = self._held.get(descriptor)
                if slow is not None:
                    self._attend(slow, events)
            self._send_due(time.monotonic())
        print(json.dumps(self.summary()))

    def summary(self) -> dict[str, Any]:
        held: defaultdict[str, int] = defaultdict(int)
        for slow in self._held.values():
            held[slow.kind] += 1
        ends: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for (kind, how), ages in self._ages.items():
            ends[kind][how] = {"count": len(ages), "youngest_s": min(ages), "oldest_s": max(ages)}
        return {"held": dict(held), "ends": dict(ends), "first_ended": self._order[:100]}

    def _open_some(self) -> None:
        now_s = time.monotonic()
        while self._waiting and self._next_open_s <= now_s:
            self._next_open_s = max(self._next_open_s, now_s - MOST_IDLE_S) + 1 / OPENED_A_SECOND
            slow = self._waiting.pop()
            slow.open(self._port, self._sources, now_s)
            assert slow.socket is not None
            self._held[slow.socket.fileno()] = slow
            self._poll.register(slow.socket.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        if not self._waiting and not self._is_told:
            self._is_told = True
            print(f"held {len(self._held)}", flush=True)

    def _attend(self, slow: Slow, events: int) -> None:
        assert slow.socket is not None
        if events & (select.EPOLLERR | select.EPOLLHUP):
            self._note_end(slow)
            return
        if events & select.EPOLLOUT:
            self._send_more(slow)
        if events & select.EPOLLIN and slow.kind != "takes no answers":
            self._read(slow)

    def _read(self, slow: Slow) -> None:
        assert slow.socket is not None
        while True:
            try:
                data = slow.socket.recv(READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._note_end(slow)
                return
            slow.answers = (slow.answers + data)[-READ_BYTES:]

    def _send_more(self, slow: Slow) -> None:
        """All that this kind sends as soon as there is room."""
        assert slow.socket is not None
        if slow.kind == "takes no answers":
            while slow.sent < MOST_SENT_BYTES and (sent := self._send(slow, _SHORTEST * 200)):
                slow.sent += sent
        elif slow.sent < (size := len(AT_ONCE[slow.kind])):
            slow.sent += self._send(slow, AT_ONCE[slow.kind][slow.sent :])
            if slow.sent == size and slow.kind in SLOWLY:
                self._plan(slow)

    def _idle_s(self) -> float:
        """Until the next byte is due, so that bytes go when they are due and not many together."""
        until_due_s = self._due[0][0] - time.monotonic() if self._due else MOST_IDLE_S
        return 0.001 if self._waiting else min(MOST_IDLE_S, max(0.001, until_due_s))

    def _plan(self, slow: Slow) -> None:
        due_s = time.monotonic() + PACE_S * self._chance.uniform(0.5, 1.5)
        heapq.heappush(self._due, (due_s, slow.number, slow.opened_s, slow))

    def _send_due(self, now_s: float) -> None:
        while self._due and self._due[0][0] <= now_s:
            _, _, opened_s, slow = heapq.heappop(self._due)
            rest = SLOWLY[slow.kind]
            at = slow.sent - len(AT_ONCE[slow.kind])
            if slow.socket is not None and slow.opened_s == opened_s and at < len(rest):
                slow.sent += self._send(slow, rest[at : at + 1])
                self._plan(slow)

    def _send(self, slow: Slow, data: bytes) -> int:
        assert slow.socket is not None
        try:
            return slow.socket.send(data)
        except OSError:
            return 0  # full, or ended, which comes as an event

    def _note_end(self, slow: Slow) -> None:
        assert slow.socket is not None
        error = slow.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        statuses = [part[:3] for part in slow.answers.split(b"HTTP/1.1 ")[1:]]
        how = statuses[-1].decode() if statuses else errno.errorcode.get(error, "closed")
        self._ages[slow.kind, how].append(round(time.monotonic() - slow.opened_s, 2))
        self._order.append(slow.number)
        del self._held[slow.socket.fileno()]
        slow.socket.close()
        slow.socket = None
        if self._comes_back:
            self._waiting.append(slow)


@contextmanager
def slow_clients(
    port: int, folder: Path, count: int, *, kinds: tuple[str, ...] = KINDS, comes_back: bool = True
) -> Generator[Child]:
    """`count` slow connections for the length of a block, in equal shares of the kinds."""
    command = [sys.executable, "-m", "tests.security.slow", "--port", str(port), "--count", str(count)]
    command += [*(f"--kind={kind}" for kind in kinds), *(["--once"] if not comes_back else [])]
    log = folder / f"slow-{time.monotonic_ns()}.log"
    with running(command, log=log, directory=ROOT) as child:
        wait_until(lambda: "held" in child.output(), what=f"{count} connections", timeout_s=OPEN_S)
        yield child
        assert child.terminate(STOP_S) == 0, child.describe()


def summary_of(child: Child) -> dict[str, Any]:
    """What slow clients that were ended have counted."""
    return json.loads(child.output().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True, help="connections")
    parser.add_argument("--sources", type=int, default=40, help="addresses to come from")
    parser.add_argument("--kind", action="append", choices=AT_ONCE, required=True, help="may be given several times")
    parser.add_argument("--once", action="store_true", help="what the server ends stays so")
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(given.count + OWN_DESCRIPTORS, most), most))
    Crowd(given.port, given.kind, given.count, given.sources, comes_back=not given.once).run()


if __name__ == "__main__":
    main()
