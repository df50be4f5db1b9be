"""The edge's side of the protocol, answered by the book: a control plane that keeps everything in memory.

It stands for the third party in tests of the agent alone. It speaks real HTTP on a real socket, stores by number
exactly as `docs/reference/wire.md` says, remembers everything that it was sent, and misbehaves on request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import zstandard
from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.clock import wall_ms
from shared.rows import BadRows, records_of
from shared.wire import (
    COUNT_HEADER,
    DIGEST_HEADER,
    FIRST_HEADER,
    STREAM_HEADER,
    WIRE_HEADER,
    WIRE_VERSION,
    Batch,
    BatchAck,
    BeaconRecord,
    Change,
    ChangePage,
    ClickRecord,
    EdgeStatus,
    Entry,
    GapRecord,
    Mark,
    Marks,
    MarksQuestion,
    Record,
    ShippedBatch,
    SnapshotEnd,
    SnapshotEntries,
    SnapshotStart,
    StatusAck,
    digest_of,
    entry_key,
)

TOKEN = "et_test"
MSGPACK = "application/msgpack"

encode = msgspec.msgpack.encode
Fault = Callable[["Delivery"], Awaitable[web.Response | None]]


@dataclass
class Delivery:
    """One POST of a batch, as it came."""

    stream: bytes
    first: int
    count: int
    lane: str
    closed: bool
    batch: Batch | None


@dataclass
class StoredStream:
    next: int = 0
    closed: bool = False
    records: dict[int, Record] = field(default_factory=dict[int, Record])


class ControlPlane:
    """Streams, links and statuses. `before` and `after` may answer in place of storing, or of the answer."""

    def __init__(self) -> None:
        self.streams: dict[bytes, StoredStream] = {}
        self.deliveries: list[Delivery] = []
        self.statuses: list[EdgeStatus] = []
        self.epoch, self.rev = "epoch-1", 0
        self.entries: dict[str, Entry] = {}
        self.feed: dict[str, tuple[int, Entry | None]] = {}
        self.snapshots = 0
        self.token = TOKEN
        self.wire_version = WIRE_VERSION
        self.before: Fault | None = None
        self.after: Fault | None = None
        self.server_ms: Callable[[], int] = wall_ms
        self.url = ""
        self._moved = asyncio.Event()
        self.stored = asyncio.Event()

    # --- what tests ask

    def records(self) -> list[Record]:
        return [record for stream in self.streams.values() for record in stream.records.values()]

    def click_ids(self) -> list[bytes]:
        return [record.click_id for record in self.records() if isinstance(record, ClickRecord)]

    def beacons(self) -> list[BeaconRecord]:
        return [record for record in self.records() if isinstance(record, BeaconRecord)]

    def gaps(self) -> list[GapRecord]:
        return [record for record in self.records() if isinstance(record, GapRecord)]

    async def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Waits for something to become true of what is stored."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self.stored.clear()
                with_timeout = asyncio.wait_for(self.stored.wait(), 0.2)
                try:
                    await with_timeout
                except TimeoutError:
                    continue

    # --- what tests do

    def publish(self, *entries: Entry) -> None:
        for entry in entries:
            self.rev += 1
            key = entry_key(entry) or f"pixel:{getattr(entry, 'name', '')}"  # of a kind that only a later version has
            self.entries[key] = entry
            self.feed[key] = (self.rev, entry)
        self._moved.set()

    def retract(self, *keys: str) -> None:
        for key in keys:
            self.rev += 1
            del self.entries[key]
            self.feed[key] = (self.rev, None)
        self._moved.set()

    def restore(self, streams: dict[bytes, StoredStream], epoch: str) -> None:
        """The database is replaced by an older copy."""
        self.streams, self.epoch = streams, epoch
        self._moved.set()

    def copy_of_streams(self) -> dict[bytes, StoredStream]:
        return {
            stream_id: StoredStream(stream.next, stream.closed, dict(stream.records))
            for stream_id, stream in self.streams.items()
        }

    # --- the protocol

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20, middlewares=[self._check])
        app.router.add_post("/edge/v1/batches", self._batches)
        app.router.add_post("/edge/v1/marks", self._marks)
        app.router.add_post("/edge/v1/status", self._status)
        app.router.add_get("/edge/v1/changes", self._changes)
        app.router.add_get("/edge/v1/snapshot", self._snapshot)
        return app

    @web.middleware
    async def _check(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        if request.headers.get(WIRE_HEADER) != str(self.wire_version):
            return web.json_response({"type": "/problems/unsupported-wire-version"}, status=400)
        return await handler(request)

    async def _batches(self, request: web.Request) -> web.Response:
        body = await request.read()
        said = (request.headers[name] for name in (STREAM_HEADER, FIRST_HEADER, COUNT_HEADER))
        if request.headers[DIGEST_HEADER] != digest_of(body, *said):
            return web.json_response({"type": "/problems/damaged-in-transit"}, status=400)
        delivery = Delivery(
            stream=bytes.fromhex(request.headers[STREAM_HEADER]),
            first=int(request.headers[FIRST_HEADER]),
            count=int(request.headers[COUNT_HEADER]),
            lane="",
            closed=False,
            batch=None,
        )
        try:
            shipped = msgspec.msgpack.decode(zstandard.decompress(body), type=ShippedBatch)
            delivery.batch = msgspec.structs.replace(shipped, records=records_of(shipped))
            delivery.lane, delivery.closed = shipped.lane, shipped.closed
        except (msgspec.DecodeError, zstandard.ZstdError, BadRows):
            pass
        self.deliveries.append(delivery)
        if self.before is not None and (answer := await self.before(delivery)) is not None:
            return answer
        answer = self.store(delivery)
        if self.after is not None and (other := await self.after(delivery)) is not None:
            return other
        return answer

    def store(self, delivery: Delivery) -> web.Response:
        """Stores what lies above the mark and moves it, or names the number that it wants."""
        stream = self.streams.setdefault(delivery.stream, StoredStream())
        if delivery.first > stream.next:
            return self.ack(stream, 409)
        if delivery.batch is None:
            stream.next = max(stream.next, delivery.first + delivery.count)
            return self.ack(stream, 422, "undecodable")
        assert len(delivery.batch.records) == delivery.count
        for number, record in enumerate(delivery.batch.records, delivery.first):
            if number >= stream.next:
                assert not stream.closed, "a record behind the end of a closed stream"
                stream.records[number] = record
        stream.next = max(stream.next, delivery.first + delivery.count)
        stream.closed = stream.closed or delivery.closed
        self.stored.set()
        return self.ack(stream)

    def ack(self, stream: StoredStream, status: int = 200, quarantined: str = "") -> web.Response:
        ack = BatchAck(stream.next, self.server_ms(), quarantined)
        return web.Response(body=encode(ack), status=status, content_type=MSGPACK)

    async def _marks(self, request: web.Request) -> web.Response:
        asked = msgspec.msgpack.decode(await request.read(), type=MarksQuestion).streams
        found = (self.streams.get(stream_id, StoredStream()) for stream_id in asked)
        marks = Marks(self.server_ms(), [Mark(stream.next, stream.closed) for stream in found])
        return web.Response(body=encode(marks), content_type=MSGPACK)

    async def _status(self, request: web.Request) -> web.Response:
        self.statuses.append(msgspec.msgpack.decode(await request.read(), type=EdgeStatus))
        self.stored.set()
        return web.Response(body=encode(StatusAck(self.server_ms())), content_type=MSGPACK)

    async def _changes(self, request: web.Request) -> web.Response:
        epoch, rev, wait_s = request.query["epoch"], int(request.query["rev"]), float(request.query["wait"])
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        while True:
            if epoch != self.epoch or rev > self.rev:
                return web.Response(status=410)
            self._moved.clear()
            found = sorted((at, key, entry) for key, (at, entry) in self.feed.items() if at > rev)
            if found or loop.time() >= deadline:
                page = ChangePage(self.epoch, self.rev, [Change(*one) for one in found], server_ms=wall_ms())
                return web.Response(body=encode(page), content_type=MSGPACK)
            try:
                await asyncio.wait_for(self._moved.wait(), deadline - loop.time())
            except TimeoutError:
                continue

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        self.snapshots += 1
        response = web.StreamResponse(headers={"Content-Encoding": "zstd", "Content-Type": MSGPACK})
        await response.prepare(request)
        compressor = zstandard.ZstdCompressor().compressobj()
        async for frame in self._frames():
            await response.write(compressor.compress(len(frame).to_bytes(4, "little") + frame))
        await response.write(compressor.flush())
        await response.write_eof()
        return response

    async def _frames(self) -> AsyncIterator[bytes]:
        entries = list(self.entries.values())
        yield encode(SnapshotStart(self.epoch, self.rev, wall_ms()))
        for at in range(0, len(entries), 100):
            yield encode(SnapshotEntries(entries[at : at + 100]))
        yield encode(SnapshotEnd(len(entries)))


@asynccontextmanager
async def running(control: ControlPlane, port: int | None = None) -> AsyncGenerator[ControlPlane]:
    """The control plane, served on a loopback port."""
    server = TestServer(control.app(), port=port)
    await server.start_server(shutdown_timeout=0.1)
    control.url = str(server.make_url("/")).rstrip("/")
    try:
        yield control
    finally:
        await server.close()


def without_duplicates(ids: Iterable[bytes]) -> bool:
    seen = list(ids)
    return len(seen) == len(set(seen))
