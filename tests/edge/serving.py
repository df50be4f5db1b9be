"""One worker's service on a real socket, with a real link cache and a real ring, and the means to look at both ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from edge import record
from edge.agent.ring_reader import RingReader, find_rings
from edge.app import App
from edge.links import LinkCache
from edge.proxies import Proxies
from edge.ring import RingWriter
from edge.server import Server
from shared.wire import Entry
from tests.edge.building import HOST, fill

_RING_BYTES = 4 << 20


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


class Serving:
    """The running service."""

    def __init__(self, app: App, port: int, rings: Path) -> None:
        self.app, self.port, self._rings = app, port, rings

    async def ask(
        self, target: str, *headers: str, method: str = "GET", host: str = HOST, body: bytes | None = None
    ) -> Reply:
        return await ask(self.port, target, *headers, method=method, host=host, body=body)

    def records(self) -> list[record.Record]:
        """All records that are outside of the worker by now, oldest first."""
        found: list[record.Record] = []
        for path in find_rings(self._rings):
            reader = RingReader.open(path)
            found += [record.decode(frame.payload) for frame in reader.read()]
            reader.close()
        return found

    def clicks(self) -> list[record.Click]:
        return [found for found in self.records() if isinstance(found, record.Click)]

    def beacons(self) -> list[record.Beacon]:
        return [found for found in self.records() if isinstance(found, record.Beacon)]


@asynccontextmanager
async def serving(folder: Path, *entries: Entry, trusted_proxies: tuple[str, ...] = ()) -> AsyncGenerator[Serving]:
    """Serves `entries`; without any, an edge that has no snapshot yet."""
    if entries:
        fill(folder / "links", *entries)
    cache = LinkCache.open(folder / "links")
    ring = RingWriter.open(folder / "rings", 0, _RING_BYTES, 4 * _RING_BYTES)
    app = App(cache, ring, Proxies(trusted_proxies))
    runner = web.ServerRunner(Server(app.respond))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield Serving(app, runner.addresses[0][1], folder / "rings")
    await runner.cleanup()
    ring.close()
    cache.close()
