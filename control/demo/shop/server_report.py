"""The shop's server reports an order by itself, as the developers' guide tells: with its secret key, and with all that
it knows of the buyer. The browser reports the same order; one order id makes both one conversion.
"""

from __future__ import annotations

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from control.demo.catalogue import CURRENCY
from control.demo.shop.cart import Cart
from control.demo.shop.orders import Buyer
from shared import click_id

TIMEOUT_S = 5.0


class Ids(msgspec.Struct, frozen=True):
    """What the snippet told the checkout form; anybody can write into a form, so nothing but ids is taken from it."""

    click_id: str = ""
    visitor_id: str = ""

    def known(self) -> dict[str, str]:
        """Those that are ids."""
        return {name: text for name, text in msgspec.structs.asdict(self).items() if click_id.decode(text)}


async def report_order(api_url: str, secret_key: str, number: str, cart: Cart, buyer: Buyer, ids: Ids) -> str:
    """Posts the order; returns in a few words what came of it. A report that fails never fails the order."""
    said: dict[str, str | int] = {
        "event": "purchase",
        "order_id": number,
        "amount": cart.total,
        "currency": CURRENCY,
        **ids.known(),
    }
    if buyer.customer:
        said["customer_id"] = buyer.customer
    if buyer.email:
        said["email"] = buyer.email
    headers = {"Authorization": f"Bearer {secret_key}", "Content-Type": "application/json"}
    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=TIMEOUT_S)) as session,
            session.post(f"{api_url}/api/v1/conversions", data=msgspec.json.encode(said), headers=headers) as response,
        ):
            body = await response.text()
            return f"answered {response.status}: {body[:300]}"
    except (TimeoutError, ClientError) as error:
        return f"failed: {error or 'no answer in time'}"
