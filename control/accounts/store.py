"""The SQL of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from control.store.schema import api_keys, memberships, sessions, sign_in_links, users, workspaces

AnyRow = Any  # a row of SQLAlchemy, whose columns no type checker knows


async def insert_workspace(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    await connection.execute(insert(workspaces).values(row))


async def insert_user(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    await connection.execute(insert(users).values(row))


async def insert_membership(connection: AsyncConnection, workspace_id: str, user_id: str, role: str) -> None:
    await connection.execute(insert(memberships).values(workspace_id=workspace_id, user_id=user_id, role=role))


async def first_owner(connection: AsyncConnection) -> AnyRow | None:
    """The owner of the workspace that was made first."""
    query = (
        select(memberships.c.workspace_id, memberships.c.user_id, users.c.email)
        .join(users, users.c.id == memberships.c.user_id)
        .join(workspaces, workspaces.c.id == memberships.c.workspace_id)
        .where(memberships.c.role == "owner")
        .order_by(workspaces.c.created_ms, workspaces.c.id)
        .limit(1)
    )
    return (await connection.execute(query)).one_or_none()


async def first_workspace_id(connection: AsyncConnection) -> str | None:
    query = select(workspaces.c.id).order_by(workspaces.c.created_ms, workspaces.c.id).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()


async def user_by_email(connection: AsyncConnection, email: str) -> AnyRow | None:
    return (await connection.execute(select(users).where(users.c.email == email))).one_or_none()


async def user_by_id(connection: AsyncConnection, user_id: str) -> AnyRow:
    return (await connection.execute(select(users).where(users.c.id == user_id))).one()


async def workspaces_of(connection: AsyncConnection, user_id: str) -> list[AnyRow]:
    query = (
        select(workspaces)
        .join(memberships, memberships.c.workspace_id == workspaces.c.id)
        .where(memberships.c.user_id == user_id)
        .order_by(workspaces.c.id)
    )
    return list(await connection.execute(query))


async def workspace_by_id(connection: AsyncConnection, workspace_id: str) -> AnyRow:
    return (await connection.execute(select(workspaces).where(workspaces.c.id == workspace_id))).one()


async def update_workspace(connection: AsyncConnection, workspace_id: str, values: Mapping[str, Any]) -> None:
    await connection.execute(update(workspaces).where(workspaces.c.id == workspace_id).values(values))


async def insert_sign_in_link(connection: AsyncConnection, token_hash: bytes, user_id: str, expires_ms: int) -> None:
    await connection.execute(
        insert(sign_in_links).values(token_hash=token_hash, user_id=user_id, expires_ms=expires_ms)
    )


async def use_sign_in_link(connection: AsyncConnection, token_hash: bytes, now_ms: int) -> str | None:
    """Marks a fresh link as used and gives its user; None when it is unknown, used or too old."""
    query = (
        update(sign_in_links)
        .where(
            sign_in_links.c.token_hash == token_hash,
            sign_in_links.c.used_ms.is_(None),
            sign_in_links.c.expires_ms > now_ms,
        )
        .values(used_ms=now_ms)
        .returning(sign_in_links.c.user_id)
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def delete_over(connection: AsyncConnection, now_ms: int) -> None:
    """Removes sign-in links and sessions whose time is over."""
    await connection.execute(delete(sign_in_links).where(sign_in_links.c.expires_ms <= now_ms))
    await connection.execute(delete(sessions).where(sessions.c.expires_ms <= now_ms))


async def insert_session(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    await connection.execute(insert(sessions).values(row))


async def csrf_token_of(connection: AsyncConnection, token_hash: bytes) -> str:
    query = select(sessions.c.csrf_token).where(sessions.c.token_hash == token_hash)
    return (await connection.execute(query)).scalar_one()


async def delete_session(connection: AsyncConnection, token_hash: bytes) -> None:
    await connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


async def insert_key(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    await connection.execute(insert(api_keys).values(row))


async def keys_page(
    connection: AsyncConnection, workspace_id: str, after: tuple[int, str] | None, limit: int
) -> list[AnyRow]:
    """Keys in use, newest first. Index: ix_api_keys_workspace_id_created_ms."""
    query = select(api_keys).where(api_keys.c.workspace_id == workspace_id, api_keys.c.revoked_ms.is_(None))
    if after is not None:
        query = query.where(tuple_(api_keys.c.created_ms, api_keys.c.id) < after)
    return list(
        await connection.execute(query.order_by(api_keys.c.created_ms.desc(), api_keys.c.id.desc()).limit(limit))
    )


async def revoke_key(connection: AsyncConnection, workspace_id: str, key_id: str, now_ms: int) -> AnyRow | None:
    """Revokes a key in use and gives its row; None when the workspace has no such key."""
    query = (
        update(api_keys)
        .where(api_keys.c.id == key_id, api_keys.c.workspace_id == workspace_id, api_keys.c.revoked_ms.is_(None))
        .values(revoked_ms=now_ms)
        .returning(api_keys)
    )
    return (await connection.execute(query)).one_or_none()
