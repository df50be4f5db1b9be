"""One event is one conversion, however often, by whomever and in whatever order it is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import func, select

from control.ingest.batches import store_batch
from control.services import Services
from control.store.schema import (
    conversion_reports,
    conversions,
    dirty_identifiers,
    event_keys,
    held_reports,
    observations,
)
from shared import click_id
from shared.clock import DAY_MS, wall_ms
from shared.wire import Record
from tests.control.conftest import make_workspace
from tests.control.ingest.builders import (
    ROBOT,
    Shop,
    Stream,
    a_batch,
    a_click,
    a_landing,
    an_event,
    make_shop,
)
from tests.support.client import Client

YESTERDAY_MS = wall_ms() - DAY_MS
VISITOR = click_id.new(YESTERDAY_MS)


async def _ship(services: Services, *records: Record) -> None:
    await store_batch(services, Stream().headers(len(records)), a_batch(records))


async def _report(client: Client, **body: Any) -> tuple[int, dict[str, Any]]:
    async with client.post("/api/v1/conversions", json={"event": "purchase", **body}) as response:
        return response.status, await response.json()


async def _conversions(services: Services, *columns: str) -> list[tuple[Any, ...]]:
    wanted = [conversions.c[name] for name in columns or ("id",)]
    async with services.database.reading() as connection:
        return [tuple(row) for row in await connection.execute(select(*wanted).order_by(conversions.c.id))]


async def _count(services: Services, table: Any) -> int:
    async with services.database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def _marks(services: Services) -> set[tuple[str, str, str]]:
    at = dirty_identifiers.c
    async with services.database.reading() as connection:
        return {tuple(row) for row in await connection.execute(select(at.kind, at.value, at.reason))}


async def test_a_pages_event_is_a_conversion(services: Services, shop: Shop) -> None:
    click = a_click(shop, YESTERDAY_MS)
    event = an_event(
        shop,
        "purchase",
        YESTERDAY_MS + 60_000,
        c=click.click_id,
        vid=VISITOR,
        order="A-1",
        value="12.50",
        currency="eur",
    )
    await _ship(services, click, event)
    columns = ("name", "time_ms", "amount", "currency", "order_id", "source", "click_id", "visitor_id")
    assert await _conversions(services, *columns) == [
        ("purchase", YESTERDAY_MS + 60_000, 1250, "EUR", "A-1", "browser", click.click_id, VISITOR)
    ]
    assert await _count(services, observations) == 1
    assert ("visitor", click_id.encode(VISITOR), "late_conversion") in await _marks(services)


async def test_a_reloaded_page_and_a_resent_record_change_nothing(services: Services, shop: Shop) -> None:
    said = {"vid": VISITOR, "order": "A-1", "amount": 500, "currency": "EUR"}
    event = an_event(shop, "purchase", YESTERDAY_MS, **said)
    await _ship(services, event)
    await _ship(
        services, event, an_event(shop, "purchase", YESTERDAY_MS + 90_000, url="https://x.example/?again", **said)
    )
    assert len(await _conversions(services)) == 1
    assert await _count(services, conversion_reports) == 1
    assert await _count(services, held_reports) == 0


async def test_a_repeat_with_another_content_is_kept_aside(services: Services, shop: Shop) -> None:
    await _ship(
        services,
        an_event(shop, "purchase", YESTERDAY_MS, order="A-1", amount=500, currency="EUR"),
        an_event(shop, "purchase", YESTERDAY_MS, order="A-1", amount=999, currency="EUR"),
    )
    assert await _conversions(services, "amount") == [(500,)]
    async with services.database.reading() as connection:
        assert (await connection.execute(select(held_reports.c.reason))).scalars().all() == ["conflicting_repeat"]


@pytest.mark.parametrize("server_first", [False, True])
async def test_an_order_of_browser_and_server_is_one_conversion(
    services: Services, client: Client, shop: Shop, server_first: bool
) -> None:
    async def by_browser() -> None:
        said = {"vid": VISITOR, "order": "A-1", "amount": 1_000, "currency": "EUR"}
        await _ship(services, an_event(shop, "purchase", YESTERDAY_MS, **said))

    async def by_server() -> None:
        status, answer = await _report(
            client, order_id="A-1", amount=1_190, currency="EUR", customer_id="7", email=" Ada@Shop.example "
        )
        assert (status, answer["duplicate"]) == (202, False)

    for step in (by_server, by_browser) if server_first else (by_browser, by_server):
        await step()

    columns = ("amount", "source", "visitor_id", "customer", "time_ms")
    assert await _conversions(services, *columns) == [(1_190, "server", VISITOR, "default:7", YESTERDAY_MS)]
    assert await _count(services, conversion_reports) == 2
    at = observations.c
    async with services.database.reading() as connection:
        pairs = {tuple(row) for row in await connection.execute(select(at.a_kind, at.b_kind))}
    assert pairs == {("customer", "email"), ("customer", "visitor"), ("email", "visitor")}


async def test_a_server_that_repeats_itself_gets_the_first_answer(client: Client, shop: Shop) -> None:
    said = {"order_id": "A-1", "amount": 5, "currency": "EUR"}
    _, first = await _report(client, **said)
    assert (await _report(client, **said))[1] == {**first, "duplicate": True}
    status, problem = await _report(client, **said | {"amount": 6})
    assert (status, problem["type"]) == (409, "/problems/conversion-differs")
    assert "order_id" in problem["detail"]


async def test_one_order_reported_many_times_at_once_is_one_conversion(
    services: Services, client: Client, shop: Shop
) -> None:
    event = an_event(shop, "purchase", YESTERDAY_MS, vid=VISITOR, order="A-1", amount=5, currency="EUR")
    answers = await asyncio.gather(
        *(_report(client, order_id="A-1", amount=5, currency="EUR") for _ in range(6)), _ship(services, event)
    )
    assert {answer[0] for answer in answers if answer} == {202}
    assert len(await _conversions(services)) == 1
    assert await _count(services, conversion_reports) == 2
    assert await _count(services, event_keys) == 1


async def test_events_without_any_key_are_each_their_own(client: Client, services: Services, shop: Shop) -> None:
    for _ in range(2):
        await _report(client, customer_id="crm:7")
    await _report(client, customer_id="crm:7", event_key="signup-7")
    await _report(client, customer_id="crm:7", event_key="signup-7")
    assert await _conversions(services, "customer") == [("crm:7",)] * 3


async def test_a_conversion_waits_for_its_click(services: Services, client: Client, shop: Shop) -> None:
    click = a_click(shop, YESTERDAY_MS)
    stated = "2001-01-01T00:00:00Z"
    status, problem = await _report(client, click_id=click_id.encode(click.click_id), occurred_at=stated)
    assert (status, problem["errors"][0]["field"]) == (422, "occurred_at")
    status, answer = await _report(client, click_id=click_id.encode(click.click_id), order_id="A-1")
    assert (status, answer["status"]) == (202, "unmatched")
    await _ship(services, click)
    assert ("click", click_id.encode(click.click_id), "late_click") in await _marks(services)
    assert (await _report(client, click_id=click_id.encode(click.click_id), order_id="A-2"))[1]["status"] == "matched"


async def test_a_server_learns_that_its_order_is_matched_by_the_pages_report(
    services: Services, client: Client, shop: Shop
) -> None:
    click = a_click(shop, YESTERDAY_MS)
    event = an_event(shop, "purchase", YESTERDAY_MS, c=click_id.encode(click.click_id), order="A-1")
    await _ship(services, click, event)
    assert (await _report(client, order_id="A-1"))[1]["status"] == "matched"


@pytest.mark.parametrize("click_first", [False, True])
async def test_a_conversion_is_never_earlier_than_the_click_it_names(
    services: Services, shop: Shop, click_first: bool
) -> None:
    click = a_click(shop, YESTERDAY_MS)
    event = an_event(shop, "purchase", YESTERDAY_MS - 5_000, c=click.click_id)
    for record in (click, event) if click_first else (event, click):
        await _ship(services, record)
    assert await _conversions(services, "time_ms") == [(YESTERDAY_MS,)]


async def test_a_conversion_without_any_identifier_is_its_own_person(
    client: Client, services: Services, shop: Shop
) -> None:
    _, answer = await _report(client, order_id="A-1")
    assert answer["status"] == "unmatched"
    assert await _marks(services) == {("conversion", answer["id"], "late_conversion")}


async def test_an_address_is_hashed_as_the_snippet_does(client: Client, services: Services, shop: Shop) -> None:
    hashed = sha256(b"ada@shop.example").hexdigest()
    await _report(client, email=" Ada@Shop.EXAMPLE\t")
    await _report(client, email_sha256=hashed)
    assert await _conversions(services, "email_hash") == [(hashed,)] * 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event": "nothing_defined"}, "event"),
        ({"value": "1.005", "currency": "EUR"}, "value"),
        ({"amount": 5}, "currency"),
        ({"amount": 5, "value": "0.05", "currency": "EUR"}, "value"),
        ({"amount": 5, "currency": "XXX"}, "currency"),
        ({"click_id": "A" * 22}, "click_id"),
        ({"order_id": "a\nb"}, "order_id"),
        ({"email": "a@b.example", "email_sha256": "0" * 64}, "email_sha256"),
        ({"ordre_id": "A-1"}, "ordre_id"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_stored(
    client: Client, services: Services, shop: Shop, body: dict[str, Any], field: str
) -> None:
    status, problem = await _report(client, **body)
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == [field]
    assert await _count(services, conversions) == await _count(services, event_keys) == 0


async def test_an_undefined_event_is_kept_until_it_is_defined(services: Services, client: Client, shop: Shop) -> None:
    events = [an_event(shop, "webinar", YESTERDAY_MS + number, vid=VISITOR) for number in range(3)]
    await _ship(services, *events)
    assert await _conversions(services) == []
    async with client.get("/api/v1/undefined-events") as response:
        [item] = (await response.json())["items"]
    assert (item["name"], item["reports"]) == ("webinar", 3)

    async with client.post("/api/v1/event-definitions", json={"name": "webinar", "title": "Webinar"}) as response:
        assert response.status == 201
        path = f"/api/v1/event-definitions/{(await response.json())['id']}"
    assert sorted(await _conversions(services, "time_ms")) == [(YESTERDAY_MS + number,) for number in range(3)]
    async with client.get("/api/v1/undefined-events") as response:
        assert (await response.json())["items"] == []

    async with client.delete(path) as response:
        assert response.status == 204
    await _ship(services, an_event(shop, "webinar", YESTERDAY_MS + 3, vid=VISITOR))
    assert len(await _conversions(services)) == 3
    async with client.patch(path, json={"archived": False}) as response:
        assert response.status == 200
    assert len(await _conversions(services)) == 4


async def test_a_beacon_with_an_impossible_amount_is_kept_aside(services: Services, shop: Shop) -> None:
    await _ship(
        services,
        an_event(shop, "purchase", YESTERDAY_MS, value="1.005", currency="EUR"),
        an_event(shop, "purchase", YESTERDAY_MS, agent=ROBOT),
    )
    assert await _conversions(services) == []
    async with services.database.reading() as connection:
        assert sorted((await connection.execute(select(held_reports.c.reason))).scalars()) == ["invalid", "robot"]


async def test_tenants_share_no_orders(services: Services, client: Client, shop: Shop) -> None:
    other_id = await make_workspace(services.database, "sk_other000000000000000000000000000")
    other = await make_shop(services.database, other_id, host="go.other.example")
    await _report(client, order_id="A-1", amount=5, currency="EUR")
    await _ship(services, an_event(other, "purchase", YESTERDAY_MS, order="A-1", amount=7, currency="EUR"))
    assert sorted(await _conversions(services, "amount")) == [(5,), (7,)]


async def test_landings_of_the_same_batch_are_known_to_its_events(services: Services, shop: Shop) -> None:
    click = a_click(shop, YESTERDAY_MS)
    records: Sequence[Record] = (
        an_event(shop, "purchase", YESTERDAY_MS + 10_000, vid=VISITOR, c=click.click_id),
        a_landing(shop, YESTERDAY_MS + 500, vid=VISITOR, c=click.click_id, new=True),
        click,
    )
    await _ship(services, *records)
    assert await _conversions(services, "click_id", "time_ms") == [(click.click_id, YESTERDAY_MS + 10_000)]
