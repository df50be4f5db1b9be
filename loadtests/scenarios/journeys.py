"""Visitors whose pages report: beacons alone, and the whole way from the click to the conversion."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
import random
from typing import Any

from locust import task

from loadtests.scenarios.destinations import click_of
from loadtests.scenarios.options import settings
from loadtests.scenarios.visitor import Visitor
from shared import click_id

BEACON_PATH = "/_t/e"
AMOUNT_MAX = 20_000  # minor units
CURRENCY = "EUR"


class Reporting(Visitor):
    """A visitor whose pages have the snippet."""

    abstract = True

    def on_start(self) -> None:
        settings().need("key")
        self.visitor_id = _new_id()

    def report(self, kind: str, **fields: object) -> None:
        """A beacon as the snippet sends it; 204 is its answer."""
        beacon = {"type": kind, "k": settings().key, "vid": self.visitor_id, "url": settings().origin + "/", **fields}
        crowded_host = settings().crowded.host
        headers = self.browser | {"Origin": settings().origin, "Content-Type": "text/plain;charset=UTF-8"}
        headers |= {"Host": crowded_host} if crowded_host else {}
        with self.client.post(
            BEACON_PATH, data=json.dumps(beacon), headers=headers, name=f"{kind} beacon", catch_response=True
        ) as answer:
            _judge(answer, 204)

    def purchase(self, click: str) -> None:
        """The event, by the page."""
        order = _new_id()
        amount = random.randint(1, AMOUNT_MAX)
        self.report("event", name=settings().event, key=order, order=order, amount=amount, currency=CURRENCY, c=click)


class Beacons(Reporting):
    """Page views without a click, and now and then an event: direct visits to a site that has the snippet."""

    @task(9)
    def view_a_page(self) -> None:
        self.report("landing", new=False)

    @task(1)
    def buy(self) -> None:
        self.purchase("")


class Journey(Reporting):
    """Click, landing, event: each time as another person. With `--server-share` the shop's server reports some of the
    events by the API instead."""

    @task
    def go_all_the_way(self) -> None:
        self.visitor_id = _new_id()
        location, cookies = self.follow(settings().mix.draw())
        click = click_of(location, cookies)
        if not location:
            return
        self.report("landing", new=bool(click), c=click)
        if random.random() < settings().server_share:
            self._report_by_server(click)
        else:
            self.purchase(click)

    def _report_by_server(self, click: str) -> None:
        settings().need("api", "api_key")
        conversion = {
            "event": settings().event,
            "order_id": _new_id(),
            "amount": random.randint(1, AMOUNT_MAX),
            "currency": CURRENCY,
            "visitor_id": self.visitor_id,
            **({"click_id": click} if click else {}),
        }
        with self.client.post(
            f"{settings().api}/api/v1/conversions",
            json=conversion,
            headers={"Authorization": f"Bearer {settings().api_key}"},
            name="conversion by the server",
            catch_response=True,
        ) as answer:
            _judge(answer, 202)


def _judge(answer: Any, wanted: int) -> None:
    if answer.status_code == wanted:
        answer.success()
    else:
        answer.failure(f"{answer.status_code} in place of {wanted}: {(answer.text or '')[:200]}")


def _new_id() -> str:
    """Of a visitor or an order."""
    return click_id.encode(click_id.new())
