"""Connections that aiohttp owns, where there is no epoll (macOS): the same answers, at several times the cost, and
without limits for slow clients."""

from __future__ import annotations

import socket
from typing import Final

from aiohttp import web

from edge.claims import LISTEN_BACKLOG
from edge.server import Server

CLOSE_S: Final = 0.5  # for answers on their way


class StockFront:
    """All connections of one worker."""

    def __init__(self, server: Server, runner: web.ServerRunner, site: web.SockSite) -> None:
        self._server, self._runner, self._site = server, runner, site

    @classmethod
    async def open(cls, listener: socket.socket, server: Server) -> StockFront:
        """Serves from now on."""
        runner = web.ServerRunner(server, shutdown_timeout=CLOSE_S)
        await runner.setup()
        site = web.SockSite(runner, listener, backlog=LISTEN_BACKLOG)
        await site.start()
        return cls(server, runner, site)

    def tick(self) -> None:
        """aiohttp has timers of its own."""

    async def finish(self, within_s: float) -> None:
        """Takes no new connections, answers what is on its way in, and closes."""
        await self._site.stop()
        await self._server.finish(within_s)
        await self._runner.cleanup()
