"""From the short link to the credit in the dashboard, by a person with a browser, through every process there is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.browser import dashboard
from tests.browser.shop import PERSONS_AGENT, buy, running_shop, served
from tests.support.chromium import launch_flags
from tests.support.installation import HOST, OTHER_HOST, Installation
from tests.support.processes import wait_until

pytestmark = pytest.mark.browser

MODELS = ("First touch", "Last touch", "Linear", "Time decay", "Position-based")
ALL_CREDIT = dict.fromkeys(MODELS, "100%")
ANOTHER_SITE = "tracker.localhost"


@pytest.mark.parametrize(("host", "carrier"), [(HOST, "cookie"), (OTHER_HOST, "fragment")])
async def test_a_click_becomes_a_credited_conversion(
    everything: Installation, browser: Browser, page: Page, host: str, carrier: str
) -> None:
    async with running_shop(everything) as shop:
        await dashboard.sign_in(page, everything)
        await dashboard.make_link(page, everything, host, "reel", f"{shop}/products/herbstroestung")
        everything.wait_for_link("reel", host)

        visitor = await browser.new_page(user_agent=PERSONS_AGENT)
        arrived_at = await _follow(visitor, everything.short_url("reel", host))
        assert ("#ct_" in arrived_at) == (carrier == "fragment")
        order = await buy(visitor)
    await dashboard.open_conversion(page, order)
    await expect(page.get_by_text("€52.90").first).to_be_visible()
    touch, shares = await dashboard.shares(page)
    assert "Social" in touch
    assert "Reel: how we roast" in touch
    assert shares == ALL_CREDIT
    assert await dashboard.clicks_of(page, f"{host}:{everything.edge_port}/reel") == "1"


async def test_a_hop_that_strips_the_query_and_a_browser_without_third_party_cookies(
    everything: Installation, chromium_path: Path, tmp_path: Path
) -> None:
    async with running_shop(everything, OTHER_HOST) as shop, _strict_browser(chromium_path, tmp_path) as browser:
        everything.make_link("mail", f"{shop}/strip/products/espresso-nero?utm_source=mail", host=OTHER_HOST)
        assert not await _keeps_third_party_cookies(browser, shop)

        visitor = await browser.new_page()
        await visitor.goto(everything.short_url("mail?gclid=x", OTHER_HOST))
        assert visitor.url.startswith(f"{shop}/products/espresso-nero")
        assert "utm_source" not in visitor.url
        order = await buy(visitor, "Espresso Nero")
        page = await browser.new_page()
        await dashboard.sign_in(page, everything)
        await dashboard.open_conversion(page, order)
        assert (await dashboard.shares(page))[1] == ALL_CREDIT


async def test_a_page_that_looks_its_fragment_up_as_a_selector(everything: Installation, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    async with served(_selecting_page(everything)) as site:
        everything.make_link("docs", f"{site}/", host=OTHER_HOST)
        await page.goto(everything.short_url("docs?gclid=x", OTHER_HOST))
        seen = await page.evaluate("window.seen")
        assert seen["search"] == "?gclid=x"
        assert seen["hash"].startswith("#ct_")
        await expect(page).to_have_url(f"{site}/?gclid=x")  # the snippet has taken the id out of the address bar
    assert errors == []


async def test_a_reload_and_a_second_reporter_make_no_second_conversion(
    everything: Installation, browser: Browser, page: Page
) -> None:
    before = _conversions(everything)
    async with running_shop(everything) as shop:
        everything.make_link("once", f"{shop}/")
        visitor = await browser.new_page(user_agent=PERSONS_AGENT)
        await visitor.goto(everything.short_url("once"))
        order = await buy(visitor, server_reports=True)
        for _ in range(2):
            async with visitor.expect_response(lambda response: response.url.endswith("/_t/e")):
                await visitor.reload()
    await asyncio.to_thread(wait_until, lambda: _reports(everything, order) == {"browser", "server"}, what="both")
    await asyncio.to_thread(wait_until, lambda: everything.backlog() == 0, what="the edge to have shipped everything")
    await dashboard.sign_in(page, everything)
    await dashboard.open_conversion(page, order)
    assert (await dashboard.shares(page))[1] == ALL_CREDIT
    assert _conversions(everything) == before + 1


async def _follow(page: Page, url: str) -> str:
    """Opens a short link; returns the address to which it led, before the snippet tidied it."""
    async with page.expect_response(lambda response: response.status == 302) as waited:
        await page.goto(url)
    return await (await waited.value).header_value("location") or ""


def _conversions(made: Installation) -> int:
    """How many conversions there are, of whomever."""
    return len(made.call("GET", "/conversions?limit=100")["items"])


def _reports(made: Installation, order: str) -> set[str]:
    """Who has reported an order so far."""
    found = made.call("GET", f"/conversions?q={order}")["items"]
    if not found:
        return set()
    return {report["source"] for report in made.call("GET", f"/conversions/{found[0]['id']}")["reports"]}


def _selecting_page(made: Installation) -> web.Application:
    """A page that scrolls to the element its fragment names, as many do, before anything else has run."""
    body = f"""<!doctype html><title>Docs</title><h1 id="install">Install</h1>
    <script>
    window.seen = {{ hash: location.hash, search: location.search }}
    document.querySelector(location.hash)
    </script>
    <script async src="http://{HOST}:{made.edge_port}/_t/t.js" data-key="{made.publishable_key}"></script>"""

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", show)
    return app


@asynccontextmanager
async def _strict_browser(program: Path, folder: Path) -> AsyncGenerator[BrowserContext]:
    """A Chromium whose user has forbidden third-party cookies in its settings."""
    profile = folder / "profile"
    (profile / "Default").mkdir(parents=True)
    settings = {"profile": {"block_third_party_cookies": True, "cookie_controls_mode": 1}}
    (profile / "Default" / "Preferences").write_text(json.dumps(settings))
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile, executable_path=program, args=launch_flags(), user_agent=PERSONS_AGENT
        )
        yield context
        await context.close()


async def _keeps_third_party_cookies(browser: BrowserContext, shop: str) -> bool:
    """Whether the browser takes a cookie from an image of another site."""

    async def image(_: web.Request) -> web.Response:
        cookie = "third=1; SameSite=None; Secure"
        return web.Response(text="<svg xmlns='http://www.w3.org/2000/svg'/>", headers={"Set-Cookie": cookie})

    async def frame(_: web.Request) -> web.Response:
        return web.Response(text=f"<img src='http://{ANOTHER_SITE}:{port}/image'>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", frame)
    app.router.add_get("/image", image)
    async with served(app) as origin:
        port = origin.rpartition(":")[2]
        page = await browser.new_page()
        async with page.expect_response(lambda response: response.url.endswith("/image")):
            await page.goto(origin)
        kept = any(cookie.get("name") == "third" for cookie in await browser.cookies())
        await page.close()
        return kept
