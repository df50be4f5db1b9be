"""What the shop says of its products; what they cost is in the demo's catalogue."""

from __future__ import annotations

from typing import NamedTuple

from control.demo.catalogue import PRODUCTS


class Good(NamedTuple):
    """A product as the shop shows it. `tint` names its colours in the style sheet."""

    slug: str
    price: int  # minor units
    name: str
    line: str
    story: str
    details: tuple[tuple[str, str], ...]
    tint: str


_PRICES = {product.slug: product.price for product in PRODUCTS}

GOODS = {
    good.slug: good
    for good in (
        Good(
            "herbstroestung",
            _PRICES["herbstroestung"],
            "Herbströstung",
            "Hazelnut, plum, a long evening",
            "Our roast for the darker months: two washed coffees from Huila and Sidamo, taken a little further than "
            "usual. It stays sweet when it cools down, should you forget your cup.",
            (("Roast", "medium"), ("Made for", "filter, French press"), ("Bag", "250 g, whole beans")),
            "plum",
        ),
        Good(
            "espresso-nero",
            _PRICES["espresso-nero"],
            "Espresso Nero",
            "Dark chocolate, walnut, thick crema",
            "Four parts Brazil, one part India. Käthe's grandfather mixed it for the railway canteen, and nobody has "
            "dared to change it since.",
            (("Roast", "dark"), ("Made for", "espresso, moka pot"), ("Bag", "250 g, whole beans")),
            "cocoa",
        ),
        Good(
            "koeln-blend",
            _PRICES["koeln-blend"],
            "Köln-Blend",
            "Caramel, orange, easy mornings",
            "Roasted for the opening of our shop in the Südstadt. A bright cup that forgives hard water, a blunt "
            "grinder and the time of day.",
            (("Roast", "light to medium"), ("Made for", "filter, Aeropress"), ("Bag", "250 g, whole beans")),
            "amber",
        ),
        Good(
            "geschenkset",
            _PRICES["geschenkset"],
            "Geschenkset",
            "Three bags, one hand-thrown cup",
            "All three roasts and a cup from the pottery next door, packed in a box that is too good to throw away. "
            "With a card, if you tell us what to write.",
            (("Inside", "3 × 250 g, one cup of 180 ml"), ("Made for", "somebody you like"), ("Box", "cardboard, tied")),
            "pine",
        ),
    )
}
