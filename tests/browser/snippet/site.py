"""A site with the snippet in it, and the edge's side of the conversation.

The site's pages are whatever a test writes. The edge's side serves the built script, sets the click cookie on a
redirect as the edge does, and takes reports with the edge's own decoder: what it would refuse fails the test.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from html import escape

from aiohttp import web
from aiohttp.test_utils import TestServer

from shared import beacon, click_id
from shared.beacon import Beacon
from tests.support.imports import ROOT

SCRIPT = ROOT / "edge" / "snippet" / "dist" / "t.js"
PUBLISHABLE_KEY = "pk_0123456789abcdefghijABCDEFGHIJ01"
STUB = "window.clicktrail=window.clicktrail||function(){(clicktrail.q=clicktrail.q||[]).push(arguments)}"

ARRIVAL_TIMEOUT_S = 10.0
SILENCE_S = 0.4
"""How long to listen for reports that should not come. A report takes a few milliseconds on loopback."""


def new_click() -> str:
    """A click id as the edge would write it."""
    return click_id.encode(click_id.new())


class Site:
    """A shop and its edge, each an origin of its own, and what the edge was told."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.received: list[Beacon] = []
        self.refused: list[str] = []
        self.origins: list[str] = []
        self.status = 204
        self._arrived = asyncio.Condition()
        self._fetched = asyncio.Event()
        self._shop = TestServer(self._shop_app())
        self._edge = TestServer(self._edge_app())

    @property
    def shop(self) -> str:
        return f"http://shop.localhost:{self._shop.make_url('/').port}"

    @property
    def edge(self) -> str:
        """The edge on a domain of its own."""
        return f"http://go.localhost:{self._edge.make_url('/').port}"

    @property
    def edge_of_shop(self) -> str:
        """The same edge on a subdomain of the shop's, where it can set the shop's cookies."""
        return f"http://go.shop.localhost:{self._edge.make_url('/').port}"

    def tag(self, **data: str) -> str:
        """The snippet's tag; `data` are further attributes, `consent="required"` for `data-consent`."""
        attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
        return f'<script async src="{self.edge}/_t/t.js" data-key="{PUBLISHABLE_KEY}"{attributes}></script>'

    def write(self, path: str, head: str | None = None, body: str = "") -> None:
        """Puts a page on the shop; its head holds the snippet unless told otherwise."""
        head = self.tag() if head is None else head
        self.pages[path] = f"<!doctype html><meta charset=utf-8><title>{path}</title>{head}<body>{body}</body>"

    async def reports(self, count: int) -> Sequence[Beacon]:
        """The reports so far, which must become exactly `count`."""
        async with self._arrived, asyncio.timeout(ARRIVAL_TIMEOUT_S):
            await self._arrived.wait_for(lambda: len(self.received) + len(self.refused) >= count)
        await asyncio.sleep(SILENCE_S)
        assert self.refused == []
        assert len(self.received) == count, self.received
        return list(self.received)

    async def script_fetched(self) -> None:
        """Waits until some page has asked for the snippet."""
        async with asyncio.timeout(ARRIVAL_TIMEOUT_S):
            await self._fetched.wait()

    def _shop_app(self) -> web.Application:
        async def page(request: web.Request) -> web.Response:
            text = self.pages.get(request.path)
            status = 404 if text is None else 200
            return web.Response(text=text or "", content_type="text/html", status=status, headers=self.headers)

        app = web.Application()
        app.router.add_get("/{path:.*}", page)
        return app

    def _edge_app(self) -> web.Application:
        async def script(_: web.Request) -> web.Response:
            self._fetched.set()
            return web.Response(body=SCRIPT.read_bytes(), content_type="text/javascript")

        async def take(request: web.Request) -> web.Response:
            origin = request.headers.get("Origin", "")
            self.origins.append(origin)
            headers = {"Access-Control-Allow-Origin": origin}
            if self.status >= web.HTTPInternalServerError.status_code:
                return web.Response(status=self.status, headers=headers)
            async with self._arrived:
                try:
                    self.received.append(beacon.decode(await request.read()))
                except beacon.BadBeacon as error:
                    self.refused.append(str(error))
                self._arrived.notify_all()
            return web.Response(status=400 if self.refused else 204, headers=headers)

        async def click_with_cookie(request: web.Request) -> web.Response:
            response = web.HTTPFound(f"{self.shop}{request.query['to']}")
            response.headers["Set-Cookie"] = (
                f"_ct={request.query['ids']}; Domain=shop.localhost; Path=/; Max-Age=3600; SameSite=Lax"
            )
            raise response

        app = web.Application()
        app.router.add_get("/_t/t.js", script)
        app.router.add_post("/_t/e", take)
        app.router.add_get("/click", click_with_cookie)
        return app

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncGenerator[Site]:
        """A site that answers. The built snippet must be there."""
        assert SCRIPT.exists(), "the snippet isn't built: run `make test`, or `npm run build` in edge/snippet"
        site = cls()
        await site._shop.start_server()
        await site._edge.start_server()
        try:
            yield site
        finally:
            await site._shop.close()
            await site._edge.close()
