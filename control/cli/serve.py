"""The control plane in this process: the API and dashboard, the credit worker, housekeeping."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from control.accounts.sign_in import forget_old
from control.app import make_app
from control.attribution.worker import CreditWorker
from control.cli.failure import CliError
from control.cli.first_start import begin
from control.cli.local import local_socket
from control.cli.runtime import open_services
from control.config import ControlConfig
from control.edges.feed import forget_tombstones
from control.services import Services
from control.store.partitions import ensure_partitions
from shared import garbage
from shared.clock import DAY_MS, wall_ms
from shared.logs import get_logger

HOUSEKEEPING_S = 3600.0
PARTITIONS_AHEAD_MS = 45 * DAY_MS
SHUTDOWN_S = 5.0  # how long requests in flight may take to finish

log = get_logger()


def bind(config: ControlConfig) -> socket.socket:
    """The listening socket. Raises CliError when the address is taken or not this machine's."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CliError(
                f"port {config.port} on {config.host} is in use; stop what listens there, or set `port` of [control]"
            ) from None
        raise CliError(f"cannot listen on {config.host} port {config.port}: {error.strerror}") from None


@asynccontextmanager
async def serving(services: Services, listener: socket.socket) -> AsyncGenerator[None]:
    """Serves for as long as the block runs; at its end requests in flight finish, and jobs stop between two steps."""
    runner = web.AppRunner(make_app(services), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        async with local_socket(services), _in_background(*_jobs(services)):
            garbage.settle()
            yield
    finally:
        await services.feed.close()  # edges that wait for changes are answered, or they would hold up the end
        await runner.cleanup()


async def run_control(config: ControlConfig) -> None:
    """The control plane until SIGTERM or Ctrl-C. Raises CliError."""
    with bind(config) as listener:
        config = msgspec.structs.replace(config, port=listener.getsockname()[1])
        async with open_services(config) as services:
            await begin(services)
            async with serving(services, listener):
                log.info("control plane listens", host=config.host, port=config.port)
                await until_stopped()


async def run_worker(config: ControlConfig) -> None:
    """Credit passes alone until SIGTERM or Ctrl-C. Raises CliError."""
    async with open_services(config) as services, _in_background(_credit_worker(services)):
        await until_stopped()


async def until_stopped() -> None:
    """Returns at SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


@asynccontextmanager
async def _in_background(*jobs: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _jobs(services: Services) -> list[Coroutine[Any, Any, None]]:
    return [
        _credit_worker(services),
        _housekeeping(services),
    ]


def _credit_worker(services: Services) -> Coroutine[Any, Any, None]:
    return CreditWorker(services.database, services.credit_wake).run()


async def _housekeeping(services: Services) -> None:
    """Once an hour: room for coming months, and an end for what is over."""
    while True:
        try:
            await keep_house(services, wall_ms())
        except Exception:
            log.exception("housekeeping failed", retry_in_s=HOUSEKEEPING_S)
        await asyncio.sleep(HOUSEKEEPING_S)


async def keep_house(services: Services, now_ms: int) -> None:
    """One round of housekeeping."""
    async with services.database.transaction() as connection:
        await ensure_partitions(connection, now_ms, now_ms + PARTITIONS_AHEAD_MS)
        await forget_tombstones(connection, now_ms)
        await forget_old(connection, now_ms)
