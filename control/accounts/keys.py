"""API keys: secret ones for servers, publishable ones for pages. Publishable keys are in the edges' feed."""

from __future__ import annotations

import re

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control.accounts import store
from control.accounts.authenticate import hash_secret
from control.accounts.secrets import new_secret
from control.accounts.types import ApiKey, NewApiKey
from control.edges.feed import publish, retract
from control.http.errors import InvalidInput, NotFound
from control.http.paging import Page, page_of
from control.times import from_ms, from_ms_or_none
from shared import ids
from shared.wire import KeyEntry, entry_key

HINT_CHARS = 8  # `sk_` and five characters: enough to tell keys apart, useless to guess by

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?").fullmatch
_origins = msgspec.json.Decoder(list[str])


async def issue_key(connection: AsyncConnection, workspace_id: str, new: NewApiKey, now_ms: int) -> ApiKey:
    """A new key; the answer alone ever holds a secret one. Raises InvalidInput for an origin that is none."""
    is_secret = new.kind == "secret"
    if is_secret and new.allowed_origins:
        raise InvalidInput.of("allowed_origins", "only a publishable key has origins; a secret key is no page's")
    origins = [_origin(text, at) for at, text in enumerate(new.allowed_origins)]
    key = new_secret("sk" if is_secret else "pk")
    key_id, name, hint = ids.new_id("key"), new.name.strip(), key[:HINT_CHARS] + "…"
    row = {
        "id": key_id,
        "workspace_id": workspace_id,
        "kind": new.kind,
        "name": name,
        "hint": hint,
        "secret_hash": hash_secret(key) if is_secret else None,
        "public_key": None if is_secret else key,
        "allowed_origins": msgspec.json.encode(origins).decode(),
        "created_ms": now_ms,
    }
    await store.insert_key(connection, row)
    if not is_secret:
        await publish(connection, [_entry(key, key_id, workspace_id, origins)])
    return ApiKey(key_id, name, new.kind, hint, origins, from_ms(now_ms), None, key)


async def revoke_key(connection: AsyncConnection, workspace_id: str, key_id: str, now_ms: int) -> None:
    """Ends a key; edges refuse a publishable one as soon as the feed reaches them. Raises NotFound."""
    row = await store.revoke_key(connection, workspace_id, key_id, now_ms)
    if row is None:
        raise NotFound(f"There is no API key {key_id} in use in this workspace.")
    if row.public_key is not None:
        await retract(connection, [entry_key(_entry(row.public_key, key_id, workspace_id, []))])


async def list_keys(
    connection: AsyncConnection, workspace_id: str, after: tuple[int, str] | None, limit: int
) -> Page[ApiKey]:
    """Keys in use, newest first."""
    rows = await store.keys_page(connection, workspace_id, after, limit + 1)
    return page_of(rows, limit, _to_key, lambda row: (row.created_ms, row.id))


def _to_key(row: store.AnyRow) -> ApiKey:
    return ApiKey(
        row.id,
        row.name,
        row.kind,
        row.hint,
        _origins.decode(row.allowed_origins),
        from_ms(row.created_ms),
        from_ms_or_none(row.last_used_ms),
        row.public_key,
    )


def _entry(key: str, key_id: str, workspace_id: str, origins: list[str]) -> KeyEntry:
    raw_key_id, raw_workspace_id = ids.to_bytes("key", key_id), ids.to_bytes("wsp", workspace_id)
    return KeyEntry(key, raw_key_id, raw_workspace_id, tuple(origins) or ("*",))


def _origin(text: str, at: int) -> str:
    origin = text.strip().lower().removesuffix("/")
    if origin != "*" and not _ORIGIN(origin):
        raise InvalidInput.of(
            f"allowed_origins[{at}]", f"{text!r} is no origin: write https://www.example.com, without a path, or *"
        )
    return origin
