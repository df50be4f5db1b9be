"""The SQL of domains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, exists, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from control.store.schema import domains, links
from control.store.upsert import insert_into

AnyRow = Any  # a row of SQLAlchemy, whose columns no type checker knows


async def insert_domain(connection: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """False when some workspace has that host already."""
    statement = insert_into(connection, domains).values(row).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def domain(connection: AsyncConnection, workspace_id: str, domain_id: str) -> AnyRow | None:
    query = select(domains).where(domains.c.id == domain_id, domains.c.workspace_id == workspace_id)
    return (await connection.execute(query)).one_or_none()


async def domains_page(
    connection: AsyncConnection, workspace_id: str, after: tuple[int, str] | None, limit: int
) -> list[AnyRow]:
    """Oldest first. Index: ix_domains_workspace_id_created_ms."""
    query = select(domains).where(domains.c.workspace_id == workspace_id)
    if after is not None:
        query = query.where(tuple_(domains.c.created_ms, domains.c.id) > after)
    return list(await connection.execute(query.order_by(domains.c.created_ms, domains.c.id).limit(limit)))


async def update_domain(connection: AsyncConnection, domain_id: str, values: Mapping[str, Any]) -> None:
    await connection.execute(update(domains).where(domains.c.id == domain_id).values(values))


async def has_links(connection: AsyncConnection, domain_id: str) -> bool:
    return bool((await connection.execute(select(exists().where(links.c.domain_id == domain_id)))).scalar_one())


async def delete_domain(connection: AsyncConnection, domain_id: str) -> None:
    await connection.execute(delete(domains).where(domains.c.id == domain_id))
