"""Reports add up, under every model, basis and currency."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update

from control.attribution.models import MODEL_NAMES
from control.attribution.worker import drain
from control.store.engine import Database
from control.store.schema import campaign_spend, gaps, links, workspaces
from shared.clock import DAY_MS, HOUR_MS
from tests.attribution.world import NOON_MS, World
from tests.support.client import Client

PERIOD = {"from": "2026-05-25", "to": "2026-06-01"}
WHOLE = 1_000_000


@pytest.fixture
async def world(database: Database, workspace_id: str) -> World:
    """Two channels, one campaign; four orders on June 1: two touches, one touch, none, and one in another currency."""
    world = World(database, workspace_id)
    await world.define()
    await world.define("lead", model="first")
    campaign_id = await world.campaign("spring")
    await world.link("a", "email", campaign_id)
    await world.link("b", "social")
    await world.click(1, NOON_MS - 5 * DAY_MS, by=100, campaign_id=campaign_id)
    await world.click(2, NOON_MS - HOUR_MS, by=100, link_id="lnk_b", channel="social")
    await world.convert("two", NOON_MS, by=100, amount=1_001)
    await world.click(3, NOON_MS - HOUR_MS, by=101, campaign_id=campaign_id)
    await world.convert("one", NOON_MS, by=101, amount=500)
    await world.convert("none", NOON_MS, by=102, amount=250)
    await world.click(4, NOON_MS - HOUR_MS, by=103, campaign_id=campaign_id)
    await world.convert("foreign", NOON_MS, by=103, amount=9_900, currency="EUR")
    await world.click(5, NOON_MS, link_id="lnk_b", channel="social", kind="bot", reason="bot:test")
    await drain(database)
    return world


async def report(client: Client, name: str, **query: str) -> Any:
    response = await client.get(f"/api/v1/reports/{name}", params=PERIOD | query)
    assert response.status == 200, await response.text()
    return await response.json()


@pytest.mark.parametrize("model", MODEL_NAMES)
@pytest.mark.parametrize("by", ["channel", "campaign", "link"])
@pytest.mark.parametrize("basis", ["conversion_date", "touch_date"])
async def test_rows_and_unattributed_add_up_to_all_conversions(
    world: World, client: Client, model: str, by: str, basis: str
) -> None:
    found = await report(client, "breakdown", model=model, by=by, basis=basis)
    rows = [*found["rows"], found["unattributed"]]
    for figure in ("clicks", "conversions", "value", "net_value"):
        assert sum(row[figure] for row in rows) == found["total"][figure]
    assert found["total"]["conversions"] == 4 * WHOLE
    assert found["total"]["value"] == 1_001 + 500 + 250
    assert found["total"]["clicks"] == 4
    assert found["unattributed"]["conversions"] == WHOLE
    assert found["other_currencies"] == [{"currency": "EUR", "value": 9_900, "net_value": 9_900}]


async def test_the_model_decides_who_is_credited(world: World, client: Client) -> None:
    async def conversions(model: str) -> dict[str, int]:
        found = await report(client, "breakdown", model=model)
        return {row["key"]: row["conversions"] for row in found["rows"]}

    assert await conversions("first") == {"email": 3 * WHOLE, "social": 0}
    assert await conversions("last") == {"email": 2 * WHOLE, "social": WHOLE}
    assert await conversions("linear") == {"email": 2 * WHOLE + WHOLE // 2, "social": WHOLE // 2}


async def test_touch_date_books_a_credit_on_its_touchs_day(world: World, client: Client) -> None:
    only_june = {"from": "2026-06-01", "to": "2026-06-01", "model": "linear"}
    found = await report(client, "breakdown", **only_june, basis="touch_date")
    assert {row["key"]: row["conversions"] for row in found["rows"]} == {"email": 2 * WHOLE, "social": WHOLE // 2}
    may = {"from": "2026-05-27", "to": "2026-05-27", "model": "linear"}
    found = await report(client, "breakdown", **may, basis="touch_date")
    assert [(row["key"], row["conversions"], row["value"]) for row in found["rows"]] == [("email", WHOLE // 2, 500)]


async def test_the_overview_shows_the_period_its_days_and_the_one_before(world: World, client: Client) -> None:
    found = await report(client, "overview")
    assert (found["clicks"], found["conversions"], found["value"]) == (4, 4, 1_751)
    assert found["unattributed"] == {"conversions": 1, "value": 250}
    assert [day["day"] for day in found["days"]][::7] == ["2026-05-25", "2026-06-01"]
    assert found["days"][-1] == {"day": "2026-06-01", "clicks": 3, "conversions": 4, "value": 1_751}
    assert found["previous"]["conversions"] == 0
    later = await report(client, "overview", **{"from": "2026-06-02", "to": "2026-06-09"})
    assert later["conversions"] == 0
    assert (later["previous"]["clicks"], later["previous"]["value"]) == (4, 1_751)


async def test_a_full_refund_leaves_the_net_figures_alone(world: World, client: Client) -> None:
    await world.refund("all", "cnv_one", NOON_MS + HOUR_MS)
    await world.refund("part", "cnv_two", NOON_MS + HOUR_MS, 1)
    await drain(world.database)
    found = await report(client, "overview")
    assert (found["conversions"], found["net_conversions"]) == (4, 3)
    assert (found["value"], found["net_value"]) == (1_751, 1_250)
    by_channel = await report(client, "breakdown", model="linear")
    assert by_channel["total"]["net_value"] == 1_250


async def test_days_are_the_workspaces(world: World, client: Client) -> None:
    async with world.database.transaction() as connection:
        await connection.execute(update(workspaces).values(timezone="Pacific/Auckland"))
    found = await report(client, "overview", **{"from": "2026-06-01", "to": "2026-06-02"})
    assert [day["conversions"] for day in found["days"]] == [0, 4]


async def test_an_event_filter_counts_that_event_alone(world: World, client: Client) -> None:
    await world.convert("lead", NOON_MS, by=101, event="lead")
    await drain(world.database)
    assert (await report(client, "overview", event="lead"))["conversions"] == 1
    found = await report(client, "breakdown", event="lead")
    assert found["model"] == "first"
    assert found["total"]["conversions"] == WHOLE


async def test_links_and_campaigns_are_named_and_the_archived_marked(world: World, client: Client) -> None:
    async with world.database.transaction() as connection:
        await connection.execute(update(links).where(links.c.id == "lnk_b").values(archived_ms=NOON_MS, title=""))
    rows = {row["key"]: row for row in (await report(client, "breakdown", by="link"))["rows"]}
    assert (rows["lnk_a"]["label"], rows["lnk_a"]["archived"]) == ("A", False)
    assert (rows["lnk_b"]["label"], rows["lnk_b"]["archived"]) == ("https://go.example/b", True)
    rows = {row["key"]: row for row in (await report(client, "breakdown", by="campaign"))["rows"]}
    assert rows["cmp_spring"]["label"] == "spring"
    assert rows[""]["label"] == ""


async def test_spend_stands_beside_credits(world: World, client: Client) -> None:
    spent = {"campaign_id": "cmp_spring", "workspace_id": world.workspace_id, "channel": "email", "currency": "USD"}
    async with world.database.transaction() as connection:
        for day, amount in (("2026-05-25", 700), ("2026-06-01", 300), ("2026-06-02", 9_999)):
            await connection.execute(insert(campaign_spend).values(**spent, day=day, amount=amount))
    found = await report(client, "breakdown", by="campaign")
    assert {row["key"]: row["spend"] for row in found["rows"]} == {"cmp_spring": 1_000, "": None}
    assert (await report(client, "breakdown", by="channel"))["total"]["spend"] == 1_000
    assert (await report(client, "breakdown", by="link"))["total"]["spend"] is None


async def test_gaps_of_the_period_are_shown(world: World, client: Client) -> None:
    gap = {"edge_id": "edg_1", "reason": "full", "received_ms": NOON_MS}
    async with world.database.transaction() as connection:
        for id_, at, count, at_least in (("a", NOON_MS, 7, True), ("b", NOON_MS - 90 * DAY_MS, 5, False)):
            row = {"id": f"gap_{id_}", "from_ms": at, "to_ms": at + 10, "count": count, "at_least": at_least}
            await connection.execute(insert(gaps).values(**gap, **row))
    assert (await report(client, "overview"))["gaps"] == {"count": 7, "at_least": True}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "soon"}, "from"),
        ({"to": "2026-13-01"}, "to"),
        ({"from": "2024-01-01"}, "from"),
        ({"model": "magic"}, "model"),
        ({"event": "nothing"}, "event"),
        ({"by": "planet"}, "by"),
        ({"basis": "moon"}, "basis"),
        ({"window": "90"}, "window"),
    ],
)
async def test_a_wrong_parameter_is_named(world: World, client: Client, query: dict[str, str], field: str) -> None:
    response = await client.get("/api/v1/reports/breakdown", params=PERIOD | query)
    assert response.status == 422
    assert [error["field"] for error in (await response.json())["errors"]] == [field]


async def test_another_tenant_sees_nothing(world: World, client: Client) -> None:
    from tests.control.conftest import make_workspace

    other_key = "sk_other000000000000000000000000000"
    await make_workspace(world.database, other_key)
    headers = {"Authorization": f"Bearer {other_key}"}
    response = await client.get("/api/v1/reports/overview", params=PERIOD, headers=headers)
    found = await response.json()
    assert (found["clicks"], found["conversions"]) == (0, 0)
    response = await client.get("/api/v1/conversions/cnv_one", headers=headers)
    assert response.status == 404
