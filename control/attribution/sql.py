"""The models as SQL: one text a model, written once, transpiled for each engine.

`sql/<model>.sql` reads the relation `path_touches (conversion_id, position, touches, age_ms, amount, net_amount)` and
gives each row a weight; `sql/split.sql` turns the weights of all models into credits and values. Whoever asks brings
that relation as a query, so the same texts run over the live ledger, a test's literal rows or a lake of files. Amounts
travel with the rows: there is no join but the one with the 1 024 rows of the decay tables.

The texts are written in Postgres's dialect within what SQLite 3.40 has too: window functions and 64-bit integers, no
ordered aggregates. Numbers below are inlined, not bound: they are constants of the statement, typed alike everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import sqlglot
from sqlglot import exp

from control.attribution.decay import TABLES
from control.attribution.weights import HALF_LIFE_MS, POSITION_SHARES

Dialect = Literal["sqlite", "postgresql"]

_SQLGLOT_NAMES = {"sqlite": "sqlite", "postgresql": "postgres"}
_TEXTS = files("control.attribution") / "sql"


def crediting_ctes(
    models: Sequence[str],
    path_touches: str,
    position_shares: tuple[int, int, int] = POSITION_SHARES,
) -> str:
    """Common table expressions, in Postgres's dialect, that end in
    `credited (model, conversion_id, position, weight, credit, value, net_value)`: a row for every touch and model.

    `path_touches` is a query (see above), which may name bound parameters.
    """
    of_first, of_last, of_others = position_shares
    numbers = {"half_life_ms": HALF_LIFE_MS, "of_first": of_first, "of_last": of_last, "of_others": of_others}
    columns = "conversion_id, position, amount, net_amount"
    weighed = (f"select '{model}', {columns}, cast(weight as bigint) from {model}" for model in models)
    return ",\n".join(
        (
            f"path_touches (conversion_id, position, touches, age_ms, amount, net_amount) as ({path_touches})",
            f"decay_table (j, a, b) as ({_decay_rows()})",
            *(f"{model} as ({_text(model).format(**numbers)})" for model in models),
            f"weights (model, {columns}, weight) as ({' union all '.join(weighed)})",
            _text("split"),
        )
    )


def transpile(query: str, dialect: Dialect) -> str:
    """A query in Postgres's dialect as an engine's own. Parameters stay `:name`, as SQLAlchemy's `text` has them."""
    tree = sqlglot.parse_one(query, read="postgres").transform(_as_written)
    return tree.sql(dialect=_SQLGLOT_NAMES[dialect], comments=False)


def _as_written(node: exp.Expr) -> exp.Expr:
    return exp.var(f":{node.name}") if isinstance(node, exp.Placeholder) else node


@cache
def _text(name: str) -> str:
    return (_TEXTS / f"{name}.sql").read_text("utf-8")


@cache
def _decay_rows() -> str:
    pairs = enumerate(zip(TABLES.a, TABLES.b, strict=True))
    return "values " + ", ".join(f"({j}, cast({a} as bigint), cast({b} as bigint))" for j, (a, b) in pairs)
