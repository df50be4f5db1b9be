"""Links as the API shows them: with names, the short URL, warnings and clicks."""

from __future__ import annotations

from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncConnection

from control.config import ControlConfig
from control.http.paging import Page, TimeKey, decode_cursor, page_of
from control.links import rules, store
from control.links.entry import carry_plan
from control.links.links import find_link
from control.links.types import Link, LinkCampaign, LinkDomain, LinkPreview, LinkQuery
from control.links.warnings import warnings_of
from control.times import from_ms, from_ms_or_none
from shared.clock import wall_ms


async def read_link(connection: AsyncConnection, config: ControlConfig, workspace_id: str, link_id: str) -> Link:
    """Raises NotFound."""
    row = await find_link(connection, workspace_id, link_id)
    clicks = await store.human_clicks(connection, [link_id])
    return _to_link(row, config, clicks.get(link_id, 0))


async def list_links(
    connection: AsyncConnection, config: ControlConfig, workspace_id: str, query: LinkQuery
) -> Page[Link]:
    """Links, newest first."""
    after = decode_cursor(query.cursor, TimeKey)
    rows = await store.links_page(connection, workspace_id, query, after, query.limit + 1)
    clicks = await store.human_clicks(connection, [row.id for row in rows])
    return page_of(
        rows,
        query.limit,
        lambda row: _to_link(row, config, clicks.get(row.id, 0)),
        lambda row: (row.created_ms, row.id),
    )


def short_url(config: ControlConfig, host: str, slug: str) -> str:
    """The address to give away, in ASCII."""
    return f"{config.short_origin(host)}/{quote(slug, safe='/')}"


def _to_link(row: store.AnyRow, config: ControlConfig, clicks: int) -> Link:
    own_rules = rules.decode(row.rules)
    return Link(
        id=row.id,
        short_url=short_url(config, row.host, row.slug),
        destination=row.destination,
        domain_id=row.domain_id,
        domain=LinkDomain(row.domain_id, row.host),
        slug=row.slug,
        title=row.title,
        campaign_id=row.campaign_id,
        campaign=None if row.campaign_id is None else LinkCampaign(row.campaign_id, row.campaign_name),
        channel=row.channel,
        status=row.status,
        carry=row.carry,
        carry_resolved=carry_plan(row, row.destination).carry,
        query_name=row.query_name,
        forward_query=row.forward_query,
        referrer_policy=row.referrer_policy,
        rules=[rules.to_api(rule) for rule in own_rules],
        expires_at=from_ms_or_none(row.expires_ms),
        click_limit=row.click_limit,
        exhausted=row.exhausted_ms is not None,
        closed_url=row.closed_url,
        has_password=bool(row.password),
        honeypot=row.honeypot,
        preview=_preview(row),
        warnings=warnings_of(row, own_rules, wall_ms()),
        clicks=clicks,
        created_at=from_ms(row.created_ms),
        updated_at=from_ms(row.updated_ms),
        archived_at=from_ms_or_none(row.archived_ms),
    )


def _preview(row: store.AnyRow) -> LinkPreview | None:
    preview = LinkPreview(row.preview_title, row.preview_description, row.preview_image)
    return None if preview == LinkPreview() else preview
