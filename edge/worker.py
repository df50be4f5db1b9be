"""One redirecting process: takes over an inherited listening socket, opens the link cache and a ring, serves until told
to stop. Started by the supervisor, `python -m edge.worker`, with its orders on standard input."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys

import uvloop
from aiohttp import web

from edge import lifeline
from edge.app import App
from edge.claims import LISTEN_BACKLOG
from edge.config import EdgeConfig
from edge.links import LinkCache
from edge.node import ring_directory
from edge.proxies import Proxies
from edge.ring import RingWriter
from edge.server import Server
from shared import logs
from shared.logs import get_logger

TICK_S = 0.01  # how soon an applied change is noticed
CLOSE_S = 0.5  # for answers on their way
DRAIN_S = 4  # for requests in flight, when the worker stops
_MIB = 1 << 20

_log = get_logger()


async def serve(orders: lifeline.Orders) -> None:
    """Runs the worker until SIGTERM or the supervisor's death; then answers what is in flight and flushes."""
    config = orders.config
    stop = asyncio.Event()
    lifeline.on_stop(asyncio.get_running_loop(), stop)
    cache = LinkCache.open(config.links_dir)
    ring = _open_ring(config, orders.index)
    app = App(cache, ring, Proxies(config.trusted_proxies))
    server = Server(app.respond)
    runner = web.ServerRunner(server, shutdown_timeout=CLOSE_S)
    await runner.setup()
    listener = socket.socket(fileno=orders.listener)
    listener.setblocking(False)
    site = web.SockSite(runner, listener, backlog=LISTEN_BACKLOG)
    await site.start()
    gc.freeze()
    _log.debug("worker serves", index=orders.index)

    while not stop.is_set():
        cache.refresh()
        app.redirects.flush_unknown()
        await asyncio.sleep(TICK_S)

    await site.stop()
    await server.finish(DRAIN_S)
    await runner.cleanup()
    app.redirects.flush_unknown(all_of_it=True)
    ring.close()
    cache.close()


def main() -> int:
    orders = lifeline.take()
    logs.set_up(orders.log.level, orders.log.format, process=f"worker-{orders.index}")
    uvloop.run(serve(orders))
    return 0


def _open_ring(config: EdgeConfig, index: int) -> RingWriter:
    return RingWriter.open(
        ring_directory(config.data_dir, config.ring_dir),
        index,
        config.ring_mib * _MIB,
        config.ring_budget_mib * _MIB,
    )


if __name__ == "__main__":
    sys.exit(main())
