"""Servers under test in this process, and exact exchanges of bytes with them.

The *edge* is one worker's service as it is. The *plain* server is the same service with aiohttp alone in front, as it
runs where there is no epoll: the measure for the other. Both have links of the same content.

Server and client share one event loop, so it can be told without waiting when a server has read all it was sent and
has nothing more to say: it has had QUIET_TURNS turns of the loop, each of which polls every socket, and sent nothing.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from edge import record
from edge.agent.ring_reader import RingReader, find_rings
from edge.app import App
from edge.counts import Counts
from edge.links import LinkCache
from edge.proxies import Proxies
from edge.redirects import Redirects
from edge.ring import RingWriter
from edge.server import Server
from shared import click_id
from shared.wire import Entry
from tests.edge.building import domain, fill, key, link
from tests.edge.serving import serving

QUIET_TURNS = 24
PIECE_TURNS = 4  # within which a server reads what has arrived
CLOSE_S = 0.1
READ_BYTES = 1 << 20
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: a hundred thousand connections must not leave TIME_WAIT behind

ENTRIES: tuple[Entry, ...] = (
    domain(),
    link(),
    link("früh", "https://shop.example/fr%C3%BCh"),
    link("cookie", carry="cookie", carry_without_cookie="fragment"),
    link("query", "https://shop.example/p?a=1#reviews", carry="query", status=307, referrer_policy="no-referrer"),
    key("https://shop.example"),
)


class Reply(NamedTuple):
    """One answer: its fields sorted, and without what differs from one time to the next."""

    status: int
    fields: tuple[str, ...]
    body: bytes

    @property
    def is_refusal(self) -> bool:
        """The server did not understand the request, and says so on a page; a beacon's refusal is problem+json."""
        return self.status in (400, 431) and "content-type: text/html; charset=utf-8" in self.fields


@dataclass(frozen=True)
class Exchange:
    """All that came of some bytes on a connection."""

    replies: tuple[Reply, ...]
    is_closed: bool
    records: tuple[object, ...]

    @property
    def is_refused(self) -> bool:
        """Whether the connection ended because of what was sent: by a refusal, or without a single word."""
        return any(reply.is_refusal for reply in self.replies) or (self.is_closed and not self.replies)

    @property
    def accepted(self) -> tuple[Reply, ...]:
        return tuple(reply for reply in self.replies if not reply.is_refusal)


@dataclass
class Subject:
    """A running server."""

    port: int
    app: App
    _ring: RingReader

    async def exchange(self, *pieces: bytes) -> Exchange:
        """Sends the pieces on one connection, each when the server has read the one before."""
        received, is_closed = await _talk(self.port, pieces)
        return Exchange(tuple(_replies(received)), is_closed, tuple(self._records()))

    def _records(self) -> list[object]:
        self.app.redirects.flush_unknown(all_of_it=True)
        runs = list(iter(self._ring.read, None))
        self._ring.release(self._ring.cursor)
        return [_comparable(record.decode(payload)) for run in runs for payload in run.payloads]


@asynccontextmanager
async def edge(folder: Path) -> AsyncGenerator[Subject]:
    """One worker's service."""
    async with serving(folder, *ENTRIES) as served:
        yield Subject(served.port, served.app, _only_ring(folder))


@asynccontextmanager
async def plain(folder: Path) -> AsyncGenerator[Subject]:
    """The same with aiohttp alone."""
    fill(folder / "links", *ENTRIES)
    cache = LinkCache.open(folder / "links")
    ring = RingWriter.open(folder / "rings", 0, 4 << 20, 16 << 20)
    proxies, counts = Proxies(()), Counts()
    app = App(cache, ring, proxies, counts, Redirects(cache, ring, proxies, counts))
    runner = web.ServerRunner(Server(app.respond), shutdown_timeout=CLOSE_S)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Subject(runner.addresses[0][1], app, _only_ring(folder))
    await runner.cleanup()
    ring.close()
    cache.close()


def _only_ring(folder: Path) -> RingReader:
    (path,) = find_rings(folder / "rings")
    return RingReader.open(path)


async def _talk(port: int, pieces: Sequence[bytes]) -> tuple[bytes, bool]:
    """What came back, and whether the server closed the connection."""
    with socket.create_connection(("127.0.0.1", port)) as client:  # the kernel accepts; no turn of the loop is needed
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        received = bytearray()
        is_closed = False
        for piece in pieces:
            is_closed = await _send(client, piece, received)
            if is_closed:
                break
            for _ in range(PIECE_TURNS):
                await asyncio.sleep(0)
        quiet = 0
        while not is_closed and quiet < QUIET_TURNS:
            await asyncio.sleep(0)
            before = len(received)
            is_closed = _read(client, received)
            quiet = 0 if len(received) > before else quiet + 1
    await asyncio.sleep(0)
    return bytes(received), is_closed


async def _send(client: socket.socket, piece: bytes, received: bytearray) -> bool:
    """Whether the connection was closed meanwhile. Reads too, since a server may wait for that before it reads on."""
    left = memoryview(piece)
    while left:
        try:
            left = left[client.send(left) :]
        except BlockingIOError:
            await asyncio.sleep(0)
        except OSError:
            _read(client, received)
            return True
        if _read(client, received):
            return True
    return False


def _read(client: socket.socket, received: bytearray) -> bool:
    """Takes what has come, and says whether it was the end."""
    try:
        data = client.recv(READ_BYTES)
    except BlockingIOError:
        return False
    except OSError:
        return True
    received += data
    return not data


_status_line = re.compile(rb"(HTTP/\d\.\d) (\d{3}) [^\r\n]*\Z").match
_new_id = re.compile(r"(?<=ct_|ct=)[A-Za-z0-9_-]{22}|(?<=ctv=)[A-Za-z0-9_-]{22}").sub
_counts = re.compile(rb'\{"status":.*"worker":\{').match  # health's, which differ each time
_JSON = "content-type: application/json"


def _replies(received: bytes) -> Iterator[Reply]:
    """The answers in a stream. That one to HEAD has no body is seen by what follows it, since a request may be beyond
    reading. Raises AssertionError for what is no HTTP."""
    while received:
        head, end, received = received.partition(b"\r\n\r\n")
        status_line, *lines = head.split(b"\r\n")
        found = _status_line(status_line)
        assert found, f"no status line: {status_line[:80]!r}"
        assert end, f"a head without an end: {head!r}"
        status, length = int(found[2]), 0
        fields = [f":version {found[1].decode()}"]
        for line in lines:
            name, colon, value = line.decode("latin-1").partition(": ")
            assert colon, f"no field: {line!r}"
            name = name.lower()
            if name == "content-length":
                length = int(value)
            elif name != "date":
                fields.append(f"{name}: {_new_id('', value)}")
        body = b"" if received.startswith(b"HTTP/") or status in (204, 304) or status < 200 else received[:length]
        assert len(body) in (0, length), f"a body of {length} bytes stopped after {len(body)}"
        received = received[len(body) :]
        if _counts(body) or (not body and _JSON in fields):  # to HEAD the same, unseen
            yield Reply(status, tuple(sorted(fields)), b"counts" if body else b"")
        else:
            fields.append(f"content-length: {length}")
            yield Reply(status, tuple(sorted(fields)), body)


def _comparable(found: record.Record) -> object:
    """A record without its times and the ids made for it. Of the head as received, white space around field values
    is left out, which aiohttp doesn't tell of."""
    match found:
        case record.Click():
            known = bool(found.visitor) and click_id.encode(found.visitor).encode() in found.head
            visitor = found.visitor if known else len(found.visitor)
            how = (found.link_id, found.arm, found.no_click, found.carry, found.address, found.host, visitor)
            return "click", how, _comparable_head(found.head)
        case record.Beacon():
            return "beacon", found.key_id, found.address, found.host, found.body, _comparable_head(found.head)
        case record.wire.UnknownSlugsRecord():
            return "unknown", found.host, found.total, tuple(sorted(found.paths.items()))
        case _:
            return found


def _comparable_head(head: bytes) -> tuple[bytes, ...]:
    request_line, *lines = head.split(b"\r\n")
    return (request_line, *(b":".join(part.strip(b" \t") for part in line.split(b":", 1)) for line in lines))
