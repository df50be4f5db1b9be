"""How an edge shows that a short domain leads to it.

The control plane asks `http://<host>/_t/verify/<nonce>`; the edge answers with the HMAC-SHA-256 of the nonce, keyed by
the id that it knows the domain by. A server that has never heard of the domain cannot answer; whoever can make the host
lead to one that has, is who decides about the host.
"""

from __future__ import annotations

import hmac
import re
import secrets

VERIFY_PATH = "/_t/verify/"
_nonce = re.compile(r"[0-9a-f]{32}").fullmatch


def new_nonce() -> str:
    """32 hex digits that nobody has asked by before."""
    return secrets.token_hex(16)


def is_nonce(text: str) -> bool:
    return _nonce(text) is not None


def proof_of(domain_id: bytes, nonce: str) -> str:
    """64 hex digits; `domain_id` is the 16 bytes of `dom_…`."""
    return hmac.digest(domain_id, nonce.encode("ascii"), "sha256").hex()
