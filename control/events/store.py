"""The SQL of event definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from control.store.schema import conversions, dirty_identifiers, event_definitions
from control.store.upsert import insert_into

AnyRow = Any  # a row of SQLAlchemy, whose columns no type checker knows


async def insert_definition(connection: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """False when the workspace has a definition of that name already."""
    statement = insert_into(connection, event_definitions).values(row).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def definition(connection: AsyncConnection, workspace_id: str, definition_id: str) -> AnyRow | None:
    query = select(event_definitions).where(
        event_definitions.c.id == definition_id, event_definitions.c.workspace_id == workspace_id
    )
    return (await connection.execute(query)).one_or_none()


async def definitions_page(
    connection: AsyncConnection, workspace_id: str, archived: bool, after: tuple[str] | None, limit: int
) -> list[AnyRow]:
    """By name. Index: uq_event_definitions_workspace_id_name."""
    query = select(event_definitions).where(
        event_definitions.c.workspace_id == workspace_id, event_definitions.c.archived_ms.is_not(None) == archived
    )
    if after is not None:
        query = query.where(event_definitions.c.name > after[0])
    return list(await connection.execute(query.order_by(event_definitions.c.name).limit(limit)))


async def update_definition(connection: AsyncConnection, definition_id: str, values: Mapping[str, Any]) -> None:
    await connection.execute(update(event_definitions).where(event_definitions.c.id == definition_id).values(values))


async def mark_conversions_dirty(
    connection: AsyncConnection, workspace_id: str, definition_id: str, reason: str, now_ms: int
) -> None:
    """Has every conversion of a definition credited anew."""
    columns = ("workspace_id", "kind", "value", "reason", "marked_ms")
    affected = select(
        conversions.c.workspace_id, literal("conversion"), conversions.c.id, literal(reason), literal(now_ms)
    ).where(conversions.c.workspace_id == workspace_id, conversions.c.definition_id == definition_id)
    await connection.execute(insert(dirty_identifiers).from_select(columns, affected))
