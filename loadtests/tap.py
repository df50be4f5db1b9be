"""Stands between an agent and a control plane and notes how old records were when they were acknowledged.

    python -m loadtests.tap URL PORT

Every request is passed on to URL. `GET /lags` gives `Lags` in JSON.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final

import aiohttp
import msgspec
import uvloop
import zstandard
from aiohttp import web

from shared.clock import wall_ms
from shared.rows import records_of
from shared.wire import COUNT_HEADER, ClickRecord, Lane, ShippedBatch

LAGS_PATH: Final = "/lags"
BODY_MAX_BYTES: Final = 64 << 20
NOT_PASSED_ON: Final = ("host", "content-length", "transfer-encoding", "connection", "date", "server")


class Lags(msgspec.Struct):
    """How old clicks of the fresh lane were when they were stored, and how the backlog went down."""

    fresh_ms: list[int] = []
    backlog_records: int = 0
    backlog_began_ms: int = 0
    backlog_ended_ms: int = 0


class _Lane(msgspec.Struct, array_like=True):
    """How a `ShippedBatch` begins: of a backlog nothing else is asked, and this process takes little from the rest."""

    edge_id: str
    lane: Lane


_decode_batch = msgspec.msgpack.Decoder(ShippedBatch).decode
_decode_lane = msgspec.msgpack.Decoder(_Lane).decode


class Tap:
    def __init__(self, url: str) -> None:
        self._url, self._lags = url, Lags()

    async def serve(self, port: int) -> None:
        """Until the process ends."""
        app = web.Application(client_max_size=BODY_MAX_BYTES)
        app.router.add_get(LAGS_PATH, self._tell_lags)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            await asyncio.Event().wait()

    async def _pass_on(self, request: web.Request) -> web.Response:
        body, began_ms = await request.read(), wall_ms()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_PASSED_ON}
        url = self._url + request.path_qs
        async with self._session.request(request.method, url, headers=headers, data=body) as answer:
            said = await answer.read()
        if request.path.endswith("/batches") and answer.status == 200:  # reading it must not keep the answer waiting
            count = int(request.headers[COUNT_HEADER])
            asyncio.get_running_loop().call_soon(self._note, body, count, began_ms, wall_ms())
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in NOT_PASSED_ON}
        return web.Response(status=answer.status, body=said, headers=kept)

    def _note(self, body: bytes, count: int, began_ms: int, now: int) -> None:
        unpacked = zstandard.decompress(body)
        if _decode_lane(unpacked).lane == "fresh":
            records = records_of(_decode_batch(unpacked))
            self._lags.fresh_ms += [now - record.time_ms for record in records if isinstance(record, ClickRecord)]
        elif count:
            self._lags.backlog_records += count
            self._lags.backlog_began_ms = self._lags.backlog_began_ms or began_ms
            self._lags.backlog_ended_ms = now

    async def _tell_lags(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self._lags), content_type="application/json")


if __name__ == "__main__":
    uvloop.run(Tap(sys.argv[1]).serve(int(sys.argv[2])))
