"""The Chromium that browser tests drive."""

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.browser


async def test_a_page_runs_scripts_and_renders_text(page: Page) -> None:
    await page.set_content("<h1 id=title></h1><script>title.textContent = `Grüße ${1 + 1}`</script>")
    assert await page.inner_text("h1") == "Grüße 2"
