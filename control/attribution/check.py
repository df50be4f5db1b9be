"""Proves the live ledger: recomputes every open version's credits in SQL and names those that differ.

The credit pass computes in Python; this asks the database to do it once more, by the texts of `sql/`, from the paths
and amounts that the ledger itself holds. Whoever finds a difference has found damage or a bug.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sqlalchemy import TextClause, text

from control.attribution.models import MODEL_NAMES
from control.attribution.sql import Dialect, crediting_ctes, transpile
from control.store.engine import Database

_COUNTED = "v.workspace_id = :workspace_id and v.closed_ms is null and v.counted"
_PATH_TOUCHES = f"""
    select v.id, t.position, v.touches, v.time_ms - t.touch_ms, v.amount, v.amount - v.refunded
    from credit_versions as v
    join touch_credits as t on t.version_id = v.id and t.model = 'first'
    where {_COUNTED}
"""
_STORED = f"""
    select t.model, t.version_id, t.position, t.weight, t.credit, t.value, t.net_value
    from credit_versions as v
    join touch_credits as t on t.version_id = v.id
    where {_COUNTED}
"""


class Mismatch(NamedTuple):
    """A conversion whose stored credits under `model` are not those that its path earns."""

    conversion_id: str
    version: int
    model: str


async def check_ledger(database: Database, workspace_id: str) -> list[Mismatch]:
    """The conversions of a workspace whose open version holds other credits than SQL computes from its path."""
    async with database.reading() as connection:
        rows = await connection.execute(_statement(database.dialect), {"workspace_id": workspace_id})
        return [Mismatch(*row) for row in rows]


@cache
def _statement(dialect: Dialect) -> TextClause:
    query = f"""
        with {crediting_ctes(MODEL_NAMES, _PATH_TOUCHES)},
        stored (model, version_id, position, weight, credit, value, net_value) as ({_STORED}),
        wrong as (select * from stored except select * from credited),
        missing as (select * from credited except select * from stored),
        differing as (select version_id, model from wrong union select conversion_id, model from missing)
        select v.conversion_id, v.version, d.model
        from differing as d
        join credit_versions as v on v.id = d.version_id
        order by v.conversion_id, d.model
    """
    return text(transpile(query, dialect))
