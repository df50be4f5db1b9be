"""Events and identities reach the edge from whatever browser, once each."""

from hashlib import sha256

import pytest
from playwright.async_api import Page

from shared import click_id
from shared.beacon import Event, Identify, Landing
from tests.browser.snippet.site import STUB, Site, new_click

pytestmark = pytest.mark.browser

EMAIL_HASH = sha256("jürgen@example.com".encode()).hexdigest()


def call(arguments: str) -> str:
    return f"clicktrail({arguments})"


async def events(site: Site, count: int, landings: int = 1) -> list[Event]:
    """The events among the reports, which are `count` besides the landings."""
    return [report for report in await site.reports(count + landings) if isinstance(report, Event)]


async def test_calls_made_before_the_script_is_there_are_kept(site: Site, page: Page) -> None:
    early = call("'event', 'purchase', {value: '49.90', currency: 'EUR', order: 'A-1', key: 'k-1', plan: 'größer'}")
    site.write("/p", head=f"<script>{STUB};{early}</script>{site.tag()}")
    click = new_click()
    await page.goto(f"{site.shop}/p#ct_{click}")
    landing, event = await site.reports(2)
    assert isinstance(landing, Landing)
    assert isinstance(event, Event)
    assert (event.name, event.value, event.currency, event.order) == ("purchase", "49.90", "EUR", "A-1")
    assert (event.key, event.props) == ("k-1", {"plan": "größer"})
    assert (event.c, event.vid) == (click, landing.vid)


async def test_a_number_is_sent_as_exact_decimal_text(site: Site, page: Page) -> None:
    site.write("/p")
    await page.goto(f"{site.shop}/p")
    await page.evaluate(call("'event', 'purchase', {value: 19.99 * 3, currency: 'EUR'}"))
    await page.evaluate(call("'event', 'purchase', {amount: 4990, currency: 'EUR'}"))
    first, second = await events(site, 2)
    assert (first.value, first.amount) == ("59.97", None)
    assert (second.value, second.amount) == (None, 4990)
    assert first.key != second.key
    assert click_id.decode(first.key) is not None


async def test_an_email_address_leaves_the_page_only_as_a_hash(site: Site, page: Page) -> None:
    site.write("/p")
    await page.goto(f"{site.shop}/p")
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.post_data or ""))
    await page.evaluate(call("'event', 'lead', {email: ' Jürgen@Example.com', customer: 'K-7'}"))
    await page.evaluate(call("'identify', {email: 'jürgen@example.com', customer: 7}"))
    _, event, identify = await site.reports(3)
    assert isinstance(event, Event)
    assert (event.email, event.customer) == (EMAIL_HASH, "K-7")
    assert isinstance(identify, Identify)
    assert (identify.email, identify.customer) == (EMAIL_HASH, "7")
    assert not any("rgen" in body for body in bodies)


async def test_without_a_digest_nothing_of_the_address_is_sent(site: Site, page: Page) -> None:
    """As in a page that came over plain HTTP, where browsers have no `crypto.subtle`."""
    await page.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', {get: () => undefined})")
    site.write("/p")
    await page.goto(f"{site.shop}/p")
    await page.evaluate(call("'event', 'lead', {email: 'ada@example.com'}"))
    await page.evaluate(call("'identify', {email: 'ada@example.com'}"))
    await page.evaluate(call("'identify', {email: 'ada@example.com', customer: 'K-7'}"))
    _, event, identify = await site.reports(3)
    assert isinstance(event, Event)
    assert event.email is None
    assert isinstance(identify, Identify)
    assert (identify.email, identify.customer) == (None, "K-7")


async def test_a_page_that_includes_the_snippet_twice_reports_once(site: Site, page: Page) -> None:
    site.write("/p", head=f"<script>{STUB}; {call(repr('event') + ', ' + repr('lead'))}</script>{site.tag() * 2}")
    await page.goto(f"{site.shop}/p#ct_{new_click()}")
    await page.evaluate(f"{STUB}; {call(repr('event') + ', ' + repr('trial'))}")
    assert [event.name for event in await events(site, 2)] == ["lead", "trial"]


@pytest.mark.parametrize(
    "browser_without",
    ["Navigator.prototype.sendBeacon = undefined", "Navigator.prototype.sendBeacon = () => false"],
    ids=["sendBeacon", "room in sendBeacon"],
)
async def test_fetch_sends_what_send_beacon_does_not(site: Site, page: Page, browser_without: str) -> None:
    await page.add_init_script(browser_without)
    site.write("/p")
    await page.goto(f"{site.shop}/p#ct_{new_click()}")
    await page.evaluate(call("'event', 'lead'"))
    assert len(await events(site, 1)) == 1


async def test_an_event_without_a_network_is_sent_by_the_next_page(site: Site, page: Page) -> None:
    site.write("/p")
    await page.goto(f"{site.shop}/p")
    await site.reports(1)
    await page.context.set_offline(True)
    await page.evaluate(call("'event', 'purchase', {value: 5, currency: 'EUR', key: 'offline'}"))
    await page.wait_for_function("JSON.parse(localStorage.clicktrail).q.length == 1")
    await page.context.set_offline(False)
    await page.reload()
    [event] = await events(site, 1)
    assert event.key == "offline"
    assert 0 < event.age < 60_000
    await page.reload()
    await events(site, 1)


async def test_an_edge_that_is_not_ready_gets_the_event_again(site: Site, page: Page) -> None:
    await page.add_init_script("Navigator.prototype.sendBeacon = undefined")
    site.write("/p")
    await page.goto(f"{site.shop}/p")
    await site.reports(1)
    site.status = 503
    await page.evaluate(call("'event', 'lead', {key: 'again'}"))
    await page.wait_for_function("JSON.parse(localStorage.clicktrail).q.length == 1")
    site.status = 204
    await page.reload()
    assert [event.key for event in await events(site, 1)] == ["again"]


async def test_a_policy_that_forbids_the_endpoint_disturbs_nothing(site: Site, page: Page) -> None:
    site.headers = {"Content-Security-Policy": "connect-src 'self'"}
    site.write("/p")
    await page.goto(f"{site.shop}/p#ct_{new_click()}")
    await page.wait_for_function("window.clicktrail && clicktrail.on")
    await page.evaluate(call("'event', 'lead', {email: 'ada@example.com'}"))
    await site.reports(0)


@pytest.mark.parametrize(
    "arguments", ["", "'event'", "'event', null, null", "'identify'", "'ids'", "'ids', 7", "'nonsense', {}", "Symbol()"]
)
async def test_wrong_calls_do_not_throw(site: Site, page: Page, arguments: str) -> None:
    site.write("/p")
    await page.goto(f"{site.shop}/p")
    await page.wait_for_function("window.clicktrail && clicktrail.on")
    await page.evaluate(f"{{{call(arguments)}}}")


async def test_a_page_without_a_key_is_left_alone(site: Site, page: Page) -> None:
    site.write("/p", head=f'<script src="{site.edge}/_t/t.js"></script>')
    await page.goto(f"{site.shop}/p#ct_{new_click()}")
    assert await page.evaluate("typeof clicktrail") == "undefined"
    await site.reports(0)


async def test_the_page_can_ask_for_the_ids(site: Site, page: Page) -> None:
    """For a form field, so that the site's server can report with them."""
    asking = "<script>clicktrail('ids', (ids) => { window.ids = ids })</script>"
    site.write("/p", head=f"<script>{STUB}</script>{asking}{site.tag()}")
    click = new_click()
    await page.goto(f"{site.shop}/p#ct_{click}")
    [landing] = await site.reports(1)
    assert await page.evaluate("ids") == {"click_id": click, "visitor_id": landing.vid}


async def test_debug_says_what_is_sent_and_answered(site: Site, page: Page) -> None:
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    site.write("/p", head=site.tag(debug=""))
    click = new_click()
    await page.goto(f"{site.shop}/p#ct_{click}")
    await site.reports(1)
    assert any(line.startswith("clicktrail") and click in line for line in lines)
    assert any(line.startswith("clicktrail 204") for line in lines)
