"""A link's password as both sides know it: the control plane makes the verifier, an edge checks what a visitor typed.

    scrypt$<log2 n>$<r>$<p>$<salt, base64url>$<key, base64url>          RFC 7914, by OpenSSL

One check costs about 50 ms and 16 MiB: call it where that may be waited for, never on an event loop.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import scrypt

PASSWORD_MAX_CHARS = 128
_LOG_N, _R, _P = 14, 8, 1
_LOG_N_MAX, _R_MAX, _P_MAX = 17, 16, 4  # what a verifier may ask of an edge
_SALT_BYTES = 16
_KEY_BYTES = 32
_MEMORY_MARGIN = 2


def verifier_of(password: str) -> str:
    """What is stored and travels in place of the password."""
    salt = secrets.token_bytes(_SALT_BYTES)
    key = _derive(password, salt, _LOG_N, _R, _P)
    return "$".join(("scrypt", str(_LOG_N), str(_R), str(_P), _text(salt), _text(key)))


def matches(password: str, verifier: str) -> bool:
    """Whether this is the password. False for a verifier that this version cannot read."""
    try:
        scheme, log_n, r, p, salt, key = verifier.split("$")
        costs = int(log_n), int(r), int(p)
        expected = urlsafe_b64decode(key)
        if scheme != "scrypt" or not all(0 < cost <= most for cost, most in zip(costs, _COSTS_MAX, strict=True)):
            return False
        found = _derive(password, urlsafe_b64decode(salt), *costs)
    except ValueError:
        return False
    return hmac.compare_digest(found, expected)


_COSTS_MAX = (_LOG_N_MAX, _R_MAX, _P_MAX)


def _derive(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    """Composed and decomposed spellings of a password are the same to those who type it (NFKC, as RFC 8265 has it)."""
    typed = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    memory = _MEMORY_MARGIN * 128 * (1 << log_n) * r * p
    return scrypt(typed, salt=salt, n=1 << log_n, r=r, p=p, maxmem=memory, dklen=_KEY_BYTES)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode("ascii")
