"""One redirecting process: takes over an inherited listening socket, opens the link cache and a ring, serves until told
to stop. Started by the supervisor, `python -m edge.worker`, with its orders on standard input.

It serves before it has imported aiohttp, which few requests need: those wait (`edge.guests`).
"""

from __future__ import annotations

import asyncio
import resource
import select
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import uvloop

from edge import hints, lifeline
from edge.config import EdgeConfig
from edge.counts import Counts, CountsPage
from edge.door import Limits
from edge.fast import FastPath
from edge.guests import Guests
from edge.links import LinkCache
from edge.node import ring_directory
from edge.proxies import Proxies
from edge.redirects import Redirects
from edge.ring import RingWriter
from shared import garbage, logs
from shared.logs import get_logger

if TYPE_CHECKING:
    from edge.server import Server

TICK_S: Final = 0.025  # how soon an applied change is noticed at the latest, where the hint of it is lost
DRAIN_S: Final = 4.0  # for requests in flight, when the worker stops
OWN_DESCRIPTORS: Final = 64  # that the worker needs beside its connections
IMPORT_DELAY_S: Final = 0.05  # for visitors who have waited in the socket's queue
IMPORT_SWITCH_S: Final = 0.0005  # how long a visitor's system call waits for a thread that imports
_MIB = 1 << 20

_log = get_logger()


class Front(Protocol):
    """Who owns the connections."""

    def tick(self) -> None: ...

    async def finish(self, within_s: float) -> None: ...


async def serve(orders: lifeline.Orders) -> None:
    """Runs the worker until SIGTERM or the supervisor's death; then answers what is in flight and flushes."""
    config = orders.config
    stop = asyncio.Event()
    lifeline.on_stop(asyncio.get_running_loop(), stop)
    cache = LinkCache.open(config.links_dir)
    rings = ring_directory(config.data_dir, config.ring_dir)
    ring = RingWriter.open(rings, orders.index, config.ring_mib * _MIB, config.ring_budget_mib * _MIB)
    hints.on_hint(asyncio.get_running_loop(), rings, orders.index, cache.refresh)
    proxies, counts = Proxies(config.trusted_proxies, config.address_header), Counts()
    redirects = Redirects(cache, ring, proxies, counts, config.country_header)
    page = CountsPage(rings, orders.index)
    listener = socket.socket(fileno=orders.listener)
    listener.setblocking(False)

    def new_server() -> Server:
        from edge.app import App
        from edge.server import Server

        return Server(App(cache, ring, proxies, counts, redirects, stop.is_set).respond)

    limits = _limits(config)
    if hasattr(select, "epoll"):
        fast = FastPath(redirects, cache, ring, counts)
        front = _own_front(listener, fast, proxies, counts, limits, new_server)
    else:
        front = await _stock_front(listener, new_server())
    fronts = [front]
    if orders.tls_listener >= 0:
        fronts.append(await _tls_front(orders, proxies, counts, limits, new_server))
    _log.debug("worker serves", index=orders.index)

    while not stop.is_set():
        cache.refresh()
        redirects.flush_unknown()
        for front in fronts:
            front.tick()
        page.publish(counts)
        await asyncio.sleep(TICK_S)

    await asyncio.gather(*(front.finish(DRAIN_S) for front in fronts))
    redirects.flush_unknown(all_of_it=True)
    page.publish(counts)
    ring.close()
    cache.close()


def main() -> int:
    orders = lifeline.take()
    logs.set_up(orders.log.level, orders.log.format, process=f"worker-{orders.index}")
    garbage.look_seldom()
    uvloop.run(serve(orders))
    return 0


def _own_front(
    listener: socket.socket,
    fast: FastPath,
    proxies: Proxies,
    counts: Counts,
    limits: Limits,
    new_server: Callable[[], Server],
) -> Front:
    """Connections of our own, from now on; aiohttp is imported beside them, in a thread."""
    from edge.connections import Connections

    guests = Guests()
    front = Connections(listener, fast, guests, proxies, counts, limits)

    def open_guests(_imported: asyncio.Future[None]) -> None:
        guests.open(new_server())
        garbage.settle()

    importing = asyncio.ensure_future(_import_beside_visitors())
    importing.add_done_callback(open_guests)
    return front


async def _stock_front(listener: socket.socket, server: Server) -> Front:
    from edge.stock import StockFront

    return await StockFront.open(listener, server)


async def _tls_front(
    orders: lifeline.Orders, proxies: Proxies, counts: Counts, limits: Limits, new_server: Callable[[], Server]
) -> Front:
    await asyncio.to_thread(_import_aiohttp)  # the plain port answers meanwhile
    from edge.tls import Certificate
    from edge.tls_front import TlsFront

    config = orders.config
    listener = socket.socket(fileno=orders.tls_listener)
    listener.setblocking(False)
    certificate = Certificate(Path(config.tls_cert), Path(config.tls_key))
    lifeline.on_hangup(asyncio.get_running_loop(), certificate.reload)
    return TlsFront(listener, new_server(), certificate, proxies, counts, limits)


async def _import_beside_visitors() -> None:
    await asyncio.sleep(IMPORT_DELAY_S)
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(IMPORT_SWITCH_S)
    try:
        await asyncio.to_thread(_import_aiohttp)
    finally:
        sys.setswitchinterval(usual_s)


def _import_aiohttp() -> None:
    import_module("edge.app")
    import_module("edge.server")


def _limits(config: EdgeConfig) -> Limits:
    """Of each port: the configured cap on connections, or what the system grants."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ports = 2 if config.tls_port else 1
    wanted = ports * config.connections + OWN_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    granted = wanted if soft == resource.RLIM_INFINITY else soft
    if granted < wanted:
        _log.warning("the system grants fewer descriptors than `connections` needs", descriptors=granted)
    connections = min(config.connections, (granted - OWN_DESCRIPTORS) // ports)
    return Limits(connections, config.connections_per_address_s, proxy_protocol=config.proxy_protocol)


if __name__ == "__main__":
    sys.exit(main())
