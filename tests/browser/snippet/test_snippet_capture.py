"""The click id reaches the landing page, leaves its address, and is reported once."""

import pytest
from playwright.async_api import Page

from shared import click_id
from shared.beacon import Landing
from tests.browser.snippet.site import PUBLISHABLE_KEY, Site, new_click

pytestmark = pytest.mark.browser

KEPT = "JSON.parse(localStorage.clicktrail)"


def look_up(name: str) -> str:
    """What many pages do with their fragment; `name` is the variable that keeps it for the test."""
    return f"if (location.hash) document.querySelector(location.hash); window.{name} = location.hash"


USES_HASH = f"<script>{look_up('hashAtFirst')}</script>"


async def test_a_click_in_the_fragment_is_reported_and_leaves_the_address(site: Site, page: Page) -> None:
    site.write("/p", head=USES_HASH + site.tag())
    click = new_click()
    await page.goto(f"{site.shop}/p?gclid=x&a=%7e#ct_{click}", referer="https://news.example/")
    [landing] = await site.reports(1)
    assert isinstance(landing, Landing)
    assert landing.k == PUBLISHABLE_KEY
    assert landing.c == click
    assert landing.new
    assert landing.url == f"{site.shop}/p?gclid=x&a=%7e"
    assert click_id.decode(landing.vid) is not None
    assert site.origins == [site.shop]
    assert page.url == f"{site.shop}/p?gclid=x&a=%7e"
    assert await page.evaluate("hashAtFirst") == f"#ct_{click}"


async def test_the_page_can_look_up_its_hash_before_and_after(site: Site, page: Page) -> None:
    """An exception of either script fails the `page` fixture."""
    later = f"<script>onload = () => {{ {look_up('hashAtLast')} }}</script>"
    site.write("/p", head=USES_HASH + site.tag() + later)
    click = new_click()
    await page.goto(f"{site.shop}/p#ct_{click}")
    await site.reports(1)
    assert await page.evaluate("[hashAtFirst, hashAtLast]") == [f"#ct_{click}", ""]


async def test_a_click_in_the_query_is_reported_and_the_rest_stays(site: Site, page: Page) -> None:
    site.write("/p")
    click = new_click()
    await page.goto(f"{site.shop}/p?gclid=x&ct={click}&b=%20+%C3%BC#anchor")
    [landing] = await site.reports(1)
    assert landing.c == click
    assert page.url == f"{site.shop}/p?gclid=x&b=%20+%C3%BC#anchor"


async def test_the_parameter_may_have_another_name(site: Site, page: Page) -> None:
    site.write("/p", head=site.tag(query="click"))
    click = new_click()
    await page.goto(f"{site.shop}/p?click={click}&ct=mine")
    [landing] = await site.reports(1)
    assert landing.c == click
    assert page.url == f"{site.shop}/p?ct=mine"


async def test_the_pages_history_state_stays(site: Site, page: Page) -> None:
    site.write("/p", head="<script>history.replaceState({scroll: 7}, '')</script>" + site.tag())
    await page.goto(f"{site.shop}/p#ct_{new_click()}")
    await site.reports(1)
    assert await page.evaluate("history.state") == {"scroll": 7}
    assert await page.evaluate("history.length") == 2  # about:blank and this page: no entry was added


async def test_a_click_in_the_cookie_is_reported(site: Site, page: Page) -> None:
    site.write("/p")
    click, link = new_click(), new_click()
    await page.goto(f"{site.edge_of_shop}/click?to=/p&ids={click}.{link}")
    [landing] = await site.reports(1)
    assert isinstance(landing, Landing)
    assert landing.c == click
    assert landing.new
    assert page.url == f"{site.shop}/p"


async def test_all_clicks_of_the_cookie_are_reported_the_newest_last(site: Site, page: Page) -> None:
    """Two links opened in two tabs at once: both landed here, the last one is in hand."""
    site.write("/p", body="<button onclick=\"clicktrail('event', 'lead')\">")
    older, newer, link = new_click(), new_click(), new_click()
    await page.goto(f"{site.edge_of_shop}/click?to=/p&ids={newer}.{link}~{older}.{link}~rubbish")
    assert [landing.c for landing in await site.reports(2)] == [older, newer]
    await page.click("button")
    assert (await site.reports(3))[2].c == newer


async def test_a_reload_or_the_next_page_is_no_second_landing(site: Site, page: Page) -> None:
    site.write("/p", body="<a href=/next>next</a>")
    site.write("/next")
    await page.goto(f"{site.edge_of_shop}/click?to=/p&ids={new_click()}.{new_click()}")
    await site.reports(1)
    await page.reload()
    await page.click("a")
    await page.wait_for_url("**/next")
    await site.reports(1)


async def test_an_address_opened_again_is_no_new_click(site: Site, page: Page) -> None:
    site.write("/p")
    click = new_click()
    for _ in range(2):
        await page.goto(f"{site.shop}/p?ct={click}")
        assert page.url == f"{site.shop}/p"
    await site.reports(1)


async def test_a_visit_without_a_click_begins_a_session(site: Site, page: Page) -> None:
    site.write("/p")
    await page.goto(f"{site.shop}/p", referer="https://search.example/")
    [landing] = await site.reports(1)
    assert isinstance(landing, Landing)
    assert landing.c == ""
    assert not landing.new
    assert landing.ref == "https://search.example/"
    assert click_id.decode(landing.vid) is not None


async def test_after_half_an_hour_a_new_session_lands_with_the_click_in_hand(site: Site, page: Page) -> None:
    site.write("/p")
    click = new_click()
    await page.goto(f"{site.shop}/p#ct_{click}")
    [first] = await site.reports(1)
    await page.evaluate(f"localStorage.clicktrail = JSON.stringify({{...{KEPT}, s: Date.now() - 29 * 60_000}})")
    await page.reload()
    await site.reports(1)
    await page.evaluate(f"localStorage.clicktrail = JSON.stringify({{...{KEPT}, s: Date.now() - 31 * 60_000}})")
    await page.reload()
    second = (await site.reports(2))[1]
    assert isinstance(second, Landing)
    assert (second.c, second.new, second.vid) == (click, False, first.vid)


async def test_the_visitor_stays_the_same_on_another_subdomain(site: Site, page: Page) -> None:
    site.write("/p")
    await page.goto(f"{site.shop}/p")
    await page.goto(f"{site.shop.replace('//shop', '//blog.shop')}/p")
    first, second = await site.reports(2)
    assert first.vid == second.vid


async def test_a_lost_cookie_comes_back_from_local_storage(site: Site, page: Page) -> None:
    site.write("/p", body="<button onclick=\"clicktrail('event', 'lead')\">")
    await page.goto(f"{site.shop}/p")
    [landing] = await site.reports(1)
    await page.context.clear_cookies()
    await page.click("button")
    assert (await site.reports(2))[1].vid == landing.vid
    assert [cookie.get("value") for cookie in await page.context.cookies()] == [landing.vid]


async def test_spoilt_storage_is_replaced(site: Site, page: Page) -> None:
    site.write("/", head="")
    site.write("/p")
    await page.goto(f"{site.shop}/")
    await page.evaluate("localStorage.clicktrail = 'no JSON'; document.cookie = '_ct_v=nonsense; path=/'")
    await page.goto(f"{site.shop}/p#ct_{new_click()}")
    [landing] = await site.reports(1)
    assert click_id.decode(landing.vid) is not None
    assert await page.evaluate(f"{KEPT}.v") == landing.vid
