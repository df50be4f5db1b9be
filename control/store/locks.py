"""Locks that Postgres needs and SQLite, with its one writer, has by nature.

Facts of a workspace depend on each other in both directions: a click looks for the conversions that wait for it, a
conversion for its click. Two transactions that can't see each other would each find nothing. So ingest takes the
workspace alone, one transaction at a time; reports by the API, and edits that set a click limit, share it among
themselves, but not with ingest.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def lock_workspaces(connection: AsyncConnection, workspace_ids: Iterable[str], *, shared: bool = False) -> None:
    """Holds these workspaces until the transaction ends. Taken once, before any other lock but a stream's."""
    if connection.dialect.name != "postgresql":
        return
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    for workspace_id in sorted(set(workspace_ids)):
        await connection.execute(
            text(f"select {function}(hashtextextended(:name, 0))"), {"name": f"clicktrail.facts.{workspace_id}"}
        )
