"""Signing in by a one-time link, and the session that follows.

The link holds a random token of which only the hash is stored. Using it marks it in the same statement that reads it,
so of two requests with one link exactly one signs in. The session's token is new and lives in an HttpOnly cookie; its
hash is all that the database has.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from control.accounts import store
from control.accounts.authenticate import SESSION_MS, hash_secret
from control.accounts.secrets import new_secret
from control.accounts.types import Session, User
from control.accounts.workspaces import to_workspace
from control.http.errors import Problem
from shared.clock import HOUR_MS, MINUTE_MS

SIGN_IN_LINK_MS = 15 * MINUTE_MS
FIRST_LINK_MS = 24 * HOUR_MS  # of the link that a start prints: it may sit in a terminal for a while


class LinkNotValid(Problem):
    status = 401
    slug = "sign-in-link-not-valid"
    title = "This sign-in link has been used or is too old"


class SignedIn(NamedTuple):
    """A new session's cookie value and what the dashboard is told."""

    token: str
    session: Session


async def issue_sign_in_link(
    connection: AsyncConnection, user_id: str, now_ms: int, valid_ms: int = SIGN_IN_LINK_MS
) -> str:
    """A new one-time token for a user, valid for `valid_ms`."""
    token = new_secret("si")
    await store.insert_sign_in_link(connection, hash_secret(token), user_id, now_ms + valid_ms)
    return token


async def sign_in(connection: AsyncConnection, token: str, now_ms: int) -> SignedIn:
    """Uses up a one-time token and opens a session. Raises LinkNotValid."""
    user_id = await store.use_sign_in_link(connection, hash_secret(token), now_ms)
    if user_id is None:
        raise LinkNotValid("Ask for a new one: `clicktrail sign-in-link` prints it.")
    session_token, csrf_token = new_secret("se"), new_secret("cs")
    await store.insert_session(
        connection,
        {
            "token_hash": hash_secret(session_token),
            "user_id": user_id,
            "csrf_token": csrf_token,
            "created_ms": now_ms,
            "expires_ms": now_ms + SESSION_MS,
        },
    )
    return SignedIn(session_token, await _session(connection, user_id, None, csrf_token))


async def read_session(connection: AsyncConnection, token: str, user_id: str, workspace_id: str) -> Session:
    """What the dashboard needs to know about the session behind a cookie."""
    return await _session(connection, user_id, workspace_id, await store.csrf_token_of(connection, hash_secret(token)))


async def sign_out(connection: AsyncConnection, token: str) -> None:
    """Ends a session."""
    await store.delete_session(connection, hash_secret(token))


async def forget_old(connection: AsyncConnection, now_ms: int) -> None:
    """Removes links and sessions whose time is over."""
    await store.delete_over(connection, now_ms)


async def _session(connection: AsyncConnection, user_id: str, workspace_id: str | None, csrf_token: str) -> Session:
    user = await store.user_by_id(connection, user_id)
    workspaces = [to_workspace(row) for row in await store.workspaces_of(connection, user_id)]
    current = next((workspace for workspace in workspaces if workspace.id == workspace_id), workspaces[0])
    return Session(User(user.id, user.email, user.name), current, workspaces, csrf_token)
