"""The SQL of every model equals the reference, on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from sqlalchemy import text

from control.attribution.models import MODEL_NAMES, MODELS, TouchShare, shares
from control.attribution.sql import crediting_ctes, transpile
from control.attribution.weights import POSITION_SHARES
from control.store.engine import Database
from shared.clock import DAY_MS
from tests.attribution.examples import CASES

INT64_MAX = 2**63 - 1
RANDOM_PATHS = 400

Path = tuple[list[int], int | None, int | None]  # ages (earliest touch first), amount, net amount
Rows = dict[tuple[str, int, int], TouchShare]


async def credited_by_sql(
    database_url: str, paths: Sequence[Path], position_shares: tuple[int, int, int] = POSITION_SHARES
) -> Rows:
    touches = [
        f"({at}, {position}, {len(ages)}, cast({age} as bigint), {_literal(amount)}, {_literal(net)})"
        for at, (ages, amount, net) in enumerate(paths)
        for position, age in enumerate(ages, start=1)
    ]
    ctes = crediting_ctes(MODEL_NAMES, "values " + ", ".join(touches), position_shares)
    database = await Database.open(database_url)
    try:
        async with database.reading() as connection:
            rows = await connection.execute(text(transpile(f"with {ctes} select * from credited", database.dialect)))
            return {(row[0], row[1], row[2]): TouchShare(*row[3:]) for row in rows}
    finally:
        await database.close()


def _literal(amount: int | None) -> str:
    return f"cast({'null' if amount is None else amount} as bigint)"


async def test_sql_gives_the_worked_examples(database_url: str) -> None:
    for name, position_shares in (("position", POSITION_SHARES), ("position_60_30_10", (60, 30, 10))):
        paths: list[Path] = [(case.ages_ms, case.amount, case.amount) for case in CASES]
        rows = await credited_by_sql(database_url, paths, position_shares)
        for at, case in enumerate(CASES):
            for model in MODEL_NAMES:
                expected = case.expected[name if model == "position" else model]
                for touch, weight in enumerate(expected.weights):
                    value = expected.values[touch]
                    assert rows[model, at, touch + 1] == (weight, expected.credits[touch], value, value)


async def test_sql_equals_the_reference_on_random_paths(database_url: str) -> None:
    random = Random(20_260_601)
    paths = [_random_path(random) for _ in range(RANDOM_PATHS)]
    assert await credited_by_sql(database_url, paths) == reference(dict(enumerate(paths)))


def reference(paths: Mapping[int, Path]) -> Rows:
    return {
        (model.name, at, position): share
        for model in MODELS
        for at, (ages, amount, net) in paths.items()
        for position, share in enumerate(shares(model, ages, amount, net), start=1)
    }


def _random_path(random: Random) -> Path:
    """Long and short, ages that tie, amounts from cents to the whole 64 bits, refunded in part, in full, or absent."""
    touches = random.choice((1, 2, 3, 5, 8, 40))
    step = random.choice((1, DAY_MS // 3, DAY_MS, 40 * DAY_MS))
    ages = sorted((random.randrange(0, 365 * DAY_MS, step) for _ in range(touches)), reverse=True)
    amount = random.choice((None, 0, 1, random.randrange(10_000), -random.randrange(10_000), INT64_MAX))
    net = None if amount is None else random.choice((amount, 0, amount // 3 if amount > 0 else amount))
    return ages, amount, net
