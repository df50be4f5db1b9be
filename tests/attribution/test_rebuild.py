"""However facts arrive, and however often passes run meanwhile, the ledger ends as one pass over all facts has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from control.attribution.check import check_ledger
from control.attribution.credit_pass import run_pass
from control.attribution.worker import drain
from control.store.engine import Database
from control.store.schema import metadata
from shared.clock import DAY_MS, HOUR_MS
from tests.attribution.world import NOON_MS, World

ORDERS_OF_ARRIVAL = 6

Fact = Callable[[World], Awaitable[object]]


def facts(random: Random) -> list[Fact]:
    """Some clicks, visits, identifies, conversions of three counting rules, and refunds, of a few people who share
    browsers, customers and one forwarded click."""
    visitors, customers = [100, 101, 102, 103, 104, 105], ["shop:1", "shop:2", "shop:3"]

    def at() -> int:
        return NOON_MS - random.randrange(0, 40 * DAY_MS, HOUR_MS)

    def click(number: int, time_ms: int, by: int) -> Fact:
        return lambda world: world.click(number, time_ms, by=by, channel=random_channel[number % 3])

    def visit(number: int, time_ms: int, by: int) -> Fact:
        return lambda world: world.visit(number, by, time_ms, "direct")

    def identify(by: int, customer: str, time_ms: int) -> Fact:
        return lambda world: world.identify(by, customer, time_ms)

    def convert(
        name: str, time_ms: int, by: int | None, of: int | None, customer: str, event: str, amount: int
    ) -> Fact:
        return lambda world: world.convert(
            name, time_ms, by=by, of_click=of, customer=customer, event=event, amount=amount
        )

    def refund(name: str, conversion: str, time_ms: int, amount: int | None) -> Fact:
        return lambda world: world.refund(name, conversion, time_ms, amount)

    random_channel = ["email", "social", "direct"]
    made: list[Fact] = [click(number, at(), random.choice(visitors)) for number in range(12)]
    made += [visit(number, at(), random.choice(visitors)) for number in range(20, 25)]
    made += [identify(random.choice(visitors), random.choice(customers), at()) for _ in range(5)]
    for number in range(16):
        made.append(
            convert(
                f"c{number:02}",
                at(),
                random.choice([None, *visitors]),
                random.choice([None, None, 0, 0, random.randrange(14)]),
                random.choice(["", "", *customers]),
                random.choice(["purchase", "lead", "trial"]),
                random.randrange(1, 100_000),
            )
        )
    made += [
        refund(f"r{number}", f"cnv_c{random.randrange(16):02}", at(), random.choice([None, 10, 60_000]))
        for number in range(6)
    ]
    return made


async def define(world: World) -> None:
    await world.define("purchase")
    await world.define("lead", counting="once_per_person", window_days=7)
    await world.define("trial", counting="once_per_click", window_days=90)


@pytest.mark.parametrize("seed", range(ORDERS_OF_ARRIVAL))
async def test_the_incremental_ledger_equals_a_full_rebuild(
    database: Database, workspace_id: str, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    all_facts = facts(Random(seed))
    world = World(database, workspace_id)
    await define(world)
    for fact in random.sample(all_facts, len(all_facts)):
        await fact(world)
        if random.random() < 0.4:
            await run_pass(database, NOON_MS, limit=random.choice((1, 3, 100)))
    await drain(database)

    rebuilt = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'rebuilt.db'}")
    try:
        async with rebuilt.transaction() as connection:
            await connection.run_sync(metadata.create_all)
            await connection.execute(
                text("insert into workspaces (id, name, created_ms) values (:id, 'Test', 1)"), {"id": workspace_id}
            )
        whole = World(rebuilt, workspace_id)
        await define(whole)
        for fact in all_facts:
            await fact(whole)
        await run_pass(rebuilt, NOON_MS, limit=10_000)
        assert await world.states() == await whole.states()
        assert await world.credits() == await whole.credits()
    finally:
        await rebuilt.close()
    assert await check_ledger(database, workspace_id) == []
