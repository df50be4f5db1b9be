"""A socket in the data folder by which commands on this machine reach the process that holds the database.

Only the folder's owner can connect (the socket's mode says so), which is as much as opening the database itself would
prove. It is there for SQLite, where the running process alone may write; it works the same over Postgres.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import structlog
from aiohttp import web

from control.cli.first_start import owner_sign_in_url
from control.services import Services

SOCKET_FILE = "control.sock"
TIMEOUT_S = 10.0

log = structlog.get_logger()


@asynccontextmanager
async def local_socket(services: Services) -> AsyncGenerator[None]:
    """Answers on the socket for as long as the block runs."""

    async def sign_in_link(_request: web.Request) -> web.Response:
        return web.json_response({"url": await owner_sign_in_url(services)})

    app = web.Application()
    app.router.add_post("/sign-in-link", sign_in_link)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    path = services.data / SOCKET_FILE
    path.unlink(missing_ok=True)
    try:
        await web.UnixSite(runner, path).start()
        path.chmod(0o600)
    except OSError as error:  # such as a path longer than a socket's name may be
        log.warning("no local socket", path=str(path), error=str(error))
    try:
        yield
    finally:
        await runner.cleanup()
        path.unlink(missing_ok=True)


async def ask_for_sign_in_link(folder: Path) -> str:
    """A sign-in link from the running process. Raises aiohttp.ClientError when it doesn't answer."""
    connector = aiohttp.UnixConnector(str(folder / SOCKET_FILE))
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout, raise_for_status=True) as session,
        session.post("http://local/sign-in-link") as response,
    ):
        url: str = (await response.json())["url"]
        return url
