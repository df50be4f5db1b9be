"""Sets the demo company up before its history begins: the same verbs as the API's, dated 90 days back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control.accounts.keys import issue_key
from control.accounts.types import NewApiKey, WorkspaceEdit
from control.accounts.workspaces import edit_workspace
from control.campaigns.campaigns import create_campaign, replace_spend
from control.campaigns.types import NewCampaign, Spend, SpendRow
from control.config import ControlConfig
from control.demo.catalogue import CAMPAIGNS, CURRENCY, DAILY_SPEND, LINKS, TIME_ZONE, WORKSPACE_NAME
from control.demo.world import DAYS, OTHER_SITE_HOST, SAME_SITE_HOST, Setup
from control.domains.domains import add_domain
from control.domains.types import NewDomain
from control.links.links import create_link
from control.links.types import LinkArm, LinkPreview, LinkRule, NewLink
from control.times import from_ms
from shared import ids
from shared.clock import DAY_MS


class Furnished(NamedTuple):
    """What exists now: ids for the history, keys for the shop."""

    setup: Setup
    publishable_key: str
    secret_key: str


async def furnish(
    connection: AsyncConnection, config: ControlConfig, workspace_id: str, shop: str, begin_ms: int
) -> Furnished:
    """Makes domains, campaigns with spend, links, and the shop's keys; `shop` is its origin."""
    edit = WorkspaceEdit(name=WORKSPACE_NAME, timezone=TIME_ZONE, currency=CURRENCY)
    await edit_workspace(connection, workspace_id, edit, begin_ms)
    public = await issue_key(connection, workspace_id, NewApiKey("Demo shop, pages", "publishable"), begin_ms)
    secret = await issue_key(connection, workspace_id, NewApiKey("Demo shop, server", "secret"), begin_ms)
    domains = {
        host: (await add_domain(connection, config, workspace_id, NewDomain(host, f"{shop}/"), begin_ms)).id
        for host in (SAME_SITE_HOST, OTHER_SITE_HOST)
    }
    campaigns = {name: await _campaign(connection, workspace_id, name, begin_ms) for name in CAMPAIGNS}
    links: dict[str, bytes] = {}
    for at, link in enumerate(LINKS):
        new = NewLink(
            destination=shop + link.path,
            domain_id=domains[SAME_SITE_HOST if link.same_site else OTHER_SITE_HOST],
            slug=link.slug,
            title=link.title,
            campaign_id=campaigns[link.campaign],
            channel=link.channel,
            rules=[LinkRule([LinkArm(shop + path) for path in link.split])] if link.split else [],
            preview=LinkPreview(*link.preview) if link.preview else None,
        )
        if link.expires_in_days is not None:
            expires_at = from_ms(begin_ms + (DAYS + link.expires_in_days) * DAY_MS)
            new = msgspec.structs.replace(new, expires_at=expires_at, closed_url=f"{shop}/")
        links[link.slug] = ids.to_bytes("lnk", await create_link(connection, workspace_id, new, begin_ms + at))
    if public.key is None or secret.key is None:
        raise AssertionError("a new key is shown")
    setup = Setup(links, ids.to_bytes("wsp", workspace_id), public.key, ids.to_bytes("key", public.id))
    return Furnished(setup, public.key, secret.key)


async def _campaign(connection: AsyncConnection, workspace_id: str, name: str, begin_ms: int) -> str:
    campaign = await create_campaign(connection, workspace_id, NewCampaign(name), begin_ms)
    first = datetime.fromtimestamp(begin_ms / 1000, UTC).date()
    spend = [
        SpendRow(first + timedelta(days=day), channel, cents, CURRENCY)
        for day in range(DAYS + 1)
        for spender, channel, cents in DAILY_SPEND
        if spender == name
    ]
    await replace_spend(connection, workspace_id, campaign.id, Spend(spend))
    return campaign.id
