"""A test client for an aiohttp application, typed once."""

from __future__ import annotations

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

Client = TestClient[web.Request, web.Application]


def client_of(app: web.Application, headers: dict[str, str] | None = None) -> Client:
    """A client over real sockets; use it in `async with`. `headers` go with every request."""
    return TestClient(TestServer(app), headers=headers)
