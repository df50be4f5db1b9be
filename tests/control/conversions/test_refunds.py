"""Refunds are always stored, before or after their order."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from control.ingest.batches import store_batch
from control.services import Services
from control.store.schema import conversions, dirty_identifiers, refunds
from control.times import from_ms
from shared.clock import DAY_MS, wall_ms
from tests.control.ingest.builders import Shop, Stream, a_batch, an_event
from tests.support.client import Client


async def _post(client: Client, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    async with client.post(f"/api/v1/{path}", json=body) as response:
        return response.status, await response.json()


async def _order(client: Client, order_id: str = "A-1", **said: Any) -> str:
    body = {"event": "purchase", "order_id": order_id, "amount": 1_000, "currency": "EUR", "customer_id": "7"} | said
    status, answer = await _post(client, "conversions", **body)
    assert status == 202
    return answer["id"]


async def _stored(services: Services) -> list[tuple[Any, ...]]:
    at = refunds.c
    async with services.database.reading() as connection:
        rows = await connection.execute(
            select(at.conversion_id, at.amount, at.currency).order_by(at.received_ms, at.id)
        )
        return [tuple(row) for row in rows]


async def test_a_refund_finds_its_order_and_marks_its_person(services: Services, client: Client, shop: Shop) -> None:
    conversion_id = await _order(client)
    status, answer = await _post(client, "refunds", order_id="A-1", value="2.50")
    assert (status, answer["conversion_id"], answer["duplicate"]) == (202, conversion_id, False)
    await _post(client, "refunds", conversion_id=conversion_id)
    assert await _stored(services) == [(conversion_id, 250, "EUR"), (conversion_id, None, "EUR")]
    at = dirty_identifiers.c
    async with services.database.reading() as connection:
        marks = {tuple(row) for row in await connection.execute(select(at.kind, at.value, at.reason))}
    assert ("customer", "default:7", "refund") in marks


@pytest.mark.parametrize("source", ["server", "browser"])
async def test_a_refund_that_comes_first_joins_its_order(
    services: Services, client: Client, shop: Shop, source: str
) -> None:
    status, answer = await _post(client, "refunds", order_id="A-1", amount=300, currency="EUR")
    assert (status, answer["conversion_id"]) == (202, None)
    if source == "server":
        await _order(client)
    else:
        event = an_event(shop, "purchase", wall_ms() - DAY_MS, order="A-1", amount=1_000, currency="EUR")
        await store_batch(services, Stream().headers(1), a_batch([event]))
    async with services.database.reading() as connection:
        conversion_id = (await connection.execute(select(conversions.c.id))).scalar_one()
    assert await _stored(services) == [(conversion_id, 300, "EUR")]


async def test_a_refund_of_a_lead_is_none_of_a_purchase(services: Services, client: Client, shop: Shop) -> None:
    await _post(client, "refunds", order_id="A-1", event="lead")
    await _order(client)
    assert await _stored(services) == [(None, None, None)]


async def test_a_repeated_refund_is_one(services: Services, client: Client, shop: Shop) -> None:
    await _order(client)
    said = {"order_id": "A-1", "amount": 100, "event_key": "r-1"}
    _, first = await _post(client, "refunds", **said)
    assert (await _post(client, "refunds", **said))[1] == {**first, "duplicate": True}
    status, problem = await _post(client, "refunds", **said | {"amount": 101})
    assert (status, problem["type"]) == (409, "/problems/refund-differs")
    assert len(await _stored(services)) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "order_id"),
        ({"order_id": "A-1", "conversion_id": "cnv_x"}, "order_id"),
        ({"conversion_id": "cnv_x"}, "conversion_id"),
        ({"order_id": "A-1", "amount": 5, "currency": "USD"}, "currency"),
        ({"order_id": "A-9", "amount": 5}, "currency"),
        ({"order_id": "A-1", "value": "1.005"}, "value"),
        ({"order_id": "A-1", "value": "0.00"}, "value"),
        ({"order_id": "A-1", "amount": 0}, "amount"),
        ({"order_id": "A-1", "event": "unheard_of"}, "event"),
    ],
)
async def test_what_is_wrong_is_named(
    services: Services, client: Client, shop: Shop, body: dict[str, Any], field: str
) -> None:
    await _order(client)
    status, problem = await _post(client, "refunds", **body)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])
    assert await _stored(services) == []


async def test_refunds_are_listed_newest_first(client: Client, shop: Shop) -> None:
    await _order(client)
    for amount in (1, 2, 3):
        at = from_ms(wall_ms() - DAY_MS + amount).isoformat()
        await _post(client, "refunds", order_id="A-1", amount=amount, occurred_at=at)
    async with client.get("/api/v1/refunds?limit=2") as response:
        first = await response.json()
    async with client.get(f"/api/v1/refunds?limit=2&cursor={first['next_cursor']}") as response:
        second = await response.json()
    assert [item["amount"] for item in (*first["items"], *second["items"])] == [3, 2, 1]
    assert second["next_cursor"] is None
