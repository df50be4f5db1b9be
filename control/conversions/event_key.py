"""Event keys: what makes two reports the same event, for good.

An order id makes the key whoever reports it, so a browser's and a server's report of one order meet; else the caller's
own key; else a random one, since nothing says that the event was ever reported before. Keys outlive retention and
erasure, and order ids are personal data, so only a keyed hash is stored.
"""

from __future__ import annotations

import hmac
import secrets


def event_key(definition_id: str, order_id: str, caller_key: str) -> str:
    """The permanent key of an event of one definition."""
    if order_id:
        return f"order:{definition_id}:{order_id}"
    return f"key:{caller_key or secrets.token_urlsafe(16)}"


def key_hash(secret: bytes, workspace_id: str, key: str) -> bytes:
    """The 32 bytes under which a key is stored. `secret` is the installation's."""
    return hmac.digest(secret, f"event-key\0{workspace_id}\0{key}".encode(), "sha256")
