"""The SQL of what is read about conversions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from control.conversions.read_types import ConversionsQuery
from control.store.schema import campaigns, conversion_reports, credit_versions, domains, links, refunds, touch_credits

_COLUMNS = """
    c.id, c.name, d.title, coalesce(v.time_ms, c.time_ms) as time_ms, c.time_ms as stated_ms, c.received_ms, c.amount,
    coalesce(v.refunded, 0) as refunded, c.currency, c.order_id, c.source, c.counted, c.not_counted,
    coalesce(v.touches, 0) as touches, v.id as version_id,
    coalesce(v.window_ms, cast(d.window_days as bigint) * 86400000) as window_ms, d.default_model
"""
_FROM = """
    from conversions as c
    join event_definitions as d on d.id = c.definition_id
    left join credit_versions as v on v.conversion_id = c.id and v.closed_ms is null
"""
_CREDITED_FILTERS = ("link_id", "campaign_id", "channel")


class ConversionRow(NamedTuple):
    """A conversion beside its open version; before its first credit pass there is none."""

    id: str
    name: str
    title: str
    time_ms: int
    stated_ms: int
    received_ms: int
    amount: int | None
    refunded: int
    currency: str | None
    order_id: str
    source: str
    counted: bool
    not_counted: str
    touches: int
    version_id: int | None
    window_ms: int
    default_model: str


class LinkName(NamedTuple):
    host: str
    slug: str
    title: str


class Names(NamedTuple):
    """What links and campaigns are called, by id."""

    links: dict[str, LinkName]
    campaigns: dict[str, str]


async def conversions_page(
    connection: AsyncConnection,
    workspace_id: str,
    query: ConversionsQuery,
    bounds: tuple[int, int] | None,
    after: tuple[int, str] | None,
    limit: int,
) -> list[ConversionRow]:
    """Conversions, latest first, within `bounds` ([start, end) in ms) and after the cursor's key.
    Index: ix_conversions_workspace_time."""
    conditions = ["c.workspace_id = :workspace_id"]
    parameters: dict[str, Any] = {"workspace_id": workspace_id, "limit": limit}
    if bounds:
        conditions.append("c.time_ms >= :start_ms and c.time_ms < :end_ms")
        parameters |= {"start_ms": bounds[0], "end_ms": bounds[1]}
    if after:
        conditions.append("(c.time_ms < :after_ms or (c.time_ms = :after_ms and c.id < :after_id))")
        parameters |= {"after_ms": after[0], "after_id": after[1]}
    if query.event:
        conditions.append("c.name = :event")
        parameters["event"] = query.event
    if query.q:
        conditions.append("c.order_id = :order_id")
        parameters["order_id"] = query.q
    if query.status != "all":
        conditions.append("coalesce(v.touches, 0) " + ("> 0" if query.status == "matched" else "= 0"))
    credited = [column for column in _CREDITED_FILTERS if getattr(query, column)]
    if credited:
        named = " and ".join(f"t.{column} = :{column}" for column in credited)
        model = ":model" if query.model else "d.default_model"
        conditions.append(
            f"exists (select 1 from touch_credits as t where t.version_id = v.id and t.model = {model}"
            f" and t.credit > 0 and {named})"
        )
        parameters |= {column: getattr(query, column) for column in credited}
        if query.model:
            parameters["model"] = query.model
    statement = text(
        f"select {_COLUMNS} {_FROM} where {' and '.join(conditions)} order by c.time_ms desc, c.id desc limit :limit"
    )
    return [_conversion(row) for row in await connection.execute(statement, parameters)]


async def conversion(connection: AsyncConnection, workspace_id: str, conversion_id: str) -> ConversionRow | None:
    statement = text(f"select {_COLUMNS} {_FROM} where c.workspace_id = :workspace_id and c.id = :id")
    row = (await connection.execute(statement, {"workspace_id": workspace_id, "id": conversion_id})).one_or_none()
    return None if row is None else _conversion(row)


async def credits_of(
    connection: AsyncConnection, version_ids: Collection[int], models: Collection[str]
) -> Sequence[Any]:
    """The touches and credits of these versions under these models, earliest touch first. Index: the primary key."""
    columns = touch_credits.c
    query = (
        select(touch_credits)
        .where(columns.version_id.in_(version_ids), columns.model.in_(models))
        .order_by(columns.version_id, columns.model, columns.position)
    )
    return (await connection.execute(query)).all()


async def names(
    connection: AsyncConnection, workspace_id: str, link_ids: Collection[str], campaign_ids: Collection[str]
) -> Names:
    """What these links and campaigns are called; those that are gone are missing."""
    of_links = (
        select(links.c.id, domains.c.host, links.c.slug, links.c.title)
        .join(domains, domains.c.id == links.c.domain_id)
        .where(links.c.workspace_id == workspace_id, links.c.id.in_(link_ids))
    )
    of_campaigns = select(campaigns.c.id, campaigns.c.name).where(
        campaigns.c.workspace_id == workspace_id, campaigns.c.id.in_(campaign_ids)
    )
    return Names(
        {row[0]: LinkName(*row[1:]) for row in await connection.execute(of_links)},
        {row[0]: row[1] for row in await connection.execute(of_campaigns)},
    )


async def ledger(connection: AsyncConnection, conversion_id: str) -> Sequence[Any]:
    """Every version of a conversion's credits, first to last."""
    query = (
        select(credit_versions)
        .where(credit_versions.c.conversion_id == conversion_id)
        .order_by(credit_versions.c.version)
    )
    return (await connection.execute(query)).all()


async def reports_of(connection: AsyncConnection, conversion_id: str) -> Sequence[Any]:
    """Every report of a conversion, in order of receipt."""
    query = (
        select(conversion_reports)
        .where(conversion_reports.c.conversion_id == conversion_id)
        .order_by(conversion_reports.c.received_ms, conversion_reports.c.id)
    )
    return (await connection.execute(query)).all()


async def refunds_of(connection: AsyncConnection, conversion_id: str) -> Sequence[Any]:
    """A conversion's refunds in (time, id) order."""
    query = select(refunds).where(refunds.c.conversion_id == conversion_id).order_by(refunds.c.time_ms, refunds.c.id)
    return (await connection.execute(query)).all()


async def low_watermark_ms(connection: AsyncConnection) -> int | None:
    """Every click before it has arrived from every active edge; None without an edge."""
    return await connection.scalar(text("select min(low_watermark_ms) from edges where retired_ms is null"))


def _conversion(row: Sequence[Any]) -> ConversionRow:
    fields = ConversionRow(*row)
    return fields._replace(counted=bool(fields.counted))
