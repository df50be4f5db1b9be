"""Campaigns and their spend."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from control.campaigns import store
from control.campaigns.types import Campaign, CampaignEdit, NewCampaign, Spend, SpendRow
from control.edits import changes_of
from control.http.errors import Conflict, InvalidInput, NotFound
from control.http.paging import Page, page_of
from control.times import from_ms, from_ms_or_none
from shared import ids


class CampaignNameTaken(Conflict):
    slug = "campaign-name-taken"
    title = "A campaign of that name exists already"


async def create_campaign(connection: AsyncConnection, workspace_id: str, new: NewCampaign, now_ms: int) -> Campaign:
    """Raises CampaignNameTaken."""
    campaign = Campaign(ids.new_id("cmp"), new.name.strip(), from_ms(now_ms), None)
    row = {"id": campaign.id, "workspace_id": workspace_id, "name": campaign.name, "created_ms": now_ms}
    if not await store.insert_campaign(connection, row):
        raise _name_taken(new.name)
    return campaign


async def read_campaign(connection: AsyncConnection, workspace_id: str, campaign_id: str) -> Campaign:
    """Raises NotFound."""
    return _to_campaign(await _row(connection, workspace_id, campaign_id))


async def edit_campaign(
    connection: AsyncConnection, workspace_id: str, campaign_id: str, edit: CampaignEdit, now_ms: int
) -> Campaign:
    """Raises NotFound, CampaignNameTaken."""
    values = changes_of(edit, await _row(connection, workspace_id, campaign_id), now_ms)
    if values and not await store.update_campaign(connection, campaign_id, values):
        raise _name_taken(values["name"])
    return await read_campaign(connection, workspace_id, campaign_id)


async def list_campaigns(
    connection: AsyncConnection, workspace_id: str, archived: bool, after: tuple[int, str] | None, limit: int
) -> Page[Campaign]:
    """Campaigns, newest first."""
    rows = await store.campaigns_page(connection, workspace_id, archived, after, limit + 1)
    return page_of(rows, limit, _to_campaign, lambda row: (row.created_ms, row.id))


async def read_spend(connection: AsyncConnection, workspace_id: str, campaign_id: str) -> Spend:
    """Raises NotFound."""
    await _row(connection, workspace_id, campaign_id)
    rows = await store.spend_of(connection, campaign_id)
    return Spend([SpendRow(date.fromisoformat(row.day), row.channel, row.amount, row.currency) for row in rows])


async def replace_spend(connection: AsyncConnection, workspace_id: str, campaign_id: str, spend: Spend) -> Spend:
    """Puts these rows in place of all that were there. Raises NotFound, and InvalidInput for a row given twice."""
    await _row(connection, workspace_id, campaign_id)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for at, item in enumerate(spend.items):
        key = item.day.isoformat(), item.channel.lower()
        if key in rows:
            raise InvalidInput.of(f"items[{at}]", f"{key[0]} has a row for {key[1]} already; add the amounts up")
        rows[key] = {
            "campaign_id": campaign_id,
            "workspace_id": workspace_id,
            "day": key[0],
            "channel": key[1],
            "amount": item.amount,
            "currency": item.currency,
        }
    await store.replace_spend(connection, campaign_id, list(rows.values()))
    return await read_spend(connection, workspace_id, campaign_id)


def _name_taken(name: str) -> CampaignNameTaken:
    return CampaignNameTaken.of("name", f"a campaign {name.strip()} exists; it may be among the archived ones")


async def _row(connection: AsyncConnection, workspace_id: str, campaign_id: str) -> store.AnyRow:
    row = await store.campaign(connection, workspace_id, campaign_id)
    if row is None:
        raise NotFound(f"There is no campaign {campaign_id} in this workspace.")
    return row


def _to_campaign(row: store.AnyRow) -> Campaign:
    return Campaign(row.id, row.name, from_ms(row.created_ms), from_ms_or_none(row.archived_ms))
