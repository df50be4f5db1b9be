"""A socket in the data folder by which commands on this machine reach the process that holds the database.

Only the folder's owner can connect (the socket's mode says so), which is as much as opening the database itself would
prove. It is there for SQLite, where the running process alone may write; it works the same over Postgres.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
from aiohttp import web

from control.cli.first_start import owner_sign_in_url
from control.services import Services
from shared.logs import get_logger

SOCKET_FILE = "control.sock"
TIMEOUT_S = 300.0  # an examination reads every click

log = get_logger()

Answer = TypeVar("Answer", bound=msgspec.Struct)


class SignInLink(msgspec.Struct, frozen=True):
    """A one-time link."""

    url: str


@asynccontextmanager
async def local_socket(services: Services) -> AsyncGenerator[None]:
    """Answers on the socket for as long as the block runs."""

    async def sign_in_link(_request: web.Request) -> web.Response:
        return _json(SignInLink(await owner_sign_in_url(services)))

    async def doctor(_request: web.Request) -> web.Response:
        from control.doctor import examine  # and with it sqlglot, which no start needs

        return _json(await examine(services.database))

    app = web.Application()
    app.router.add_post("/sign-in-link", sign_in_link)
    app.router.add_post("/doctor", doctor)
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


async def ask(folder: Path, what: str, answer: type[Answer]) -> Answer:
    """The running process's answer. Raises aiohttp.ClientError or OSError when it doesn't give one."""
    connector = aiohttp.UnixConnector(str(folder / SOCKET_FILE))
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout, raise_for_status=True) as session,
        session.post(f"http://local/{what}") as response,
    ):
        return msgspec.json.decode(await response.read(), type=answer)


def _json(answer: msgspec.Struct) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")
