"""Storing what was stated about identifiers, and marking whose credits must be computed anew.

Both run in the transaction of the fact that they belong to, so that no fact is ever stored without its mark. A report
that names several identifiers is stored as `stated_together` has it; one that names a single identifier adds no
observation and is only marked; a conversion that names none is marked as `Identifier("conversion", id)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from control.identity import store
from control.identity.types import Identifier, Observation
from control.store.schema import dirty_identifiers, observations
from control.store.upsert import insert_ignore
from shared.clock import wall_ms


async def observe(connection: AsyncConnection, workspace_id: str, stated: Sequence[Observation], reason: str) -> None:
    """Store observations, those known already being skipped, and mark every identifier that they name.

    `reason` is the ledger's for a credit that changes by them, such as `late_click`. Raises ValueError for an
    observation of an identifier with itself.
    """
    await keep(connection, workspace_id, stated)
    await mark_dirty(connection, workspace_id, [end for one in stated for end in (one.a, one.b)], reason)


async def keep(connection: AsyncConnection, workspace_id: str, stated: Sequence[Observation]) -> None:
    """Store observations and mark nobody: for identifiers that nothing else names yet, so that no conversion can be
    concerned."""
    rows = {_row(workspace_id, observation) for observation in stated}
    columns = [column.name for column in observations.columns if column.name != "id"]
    await insert_ignore(connection, observations, [dict(zip(columns, row, strict=True)) for row in sorted(rows)])


async def mark_dirty(
    connection: AsyncConnection, workspace_id: str, identifiers: Iterable[Identifier], reason: str
) -> None:
    """Have the next credit pass recompute everybody whom these identifiers belong to, or belonged to until now."""
    now_ms = wall_ms()
    rows = [
        {"workspace_id": workspace_id, "kind": kind, "value": value, "reason": reason, "marked_ms": now_ms}
        for kind, value in sorted(set(identifiers))
    ]
    if rows:
        await connection.execute(insert(dirty_identifiers), rows)


async def mark_clicks(connection: AsyncConnection, workspace_id: str, click_ids: Iterable[bytes], reason: str) -> None:
    """Mark everybody who is known to have come by these clicks, which have just arrived or changed their class. A
    click that nothing names yet concerns nobody, and costs a look-up of two indexes."""
    named = await store.named_with_clicks(connection, workspace_id, click_ids)
    await mark_dirty(connection, workspace_id, named, reason)


def _row(workspace_id: str, observation: Observation) -> tuple[str | int, ...]:
    a, b = sorted((observation.a, observation.b))
    if a == b:
        raise ValueError(f"an observation joins two identifiers, and {a.kind} {a.value!r} is one")
    return (workspace_id, *a, *b, observation.time_ms, observation.source)
