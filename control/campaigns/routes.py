"""Campaigns and their spend."""

from __future__ import annotations

from control.campaigns import campaigns
from control.campaigns.campaigns import CampaignNameTaken
from control.campaigns.types import Campaign, CampaignEdit, CampaignQuery, NewCampaign, Spend
from control.http.context import Context
from control.http.paging import Page, TimeKey, decode_cursor
from control.http.routing import Routes

routes = Routes(tag="Campaigns")


@routes.get("/api/v1/campaigns", summary="Campaigns, newest first")
async def list_campaigns(context: Context, query: CampaignQuery) -> Page[Campaign]:
    after = decode_cursor(query.cursor, TimeKey)
    async with context.database.reading() as connection:
        return await campaigns.list_campaigns(connection, context.workspace_id, query.archived, after, query.limit)


@routes.post("/api/v1/campaigns", summary="Create a campaign", status=201, errors=(CampaignNameTaken,))
async def create_campaign(context: Context, body: NewCampaign) -> Campaign:
    async with context.database.transaction() as connection:
        return await campaigns.create_campaign(connection, context.workspace_id, body, context.now_ms)


@routes.get("/api/v1/campaigns/{campaign_id}", summary="One campaign")
async def read_campaign(context: Context, campaign_id: str) -> Campaign:
    async with context.database.reading() as connection:
        return await campaigns.read_campaign(connection, context.workspace_id, campaign_id)


@routes.patch("/api/v1/campaigns/{campaign_id}", summary="Change a campaign", errors=(CampaignNameTaken,))
async def edit_campaign(context: Context, campaign_id: str, body: CampaignEdit) -> Campaign:
    async with context.database.transaction() as connection:
        return await campaigns.edit_campaign(connection, context.workspace_id, campaign_id, body, context.now_ms)


@routes.get("/api/v1/campaigns/{campaign_id}/spend", summary="What was spent on a campaign")
async def read_campaign_spend(context: Context, campaign_id: str) -> Spend:
    async with context.database.reading() as connection:
        return await campaigns.read_spend(connection, context.workspace_id, campaign_id)


@routes.put("/api/v1/campaigns/{campaign_id}/spend", summary="Replace what was spent on a campaign")
async def replace_campaign_spend(context: Context, campaign_id: str, body: Spend) -> Spend:
    """The rows sent take the place of all that were there; an empty list removes them."""
    async with context.database.transaction() as connection:
        return await campaigns.replace_spend(connection, context.workspace_id, campaign_id, body)
