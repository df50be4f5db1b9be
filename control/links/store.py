"""The SQL of links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, exists, func, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from control.links.search import fold
from control.links.types import LinkQuery
from control.store.rowset import rowset
from control.store.schema import campaigns, click_rollups, domains, links
from control.store.upsert import insert_into

AnyRow = Any  # a row of SQLAlchemy, whose columns no type checker knows


async def insert_link(connection: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """False when the domain has a link of that slug already."""
    statement = insert_into(connection, links).values(row)
    free = statement.on_conflict_do_nothing(index_elements=[links.c.domain_id, links.c.slug])
    return (await connection.execute(free)).rowcount == 1


async def update_link(connection: AsyncConnection, link_id: str, values: Mapping[str, Any]) -> bool:
    """False when the domain has another link of the new slug; the transaction is over then."""
    try:
        await connection.execute(update(links).where(links.c.id == link_id).values(values))
    except IntegrityError:
        return False
    return True


async def link(connection: AsyncConnection, workspace_id: str, link_id: str) -> AnyRow | None:
    query = _links_with_names().where(links.c.id == link_id, links.c.workspace_id == workspace_id)
    return (await connection.execute(query)).one_or_none()


async def hold_link(connection: AsyncConnection, workspace_id: str, link_id: str) -> AnyRow | None:
    """The link, which nobody else changes until the transaction ends."""
    query = _links_with_names().where(links.c.id == link_id, links.c.workspace_id == workspace_id)
    return (await connection.execute(query.with_for_update(of=links, key_share=True))).one_or_none()


async def links_page(
    connection: AsyncConnection, workspace_id: str, query: LinkQuery, after: tuple[int, str] | None, limit: int
) -> list[AnyRow]:
    """Newest first. Index: ix_links_workspace_id_created_ms_id."""
    found = _links_with_names().where(
        links.c.workspace_id == workspace_id, links.c.archived_ms.is_not(None) == query.archived
    )
    if query.domain_id:
        found = found.where(links.c.domain_id == query.domain_id)
    if query.campaign_id:
        found = found.where(links.c.campaign_id == query.campaign_id)
    if query.channel:
        found = found.where(links.c.channel == query.channel.lower())
    if query.q.strip():
        found = found.where(links.c.search_text.contains(fold(query.q), autoescape=True))
    if after is not None:
        found = found.where(tuple_(links.c.created_ms, links.c.id) < after)
    return list(await connection.execute(found.order_by(links.c.created_ms.desc(), links.c.id.desc()).limit(limit)))


async def human_clicks(connection: AsyncConnection, link_ids: Sequence[str]) -> dict[str, int]:
    """Human clicks of all time of each link that has any. Index: ix_click_rollups_link."""
    query = (
        select(click_rollups.c.link_id, func.sum(click_rollups.c.count))
        .where(click_rollups.c.link_id.in_(link_ids), click_rollups.c["class"] == "human")
        .group_by(click_rollups.c.link_id)
    )
    return {link_id: int(count) for link_id, count in await connection.execute(query)}


async def open_limits(connection: AsyncConnection, link_ids: Iterable[str]) -> dict[str, int]:
    """Click limits of those of these links that have one and have not reached it."""
    wanted = [(link_id,) for link_id in set(link_ids)]
    if not wanted:
        return {}
    found = await rowset(connection, "wanted", {"id": "text"}, wanted).fetch(
        "select l.id, l.click_limit from wanted cross join links l"
        " where l.id = wanted.id and l.click_limit is not null and l.exhausted_ms is null"
    )
    return {row[0]: row[1] for row in found}


async def exhaust(connection: AsyncConnection, link_id: str, now_ms: int) -> AnyRow | None:
    """Marks a link's limit as reached; its row, or None where an edit took the limit away meanwhile."""
    is_open = links.c.click_limit.is_not(None), links.c.exhausted_ms.is_(None)
    marked = update(links).where(links.c.id == link_id, *is_open).values(exhausted_ms=now_ms)
    if (await connection.execute(marked)).rowcount == 0:
        return None
    return (await connection.execute(_links_with_names().where(links.c.id == link_id))).one()


async def hosts(connection: AsyncConnection, workspace_id: str) -> set[str]:
    """The short hosts of a workspace."""
    query = select(domains.c.host).where(domains.c.workspace_id == workspace_id)
    return set((await connection.execute(query)).scalars())


async def is_short_link(connection: AsyncConnection, workspace_id: str, host: str, slug: str) -> bool:
    """Whether the workspace has a link, archived or not, at this address."""
    there = exists().where(
        links.c.domain_id == domains.c.id,
        links.c.slug == slug,
        domains.c.host == host,
        domains.c.workspace_id == workspace_id,
    )
    return bool((await connection.execute(select(there))).scalar_one())


def _links_with_names() -> Select[Any]:
    return (
        select(links, domains.c.host, campaigns.c.name.label("campaign_name"))
        .join(domains, domains.c.id == links.c.domain_id)
        .outerjoin(campaigns, campaigns.c.id == links.c.campaign_id)
    )
