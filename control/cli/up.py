"""`clicktrail up`: everything on one machine, in the order in which one part needs the other.

Control plane first, then the edge, which is told its token; at the end the edge first, so that what it recorded last
still finds somebody to take it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
import typer

from control.cli.edge_child import EdgeChild
from control.cli.failure import CliError
from control.cli.first_start import LOCAL_DOMAIN, begin, owner_sign_in_url
from control.cli.runtime import open_services
from control.cli.serve import bind, serving, until_stopped
from control.config import ControlConfig
from control.edges.tokens import replace_token
from control.services import Services
from edge.config import EdgeConfig
from shared import config as configuration
from shared.clock import wall_ms

EDGE_TOKEN_NAME = "Edge of `clicktrail up`"
EDGE_START_S = 15.0
EDGE_POLL_S = 0.05


Greet = Callable[[Services, EdgeConfig], Awaitable[None]]


async def up(config: ControlConfig, tables: Mapping[str, Any], email: str) -> None:
    """Runs the all-in-one until SIGTERM or Ctrl-C. Raises CliError."""
    edge_config = configuration.load("edge", EdgeConfig, tables)
    with bind(config) as listener:
        async with open_services(reachable(config, listener, edge_config)) as services:
            await begin(services, email)
            await run_all(services, listener, edge_config, greet)


def reachable(config: ControlConfig, listener: socket.socket, edge_config: EdgeConfig) -> ControlConfig:
    """The configuration with the ports that are really listened on, for the addresses that are shown."""
    return msgspec.structs.replace(config, port=listener.getsockname()[1], edge_local_port=edge_config.port)


async def run_all(services: Services, listener: socket.socket, edge_config: EdgeConfig, greet: Greet) -> None:
    """Serves, starts the edge, greets once it listens, and stops both at SIGTERM or Ctrl-C. Raises CliError."""
    edge = EdgeChild(await _edge_settings(services, edge_config))
    async with serving(services, listener):
        await _run_edge(edge, edge_config, services, greet)


async def _run_edge(edge: EdgeChild, edge_config: EdgeConfig, services: Services, greet: Greet) -> None:
    running = asyncio.create_task(edge.run())
    stopped = asyncio.create_task(until_stopped())
    try:
        started = asyncio.create_task(_until_it_listens(edge_config))
        await asyncio.wait((running, stopped, started), return_when=asyncio.FIRST_COMPLETED)
        if started.done() and not running.done() and not stopped.done():
            started.result()
            await greet(services, edge_config)
        started.cancel()
        await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        stopped.cancel()
        await edge.stop()
        running.cancel()
        with suppress(asyncio.CancelledError, CliError):
            await running


async def _edge_settings(services: Services, edge_config: EdgeConfig) -> dict[str, str]:
    """What the edge is told beyond its own configuration: whom to follow, and with which token."""
    async with services.database.transaction() as connection:
        token = await replace_token(connection, EDGE_TOKEN_NAME, wall_ms())
    host = services.config.host
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    settings = {
        "CLICKTRAIL_EDGE_TOKEN": token,
        "CLICKTRAIL_EDGE_CONTROL_URL": f"http://{reachable}:{services.config.port}",
    }
    if edge_config.data == EdgeConfig().data:
        settings["CLICKTRAIL_EDGE_DATA"] = str(services.data / "edge")
    return settings


async def _until_it_listens(edge_config: EdgeConfig) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(edge_config.host, edge_config.host)
    try:
        async with asyncio.timeout(EDGE_START_S):
            while not await asyncio.to_thread(_accepts, host, edge_config.port):  # noqa: ASYNC110 no event: another process
                await asyncio.sleep(EDGE_POLL_S)
    except TimeoutError:
        raise CliError(f"the edge did not listen on port {edge_config.port} within {EDGE_START_S:.0f} s") from None


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


async def greet(services: Services, edge_config: EdgeConfig) -> None:
    """Says where everything is."""
    url = await owner_sign_in_url(services)
    short = services.config.short_origin(LOCAL_DOMAIN)
    typer.echo(
        "\n".join(
            (
                "",
                f"  Dashboard    {services.config.dashboard_url}",
                f"  Sign in      {url}",
                "               (works once, for 24 hours; `clicktrail sign-in-link` prints another)",
                f"  Short links  {short}/…  (the edge listens on {edge_config.host} port {edge_config.port})",
                f"  Data         {services.data}",
                "",
                "  Ctrl-C stops everything.",
                "",
            )
        )
    )
