"""90 days of the demo company, made up from a seed: what edges recorded and what the shop's server reported.

`make_world` is pure and gives the same moments for the same seed and end. Moments are in the order in which they would
have reached the control plane: some are late, as when an edge was cut off for a while, so conversions come before their
clicks, and refunds before their orders.

The demo's story has what makes attribution worth its trouble: people found by one channel and won by another, phones
that click and laptops that buy, newsletters that were forwarded, links that were clicked twice, bots and previews that
must not count, orders that both browser and server report, refunds.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from control.demo.catalogue import CURRENCY, LINKS, PRODUCTS, DemoLink, Product
from control.demo.people import (
    CHANNEL_INTENT,
    CHANNEL_REACH,
    CHANNEL_RETURN,
    COMPUTERS,
    PHONES,
    REFERRERS,
    VISIT,
    Device,
    id_at,
    make_bot,
    make_device,
)
from shared import click_id
from shared.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from shared.wire import BeaconRecord, ClickRecord, NoClick, Record

DAYS = 90
PEOPLE = 15_000
TWO_DEVICES = 0.32
RETURN_CHANCE = 0.55
RETURN_AFTER_MS = 9 * DAY_MS  # on average
NEWSLETTER_CHANCE = 0.07
SERVER_REPORTS = 0.35
REFUND_CHANCE = 0.05
DOUBLE_CLICK = 0.03
PREFETCHED = 0.02
LATE = 0.02
BOT_SHARE = 0.18  # of all requests, as many shorteners see

SHOP = "http://shop.localhost:8090"
SAME_SITE_HOST = "go.shop.localhost"
OTHER_SITE_HOST = "go.localhost"


class ServerOrder(NamedTuple):
    """What the shop's server reports beside the browser."""

    order_id: str
    customer_id: str
    amount: int
    occurred_ms: int


class ServerRefund(NamedTuple):
    """Money back for an order; `amount` None: all of it."""

    order_id: str
    amount: int | None
    occurred_ms: int


class Moment(NamedTuple):
    """Something that reaches the control plane at `arrives_ms`."""

    arrives_ms: int
    order: int  # breaks ties, so that moments need no comparison
    what: Record | ServerOrder | ServerRefund


class Setup(NamedTuple):
    """Ids of what was created for the demo before its history begins."""

    links: dict[str, bytes]  # slug: link id
    workspace_id: bytes
    key: str
    key_id: bytes


def make_world(setup: Setup, end_ms: int, seed: int = 1, people: int = PEOPLE) -> Iterator[Moment]:
    """All moments of the 90 days before `end_ms`, in order of arrival."""
    world = _World(setup, end_ms, seed)
    for _ in range(people):
        world.live()
    for _ in range(int(world.requests * BOT_SHARE)):
        world.crawl()
    heapq.heapify(world.moments)
    while world.moments:
        yield heapq.heappop(world.moments)


class _World:
    def __init__(self, setup: Setup, end_ms: int, seed: int) -> None:
        self.setup, self.end_ms, self.start_ms = setup, end_ms, end_ms - DAYS * DAY_MS
        self.chance = random.Random(seed)
        self.moments: list[Moment] = []
        self.requests = self.orders = 0
        self.by_channel: dict[str, list[DemoLink]] = {}
        for link in LINKS:
            self.by_channel.setdefault(link.channel, []).append(link)

    def live(self) -> None:
        """One person's story, from the first click until they stay away."""
        chance = self.chance
        # More people come towards the end: the company grows, and Black Friday is near.
        at_ms = self.start_ms + int(DAYS * DAY_MS * chance.random() ** 0.8)
        at_ms += self._daylight(at_ms)
        has_phone = chance.random() < 0.6
        devices = [make_device(chance, PHONES if has_phone else COMPUTERS, at_ms)]
        if chance.random() < TWO_DEVICES:
            devices.append(make_device(chance, COMPUTERS if has_phone else PHONES, at_ms))
        customer = ""
        channel = self._weighted(CHANNEL_REACH)
        warmth = 1.0
        while at_ms < self.end_ms:
            device = chance.choice(devices)
            bought, customer = self._visit(device, channel, at_ms, customer, warmth)
            warmth = 0.6 if bought else warmth * 1.35
            if chance.random() > RETURN_CHANCE:
                return
            at_ms += int(chance.expovariate(1 / RETURN_AFTER_MS)) + HOUR_MS
            at_ms += self._daylight(at_ms)
            channel = self._weighted(CHANNEL_RETURN)

    def crawl(self) -> None:
        """A bot or link preview fetches a link."""
        at_ms = self.start_ms + int(DAYS * DAY_MS * self.chance.random())
        bot = make_bot(self.chance)
        preview: NoClick = "preview" if "facebook" in bot.headers["user-agent"] else ""
        self._click(bot, self.chance.choice(LINKS), at_ms, no_click=preview)

    def _visit(self, device: Device, channel: str, at_ms: int, customer: str, warmth: float) -> tuple[bool, str]:
        """One visit: whether it ended in an order, and the customer id by now."""
        chance = self.chance
        landed_ms = at_ms + chance.randrange(300, 2500)
        click = None if channel == VISIT else self._click_through(device, channel, at_ms)
        landing = {"type": "landing", "url": SHOP + "/", "ref": chance.choice(REFERRERS) if channel == VISIT else ""}
        self._beacon(device, landed_ms, landing | {"new": click is not None} | _stated(click))
        if chance.random() < NEWSLETTER_CHANCE:
            self._event(device, landed_ms + 40 * SECOND_MS, click, {"name": "newsletter_signup"})
        if chance.random() > CHANNEL_INTENT[channel] * warmth:
            return False, customer
        customer = customer or f"shop:K{chance.randrange(10**6):06}"
        self._buy(device, landed_ms + chance.randrange(1, 25) * MINUTE_MS, click, customer)
        return True, customer

    def _click_through(self, device: Device, channel: str, at_ms: int) -> bytes:
        chance = self.chance
        link = chance.choices(self.by_channel[channel], [link.pull for link in self.by_channel[channel]])[0]
        if chance.random() < PREFETCHED:
            self._click(device, link, at_ms - 2 * SECOND_MS, no_click="prefetch")
        click = self._click(device, link, at_ms)
        if chance.random() < DOUBLE_CLICK:
            self._click(device, link, at_ms + chance.randrange(1, 9) * SECOND_MS)
        return click

    def _buy(self, device: Device, at_ms: int, click: bytes | None, customer: str) -> None:
        chance = self.chance
        amount = sum(self._pick().price for _ in range(chance.choices((1, 2, 3, 5), (50, 30, 15, 5))[0])) + 390
        self.orders += 1
        order_id = f"A-{100_000 + self.orders}"
        self._beacon(
            device, at_ms - 5 * SECOND_MS, {"type": "identify", "customer": customer, "url": f"{SHOP}/checkout"}
        )
        said = {"name": "purchase", "order": order_id, "amount": amount, "currency": CURRENCY, "customer": customer}
        self._event(device, at_ms, click, said)
        if chance.random() < SERVER_REPORTS:
            self._arrive(at_ms + chance.randrange(1, 90) * SECOND_MS, ServerOrder(order_id, customer, amount, at_ms))
        if chance.random() < REFUND_CHANCE:
            back_ms = at_ms + chance.randrange(2, 14) * DAY_MS
            part = None if chance.random() < 0.6 else amount // 3
            if back_ms < self.end_ms:
                self._arrive(back_ms, ServerRefund(order_id, part, back_ms))

    def _click(self, device: Device, link: DemoLink, at_ms: int, no_click: NoClick = "") -> bytes:
        self.requests += 1
        click = id_at(self.chance, at_ms)
        record = ClickRecord(
            click_id=click,
            time_ms=at_ms,
            boot_ms=at_ms - self.start_ms,
            link_id=self.setup.links[link.slug],
            arm=_arm(device, link),
            no_click=no_click,
            carry="cookie" if link.same_site and not no_click else "fragment",
            host=SAME_SITE_HOST if link.same_site else OTHER_SITE_HOST,
            path="/" + link.slug,
            query="gclid=" + self.chance.randbytes(8).hex() if link.channel == "paid" else "",
            address=device.address,
            visitor=device.edge_visitor,
            headers=device.headers | ({"sec-purpose": "prefetch"} if no_click == "prefetch" else {}),
        )
        self._arrive_by_edge(at_ms, record)
        return click

    def _event(self, device: Device, at_ms: int, click: bytes | None, said: dict[str, str | int]) -> None:
        key = self.chance.randbytes(9).hex()
        event = {"type": "event", "key": key, "url": f"{SHOP}/thanks", **said}
        self._beacon(device, at_ms, event | _stated(click))

    def _beacon(self, device: Device, at_ms: int, said: Mapping[str, str | int]) -> None:
        body = {"k": self.setup.key, "vid": click_id.encode(device.visitor), **said}
        record = BeaconRecord(
            record_id=id_at(self.chance, at_ms),
            time_ms=at_ms,
            boot_ms=at_ms - self.start_ms,
            workspace_id=self.setup.workspace_id,
            key_id=self.setup.key_id,
            host=SAME_SITE_HOST,
            origin=SHOP,
            address=device.address,
            headers=device.headers,
            body=msgspec.json.encode(body),
        )
        self._arrive_by_edge(at_ms, record)

    def _arrive_by_edge(self, at_ms: int, record: Record) -> None:
        late = self.chance.randrange(10, 24 * 60) * MINUTE_MS if self.chance.random() < LATE else 0
        if at_ms < self.end_ms:
            self._arrive(min(at_ms + late, self.end_ms), record)

    def _arrive(self, arrives_ms: int, what: Record | ServerOrder | ServerRefund) -> None:
        if arrives_ms <= self.end_ms:
            self.moments.append(Moment(arrives_ms, len(self.moments), what))

    def _weighted(self, weights: dict[str, int]) -> str:
        return self.chance.choices(list(weights), list(weights.values()))[0]

    def _pick(self) -> Product:
        return self.chance.choices(PRODUCTS, [product.appeal for product in PRODUCTS])[0]

    def _daylight(self, at_ms: int) -> int:
        """Moves a moment of the night into the day: few people click at four in the morning."""
        hour = at_ms // HOUR_MS % 24
        return self.chance.randrange(4, 12) * HOUR_MS if hour < 5 and self.chance.random() < 0.85 else 0


def _arm(device: Device, link: DemoLink) -> int:
    """Where a split link leads this device: always to the same page."""
    return 1 + sum(device.edge_visitor[-1:]) % len(link.split) if link.split else 0


def _stated(click: bytes | None) -> dict[str, str]:
    return {"c": click_id.encode(click)} if click else {}
