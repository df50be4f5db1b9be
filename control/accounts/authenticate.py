"""From a secret to the one who holds it.

Secrets carry 190 bits of chance, so a plain SHA-256 is as hard to reverse as they are to guess, and looking the hash up
in an index leaks nothing by its timing: whoever can choose the hash has the secret already.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import select, update

from control.http.context import Caller
from control.store.engine import Database
from control.store.schema import api_keys, edge_tokens, memberships, sessions
from shared.clock import DAY_MS, MINUTE_MS, wall_ms

LAST_USED_STEP_MS = MINUTE_MS  # how exact "last used" is; a write for every request would cost more than the request
SESSION_MS = 30 * DAY_MS
SESSION_STEP_MS = DAY_MS  # how often a used session is prolonged


def hash_secret(secret: str) -> bytes:
    """What is stored of a key, token or session."""
    return hashlib.sha256(secret.encode()).digest()


async def authenticate_key(database: Database, secret: str) -> Caller | None:
    """The workspace that a secret API key opens; None for an unknown or revoked one."""
    async with database.reading() as connection:
        found = await connection.execute(
            select(api_keys.c.id, api_keys.c.workspace_id, api_keys.c.last_used_ms).where(
                api_keys.c.secret_hash == hash_secret(secret), api_keys.c.revoked_ms.is_(None)
            )
        )
        row = found.one_or_none()
    if row is None:
        return None
    now_ms = wall_ms()
    if now_ms - (row.last_used_ms or 0) >= LAST_USED_STEP_MS:
        async with database.transaction() as connection:
            await connection.execute(update(api_keys).where(api_keys.c.id == row.id).values(last_used_ms=now_ms))
    return Caller(row.workspace_id, key_id=row.id)


async def authenticate_session(database: Database, token: str, workspace_id: str | None) -> Caller | None:
    """The signed-in user of a session cookie, in the asked workspace or the user's first.

    None when the session is unknown or over, or the user is no member of that workspace.
    """
    now_ms = wall_ms()
    token_hash = hash_secret(token)
    asked = select(sessions, memberships.c.workspace_id).join(memberships, memberships.c.user_id == sessions.c.user_id)
    asked = asked.where(sessions.c.token_hash == token_hash, sessions.c.expires_ms > now_ms)
    if workspace_id:
        asked = asked.where(memberships.c.workspace_id == workspace_id)
    async with database.reading() as connection:
        row = (await connection.execute(asked.order_by(memberships.c.workspace_id).limit(1))).one_or_none()
    if row is None:
        return None
    if row.expires_ms - now_ms < SESSION_MS - SESSION_STEP_MS:
        async with database.transaction() as connection:
            await connection.execute(
                update(sessions).where(sessions.c.token_hash == token_hash).values(expires_ms=now_ms + SESSION_MS)
            )
    return Caller(row.workspace_id, user_id=row.user_id, csrf_token=row.csrf_token)


async def authenticate_edge(database: Database, token: str) -> bool:
    """Whether an edge token is valid."""
    now_ms = wall_ms()
    async with database.reading() as connection:
        found = await connection.execute(
            select(edge_tokens.c.id, edge_tokens.c.last_used_ms).where(
                edge_tokens.c.token_hash == hash_secret(token), edge_tokens.c.revoked_ms.is_(None)
            )
        )
        row = found.one_or_none()
    if row is None:
        return False
    if now_ms - (row.last_used_ms or 0) >= LAST_USED_STEP_MS:
        async with database.transaction() as connection:
            await connection.execute(update(edge_tokens).where(edge_tokens.c.id == row.id).values(last_used_ms=now_ms))
    return True
