"""The SQL of campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from control.store.schema import campaign_spend, campaigns
from control.store.upsert import insert_into

AnyRow = Any  # a row of SQLAlchemy, whose columns no type checker knows


async def insert_campaign(connection: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """False when the workspace has a campaign of that name already."""
    statement = insert_into(connection, campaigns).values(row).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def campaign(connection: AsyncConnection, workspace_id: str, campaign_id: str) -> AnyRow | None:
    query = select(campaigns).where(campaigns.c.id == campaign_id, campaigns.c.workspace_id == workspace_id)
    return (await connection.execute(query)).one_or_none()


async def campaigns_page(
    connection: AsyncConnection, workspace_id: str, archived: bool, after: tuple[int, str] | None, limit: int
) -> list[AnyRow]:
    """Newest first."""
    query = select(campaigns).where(
        campaigns.c.workspace_id == workspace_id, campaigns.c.archived_ms.is_not(None) == archived
    )
    if after is not None:
        query = query.where(tuple_(campaigns.c.created_ms, campaigns.c.id) < after)
    order = campaigns.c.created_ms.desc(), campaigns.c.id.desc()
    return list(await connection.execute(query.order_by(*order).limit(limit)))


async def update_campaign(connection: AsyncConnection, campaign_id: str, values: Mapping[str, Any]) -> bool:
    """False when the workspace has another campaign of the new name; the transaction is over then."""
    try:
        await connection.execute(update(campaigns).where(campaigns.c.id == campaign_id).values(values))
    except IntegrityError:
        return False
    return True


async def spend_of(connection: AsyncConnection, campaign_id: str) -> list[AnyRow]:
    query = select(campaign_spend).where(campaign_spend.c.campaign_id == campaign_id)
    return list(await connection.execute(query.order_by(campaign_spend.c.day, campaign_spend.c.channel)))


async def replace_spend(connection: AsyncConnection, campaign_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    await connection.execute(delete(campaign_spend).where(campaign_spend.c.campaign_id == campaign_id))
    if rows:
        await connection.execute(insert(campaign_spend), list(rows))
