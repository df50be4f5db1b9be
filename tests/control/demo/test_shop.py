"""The demo shop: somebody chooses, buys, and reloads; what they typed is shown as text; the server can report too."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from control.demo.catalogue import LINKS, PRODUCTS
from control.demo.shop.app import ShopConfig, make_shop
from control.demo.shop.cart import QUANTITY_MAX, SHIPPING, of_cookie, of_quantities
from control.demo.shop.goods import GOODS
from control.demo.shop.orders import Kept, new_number
from shared import click_id
from tests.support.client import Client, client_of

EDGE = "http://go.shop.localhost:8080"
CONFIG = ShopConfig(snippet_origin=EDGE, publishable_key="pk_0123456789abcdefghijABCDEFGHIJ01")
BUYER = {"name": "Ödön <i>Horváth</i>", "email": "odon@example.com", "customer_number": "K123456"}
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
async def shop() -> AsyncIterator[Client]:
    async with client_of(make_shop(CONFIG)) as client:
        yield client


async def text_of(client: Client, path: str, status: int = 200) -> str:
    async with client.get(path) as response:
        assert response.status == status, path
        return await response.text()


async def post(client: Client, path: str, form: dict[str, str]) -> tuple[int, str, str]:
    """Status, path and text of the page that a form leads to."""
    async with client.post(path, data=form) as response:
        return response.status, response.url.path, await response.text()


async def buy(client: Client, **form: str) -> tuple[str, str]:
    """Path and text of the thank-you page of an order of one espresso."""
    await post(client, "/cart", {"add": "espresso-nero"})
    status, path, text = await post(client, "/checkout", BUYER | form)
    assert status == 200
    return path, text


def reported(text: str) -> Any:
    """What a page tells the snippet."""
    match = re.search(r'data-report="([^"]*)"', text)
    return json.loads(unescape(match[1])) if match else None


@pytest.mark.parametrize("path", sorted({link.path for link in LINKS} | {"/cart"}))
async def test_every_demo_link_leads_to_a_page_with_the_snippet(shop: Client, path: str) -> None:
    text = await text_of(shop, path)
    assert f'<script async src="{EDGE}/_t/t.js" data-key="{CONFIG.publishable_key}"></script>' in text
    assert reported(text) is None


def test_every_product_of_the_catalogue_is_for_sale() -> None:
    assert {(good.slug, good.price) for good in GOODS.values()} == {(one.slug, one.price) for one in PRODUCTS}


async def test_an_order_reports_its_total_and_its_buyer(shop: Client) -> None:
    path, text = await buy(shop)
    number = path.removeprefix("/thanks/")
    assert reported(text) == {
        "event": ["purchase", {"value": "16.80", "currency": "EUR", "order": number}],
        "identify": {"customer": "shop:K123456", "email": "odon@example.com"},
    }
    assert "€16.80" in text
    assert '<a href="/cart">Cart</a>' in text
    assert "Your cart is empty" in await text_of(shop, "/cart")


async def test_a_reloaded_thank_you_page_reports_the_same_order(shop: Client) -> None:
    path, text = await buy(shop)
    assert reported(await text_of(shop, path)) == reported(text)


async def test_a_buyer_without_a_name_for_us_is_not_identified(shop: Client) -> None:
    _, text = await buy(shop, email="", customer_number="")
    assert reported(text)["identify"] == {}


async def test_what_a_buyer_types_is_shown_as_text(shop: Client) -> None:
    _, text = await buy(shop)
    assert "Ödön &lt;i&gt;Horváth&lt;/i&gt;" in text
    assert "<i>Horváth" not in text


async def test_a_faulty_checkout_says_what_is_wrong_and_keeps_the_rest(shop: Client) -> None:
    await post(shop, "/cart", {"add": "espresso-nero"})
    faulty = {"name": " ", "email": "nobody", "customer_number": "K123"}
    status, path, text = await post(shop, "/checkout", faulty)
    assert (status, path) == (422, "/checkout")
    assert text.count('aria-invalid="true"') == 2
    assert 'value="nobody"' in text
    assert 'value="K123"' in text
    assert "espresso-nero.1" in str(shop.session.cookie_jar.filter_cookies(shop.make_url("/")))


async def test_quantities_can_be_changed_and_products_removed(shop: Client) -> None:
    await post(shop, "/cart", {"add": "espresso-nero"})
    await post(shop, "/cart", {"add": "geschenkset"})
    _, _, text = await post(shop, "/cart", {"espresso-nero": "3", "geschenkset": "0"})
    assert "€42.60" in text  # three at 12.90 and shipping
    assert '<span class="count">3</span><span class="hidden"> items</span>' in text
    assert "Geschenkset" not in text


async def test_an_empty_cart_cannot_be_bought(shop: Client) -> None:
    _, path, _ = await post(shop, "/checkout", BUYER)
    assert path == "/cart"


async def test_a_newsletter_signup_reports_once_per_signup(shop: Client) -> None:
    status, _, _ = await post(shop, "/newsletter", {"email": "nobody"})
    assert status == 422
    _, path, text = await post(shop, "/newsletter", {"email": "ada@example.com"})
    report = reported(text)
    assert report == {
        "event": ["newsletter_signup", {"key": path.removeprefix("/welcome/")}],
        "identify": {"email": "ada@example.com"},
    }
    assert reported(await text_of(shop, path)) == report


@pytest.mark.parametrize("path", ["/nothing", "/products/tea", "/thanks/K-2222222222", "/welcome/N-2222222222"])
async def test_what_is_not_there_has_a_page_that_says_so(shop: Client, path: str) -> None:
    assert "There is nothing here" in await text_of(shop, path, status=404)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/strip?ct=x&gclid=y", "/"),
        ("/strip/products/espresso-nero?ct=x", "/products/espresso-nero"),
        ("/strip//elsewhere.example/x", "/elsewhere.example/x"),
        ("/strip/%5C%5Celsewhere.example", "/elsewhere.example"),
    ],
)
async def test_the_strip_hop_drops_the_query_and_stays_in_the_shop(shop: Client, path: str, target: str) -> None:
    async with shop.get(path, allow_redirects=False) as response:
        assert response.status == 302
        assert response.headers["Location"] == target


async def test_no_page_may_run_or_load_anything_from_elsewhere(shop: Client) -> None:
    async with shop.get("/") as response:
        policy = response.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; script-src 'self' {EDGE}; connect-src {EDGE}; ")
    assert "unsafe" not in policy


async def test_the_server_reports_what_it_knows_of_the_buyer() -> None:
    received: list[tuple[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        received.append((request.headers["Authorization"], msgspec.json.decode(await request.read())))
        return web.json_response({"id": "cnv_1", "status": "matched", "duplicate": False}, status=202)

    api = web.Application()
    api.router.add_post("/api/v1/conversions", take)
    click, visitor = click_id.encode(click_id.new()), click_id.encode(click_id.new())
    async with client_of(api) as control:
        config = msgspec.structs.replace(CONFIG, api_url=str(control.make_url("")).rstrip("/"), secret_key="sk_1")
        async with client_of(make_shop(config)) as shop:
            path, text = await buy(shop, server_report="yes", click_id=click, visitor_id=visitor)
            _, forged = await buy(shop, server_report="yes", click_id="forged", visitor_id="")
            await buy(shop)
    assert "answered 202" in text
    assert "answered 202" in forged
    [(authorization, said), (_, of_forged)] = received
    assert authorization == "Bearer sk_1"
    assert said == {
        "event": "purchase",
        "order_id": path.removeprefix("/thanks/"),
        "amount": 1680,
        "currency": "EUR",
        "click_id": click,
        "visitor_id": visitor,
        "customer_id": "shop:K123456",
        "email": "odon@example.com",
    }
    assert not {"click_id", "visitor_id"} & set(of_forged)


async def test_a_report_that_fails_does_not_fail_the_order() -> None:
    config = msgspec.structs.replace(CONFIG, api_url=NOWHERE, secret_key="sk_1")
    async with client_of(make_shop(config)) as shop:
        _, text = await buy(shop, server_report="yes")
    assert "Thank you" in text
    assert "The server&#x27;s own report: failed" in text or "The server's own report: failed" in text


async def test_without_a_secret_key_no_server_report_is_offered(shop: Client) -> None:
    await post(shop, "/cart", {"add": "espresso-nero"})
    assert "server_report" not in await text_of(shop, "/checkout")


@given(st.dictionaries(st.sampled_from(sorted(GOODS)), st.integers(0, 2 * QUANTITY_MAX)))
def test_a_cart_survives_its_cookie(quantities: dict[str, int]) -> None:
    cart = of_quantities(quantities)
    assert of_cookie(cart.cookie()) == cart
    assert cart.total == SHIPPING + sum(min(n, QUANTITY_MAX) * GOODS[slug].price for slug, n in quantities.items())


@given(st.text())
def test_any_cookie_is_some_cart(text: str) -> None:
    assert of_cookie(text).size >= 0


def test_order_numbers_cannot_be_guessed_or_misread() -> None:
    numbers = {new_number("K") for _ in range(2_000)}
    assert len(numbers) == 2_000
    assert all(re.fullmatch(r"K-[2-9A-HJKMNP-TV-Z]{10}", number) for number in numbers)


def test_the_oldest_orders_make_room() -> None:
    kept: Kept[str] = Kept(limit=2)
    for number in ("1", "2", "3"):
        kept.add(number, number)
    assert [kept.get(number) for number in ("1", "2", "3")] == [None, "2", "3"]
