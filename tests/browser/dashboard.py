"""The dashboard in the hands of somebody who makes a link and looks for what it brought."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.support.installation import Installation

ARRIVAL_LOOKS = 60
LOOK_INTERVAL_MS = 500
"""How often, and at which distance, to look for a report that is on its way from the page over edge, spool and ingest
to its credit. A second is usual."""


async def sign_in(page: Page, made: Installation) -> None:
    await page.goto(made.sign_in_link())
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()


async def make_link(page: Page, made: Installation, host: str, slug: str, destination: str) -> None:
    """Makes a link by the dialog, in the channel Social."""
    await page.goto(f"{origin_of(page)}/links")
    await page.get_by_role("button", name="New link").first.click()
    dialog = page.get_by_role("dialog", name="New link")
    await dialog.get_by_role("textbox", name="Destination").fill(destination)
    await dialog.get_by_role("combobox", name="Domain").select_option(label=host)
    await dialog.get_by_role("textbox", name="Short name").fill(slug)
    await dialog.get_by_role("textbox", name="Title").fill("Reel: how we roast")
    await dialog.get_by_role("combobox", name="Channel").select_option(label="Social")
    await dialog.get_by_role("button", name="Create link").click()
    await expect(page.get_by_role("link", name=made.short_url(slug, host).removeprefix("http://"))).to_be_visible()


async def open_conversion(page: Page, order: str) -> None:
    """Opens the conversion of an order once it is listed with its touch; there must be no second one."""
    rows = page.get_by_role("region", name="Conversions").locator("tbody tr")
    for _ in range(ARRIVAL_LOOKS):
        if await _is_listed(page, order) and "Unattributed" not in await rows.first.inner_text():
            break
        await page.wait_for_timeout(LOOK_INTERVAL_MS)
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(order)
    await rows.get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Purchase")).to_be_visible()


async def _is_listed(page: Page, order: str) -> bool:
    await page.goto(f"{origin_of(page)}/conversions?q={order}")
    found = page.get_by_role("region", name="Conversions")
    await expect(found.or_(page.get_by_text("No conversion matches"))).to_be_visible()
    return await found.is_visible()


async def shares(page: Page) -> tuple[str, dict[str, str]]:
    """The only touch of the open conversion, and its share under each model that the page shows."""
    table = page.get_by_role("region", name="Credits by touch and model")
    models = await table.locator("thead button").all_inner_texts()
    await expect(table.locator("tbody tr")).to_have_count(1)
    shares = await table.locator("tbody td > span:first-child").all_inner_texts()
    touch = await table.locator("tbody th").inner_text()
    return touch, dict(zip(models, shares, strict=True))


async def clicks_of(page: Page, short_name: str) -> str:
    """How many clicks the links page shows for a link."""
    await page.goto(f"{origin_of(page)}/links")
    row = page.get_by_role("region", name="Links").get_by_role("row").filter(has_text=short_name)
    return await row.get_by_title("Show its conversions").inner_text()


def origin_of(page: Page) -> str:
    return "/".join(page.url.split("/")[:3])
