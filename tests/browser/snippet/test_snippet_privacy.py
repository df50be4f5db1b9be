"""A visitor who says no leaves nothing behind, and is reported as nobody."""

import pytest
from playwright.async_api import Page

from shared import click_id
from shared.beacon import Event
from tests.browser.snippet.site import STUB, Site, new_click

pytestmark = pytest.mark.browser

GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
PURCHASE = (
    "clicktrail('event', 'purchase', {value: 5, currency: 'EUR', order: 'A-1', customer: 'K', email: 'a@b.example'})"
)


async def stored(page: Page) -> list[str]:
    """Names of all that is kept in the browser for the page's site."""
    items: list[str] = await page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    return items + [cookie.get("name", "") for cookie in await page.context.cookies()]


async def test_global_privacy_control_keeps_the_click_in_memory(site: Site, page: Page) -> None:
    await page.add_init_script(GPC)
    site.write("/p")
    click = new_click()
    await page.goto(f"{site.shop}/p#ct_{click}")
    await page.evaluate("clicktrail('consent', 'granted')")
    await page.evaluate("clicktrail('identify', {customer: 'K'})")
    await page.evaluate(PURCHASE)
    landing, event = await site.reports(2)
    assert (landing.c, landing.vid) == (click, "")
    assert isinstance(event, Event)
    assert (event.c, event.vid, event.order) == (click, "", "A-1")
    assert (event.customer, event.email) == ("", None)
    assert page.url == f"{site.shop}/p"
    assert await stored(page) == []


async def test_a_visit_of_nobody_without_a_click_is_not_reported(site: Site, page: Page) -> None:
    await page.add_init_script(GPC)
    site.write("/p")
    await page.goto(f"{site.shop}/p")
    await site.reports(0)


async def test_required_consent_is_waited_for(site: Site, page: Page) -> None:
    for path in ("/p", "/q"):
        site.write(path, head=site.tag(consent="required"))
    cookie, fragment = new_click(), new_click()
    await page.goto(f"{site.edge_of_shop}/click?to=/p&ids={cookie}.{new_click()}")
    await page.goto(f"{site.shop}/q#ct_{fragment}")
    [before] = await site.reports(1)
    assert (before.c, before.vid) == (fragment, "")
    assert await stored(page) == ["_ct"]  # the edge's; not ours to read or remove before the visitor decides
    await page.evaluate("clicktrail('consent', 'granted')")
    *_, older, newer = await site.reports(3)
    assert (older.c, newer.c) == (cookie, fragment)
    assert older.vid == newer.vid != ""
    assert sorted(await stored(page)) == ["_ct", "_ct_v", "clicktrail"]


async def test_consent_given_before_the_script_is_there_counts_first(site: Site, page: Page) -> None:
    calls = "clicktrail('event', 'lead'); clicktrail('consent', 'granted')"
    site.write("/p", head=f"<script>{STUB}; {calls}</script>{site.tag(consent='required')}")
    await page.goto(f"{site.shop}/p#ct_{new_click()}")
    landing, event = await site.reports(2)
    assert landing.vid == event.vid != ""


async def test_denied_consent_erases_what_was_stored(site: Site, page: Page) -> None:
    site.write("/p")
    await page.goto(f"{site.edge_of_shop}/click?to=/p&ids={new_click()}.{new_click()}")
    await site.reports(1)
    assert len(await stored(page)) == 3
    await page.evaluate("localStorage.mine = 1; document.cookie = 'mine=1'")
    await page.evaluate("clicktrail('consent', 'denied')")
    assert await stored(page) == ["mine", "mine"]
    await page.evaluate(PURCHASE)
    event = (await site.reports(2))[1]
    assert isinstance(event, Event)
    assert (event.c, event.vid, event.customer, event.email) == ("", "", "", None)


async def test_consent_given_again_begins_with_a_new_visitor(site: Site, page: Page) -> None:
    site.write("/p")
    click = new_click()
    await page.goto(f"{site.shop}/p#ct_{click}")
    await site.reports(1)
    await page.evaluate("clicktrail('consent', 'denied'); clicktrail('consent', 'granted')")
    first, second = await site.reports(2)
    assert first.c == second.c == click
    assert "" != first.vid != second.vid != ""


async def test_denied_before_the_script_is_there_stores_nothing(site: Site, page: Page) -> None:
    site.write("/p", head=f"<script>{STUB}; clicktrail('consent', 'denied')</script>{site.tag()}")
    await page.goto(f"{site.shop}/p#ct_{new_click()}")
    [landing] = await site.reports(1)
    assert landing.vid == ""
    assert await stored(page) == []


async def test_blocked_storage_is_as_if_the_visitor_said_no(site: Site, page: Page) -> None:
    """In a sandboxed frame the browser throws at every access to localStorage and cookies."""
    click = new_click()
    site.write("/frame", body="<script>try { localStorage; window.open_ = 1 } catch {}</script>")
    site.write("/p", head="", body=f'<iframe sandbox="allow-scripts" src="/frame#ct_{click}"></iframe>')
    await page.goto(f"{site.shop}/p")
    [landing] = await site.reports(1)
    assert (landing.c, landing.vid) == (click, "")
    [_, frame] = page.frames
    assert await frame.evaluate("window.open_") is None
    assert "ct_" not in await frame.evaluate("location.href")
    await frame.evaluate("clicktrail('event', 'lead')")
    assert (await site.reports(2))[1].c == click


async def test_without_local_storage_the_cookie_remembers_the_visitor(site: Site, page: Page) -> None:
    await page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('', 'SecurityError') }})"
    )
    site.write("/p")
    click = new_click()
    await page.goto(f"{site.shop}/p#ct_{click}")
    await page.evaluate("clicktrail('event', 'lead')")
    landing, event = await site.reports(2)
    assert landing.vid == event.vid
    assert click_id.decode(landing.vid) is not None
    assert event.c == click
