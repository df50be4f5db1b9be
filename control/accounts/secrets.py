"""Making secrets. Only their hashes are stored (`control.accounts.authenticate.hash_secret`)."""

from __future__ import annotations

import secrets
import string

SECRET_CHARS = 32  # of 62: 190 bits

_BASE62 = string.digits + string.ascii_letters


def new_secret(prefix: str) -> str:
    """A new random secret such as `new_secret("sk")`; the prefix tells people and secret scanners what it is."""
    return prefix + "_" + "".join(secrets.choice(_BASE62) for _ in range(SECRET_CHARS))
