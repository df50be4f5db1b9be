"""The API shows a conversion with everything that its credits follow from."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update

from control.attribution.models import MODEL_NAMES
from control.attribution.worker import drain
from control.store.engine import Database
from control.store.schema import conversion_reports, edges
from shared.click_id import encode
from shared.clock import DAY_MS, HOUR_MS
from tests.attribution.world import NOON_MS, World, raw_id
from tests.support.client import Client


@pytest.fixture
async def world(database: Database, workspace_id: str) -> World:
    """An order with two clicks in its window, and one of every kind that is left out."""
    world = World(database, workspace_id)
    await world.define()
    campaign_id = await world.campaign("spring")
    await world.link("a", "email", campaign_id)
    await world.click(1, NOON_MS - 8 * DAY_MS, by=100, campaign_id=campaign_id)
    await world.visit(2, 100, NOON_MS - DAY_MS, "organic_search")
    await world.click(3, NOON_MS - 31 * DAY_MS, by=100)
    await world.click(4, NOON_MS + 1, by=100)
    await world.click(5, NOON_MS - HOUR_MS, by=100, kind="bot", reason="bot:test")
    await world.visit(6, 100, NOON_MS - HOUR_MS, "", "ignored_referrer")
    await world.convert("order", NOON_MS, by=100, customer="shop:7", amount=1_000, order_id="A-1")
    await world.refund("part", "cnv_order", NOON_MS + 1, 300)
    await world.refund("rest", "cnv_order", NOON_MS + 2, 900)
    async with database.transaction() as connection:
        await connection.execute(
            insert(conversion_reports).values(
                id=raw_id(50),
                workspace_id=workspace_id,
                conversion_id="cnv_order",
                source="browser",
                body_sha256=b"",
                body='{"order_id": "A-1"}',
                received_ms=NOON_MS,
            )
        )
    await drain(database)
    return world


async def read(client: Client, path: str, **query: str) -> Any:
    response = await client.get(f"/api/v1/conversions{path}", params=query)
    assert response.status == 200, await response.text()
    return await response.json()


async def test_a_conversion_is_explained_whole(world: World, client: Client) -> None:
    found = await read(client, "/cnv_order")
    assert (found["amount"], found["refunded"], found["order_id"]) == (1_000, 1_000, "A-1")
    assert found["occurred_at"] == "2026-06-01T12:00:00Z"
    assert found["window_days"] == 30
    assert {"kind": "customer", "value": "shop:7"} in found["person"]["identifiers"]
    assert len(found["person"]["joins"]) >= 2
    first, last = found["touches"]
    assert (first["position"], first["kind"], first["id"]) == (1, "click", encode(raw_id(1)))
    assert first["age_ms"] == 8 * DAY_MS
    assert first["link"] == {"id": "lnk_a", "short_url": "https://go.example/a", "title": "A"}
    assert first["campaign"] == {"id": "cmp_spring", "name": "spring"}
    assert set(first["models"]) == set(MODEL_NAMES)
    assert first["models"]["linear"] == {"weight": 1, "credit": 500_000, "value": 500, "net_value": 0}
    assert first["models"]["time_decay"]["weight"] == 1 << 29
    assert (last["kind"], last["channel"], last["link"]) == ("visit", "organic_search", None)
    assert [model["model"] for model in found["models"]] == list(MODEL_NAMES)
    assert found["models"][3]["parameters"] == {"half_life_days": 7}
    assert [version["reason"] for version in found["ledger"]] == ["recorded"]
    assert found["reports"][0]["body"] == {"order_id": "A-1"}
    assert [(refund["amount"], refund["over_refund"]) for refund in found["refunds"]] == [(300, 0), (900, 200)]


async def test_what_is_left_out_is_shown_with_its_reason(world: World, client: Client) -> None:
    found = await read(client, "/cnv_order")
    assert {(touch["id"], touch["reason"]) for touch in found["excluded"]} == {
        (encode(raw_id(3)), "out_of_window"),
        (encode(raw_id(4)), "after_conversion"),
        (encode(raw_id(5)), "bot:test"),
        (encode(raw_id(6)), "ignored_referrer"),
    }


async def test_a_conversion_is_listed_before_its_first_credit_pass(world: World, client: Client) -> None:
    await world.convert("new", NOON_MS + HOUR_MS, amount=5)
    newest = (await read(client, ""))["items"][0]
    assert (newest["id"], newest["status"], newest["counted"], newest["credited_to"]) == (
        "cnv_new",
        "unmatched",
        True,
        None,
    )
    assert (await read(client, "/cnv_new"))["ledger"] == []


async def test_the_list_says_who_was_credited_most_under_a_model(world: World, client: Client) -> None:
    (first,) = (await read(client, "", model="first"))["items"]
    assert first["credited_to"] == {
        "channel": "email",
        "link_id": "lnk_a",
        "short_url": "https://go.example/a",
        "campaign": "spring",
    }
    assert first["touches"] == 2
    (last,) = (await read(client, ""))["items"]
    assert last["credited_to"]["channel"] == "organic_search"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "matched"}, ["cnv_order"]),
        ({"status": "unmatched"}, ["cnv_lost"]),
        ({"event": "purchase"}, ["cnv_lost", "cnv_order"]),
        ({"event": "lead"}, []),
        ({"q": "A-1"}, ["cnv_order"]),
        ({"channel": "email", "model": "first"}, ["cnv_order"]),
        ({"channel": "email", "model": "last"}, []),
        ({"channel": "organic_search"}, ["cnv_order"]),
        ({"link_id": "lnk_a", "campaign_id": "cmp_spring", "model": "linear"}, ["cnv_order"]),
        ({"from": "2026-06-01", "to": "2026-06-01"}, ["cnv_order"]),
        ({"from": "2026-06-02", "to": "2026-06-02"}, ["cnv_lost"]),
    ],
)
async def test_the_list_is_filtered(world: World, client: Client, query: dict[str, str], found: list[str]) -> None:
    await world.convert("lost", NOON_MS + DAY_MS)
    await drain(world.database)
    assert [item["id"] for item in (await read(client, "", **query))["items"]] == found


async def test_pages_hold_every_conversion_once(world: World, client: Client) -> None:
    for number in range(7):
        await world.convert(f"same{number}", NOON_MS + HOUR_MS)
    seen: list[str] = []
    cursor = ""
    while True:
        page = await read(client, "", limit="3", cursor=cursor)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 8
    assert seen[-1] == "cnv_order"


async def test_a_conversion_is_provisional_until_every_edge_has_passed_its_time(world: World, client: Client) -> None:
    assert not (await read(client, "/cnv_order"))["provisional"]
    edge = {"name": "e", "version": "1", "first_seen_ms": 1, "last_seen_ms": 1, "low_watermark_ms": NOON_MS}
    async with world.database.transaction() as connection:
        await connection.execute(insert(edges).values(id="edg_1", **edge))
        await connection.execute(insert(edges).values(id="edg_2", **edge | {"low_watermark_ms": NOON_MS + 1}))
    assert (await read(client, "/cnv_order"))["provisional"]
    async with world.database.transaction() as connection:
        await connection.execute(update(edges).where(edges.c.id == "edg_1").values(retired_ms=NOON_MS))
    assert not (await read(client, "/cnv_order"))["provisional"]


async def test_an_unknown_conversion_is_not_found(world: World, client: Client) -> None:
    assert (await client.get("/api/v1/conversions/cnv_nothing")).status == 404
    assert (await client.get("/api/v1/conversions", params={"model": "magic"})).status == 422
    assert (await client.get("/api/v1/conversions", params={"cursor": "???"})).status == 422
