"""A control plane that says yes: takes batches, checks nothing, keeps nothing. So that only the agent's cost counts.

`python -m loadtests.acking_sink PORT` serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec
import uvloop
from aiohttp import web

from shared.clock import wall_ms
from shared.wire import COUNT_HEADER, FIRST_HEADER, BatchAck, ChangePage, Mark, Marks, MarksQuestion, StatusAck

_BODY_MAX_BYTES = 64 << 20
_encode = msgspec.msgpack.encode


async def take_batch(request: web.Request) -> web.Response:
    await request.read()
    next_number = int(request.headers[FIRST_HEADER]) + int(request.headers[COUNT_HEADER])
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


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
