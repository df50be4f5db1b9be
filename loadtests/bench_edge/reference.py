"""A stock aiohttp server that redirects and logs, to show what an ordinary Python service costs.

    python -m loadtests.bench_edge.reference LINKS.csv PORT LOG

Links are in a dictionary. Records gather in a list that is written every 50 ms: like nginx's buffered log, a crash
loses the last buffer. It takes beacons as the edge does, reads their bodies and logs them.
"""

from __future__ import annotations

import asyncio
import csv
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import uvloop
from aiohttp import web

from loadtests.bench_edge.mix import BEACON_PATH

FLUSH_EVERY_S: Final = 0.05


class Log:
    """Tab-separated lines with the facts that the nginx baseline logs."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lines: list[str] = []

    def add(self, request: web.Request, status: int, body: str = "-") -> None:
        headers = request.headers
        self._lines.append(
            f"{time.time():.3f}\t{os.urandom(16).hex()}\t{request.remote}\t{request.host}\t{request.path_qs}\t{status}\t"
            f"{headers.get('User-Agent', '-')}\t{headers.get('Referer', '-')}\t"
            f"{headers.get('Accept-Language', '-')}\t{body}\n"
        )

    async def keep_flushing(self, _: web.Application) -> AsyncIterator[None]:
        async def flush_for_ever() -> None:
            while True:
                await asyncio.sleep(FLUSH_EVERY_S)
                self._flush()

        task = asyncio.create_task(flush_for_ever())
        yield
        task.cancel()
        self._flush()

    def _flush(self) -> None:
        data, self._lines = memoryview("".join(self._lines).encode()), []
        while data:
            data = data[os.write(self._file, data) :]


def make_app(links: dict[str, str], log: Log) -> web.Application:
    async def redirect(request: web.Request) -> web.Response:
        destination = links.get(request.match_info["slug"])
        if destination is None:
            log.add(request, 404)
            return web.Response(status=404, text="not found")
        log.add(request, 302)
        return web.Response(status=302, headers={"Location": destination})

    async def take_beacon(request: web.Request) -> web.Response:
        log.add(request, 204, await request.text())
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/{slug}", redirect)
    app.router.add_post(BEACON_PATH, take_beacon)
    app.cleanup_ctx.append(log.keep_flushing)
    return app


def main() -> None:
    table, port, log = sys.argv[1:]
    with Path(table).open(newline="", encoding="ascii") as file:
        links = dict(csv.reader(file))
    web.run_app(
        make_app(links, Log(Path(log))),
        host="127.0.0.1",
        port=int(port),
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )


if __name__ == "__main__":
    main()
