"""The shop's pages as HTML. Everything that came from outside goes through `escape`."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import msgspec

from control.demo.catalogue import CURRENCY, WORKSPACE_NAME
from control.demo.shop.art import bag, box, mark
from control.demo.shop.cart import QUANTITY_MAX, SHIPPING, Cart
from control.demo.shop.goods import GOODS, Good
from control.demo.shop.orders import Buyer, Order, Signup


class Frame(msgspec.Struct, frozen=True):
    """What every page needs beside its own text."""

    snippet_origin: str
    publishable_key: str
    dashboard_url: str
    can_report: bool  # whether the shop's server may report orders by itself


def money(amount: int) -> str:
    """Minor units of euros, as the shop writes them."""
    return f"€{amount // 100:,}.{amount % 100:02}"


def decimal(amount: int) -> str:
    """Minor units of euros as decimal text for the snippet."""
    return f"{amount // 100}.{amount % 100:02}"


def page(frame: Frame, title: str, main: str, *, count: int = 0, report: Mapping[str, object] | None = None) -> str:
    """A whole page. `report` is what `shop.js` tells the snippet: the arguments of `event` and `identify`."""
    told = f' data-report="{escape(msgspec.json.encode(report).decode())}"' if report else ""
    cart = f'Cart <span class="count">{count}</span><span class="hidden"> {_items(count)}</span>' if count else "Cart"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)} · {escape(WORKSPACE_NAME)}</title>
<link rel="icon" href="/static/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/shop.css">
<script src="/static/shop.js"></script>
<script async src="{escape(frame.snippet_origin)}/_t/t.js" data-key="{escape(frame.publishable_key)}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<a class="brand" href="/">{mark()}<span>{escape(WORKSPACE_NAME)}</span></a>
<nav aria-label="Shop"><a href="/">Coffee</a><a href="/newsletter">Newsletter</a><a href="/cart">{cart}</a></nav>
</header>
<main id="main" tabindex="-1"{told}>
{main}
</main>
<footer><p>A demonstration shop: nothing is sent and nothing is charged.</p></footer>
{_developer_strip(frame)}
</body>
</html>
"""


def _items(count: int) -> str:
    return "item" if count == 1 else "items"


def _developer_strip(frame: Frame) -> str:
    dashboard = f'<a href="{escape(frame.dashboard_url)}">Dashboard</a>' if frame.dashboard_url else ""
    return f"""<aside class="strip" aria-label="What Clicktrail holds for this page">
<dl><div><dt>Click id</dt><dd id="held-click">none</dd></div>
<div><dt>Visitor id</dt><dd id="held-visitor">none</dd></div></dl>
<p><button type="button" id="consent" hidden>Refuse tracking</button>{dashboard}</p>
</aside>"""


def home(frame: Frame, cart: Cart) -> str:
    cards = "\n".join(_card(good) for good in GOODS.values())
    main = f"""<section class="hero">
<h1>Roasted on Tuesdays,<br>in your cup by Friday</h1>
<p>Three coffees, one small drum roaster, and Käthe, who has tasted every batch since 1987.</p>
</section>
<h2 class="hidden">Our coffee</h2>
<ul class="goods">{cards}</ul>"""
    return page(frame, "Coffee", main, count=cart.size)


def _card(good: Good) -> str:
    return f"""<li><a class="card" href="/products/{good.slug}">{_art(good)}
<span class="name">{escape(good.name)}</span><span class="line">{escape(good.line)}</span>
<span class="price">{money(good.price)}</span></a></li>"""


def _art(good: Good) -> str:
    return box() if good.slug == "geschenkset" else bag(good.tint, good.name.split()[0])


def product(frame: Frame, cart: Cart, good: Good) -> str:
    details = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in good.details)
    main = f"""<article class="product">
<div class="picture">{_art(good)}</div>
<div>
<h1>{escape(good.name)}</h1>
<p class="lead">{escape(good.line)}</p>
<p>{escape(good.story)}</p>
<dl class="details">{details}</dl>
<form method="post" action="/cart">
<input type="hidden" name="add" value="{good.slug}">
<p class="buy"><span class="price">{money(good.price)}</span><button class="main">Add to cart</button></p>
</form>
</div>
</article>"""
    return page(frame, good.name, main, count=cart.size)


def cart_page(frame: Frame, cart: Cart) -> str:
    if not cart.lines:
        main = """<h1>Your cart is empty</h1>
<p>That is easily changed.</p>
<p><a class="button" href="/">Choose a coffee</a></p>"""
        return page(frame, "Cart", main)
    rows = "\n".join(
        f"""<li><a href="/products/{line.good.slug}">{escape(line.good.name)}</a>
<label><span class="hidden">Quantity of {escape(line.good.name)}</span>
<input type="number" inputmode="numeric" min="0" max="{QUANTITY_MAX}"
  name="{line.good.slug}" value="{line.quantity}"></label>
<span class="price">{money(line.total)}</span></li>"""
        for line in cart.lines
    )
    main = f"""<h1>Your cart</h1>
<form method="post" action="/cart">
<ul class="lines">{rows}</ul>
{_sums(cart)}
<p class="actions"><button>Update quantities</button><a class="button main" href="/checkout">Check out</a></p>
</form>"""
    return page(frame, "Cart", main, count=cart.size)


def _sums(cart: Cart) -> str:
    return f"""<dl class="sums"><div><dt>Coffee</dt><dd>{money(cart.goods_total)}</dd></div>
<div><dt>Shipping</dt><dd>{money(SHIPPING)}</dd></div>
<div class="total"><dt>Total</dt><dd>{money(cart.total)}</dd></div></dl>"""


def checkout(frame: Frame, cart: Cart, buyer: Buyer, errors: Mapping[str, str]) -> str:
    server = """<p class="check"><label><input type="checkbox" name="server_report" value="yes">
Report the order from the server as well</label>
<span class="hint">Browser and server then name the same order, which is one conversion.</span></p>"""
    main = f"""<h1>Check out</h1>
<form method="post" action="/checkout" novalidate>
{_alert(errors)}
{_field("name", "Name", buyer.name, errors, autocomplete="name", required=True)}
{_field("email", "E-mail", buyer.email, errors, kind="email", autocomplete="email", hint="Optional.")}
{_field("customer_number", "Customer number", buyer.customer_number, errors, hint="Optional, such as K123456.")}
<input type="hidden" name="click_id"><input type="hidden" name="visitor_id">
{server if frame.can_report else ""}
{_sums(cart)}
<p class="actions"><a class="button" href="/cart">Back to the cart</a><button class="main">Buy now</button></p>
</form>"""
    return page(frame, "Check out", main, count=cart.size)


def _alert(errors: Mapping[str, str]) -> str:
    if not errors:
        return ""
    links = "".join(f'<li><a href="#{field}">{escape(text)}</a></li>' for field, text in errors.items())
    return f'<div class="alert" role="alert"><p>Something is missing:</p><ul>{links}</ul></div>'


def _field(
    name: str,
    label: str,
    value: str,
    errors: Mapping[str, str],
    *,
    kind: str = "text",
    autocomplete: str = "off",
    hint: str = "",
    required: bool = False,
) -> str:
    note = errors.get(name, hint)
    described = f' aria-describedby="{name}-note"' if note else ""
    state = (' aria-invalid="true"' if name in errors else "") + (" required" if required else "")
    shown = (
        f'<span class="{"error" if name in errors else "hint"}" id="{name}-note">{escape(note)}</span>' if note else ""
    )
    return f"""<p class="field"><label for="{name}">{label}</label>
<input id="{name}" name="{name}" type="{kind}" value="{escape(value)}" autocomplete="{autocomplete}"{described}{state}>
{shown}</p>"""


def thanks(frame: Frame, order: Order, cart: Cart) -> str:
    """The page that reports the order. Opened again it reports the same order again, which is one conversion."""
    person = {name: text for name, text in (("customer", order.customer), ("email", order.email)) if text}
    purchase = {"value": decimal(order.cart.total), "currency": CURRENCY, "order": order.number}
    server = f"<p>The server's own report: {escape(order.server_report)}</p>" if order.server_report else ""
    lines = "".join(
        f"<li><span>{line.quantity} × {escape(line.good.name)}</span>"
        f'<span class="price">{money(line.total)}</span></li>'
        for line in order.cart.lines
    )
    main = f"""<h1>Thank you, {escape(order.name)}!</h1>
<p>Your order <strong class="number">{order.number}</strong> is on its way to the roaster.</p>
<ul class="lines">{lines}</ul>
{_sums(order.cart)}
<section class="told" aria-label="What was reported">
<h2>What Clicktrail was told</h2>
<p>This page reported <code>purchase</code> of {money(order.cart.total)} with the order number. Reload it: it stays one
conversion.</p>
{server}
</section>"""
    report: dict[str, object] = {"event": ["purchase", purchase], "identify": person}
    return page(frame, "Thank you", main, count=cart.size, report=report)


def newsletter(frame: Frame, cart: Cart, email: str, errors: Mapping[str, str]) -> str:
    main = f"""<h1>The coffee club</h1>
<p class="lead">One letter a month: what is in the drum, what we burnt, and a code for those who read to the end.</p>
<form method="post" action="/newsletter" novalidate>
{_alert(errors)}
{_field("email", "E-mail", email, errors, kind="email", autocomplete="email", required=True)}
<p class="actions"><button class="main">Join the club</button></p>
</form>"""
    return page(frame, "Newsletter", main, count=cart.size)


def welcome(frame: Frame, signup: Signup, cart: Cart) -> str:
    """The page that reports a sign-up; its number is the event's key."""
    main = f"""<h1>Welcome to the club</h1>
<p>The first letter goes to <strong>{escape(signup.email)}</strong>. (It doesn't: this is a demonstration.)</p>
<section class="told" aria-label="What was reported">
<h2>What Clicktrail was told</h2>
<p>This page reported <code>newsletter_signup</code>, and the e-mail address as a hash that your browser made.</p>
</section>
<p><a class="button" href="/">Back to the coffee</a></p>"""
    report: dict[str, object] = {
        "event": ["newsletter_signup", {"key": signup.number}],
        "identify": {"email": signup.email},
    }
    return page(frame, "Welcome", main, count=cart.size, report=report)


def missing(frame: Frame, cart: Cart) -> str:
    main = """<h1>There is nothing here</h1>
<p>The page, or the order, has gone the way of all coffee.</p>
<p><a class="button" href="/">To the shop</a></p>"""
    return page(frame, "Not found", main, count=cart.size)
