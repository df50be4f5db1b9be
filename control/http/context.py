"""Who calls, for whom, with what at hand: the first argument of every handler."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from control.services import Services
from control.store.engine import Database


@dataclass(frozen=True, slots=True)
class Caller:
    """Who an authenticated request comes from: a signed-in user, or the holder of a secret key."""

    workspace_id: str
    user_id: str | None = None
    key_id: str | None = None
    csrf_token: str = ""  # of a session; unsafe methods must repeat it


@dataclass(frozen=True, slots=True)
class Context:
    """One request. `workspace_id` is empty for public and edge operations."""

    request: web.Request
    services: Services
    now_ms: int
    workspace_id: str = ""
    user_id: str | None = None
    key_id: str | None = None

    @property
    def database(self) -> Database:
        return self.services.database
