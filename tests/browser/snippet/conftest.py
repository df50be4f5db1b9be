"""A site with the snippet, and a page in which nothing may throw."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from tests.browser.snippet.site import Site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A running site without pages."""
    async with Site.running() as site:
        yield site


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """An empty page in a fresh profile. An error that reaches the page's own scripts fails the test."""
    page = await browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []
