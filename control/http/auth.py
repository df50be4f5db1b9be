"""Who is asking? Bearer keys for programs, a session cookie for people, edge tokens for edges."""

from __future__ import annotations

import hmac

from aiohttp import web

from control.accounts.authenticate import authenticate_edge, authenticate_key, authenticate_session
from control.http.context import Caller
from control.http.errors import Forbidden, SignInNeeded
from control.store.engine import Database

SESSION_COOKIE = "clicktrail_session"
CSRF_HEADER = "X-CSRF-Token"
WORKSPACE_HEADER = "Clicktrail-Workspace"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

_NOBODY = Caller(workspace_id="")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="clicktrail"'}


async def authorize(request: web.Request, database: Database, access: str) -> Caller:
    """The caller of a request, or SignInNeeded / Forbidden where `access` asks for more than it shows."""
    if access == "public":
        return _NOBODY
    bearer = _bearer(request)
    if access == "edge":
        if bearer is None or not await authenticate_edge(database, bearer):
            raise SignInNeeded("An edge token is needed: Authorization: Bearer et_…", headers=_CHALLENGE)
        return _NOBODY
    if bearer is not None:
        caller = await authenticate_key(database, bearer)
        if caller is None:
            raise SignInNeeded("This API key is unknown or has been revoked.", headers=_CHALLENGE)
        if access == "signed_in":
            raise Forbidden("A signed-in user is needed here; an API key is not enough.")
        return caller
    return await _session_caller(request, database)


async def _session_caller(request: web.Request, database: Database) -> Caller:
    token = request.cookies.get(SESSION_COOKIE)
    caller = await authenticate_session(database, token, request.headers.get(WORKSPACE_HEADER)) if token else None
    if caller is None:
        raise SignInNeeded("Sign in, or send an API key: Authorization: Bearer sk_…", headers=_CHALLENGE)
    if request.method not in SAFE_METHODS:
        sent = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(sent.encode(), caller.csrf_token.encode()):
            raise Forbidden(f"The {CSRF_HEADER} header is missing or stale; reload the page.")
    return caller


def _bearer(request: web.Request) -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None
