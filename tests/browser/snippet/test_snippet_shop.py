"""The demo shop with the snippet in it: a click becomes a purchase, also past a hop that strips the query."""

from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from control.demo.shop.app import ShopConfig, make_shop
from shared.beacon import Event, Identify
from tests.browser.snippet.site import PUBLISHABLE_KEY, Site, new_click

pytestmark = pytest.mark.browser

WIDTHS = (1280, 360)


@pytest.fixture
async def shop(site: Site) -> AsyncIterator[str]:
    """The shop's origin. Its snippet comes from the site's edge."""
    server = TestServer(make_shop(ShopConfig(snippet_origin=site.edge, publishable_key=PUBLISHABLE_KEY)))
    await server.start_server()
    yield f"http://shop.localhost:{server.make_url('/').port}"
    await server.close()


async def buy(page: Page, origin: str) -> None:
    await page.goto(f"{origin}/products/geschenkset")
    await page.click("text=Add to cart")
    await page.click("text=Check out")
    await page.fill("[name=name]", "Ödön")
    await page.fill("[name=email]", "Odon@Example.com ")
    await page.click("text=Buy now")
    await page.wait_for_url("**/thanks/*")


async def test_a_click_becomes_a_purchase(site: Site, page: Page, shop: str) -> None:
    click = new_click()
    await page.goto(f"{shop}/#ct_{click}")
    await buy(page, shop)
    landing, *told = await site.reports(3)
    [event] = [report for report in told if isinstance(report, Event)]
    [identify] = [report for report in told if isinstance(report, Identify)]
    assert landing.c == event.c == identify.c == click
    assert landing.vid == event.vid == identify.vid
    assert (event.name, event.value, event.currency) == ("purchase", "52.90", "EUR")
    assert page.url.endswith(event.order)
    assert identify.email == sha256(b"odon@example.com").hexdigest()
    assert await page.inner_text("#held-click") == click
    assert await page.inner_text("#held-visitor") == landing.vid


async def test_a_reload_reports_the_same_order(site: Site, page: Page, shop: str) -> None:
    await buy(page, shop)
    await site.reports(3)
    await page.reload()
    first, second = [report.order for report in await site.reports(5) if isinstance(report, Event)]
    assert first == second


async def test_the_fragment_survives_a_hop_that_strips_the_query(site: Site, page: Page, shop: str) -> None:
    click = new_click()
    await page.goto(f"{shop}/strip/newsletter?ct={new_click()}&utm_source=x#ct_{click}")
    [landing] = await site.reports(1)
    assert landing.c == click
    assert page.url == f"{shop}/newsletter"


async def test_the_checkout_form_carries_the_ids_for_the_server(page: Page, shop: str) -> None:
    click = new_click()
    await page.goto(f"{shop}/products/geschenkset#ct_{click}")
    await page.click("text=Add to cart")
    await page.click("text=Check out")
    await page.wait_for_function(f"document.querySelector('[name=click_id]').value == '{click}'")


async def test_a_visitor_can_refuse_and_allow(site: Site, page: Page, shop: str) -> None:
    await page.goto(f"{shop}/#ct_{new_click()}")
    await site.reports(1)
    await page.click("text=Refuse tracking")
    assert await page.inner_text("#held-visitor") == "none"
    await page.goto(f"{shop}/newsletter")
    assert await page.inner_text("#held-click") == "none"
    assert await page.evaluate("localStorage.length") == 0
    await site.reports(1)
    await page.click("text=Allow tracking")
    await site.reports(2)
    assert await page.inner_text("#held-visitor") != "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_accessible_and_fits(browser: Browser, shop: str, scheme: str) -> None:
    page = await browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
    await buy(page, shop)
    thanks = page.url
    await page.goto(f"{shop}/products/espresso-nero")
    await page.click("text=Add to cart")
    for path in ("/", "/products/espresso-nero", "/cart", "/checkout", "/newsletter", "/nothing", thanks):
        await page.goto(path if path == thanks else shop + path)
        found = await Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} at {width}"
