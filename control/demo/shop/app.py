"""The shop as a web application: its pages in the order in which somebody sees them who buys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import msgspec
from aiohttp import web

from control.demo.shop import pages
from control.demo.shop.cart import Cart, number_of, of_cookie, of_quantities
from control.demo.shop.goods import GOODS
from control.demo.shop.orders import Buyer, Kept, Order, Signup, buyer_of, is_email, new_number
from control.demo.shop.server_report import Ids, report_order

STATIC = Path(__file__).parent / "static"
CART_COOKIE = "cart"
CART_S = 30 * 86_400
FORM_MAX_BYTES = 64 * 1024


class ShopConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop has to know of its Clicktrail."""

    snippet_origin: str
    """Scheme, host and port of a short domain, from which the snippet comes."""
    publishable_key: str
    api_url: str = ""
    """The control plane's address as this process reaches it. With `secret_key` too, the server may report orders."""
    secret_key: str = ""
    dashboard_url: str = ""
    """Where the developer strip's link goes; empty: no link."""


def make_shop(config: ShopConfig) -> web.Application:
    """The shop, ready to be served on any host."""
    shop = _Shop(config)
    app = web.Application(client_max_size=FORM_MAX_BYTES, middlewares=[shop.finish])
    app.add_routes(
        [
            web.get("/", shop.home),
            web.get("/products/{slug}", shop.product),
            web.get("/cart", shop.cart),
            web.post("/cart", shop.change_cart),
            web.get("/checkout", shop.checkout),
            web.post("/checkout", shop.buy),
            web.get("/thanks/{number}", shop.thanks),
            web.get("/newsletter", shop.newsletter),
            web.post("/newsletter", shop.sign_up),
            web.get("/welcome/{number}", shop.welcome),
            web.get("/strip{path:(/.*)?}", strip),
            web.static("/static", STATIC),
        ]
    )
    return app


async def strip(request: web.Request) -> NoReturn:
    """A hop as some sites have it in front of their pages: sends on to the page and drops the query."""
    path = request.match_info["path"].lstrip("/\\")
    raise web.HTTPFound("/" + quote(path))


class _Shop:
    def __init__(self, config: ShopConfig) -> None:
        self._config = config
        self._frame = pages.Frame(
            snippet_origin=config.snippet_origin,
            publishable_key=config.publishable_key,
            dashboard_url=config.dashboard_url,
            can_report=bool(config.api_url and config.secret_key),
        )
        self._orders: Kept[Order] = Kept()
        self._signups: Kept[Signup] = Kept()
        self._policy = (
            f"default-src 'none'; script-src 'self' {config.snippet_origin}; connect-src {config.snippet_origin}; "
            "style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    @web.middleware
    async def finish(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Gives every answer the shop's policy, and what isn't there a page."""
        try:
            response = await handler(request)
        except web.HTTPNotFound:
            response = _html(pages.missing(self._frame, _cart(request)), status=404)
        except web.HTTPException as raised:
            raised.headers["Content-Security-Policy"] = self._policy
            raise
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    async def home(self, request: web.Request) -> web.Response:
        return _html(pages.home(self._frame, _cart(request)))

    async def product(self, request: web.Request) -> web.Response:
        good = GOODS.get(request.match_info["slug"])
        if good is None:
            raise web.HTTPNotFound
        return _html(pages.product(self._frame, _cart(request), good))

    async def cart(self, request: web.Request) -> web.Response:
        return _html(pages.cart_page(self._frame, _cart(request)))

    async def change_cart(self, request: web.Request) -> NoReturn:
        """Adds one product, or sets the quantities of all."""
        form = await _form(request)
        held = _cart(request).quantities
        if "add" in form:
            held[form["add"]] = held.get(form["add"], 0) + 1
        else:
            held.update({slug: number_of(form[slug]) for slug in GOODS if slug in form})
        raise _next_page("/cart", of_quantities(held))

    async def checkout(self, request: web.Request) -> web.Response:
        cart = _cart(request)
        if not cart.lines:
            raise web.HTTPSeeOther("/cart")
        return _html(pages.checkout(self._frame, cart, Buyer("", "", ""), {}))

    async def buy(self, request: web.Request) -> web.Response:
        cart = _cart(request)
        if not cart.lines:
            raise web.HTTPSeeOther("/cart")
        form = await _form(request)
        buyer, errors = buyer_of(form)
        if errors:
            return _html(pages.checkout(self._frame, cart, buyer, errors), status=422)
        number = new_number("K")
        server_report = ""
        if self._frame.can_report and "server_report" in form:
            ids = Ids(click_id=form.get("click_id", ""), visitor_id=form.get("visitor_id", ""))
            server_report = await report_order(self._config.api_url, self._config.secret_key, number, cart, buyer, ids)
        self._orders.add(number, Order(number, cart, buyer.name, buyer.email, buyer.customer, server_report))
        raise _next_page(f"/thanks/{number}", of_quantities({}))

    async def thanks(self, request: web.Request) -> web.Response:
        order = self._orders.get(request.match_info["number"])
        if order is None:
            raise web.HTTPNotFound
        return _html(pages.thanks(self._frame, order, _cart(request)))

    async def newsletter(self, request: web.Request) -> web.Response:
        return _html(pages.newsletter(self._frame, _cart(request), "", {}))

    async def sign_up(self, request: web.Request) -> web.Response:
        email = (await _form(request)).get("email", "").strip()
        if not is_email(email):
            errors = {"email": "Please give an e-mail address, such as kaethe@example.com."}
            return _html(pages.newsletter(self._frame, _cart(request), email, errors), status=422)
        number = new_number("N")
        self._signups.add(number, Signup(number, email))
        raise web.HTTPSeeOther(f"/welcome/{number}")

    async def welcome(self, request: web.Request) -> web.Response:
        signup = self._signups.get(request.match_info["number"])
        if signup is None:
            raise web.HTTPNotFound
        return _html(pages.welcome(self._frame, signup, _cart(request)))


def _cart(request: web.Request) -> Cart:
    return of_cookie(request.cookies.get(CART_COOKIE, ""))


async def _form(request: web.Request) -> dict[str, str]:
    """The text fields of a posted form."""
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _html(text: str, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-cache"}
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)


def _next_page(path: str, cart: Cart) -> web.HTTPSeeOther:
    """Leads from a form to the page behind it, with the cart as it is now."""
    response = web.HTTPSeeOther(path)
    if cart.lines:
        response.set_cookie(CART_COOKIE, cart.cookie(), max_age=CART_S, httponly=True, samesite="Lax")
    else:
        response.del_cookie(CART_COOKIE)
    return response
