"""What the demo company has set up: campaigns, links, what it sells, and what it spends."""

from __future__ import annotations

from typing import NamedTuple


class DemoLink(NamedTuple):
    """A link of the demo; `pull` is how many of the people who are open to its channel click it, relative to others."""

    slug: str
    title: str
    campaign: str
    channel: str
    path: str  # on the shop
    pull: float
    same_site: bool = True  # on go.shop.localhost (cookie) or go.localhost (fragment)
    split: tuple[str, ...] = ()  # paths of an A/B test, as arms 1, 2, …
    expires_in_days: int | None = None  # after the history's end; once closed, it leads to the shop's home
    preview: tuple[str, str] | None = None  # headline and description


class Product(NamedTuple):
    slug: str
    price: int  # minor units
    appeal: float


WORKSPACE_NAME = "Kaffeerösterei Käthe"
CURRENCY = "EUR"
TIME_ZONE = "Europe/Berlin"

SPRING, BLACK_FRIDAY, CLUB, OPENING = "Herbströstung", "Black Friday", "Coffee club", "Shop opening Köln"
CAMPAIGNS = (SPRING, BLACK_FRIDAY, CLUB, OPENING)

LINKS = (
    DemoLink("herbst", "Newsletter: autumn roast", SPRING, "email", "/products/herbstroestung", 3.0),
    DemoLink("roast-2", "Newsletter: autumn roast, reminder", SPRING, "email", "/products/herbstroestung", 2.0),
    DemoLink("bf-early", "Newsletter: Black Friday, early access", BLACK_FRIDAY, "email", "/", 3.5),
    DemoLink("bf-last", "Newsletter: Black Friday, last hours", BLACK_FRIDAY, "email", "/", 2.5, expires_in_days=5),
    DemoLink("club", "Newsletter: join the coffee club", CLUB, "email", "/newsletter", 1.5),
    DemoLink(
        "ig-bio",
        "Instagram bio",
        SPRING,
        "social",
        "/",
        3.0,
        same_site=False,
        preview=("Kaffeerösterei Käthe", "Small batches, roasted on Tuesdays, at your door by Friday."),
    ),
    DemoLink(
        "ig-reel", "Instagram reel: how we roast", SPRING, "social", "/products/herbstroestung", 2.5, same_site=False
    ),
    DemoLink("yt", "YouTube description", CLUB, "social", "/", 1.2, same_site=False),
    DemoLink(
        "fb-köln", "Facebook event: opening in Köln", OPENING, "social", "/products/koeln-blend", 1.0, same_site=False
    ),
    DemoLink("sms-bf", "SMS: Black Friday code", BLACK_FRIDAY, "sms", "/", 2.0),
    DemoLink("sms-back", "SMS: your beans are back", SPRING, "sms", "/products/espresso-nero", 1.2),
    DemoLink("poster", "QR: poster, Köln Süd", OPENING, "qr", "/products/koeln-blend", 1.4),
    DemoLink("bag", "QR: on every bag", CLUB, "qr", "/newsletter", 1.8),
    DemoLink("receipt", "QR: receipt", CLUB, "qr", "/", 0.8),
    DemoLink(
        "ad-beans",
        "Search ad: fresh coffee beans",
        SPRING,
        "paid",
        "/products/espresso-nero",
        3.0,
        same_site=False,
        split=("/products/espresso-nero", "/products/herbstroestung"),
    ),
    DemoLink("ad-gift", "Search ad: coffee gifts", BLACK_FRIDAY, "paid", "/products/geschenkset", 2.2, same_site=False),
    DemoLink("ad-social", "Social ad: autumn roast", SPRING, "paid", "/products/herbstroestung", 2.4, same_site=False),
    DemoLink("blog", "Blog: the perfect V60", CLUB, "organic", "/products/herbstroestung", 2.0, same_site=False),
    DemoLink("pod", "Podcast notes", CLUB, "organic", "/", 1.0, same_site=False),
    DemoLink("press", "Press kit", OPENING, "organic", "/", 0.5, same_site=False),
)

PRODUCTS = (
    Product("herbstroestung", 1490, 3.0),
    Product("espresso-nero", 1290, 2.5),
    Product("koeln-blend", 1390, 1.5),
    Product("geschenkset", 4900, 1.0),
)

# Euro cents a day, by campaign and channel.
DAILY_SPEND = (
    (SPRING, "paid", 4_200),
    (SPRING, "social", 900),
    (BLACK_FRIDAY, "paid", 6_800),
    (BLACK_FRIDAY, "sms", 1_500),
    (OPENING, "qr", 300),
)
