"""A landing is a page that somebody opened: not one that was prerendered, is hidden, or comes back from the cache."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from shared.beacon import Event
from tests.browser.snippet.bare_chromium import BareChromium
from tests.browser.snippet.site import STUB, Site, new_click
from tests.support.chromium import launch_flags

pytestmark = pytest.mark.browser

PRERENDER = '<script type="speculationrules">{"prerender": [{"urls": ["%s"], "eagerness": "immediate"}]}</script>'


@pytest.fixture
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    """A Chromium that keeps pages to go back to, as Playwright's usually doesn't."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path,
            args=launch_flags(),
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        await browser.close()


async def test_a_prerendered_page_reports_when_it_is_opened(site: Site, chromium_path: Path, tmp_path: Path) -> None:
    click = new_click()
    early = "clicktrail('event', 'lead', {key: String(document.prerendering)})"
    site.write("/p", head=f"<script>{STUB};{early}</script>{site.tag()}")
    site.write("/", head=PRERENDER % f"/p#ct_{click}", body=f'<a href="/p#ct_{click}">offer</a>')
    async with BareChromium.running(chromium_path, tmp_path) as chromium:
        tab = await chromium.open(f"{site.shop}/")
        await site.script_fetched()
        await site.reports(0)
        await chromium.run(tab, "document.querySelector('a').click()")
        landing, event = await site.reports(2)
    assert landing.c == event.c == click
    assert landing.url == f"{site.shop}/p"
    assert isinstance(event, Event)
    assert event.key == "true", "the page was not prerendered"


async def test_going_back_is_no_second_landing(site: Site, page: Page) -> None:
    noting = "<script>onpageshow = (event) => { window.isRestored = event.persisted }</script>"
    site.write("/p", head=noting + site.tag(), body="<a href=/next>next</a>")
    site.write("/next", head="")
    await page.goto(f"{site.shop}/p#ct_{new_click()}")
    await site.reports(1)
    await page.click("a")
    await page.wait_for_url("**/next")
    await page.go_back(wait_until="commit")
    await page.wait_for_function("window.isRestored")
    await site.reports(1)


async def test_a_hidden_page_lands_when_it_is_seen(site: Site, page: Page) -> None:
    """Headless pages are never hidden, so the test says what the browser would."""
    await page.add_init_script(
        "window.isHidden = true; Object.defineProperty(document, 'hidden', {get: () => isHidden})"
    )
    site.write("/p")
    await page.goto(f"{site.shop}/p#ct_{new_click()}")
    await page.evaluate("clicktrail('event', 'lead')")
    await site.reports(1)  # an event has happened, whoever looks
    for _ in range(2):
        await page.evaluate("isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    await site.reports(2)
