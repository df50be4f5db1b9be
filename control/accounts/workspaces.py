"""Making workspaces and their owners, and changing a workspace."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import available_timezones

from sqlalchemy.ext.asyncio import AsyncConnection

from control.accounts import store
from control.accounts.types import Workspace, WorkspaceEdit
from control.edits import changes_of
from control.events.standard import seed_standard_events
from control.http.errors import InvalidInput
from shared import ids


class Owner(NamedTuple):
    """The owner of this installation, and whether they were made just now."""

    user_id: str
    workspace_id: str
    email: str
    is_new: bool


async def ensure_owner(connection: AsyncConnection, email: str, workspace_name: str, now_ms: int) -> Owner:
    """The installation's first owner, made with a workspace of that name where there is none yet."""
    owner = await store.first_owner(connection)
    if owner is not None:
        return Owner(owner.user_id, owner.workspace_id, owner.email, is_new=False)
    user_id = await create_user(connection, email, now_ms)
    workspace_id = await create_workspace(connection, workspace_name, user_id, now_ms)
    return Owner(user_id, workspace_id, normalise_email(email), is_new=True)


async def create_user(connection: AsyncConnection, email: str, now_ms: int) -> str:
    """Adds a user and gives their id."""
    user_id = ids.new_id("usr")
    row = {"id": user_id, "email": normalise_email(email), "name": "", "created_ms": now_ms}
    await store.insert_user(connection, row)
    return user_id


async def create_workspace(connection: AsyncConnection, name: str, owner_id: str, now_ms: int) -> str:
    """Adds a workspace with its owner and the standard events, and gives its id."""
    workspace_id = ids.new_id("wsp")
    await store.insert_workspace(connection, {"id": workspace_id, "name": name.strip(), "created_ms": now_ms})
    await store.insert_membership(connection, workspace_id, owner_id, "owner")
    await seed_standard_events(connection, workspace_id, now_ms)
    return workspace_id


async def edit_workspace(connection: AsyncConnection, workspace_id: str, edit: WorkspaceEdit, now_ms: int) -> Workspace:
    """Applies the edit and gives the workspace as it is then. Raises InvalidInput for an unknown time zone."""
    values = changes_of(edit, await store.workspace_by_id(connection, workspace_id), now_ms)
    if values.get("timezone", "UTC") not in available_timezones():
        raise InvalidInput.of("timezone", f"{values['timezone']!r} is no IANA time zone, such as Europe/Berlin")
    if values:
        await store.update_workspace(connection, workspace_id, values)
    return await read_workspace(connection, workspace_id)


async def read_workspace(connection: AsyncConnection, workspace_id: str) -> Workspace:
    return to_workspace(await store.workspace_by_id(connection, workspace_id))


def to_workspace(row: store.AnyRow) -> Workspace:
    return Workspace(row.id, row.name, row.timezone, row.currency)


def normalise_email(email: str) -> str:
    """The spelling in which addresses are stored and compared."""
    return email.strip().lower()


async def is_operator(connection: AsyncConnection, workspace_id: str) -> bool:
    """Whether this is the workspace that was made first, whose owner runs the installation."""
    return workspace_id == await store.first_workspace_id(connection)
