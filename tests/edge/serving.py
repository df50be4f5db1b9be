"""One worker's service on a real socket, with a real link cache and a real ring, and the means to look at both ends."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edge import record
from edge.agent.ring_reader import RingReader, find_rings
from edge.app import App
from edge.connections import Connections
from edge.counts import Counts
from edge.door import Limits
from edge.fast import FastPath
from edge.guests import Guests
from edge.links import LinkCache
from edge.proxies import Proxies
from edge.redirects import Redirects
from edge.ring import RingWriter
from edge.server import Server
from edge.tls import Certificate
from edge.tls_front import TlsFront
from edge.worker import Front
from shared.wire import Entry
from tests.edge.building import HOST, fill

_RING_BYTES = 4 << 20
_LIMITS = Limits(1_000, 0)


@dataclass(frozen=True)
class Reply:
    """An answer as its bytes came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for held, value in self.headers if held == name.lower()]

    def __getitem__(self, name: str) -> str:
        """The only header of that name; empty when there is none."""
        found = self.all(name)
        assert len(found) < 2, f"{name} came {len(found)} times"
        return found[0] if found else ""


async def ask(
    port: int, target: str, *headers: str, method: str = "GET", host: str = HOST, body: bytes | None = None
) -> Reply:
    """One request on a connection of its own, written by hand, so that nothing tidies it up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    writer.write("\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape") + (body or b""))
    raw = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return reply_in(raw)


def reply_in(raw: bytes) -> Reply:
    head, _, body = raw.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    return Reply(int(status_line.split()[1]), [(name.lower(), value) for name, _, value in pairs], body)


class Talk:
    """A client's side of a connection, bytes in and out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear(self) -> Reply:
        """The next answer, which must have a length."""
        reply = await self.hear_head()
        body = await self._reader.readexactly(int(reply["content-length"] or 0))
        return Reply(reply.status, reply.headers, body)

    async def hear_head(self) -> Reply:
        """The next answer to a HEAD request, or an interim one."""
        return reply_in(await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 5))

    async def answers_or_ends(self, request: bytes) -> bool:
        """Whether a request gets an answer; else the other side has closed the connection."""
        try:
            self.say(request)
            return bool(await self._reader.readuntil(b"\r\n\r\n"))
        except (asyncio.IncompleteReadError, ConnectionError):
            return False

    async def hear_end(self) -> bytes:
        """What comes until the other side closes."""
        return await asyncio.wait_for(self._reader.read(), 5)

    async def last_words(self) -> bytes:
        """What comes until the other side has ended the connection, however it does."""
        heard = b""
        async with asyncio.timeout(5):
            with suppress(ConnectionError, ssl.SSLError):
                while piece := await self._reader.read(1 << 16):
                    heard += piece
        return heard

    async def trickle(self, piece: bytes) -> None:
        """Says it again and again, for ever."""
        while True:
            self.say(piece)
            await asyncio.sleep(0.1)


def get(target: str = "/spring", *headers: str, method: str = "GET", host: str = HOST, body: bytes = b"") -> bytes:
    """One request of a connection that goes on."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape") + body


class Serving:
    """The running service."""

    def __init__(self, app: App, front: Front, cache: LinkCache, port: int, rings: Path) -> None:
        self.app, self.front, self.cache, self.port, self._rings = app, front, cache, port, rings
        self.is_stopped = False

    async def stop(self) -> None:
        """What a worker does on SIGTERM."""
        self.is_stopped = True
        await self.front.finish(3)

    async def connect(self, tls: ssl.SSLContext | None = None) -> Talk:
        """A connection that stays open."""
        name = HOST if tls else None
        return Talk(*await asyncio.open_connection("127.0.0.1", self.port, ssl=tls, server_hostname=name))

    async def ask(
        self, target: str, *headers: str, method: str = "GET", host: str = HOST, body: bytes | None = None
    ) -> Reply:
        return await ask(self.port, target, *headers, method=method, host=host, body=body)

    def records(self) -> list[record.Record]:
        """All records that are outside of the worker by now, oldest first."""
        found: list[record.Record] = []
        for path in find_rings(self._rings):
            reader = RingReader.open(path)
            while (run := reader.read()) is not None:
                found += [record.decode(payload) for payload in run.payloads]
            reader.close()
        return found

    def clicks(self) -> list[record.Click]:
        return [found for found in self.records() if isinstance(found, record.Click)]

    def beacons(self) -> list[record.Beacon]:
        return [found for found in self.records() if isinstance(found, record.Beacon)]


@asynccontextmanager
async def serving(
    folder: Path,
    *entries: Entry,
    trusted_proxies: tuple[str, ...] = (),
    country_header: str = "",
    limits: Limits = _LIMITS,
    is_stopping: Callable[[], bool] = lambda: False,
    certificate: Certificate | None = None,
) -> AsyncGenerator[Serving]:
    """Serves `entries`; without any, an edge that has no snapshot yet. With a certificate, over TLS."""
    if entries:
        fill(folder / "links", *entries)
    cache = LinkCache.open(folder / "links")
    ring = RingWriter.open(folder / "rings", 0, _RING_BYTES, 4 * _RING_BYTES)
    proxies, counts = Proxies(trusted_proxies), Counts()
    redirects = Redirects(cache, ring, proxies, counts, country_header)
    app = App(cache, ring, proxies, counts, redirects, is_stopping)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    server = Server(app.respond)
    if certificate is None:
        guests = Guests()
        fast = FastPath(redirects, cache, ring, counts)
        front: Front = Connections(listener, fast, guests, proxies, counts, limits)
        guests.open(server)
    else:
        front = TlsFront(listener, server, certificate, proxies, counts, limits)
    ticking = asyncio.ensure_future(_tick(front))
    made = Serving(app, front, cache, listener.getsockname()[1], folder / "rings")
    yield made
    ticking.cancel()
    if not made.is_stopped:
        await front.finish(0)
    listener.close()
    ring.close()
    cache.close()


async def _tick(front: Front) -> None:
    while True:
        front.tick()
        await asyncio.sleep(0.05)
