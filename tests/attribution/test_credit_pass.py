"""Facts become credits: paths, windows, counting rules, refunds, and the ledger that remembers every change."""

from __future__ import annotations

import asyncio

import pytest

from control.attribution.check import check_ledger
from control.attribution.credit_pass import run_pass
from control.attribution.worker import drain
from control.store.engine import Database
from shared.clock import DAY_MS, HOUR_MS
from tests.attribution.world import NOON_MS, World, raw_id

DAY = DAY_MS


@pytest.fixture
def world(database: Database, workspace_id: str) -> World:
    return World(database, workspace_id)


async def credited(world: World, model: str) -> list[int]:
    return [credit.credit for credit in await world.credits(model)]


async def test_every_model_credits_the_path(world: World) -> None:
    await world.define()
    for number, days_before in enumerate((14, 7, 0), start=1):
        await world.click(number, NOON_MS - days_before * DAY, by=100)
    await world.convert("order", NOON_MS, by=100, amount=10_000)
    report = await drain(world.database)
    assert report.appended == 1
    assert await credited(world, "first") == [1_000_000, 0, 0]
    assert await credited(world, "last") == [0, 0, 1_000_000]
    assert await credited(world, "linear") == [333_333, 333_333, 333_334]
    assert await credited(world, "time_decay") == [142_857, 285_714, 571_429]
    assert await credited(world, "position") == [400_000, 200_000, 400_000]
    assert [credit.value for credit in await world.credits("time_decay")] == [1_429, 2_857, 5_714]


async def test_the_window_holds_ages_from_zero_to_just_below_its_length(world: World) -> None:
    await world.define(window_days=30)
    window = 30 * DAY
    for number, age_ms in enumerate((window, window - 1, 0, -1), start=1):
        await world.click(number, NOON_MS - age_ms, by=100)
    await world.convert("order", NOON_MS, by=100)
    await drain(world.database)
    assert [touch.id for touch in (await world.state("cnv_order")).path] == [raw_id(2), raw_id(3)]


async def test_touches_of_one_moment_are_ordered_by_their_id(world: World) -> None:
    await world.define()
    for number in (3, 1, 2):
        await world.click(number, NOON_MS - HOUR_MS, by=100)
    await world.convert("order", NOON_MS, by=100)
    await drain(world.database)
    assert [touch.id for touch in (await world.state("cnv_order")).path] == [raw_id(1), raw_id(2), raw_id(3)]


async def test_a_conversion_waits_unattributed_until_its_click_arrives(world: World) -> None:
    await world.define()
    await world.convert("order", NOON_MS, of_click=1, amount=999)
    await drain(world.database)
    assert (await world.state("cnv_order")).path == ()
    assert await world.credits() == []
    await world.click(1, NOON_MS - HOUR_MS)
    await drain(world.database)
    assert [credit.value for credit in await world.credits("last")] == [999]
    assert await world.ledger("cnv_order") == ["recorded", "late_click"]


async def test_nothing_is_appended_when_nothing_differs(world: World) -> None:
    await world.define()
    await world.click(1, NOON_MS - HOUR_MS, by=100)
    await world.convert("order", NOON_MS, by=100)
    await drain(world.database)
    await world.click(2, NOON_MS + HOUR_MS, by=100)
    report = await drain(world.database)
    assert report.conversions == 1
    assert report.appended == 0
    assert await world.ledger("cnv_order") == ["recorded"]


async def test_once_per_person_counts_the_earliest_even_when_it_arrives_later(world: World) -> None:
    await world.define("lead", counting="once_per_person")
    await world.click(1, NOON_MS - DAY, by=100)
    await world.convert("later", NOON_MS, by=100, event="lead", amount=500)
    await drain(world.database)
    assert (await world.state("cnv_later")).counted
    await world.convert("earlier", NOON_MS - HOUR_MS, by=100, event="lead", amount=300)
    await drain(world.database)
    assert (await world.state("cnv_earlier")).counted
    assert not (await world.state("cnv_later")).counted
    assert await world.ledger("cnv_later") == ["recorded", "superseded"]
    assert sum(credit.credit for credit in await world.credits("last")) == 1_000_000
    assert sum(credit.value or 0 for credit in await world.credits("last")) == 300


async def test_once_per_click_counts_one_for_a_click_and_all_without_one(world: World) -> None:
    await world.define("lead", counting="once_per_click")
    await world.click(1, NOON_MS - DAY, by=100)
    await world.convert("a", NOON_MS, by=100, of_click=1, event="lead")
    await world.convert("b", NOON_MS + 1, by=100, of_click=1, event="lead")
    await world.convert("c", NOON_MS + 2, by=100, event="lead")
    await world.convert("d", NOON_MS + 3, by=100, event="lead")
    await drain(world.database)
    states = await world.states()
    assert [states[f"cnv_{name}"].counted for name in "abcd"] == [True, False, True, True]


async def test_once_per_click_holds_between_people_who_share_a_forwarded_click(world: World) -> None:
    await world.define("lead", counting="once_per_click")
    visitors = (100, 101, 102, 103, 104)
    await world.click(1, NOON_MS - DAY)
    for at, by in enumerate(visitors[1:]):
        await world.convert(f"v{by}", NOON_MS + at + 1, by=by, of_click=1, event="lead")
    await drain(world.database)
    states = await world.states()
    assert [states[f"cnv_v{by}"].counted for by in visitors[1:]] == [True, False, False, False]
    await world.convert("v100", NOON_MS, by=100, of_click=1, event="lead")
    await drain(world.database)
    states = await world.states()
    assert [states[f"cnv_v{by}"].counted for by in visitors] == [True, False, False, False, False]


async def test_refunds_are_clamped_in_order_and_a_full_one_leaves_nothing(world: World) -> None:
    await world.define()
    await world.click(1, NOON_MS - 2 * DAY, by=100)
    await world.click(2, NOON_MS - DAY, by=100)
    await world.convert("order", NOON_MS, by=100, amount=1_001)
    await drain(world.database)
    await world.refund("a", "cnv_order", NOON_MS + 1, 400)
    await drain(world.database)
    assert [credit.value for credit in await world.credits("linear")] == [500, 501]
    assert [credit.net_value for credit in await world.credits("linear")] == [300, 301]
    await world.refund("b", "cnv_order", NOON_MS + 2, 5_000)
    await drain(world.database)
    state = await world.state("cnv_order")
    assert (state.refunded, state.fully_refunded) == (1_001, True)
    assert [credit.net_value for credit in await world.credits("linear")] == [0, 0]
    assert await world.ledger("cnv_order") == ["recorded", "refund", "refund"]


async def test_a_changed_window_recomputes_and_says_so(world: World) -> None:
    definition = await world.define(window_days=30)
    await world.click(1, NOON_MS - 10 * DAY, by=100)
    await world.convert("order", NOON_MS, by=100)
    await drain(world.database)
    await world.redefine(definition, window_days=7)
    await drain(world.database)
    assert (await world.state("cnv_order")).path == ()
    assert await world.ledger("cnv_order") == ["recorded", "window_changed"]


async def test_a_phone_click_and_a_laptop_purchase_meet_when_the_customer_is_known(world: World) -> None:
    await world.define()
    await world.click(1, NOON_MS - DAY, by=100)
    await world.convert("order", NOON_MS, by=200, customer="shop:7", amount=100)
    await drain(world.database)
    assert (await world.state("cnv_order")).path == ()
    await world.identify(100, "shop:7", NOON_MS - DAY + HOUR_MS)
    await drain(world.database)
    assert [touch.id for touch in (await world.state("cnv_order")).path] == [raw_id(1)]
    assert await world.ledger("cnv_order") == ["recorded", "identity_merged"]


async def test_two_passes_at_once_lose_nothing_and_double_nothing(world: World) -> None:
    await world.define()
    for number in range(60):
        await world.click(number, NOON_MS - DAY, by=1_000 + number % 20)
        await world.convert(f"o{number}", NOON_MS, by=1_000 + number % 20, amount=100 + number)

    async def passes() -> None:
        while (await run_pass(world.database, NOON_MS, limit=7)).marks:
            pass

    await asyncio.gather(passes(), passes(), passes())
    await drain(world.database)
    assert sum(await credited(world, "linear")) == 60 * 1_000_000
    assert {len(await world.ledger(f"cnv_o{number}")) for number in range(60)} <= {1, 2, 3}
    assert await check_ledger(world.database, world.workspace_id) == []


async def test_sql_proves_the_ledger_and_names_a_damaged_credit(world: World) -> None:
    from sqlalchemy import text

    await world.define()
    for number in range(1, 6):
        await world.click(number, NOON_MS - number * DAY, by=100)
    await world.convert("order", NOON_MS, by=100, amount=-12_345)
    await world.convert("other", NOON_MS, by=100)
    await drain(world.database)
    assert await check_ledger(world.database, world.workspace_id) == []
    async with world.database.transaction() as connection:
        await connection.execute(
            text("update touch_credits set credit = credit + 1 where model = 'time_decay' and position = 2")
        )
    found = await check_ledger(world.database, world.workspace_id)
    assert {(one.conversion_id, one.model) for one in found} == {
        ("cnv_order", "time_decay"),
        ("cnv_other", "time_decay"),
    }
