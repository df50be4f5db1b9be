"""What a new installation begins with: an owner with a workspace, a publishable key, a domain to try links on."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from control.accounts.keys import issue_key
from control.accounts.sign_in import FIRST_LINK_MS, issue_sign_in_link
from control.accounts.types import NewApiKey
from control.accounts.workspaces import Owner, ensure_owner
from control.config import OWNER_EMAIL, ControlConfig
from control.domains.domains import add_domain
from control.domains.types import NewDomain
from control.services import Services
from shared.clock import wall_ms

WORKSPACE_NAME = "My workspace"
LOCAL_DOMAIN = "go.localhost"  # browsers resolve it to this machine, so a first link works at once


async def begin(services: Services, email: str = OWNER_EMAIL) -> Owner:
    """The owner of this installation; at the first start with all that they need."""
    async with services.feed.publishing() as connection:
        now_ms = wall_ms()
        owner = await ensure_owner(connection, email, WORKSPACE_NAME, now_ms)
        if owner.is_new:
            await _furnish(connection, services.config, owner.workspace_id, now_ms)
        return owner


async def owner_sign_in_url(services: Services, valid_ms: int = FIRST_LINK_MS) -> str:
    """A new one-time link that signs the owner in."""
    owner = await begin(services)
    async with services.database.transaction() as connection:
        token = await issue_sign_in_link(connection, owner.user_id, wall_ms(), valid_ms)
    return f"{services.config.dashboard_url}/sign-in?token={token}"


async def _furnish(connection: AsyncConnection, config: ControlConfig, workspace_id: str, now_ms: int) -> None:
    await issue_key(connection, workspace_id, NewApiKey("Website", "publishable"), now_ms)
    await add_domain(connection, config, workspace_id, NewDomain(LOCAL_DOMAIN), now_ms)
