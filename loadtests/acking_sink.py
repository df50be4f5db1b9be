"""A control plane that says yes: takes batches, checks nothing, keeps nothing. So that only the agent's cost counts.

`python -m loadtests.acking_sink PORT` serves until its standard input ends. With `lags` behind it looks into the
batches and prints JSON at the end: how many records of the backlog came and when, and how old fresh ones were.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec
import uvloop
import zstandard
from aiohttp import web

from shared.clock import wall_ms
from shared.wire import (
    COUNT_HEADER,
    FIRST_HEADER,
    BatchAck,
    ChangePage,
    ClickRecord,
    Mark,
    Marks,
    MarksQuestion,
    StatusAck,
)

_BODY_MAX_BYTES = 64 << 20
_encode = msgspec.msgpack.encode


class Lags:
    """How old fresh records were when they came, and how the backlog went down."""

    def __init__(self) -> None:
        self.fresh_ms: list[int] = []
        self.backlog_records = 0
        self.backlog_began_ms = self.backlog_ended_ms = 0

    def note(self, body: bytes, count: int) -> None:
        batch = _outline.decode(zstandard.decompress(body))
        now = wall_ms()
        if batch.lane == "backlog":
            self.backlog_records += count
            self.backlog_began_ms = self.backlog_began_ms or now
            self.backlog_ended_ms = now if count else self.backlog_ended_ms
        else:
            records = _clicks.decode(batch.records)
            self.fresh_ms += [now - record.time_ms for record in records]


class _Outline(msgspec.Struct, array_like=True):
    edge_id: str
    lane: str
    closed: bool
    low_watermark_ms: int
    clock: msgspec.Raw
    records: msgspec.Raw


_outline = msgspec.msgpack.Decoder(_Outline)
_clicks = msgspec.msgpack.Decoder(list[ClickRecord])
lags = Lags() if sys.argv[2:] == ["lags"] else None


async def take_batch(request: web.Request) -> web.Response:
    body, count = await request.read(), int(request.headers[COUNT_HEADER])
    if lags is not None:
        lags.note(body, count)
    next_number = int(request.headers[FIRST_HEADER]) + count
    return web.Response(body=_encode(BatchAck(next_number, wall_ms())))


async def take_status(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=_encode(StatusAck(wall_ms())))


async def tell_marks(request: web.Request) -> web.Response:
    """All that anybody asks for is stored and closed."""
    asked = msgspec.msgpack.decode(await request.read(), type=MarksQuestion).streams
    return web.Response(body=_encode(Marks(wall_ms(), [Mark(2**62, True) for _ in asked])))


async def tell_changes(request: web.Request) -> web.Response:
    """Never any."""
    await asyncio.sleep(float(request.query.get("wait", "25")))
    return web.Response(body=_encode(ChangePage(request.query["epoch"], int(request.query["rev"]), [])))


async def serve(port: int) -> None:
    app = web.Application(client_max_size=_BODY_MAX_BYTES)
    app.router.add_post("/edge/v1/batches", take_batch)
    app.router.add_post("/edge/v1/status", take_status)
    app.router.add_post("/edge/v1/marks", tell_marks)
    app.router.add_get("/edge/v1/changes", tell_changes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()
    if lags is not None:
        print(msgspec.json.encode(vars(lags)).decode())


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
