"""`clicktrail demo`: the all-in-one with 90 days of a small coffee company's history, and its shop to buy in.

The history is made and stored at the first start, by the code that stores real traffic; a later start goes on with what
is there, `--fresh` begins again.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvloop
from aiohttp import web
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from control.accounts.workspaces import ensure_owner
from control.cli.failure import CliError
from control.cli.first_start import owner_sign_in_url
from control.cli.runtime import open_services
from control.cli.serve import bind
from control.cli.up import reachable, run_all
from control.config import ControlConfig
from control.demo import folder
from control.demo.catalogue import WORKSPACE_NAME
from control.demo.folder import ShopKeys
from control.demo.furnish import furnish
from control.demo.seed import bring_in, credit
from control.demo.shop.app import ShopConfig, make_shop
from control.demo.stages import Stages
from control.demo.world import DAYS, OTHER_SITE_HOST, SAME_SITE_HOST, make_world
from control.services import Services
from edge.config import EdgeConfig
from shared import config as configuration
from shared import logs
from shared.clock import DAY_MS, wall_ms

OWNER = "kaethe@example.com"
SHOP_HOST = "shop.localhost"

console = Console()


class Demo(NamedTuple):
    """What was asked for on the command line."""

    people: int
    seed: int
    shop_port: int

    @property
    def shop(self) -> str:
        return f"http://{SHOP_HOST}:{self.shop_port}"


def run_demo(data: Path, asked: Demo, *, fresh: bool) -> None:
    """Until somebody ends it. `fresh` deletes what is in the folder `data`. Raises CliError, ConfigError."""
    tables = configuration.read_file(None)
    configuration.reject_unknown_variables()
    if "log" not in tables:
        os.environ.setdefault("CLICKTRAIL_LOG_LEVEL", "warning")  # the edge's as well, which is a process of its own
    log = configuration.load("log", configuration.LogConfig, tables)
    logs.set_up(log.level, log.format, process="demo")
    control = configuration.load("control", ControlConfig, tables)
    edge = configuration.load("edge", EdgeConfig, tables)
    keys = folder.begin(data, fresh=fresh)
    uvloop.run(_run(msgspec.structs.replace(control, data=str(data)), edge, asked, keys))


async def _run(config: ControlConfig, edge: EdgeConfig, asked: Demo, keys: ShopKeys | None) -> None:
    stages = Stages()
    with bind(config) as listener, _listen(asked.shop_port) as shop_listener:
        async with open_services(reachable(config, listener, edge)) as services:
            if keys is None:
                keys = await _make_history(services, asked, stages)
                folder.complete(services.data, keys)
            started = stages.begin("start")

            async def greet(services: Services, _: EdgeConfig) -> None:
                started()
                await _greet(services, asked, stages)

            async with _shop(services, keys, shop_listener):
                await run_all(services, listener, edge, greet)


async def _make_history(services: Services, asked: Demo, stages: Stages) -> ShopKeys:
    end_ms = wall_ms()
    with stages.timed("set-up"):
        async with services.feed.publishing() as connection:
            owner = await ensure_owner(connection, OWNER, WORKSPACE_NAME, end_ms - DAYS * DAY_MS)
            company = await furnish(connection, services.config, owner.workspace_id, asked.shop, end_ms - DAYS * DAY_MS)
        moments = list(make_world(company.setup, end_ms, asked.seed, asked.people))
    columns = (TextColumn("{task.description:<22}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(f"{DAYS} days of history", total=len(moments))
        with stages.timed("history"):
            await bring_in(services, company.setup, moments, lambda count: bars.advance(task, count))
        task = bars.add_task("credits", total=None)
        with stages.timed("credits"):
            await credit(services, lambda _: bars.advance(task, 1))
        bars.update(task, total=1, completed=1)
    return ShopKeys(company.publishable_key, company.secret_key)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CliError(
                f"port {port}, where the demo shop listens, is in use; choose one with --shop-port"
            ) from None
        raise CliError(f"the demo shop cannot listen on port {port}: {error.strerror}") from None


@asynccontextmanager
async def _shop(services: Services, keys: ShopKeys, listener: socket.socket) -> AsyncGenerator[None]:
    shop = ShopConfig(
        snippet_origin=services.config.short_origin(SAME_SITE_HOST),
        publishable_key=keys.publishable_key,
        api_url=f"http://127.0.0.1:{services.config.port}",
        secret_key=keys.secret_key,
        dashboard_url=services.config.dashboard_url,
    )
    runner = web.AppRunner(make_shop(shop), access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def _greet(services: Services, asked: Demo, stages: Stages) -> None:
    stages.show(console)
    lines = (
        ("Dashboard", await owner_sign_in_url(services), "signs you in, once"),
        ("Shop", asked.shop, "buy something here"),
        ("Same-site link", f"{services.config.short_origin(SAME_SITE_HOST)}/herbst", "carries the click in a cookie"),
        ("Other-site link", f"{services.config.short_origin(OTHER_SITE_HOST)}/ig-reel", "carries it behind the #"),
    )
    console.print()
    for name, url, what in lines:
        console.print(f"  {name:<16} [bold]{url}[/]  [dim]{what}[/]", soft_wrap=True, highlight=False)
    console.print("\n  Ctrl-C stops everything.\n")
