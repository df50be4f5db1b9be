"""Edge tokens: what an edge shows to get the feed and to ship what it recorded.

An edge serves all workspaces of an installation, so its tokens are not any one workspace's to give out: only the
workspace that was made first, the operator's, sees and makes them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from control.accounts.authenticate import hash_secret
from control.accounts.secrets import new_secret
from control.accounts.workspaces import is_operator
from control.edges.types import EdgeToken
from control.http.errors import Forbidden, NotFound
from control.http.paging import Page, page_of
from control.store.schema import edge_tokens
from control.times import from_ms, from_ms_or_none
from shared import ids


class OperatorOnly(Forbidden):
    slug = "operator-only"
    title = "Edges belong to the operator of this installation"


async def require_operator(connection: AsyncConnection, workspace_id: str) -> None:
    """Raises OperatorOnly for every workspace but the installation's first."""
    if not await is_operator(connection, workspace_id):
        raise OperatorOnly("Edges serve all workspaces; only the first workspace of an installation manages them.")


async def issue_token(connection: AsyncConnection, name: str, now_ms: int) -> EdgeToken:
    """A new token; the answer alone ever holds it."""
    secret = new_secret("et")
    token = EdgeToken(ids.new_id("etk"), name.strip(), from_ms(now_ms), None, secret)
    row = {"id": token.id, "name": token.name, "token_hash": hash_secret(secret), "created_ms": now_ms}
    await connection.execute(insert(edge_tokens).values(row))
    return token


async def revoke_token(connection: AsyncConnection, token_id: str, now_ms: int) -> None:
    """Ends a token in use. Raises NotFound."""
    if not await _revoke(connection, now_ms, edge_tokens.c.id == token_id):
        raise NotFound(f"There is no edge token {token_id} in use.")


async def replace_token(connection: AsyncConnection, name: str, now_ms: int) -> str:
    """A new token of that name in place of all older ones, so that nobody has to keep it between two starts."""
    await _revoke(connection, now_ms, edge_tokens.c.name == name)
    token = (await issue_token(connection, name, now_ms)).token
    assert token is not None
    return token


async def list_tokens(connection: AsyncConnection, after: tuple[int, str] | None, limit: int) -> Page[EdgeToken]:
    """Tokens in use, newest first."""
    query = select(edge_tokens).where(edge_tokens.c.revoked_ms.is_(None))
    if after is not None:
        query = query.where(tuple_(edge_tokens.c.created_ms, edge_tokens.c.id) < after)
    order = edge_tokens.c.created_ms.desc(), edge_tokens.c.id.desc()
    rows = (await connection.execute(query.order_by(*order).limit(limit + 1))).all()
    return page_of(rows, limit, _to_token, lambda row: (row.created_ms, row.id))


async def _revoke(connection: AsyncConnection, now_ms: int, which: Any) -> int:
    in_use = edge_tokens.c.revoked_ms.is_(None)
    return (await connection.execute(update(edge_tokens).where(which, in_use).values(revoked_ms=now_ms))).rowcount


def _to_token(row: Any) -> EdgeToken:
    return EdgeToken(row.id, row.name, from_ms(row.created_ms), from_ms_or_none(row.last_used_ms), None)
