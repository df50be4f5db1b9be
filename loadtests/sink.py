"""A control plane for benchmarks: serves a snapshot, takes batches, keeps nothing but counts.

    python -m loadtests.sink LINKS PORT

It speaks `/edge/v1` as `docs/reference/wire.md` has it: digests are checked, streams go on where their mark is, a
batch is counted when it moves the mark and not when it comes again. So its counts are those of a database that stores
every record once. `GET /counts` gives them in JSON. Its own cost is one pass over each batch; it is charged to no one
that is measured.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Final, Protocol

import msgspec
import uvloop
import zstandard
from aiohttp import web

from loadtests.bench_edge.links import Links
from shared.clock import wall_ms
from shared.wire import (
    COUNT_HEADER,
    DIGEST_HEADER,
    FIRST_HEADER,
    STREAM_HEADER,
    BatchAck,
    ChangePage,
    EdgeStatus,
    Entry,
    GapRecord,
    Mark,
    Marks,
    MarksQuestion,
    SnapshotEnd,
    SnapshotEntries,
    SnapshotFrame,
    SnapshotStart,
    StatusAck,
    UnknownSlugsRecord,
    digest_of,
)

TOKEN: Final = "et_bench"
EPOCH: Final = "bench"
REV: Final = 1
COUNTS_PATH: Final = "/counts"
FRAME_ENTRIES: Final = 1_000
BODY_MAX_BYTES: Final = 64 << 20
BATCH_MAX_BYTES: Final = 64 << 20  # decompressed

_MSGPACK = "application/msgpack"
_encode = msgspec.msgpack.encode


class Counts(msgspec.Struct):
    """Of all streams together."""

    clicks: int = 0
    beacons: int = 0
    unknown: int = 0  # requests for slugs that no link has, summed over their records
    lost: int = 0  # records that gap records tell of
    repeated: int = 0  # records that came again
    backlog: int = 0  # records that the edge last said it had not delivered


class _Columns(msgspec.Struct, array_like=True):
    """`shared.wire.Clicks`, of which only the number is asked."""

    rows: msgspec.Raw
    targets: list[msgspec.Raw]


class _RawBatch(msgspec.Struct, array_like=True):
    edge_id: str
    lane: str
    closed: bool
    low_watermark_ms: int
    clock: msgspec.Raw
    records: list[msgspec.Raw]
    places: list[int]
    clicks: _Columns | None


class _Kind(msgspec.Struct, array_like=True):
    tag: str


_decode_batch = msgspec.msgpack.Decoder(_RawBatch).decode
_decode_kind = msgspec.msgpack.Decoder(_Kind).decode


@dataclass
class _Stream:
    next: int = 0
    closed: bool = False


class Published(Protocol):
    """What the edge gets."""

    def snapshot(self) -> Iterator[Entry]: ...


class Sink:
    """The server's state."""

    def __init__(self, links: Published) -> None:
        self.counts = Counts()
        self._links = links
        self._streams: defaultdict[bytes, _Stream] = defaultdict(_Stream)
        self._decompressor = zstandard.ZstdDecompressor()

    def app(self) -> web.Application:
        app = web.Application(client_max_size=BODY_MAX_BYTES)
        app.router.add_post("/edge/v1/batches", self._take_batch)
        app.router.add_post("/edge/v1/marks", self._tell_marks)
        app.router.add_post("/edge/v1/status", self._take_status)
        app.router.add_get("/edge/v1/changes", self._tell_changes)
        app.router.add_get("/edge/v1/snapshot", self._send_snapshot)
        app.router.add_get(COUNTS_PATH, self._tell_counts)
        return app

    async def _take_batch(self, request: web.Request) -> web.Response:
        body = await request.read()
        said = [request.headers[name] for name in (STREAM_HEADER, FIRST_HEADER, COUNT_HEADER)]
        if request.headers[DIGEST_HEADER] != digest_of(body, *said):
            return web.json_response({"type": "/problems/damaged-in-transit"}, status=400)
        stream, first = self._streams[bytes.fromhex(said[0])], int(said[1])
        if first > stream.next:
            return _answer(BatchAck(stream.next, wall_ms()), 409)
        batch = _decode_batch(self._decompressor.decompress(body, max_output_size=BATCH_MAX_BYTES))
        known = stream.next - first
        clicks = len(batch.clicks.targets) if batch.clicks is not None else 0
        count = clicks + len(batch.records)
        others = [(place, record) for place, record in zip(batch.places, batch.records, strict=True) if place >= known]
        self._count(others)
        self.counts.clicks += max(0, count - known) - len(others)
        self.counts.repeated += min(count, known)
        stream.next = max(stream.next, first + count)
        stream.closed |= batch.closed
        return _answer(BatchAck(stream.next, wall_ms()))

    def _count(self, others: list[tuple[int, msgspec.Raw]]) -> None:
        for _, record in others:
            match _decode_kind(record).tag:
                case "beacon":
                    self.counts.beacons += 1
                case "unknown":
                    self.counts.unknown += msgspec.msgpack.decode(record, type=UnknownSlugsRecord).total
                case "gap":
                    self.counts.lost += msgspec.msgpack.decode(record, type=GapRecord).count
                case other:
                    raise web.HTTPBadRequest(text=f"a record of the unknown kind {other!r}")

    async def _tell_marks(self, request: web.Request) -> web.Response:
        asked = msgspec.msgpack.decode(await request.read(), type=MarksQuestion).streams
        found = [self._streams.get(stream_id, _Stream()) for stream_id in asked]
        return _answer(Marks(wall_ms(), [Mark(stream.next, stream.closed) for stream in found]))

    async def _take_status(self, request: web.Request) -> web.Response:
        self.counts.backlog = msgspec.msgpack.decode(await request.read(), type=EdgeStatus).backlog_records
        return _answer(StatusAck(wall_ms()))

    async def _tell_changes(self, request: web.Request) -> web.Response:
        """Nothing ever changes: the wait runs out."""
        if request.query["epoch"] != EPOCH or int(request.query["rev"]) > REV:
            return web.Response(status=410)
        await asyncio.sleep(float(request.query["wait"]))
        return _answer(ChangePage(EPOCH, REV, [], server_ms=wall_ms()))

    async def _send_snapshot(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "zstd", "Content-Type": _MSGPACK})
        await response.prepare(request)
        compressor = zstandard.ZstdCompressor().compressobj()
        for frame in self._frames():
            await response.write(compressor.compress(len(frame).to_bytes(4, "little") + frame))
        await response.write(compressor.flush())
        await response.write_eof()
        return response

    def _frames(self) -> Iterator[bytes]:
        digest, count = sha256(), 0

        def frame_of(frame: SnapshotFrame) -> bytes:
            encoded = _encode(frame)
            digest.update(encoded)
            return encoded

        yield frame_of(SnapshotStart(EPOCH, REV, wall_ms()))
        entries = self._links.snapshot()
        while part := list(islice(entries, FRAME_ENTRIES)):
            count += len(part)
            yield frame_of(SnapshotEntries(part))
        yield _encode(SnapshotEnd(count, digest.digest()))

    async def _tell_counts(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self.counts), content_type="application/json")


def _answer(message: msgspec.Struct, status: int = 200) -> web.Response:
    return web.Response(body=_encode(message), status=status, content_type=_MSGPACK)


def serve(links: Published, port: int) -> None:
    """Until it is told to stop."""
    web.run_app(
        Sink(links).app(),
        host="127.0.0.1",
        port=port,
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )


def main() -> None:
    links, port = map(int, sys.argv[1:])
    serve(Links(links), port)


if __name__ == "__main__":
    main()
