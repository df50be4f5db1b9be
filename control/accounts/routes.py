"""Signing in and out, the workspace, API keys."""

from __future__ import annotations

import msgspec
from aiohttp import web

from control.accounts import keys, sign_in, workspaces
from control.accounts.sign_in import LinkNotValid
from control.accounts.types import ApiKey, NewApiKey, Session, SignIn, Workspace, WorkspaceEdit
from control.http.auth import SESSION_COOKIE
from control.http.context import Context
from control.http.errors import NotFound
from control.http.paging import Page, PageQuery, TimeKey, decode_cursor
from control.http.routing import Routes

routes = Routes(tag="Accounts")

# The cookie outlives the session on purpose: how long a session goes on after its last use is the database's to say.
# 400 days is the most that browsers keep (draft-ietf-httpbis-rfc6265bis §5.6.2).
SESSION_COOKIE_S = 400 * 24 * 3600


@routes.post("/api/v1/auth/sign-in", summary="Sign in with a one-time link", access="public", errors=(LinkNotValid,))
async def sign_in_with_link(context: Context, body: SignIn) -> web.Response:
    """Answers with the session, as `GET /api/v1/session` does, and sets the session cookie. A link works once."""
    async with context.database.transaction() as connection:
        signed_in = await sign_in.sign_in(connection, body.token, context.now_ms)
    response = web.Response(
        body=msgspec.json.encode(signed_in.session),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
    response.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=SESSION_COOKIE_S,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=context.services.config.dashboard_url.startswith("https:"),
    )
    return response


@routes.get("/api/v1/session", summary="Who is signed in", access="signed_in")
async def read_session(context: Context) -> Session:
    token = context.request.cookies[SESSION_COOKIE]
    async with context.database.reading() as connection:
        return await sign_in.read_session(connection, token, context.user_id or "", context.workspace_id)


@routes.delete("/api/v1/session", summary="Sign out", access="signed_in")
async def sign_out(context: Context) -> web.Response:
    async with context.database.transaction() as connection:
        await sign_in.sign_out(connection, context.request.cookies[SESSION_COOKIE])
    response = web.Response(status=204)
    response.del_cookie(SESSION_COOKIE, path="/")
    return response


@routes.get("/api/v1/workspace", summary="The workspace")
async def read_workspace(context: Context) -> Workspace:
    async with context.database.reading() as connection:
        return await workspaces.read_workspace(connection, context.workspace_id)


@routes.patch("/api/v1/workspace", summary="Change the workspace")
async def edit_workspace(context: Context, body: WorkspaceEdit) -> Workspace:
    async with context.database.transaction() as connection:
        return await workspaces.edit_workspace(connection, context.workspace_id, body, context.now_ms)


@routes.get("/api/v1/api-keys", summary="API keys in use, newest first")
async def list_api_keys(context: Context, query: PageQuery) -> Page[ApiKey]:
    after = decode_cursor(query.cursor, TimeKey)
    async with context.database.reading() as connection:
        return await keys.list_keys(connection, context.workspace_id, after, query.limit)


@routes.post("/api/v1/api-keys", summary="Make an API key", status=201)
async def create_api_key(context: Context, body: NewApiKey) -> ApiKey:
    """The answer is the only one that ever shows a secret key."""
    async with context.services.feed.publishing() as connection:
        return await keys.issue_key(connection, context.workspace_id, body, context.now_ms)


@routes.delete("/api/v1/api-keys/{key_id}", summary="Revoke an API key", errors=(NotFound,))
async def revoke_api_key(context: Context, key_id: str) -> None:
    async with context.services.feed.publishing() as connection:
        await keys.revoke_key(connection, context.workspace_id, key_id, context.now_ms)
