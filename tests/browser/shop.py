"""The demo shop beside an installation, and what somebody does in it who buys."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

from control.demo.shop.app import ShopConfig, make_shop
from tests.support.installation import HOST, Installation

SHOP_HOST = "shop.localhost"
PERSONS_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
"""What a browser with a window says. A headless one names itself, and counts as the robot that it is."""


@asynccontextmanager
async def served(app: web.Application) -> AsyncGenerator[str]:
    """An application on a free port; its origin on SHOP_HOST."""
    server = TestServer(app)
    await server.start_server()
    try:
        yield f"http://{SHOP_HOST}:{server.port}"
    finally:
        await server.close()


@asynccontextmanager
async def running_shop(made: Installation, snippet_host: str = HOST) -> AsyncGenerator[str]:
    """The shop's origin. Its snippet comes from, and reports to, `snippet_host`."""
    config = ShopConfig(
        snippet_origin=f"http://{snippet_host}:{made.edge_port}",
        publishable_key=made.publishable_key,
        api_url=made.control_url,
        secret_key=made.secret_key,
    )
    async with served(make_shop(config)) as origin:
        yield origin


async def buy(page: Page, product: str = "Geschenkset", *, server_reports: bool = False) -> str:
    """Buys a product from whatever page of the shop is open; returns the order's number."""
    await page.get_by_role("link", name="Coffee", exact=True).click()
    await page.get_by_role("link", name=product).click()
    await page.get_by_role("button", name="Add to cart").click()
    await page.get_by_role("link", name="Check out").click()
    await page.get_by_label("Name", exact=True).fill("Ödön")
    await page.get_by_label("E-mail").fill(f"odon-{secrets.token_hex(4)}@example.com")  # nobody who bought before
    if server_reports:
        await page.get_by_label("Report the order from the server as well").check()
    await page.get_by_role("button", name="Buy now").click()
    await page.wait_for_url("**/thanks/*")
    return page.url.rpartition("/")[2]
