"""The cart: kept in a cookie as text, `espresso-nero.2_geschenkset.1`, and read without trust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from control.demo.shop.goods import GOODS, Good

QUANTITY_MAX = 20
SHIPPING = 390  # minor units

Quantities = Mapping[str, int]


class Line(NamedTuple):
    """Some of one product."""

    good: Good
    quantity: int

    @property
    def total(self) -> int:
        return self.good.price * self.quantity


class Cart(NamedTuple):
    """What somebody is about to buy, or has bought. Amounts are minor units."""

    lines: tuple[Line, ...]

    @property
    def size(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def goods_total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def total(self) -> int:
        return self.goods_total + SHIPPING

    @property
    def quantities(self) -> dict[str, int]:
        return {line.good.slug: line.quantity for line in self.lines}

    def cookie(self) -> str:
        """The cart as a cookie's value."""
        return "_".join(f"{slug}.{quantity}" for slug, quantity in self.quantities.items())


def of_quantities(quantities: Quantities) -> Cart:
    """The cart with these quantities, in the order of the shop; unknown products and empty lines are left out."""
    wanted = {slug: min(quantities.get(slug, 0), QUANTITY_MAX) for slug in GOODS}
    return Cart(tuple(Line(GOODS[slug], quantity) for slug, quantity in wanted.items() if quantity > 0))


def of_cookie(text: str) -> Cart:
    """The cart of a cookie's value; what isn't readable in it is left out."""
    pairs = (part.rpartition(".") for part in text.split("_"))
    return of_quantities({slug: number_of(quantity) for slug, _, quantity in pairs})


def number_of(text: str) -> int:
    """The quantity that a person or a cookie states; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
