"""Click ids: UUIDv7 (RFC 9562 §5.7), 16 bytes in storage, 22 characters of base64url in addresses and cookies.

The 48 leading bits are the click's wall time in milliseconds, so ids sort by time and a store can be partitioned by
them. The other 74 random bits come from a pool that is refilled from the operating system a thousand ids at a time: one
system call a click would be a fifth of the redirect's whole cost.

The text form has no padding and only characters that are valid in a CSS identifier, because pages pass
`location.hash` to `querySelector`.
"""

from __future__ import annotations

import os
import re
import struct
from binascii import a2b_base64, b2a_base64

from shared.clock import wall_ms

CLICK_ID_BYTES = 16
CLICK_ID_CHARS = 22

_POOL_IDS = 1024
_TIME_BYTES = 6
_PART_BYTES = 12  # ten random ones, of which version and variant overwrite 6 bits, up to a whole base64 group
_raw_parts = struct.Struct("10s2x" * _POOL_IDS).unpack
_text_parts = struct.Struct("14s2x" * _POOL_IDS).unpack
_VERSION = bytes(0x70 | byte & 0x0F for byte in range(256))
_VARIANT = bytes(0x80 | byte & 0x3F for byte in range(256))
_ZERO = bytes(256)
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")
TEXT_FORM = rb"[A-Za-z0-9_-]{8}[c-f][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]"
"""All ids and no second spellings, as a regular expression: version 7 is four of the six bits in the ninth character,
the variant two in the eleventh, and the last character has only two that count."""
_text = re.compile(TEXT_FORM).fullmatch


class ClickIds:
    """Makes new click ids; one instance a process, because a pool shared across fork would repeat."""

    def __init__(self) -> None:
        self._pool: list[tuple[bytes, bytes]] = []

    def new(self, time_ms: int) -> bytes:
        """A new id for a click at `time_ms` (Unix milliseconds)."""
        if not self._pool:
            self._pool = random_parts()
        random, _ = self._pool.pop()
        return time_ms.to_bytes(_TIME_BYTES, "big") + random


def random_parts() -> list[tuple[bytes, bytes]]:
    """What follows the time in a thousand new ids: ten bytes, and the same as the last 14 characters.

    The time's 48 bits are eight characters exactly, so the halves of an id can be encoded apart, and these by the
    thousand at once.
    """
    pool = bytearray(os.urandom(_PART_BYTES * _POOL_IDS))
    for at, table in ((0, _VERSION), (2, _VARIANT), (10, _ZERO), (11, _ZERO)):
        pool[at::_PART_BYTES] = pool[at::_PART_BYTES].translate(table)
    text = b2a_base64(pool, newline=False).translate(_URL_SAFE)
    return list(zip(_raw_parts(pool), _text_parts(text), strict=True))


def time_parts(time_ms: int) -> tuple[bytes, bytes]:
    """How every id of this millisecond begins: six bytes, and the same as eight characters."""
    raw = time_ms.to_bytes(_TIME_BYTES, "big")
    return raw, b2a_base64(raw, newline=False).translate(_URL_SAFE)


_process_ids = ClickIds()
os.register_at_fork(after_in_child=lambda: _process_ids.__init__())


def new(time_ms: int | None = None) -> bytes:
    """A new id from this process's pool; `time_ms` defaults to now."""
    return _process_ids.new(wall_ms() if time_ms is None else time_ms)


def encode(click_id: bytes) -> str:
    """The 22-character form of 16 bytes."""
    return b2a_base64(click_id, newline=False)[:CLICK_ID_CHARS].translate(_URL_SAFE).decode("ascii")


def decode(text: str) -> bytes | None:
    """The 16 bytes of a 22-character id; None when `text` is not one."""
    form = text.encode("utf-8", "surrogatepass")
    return bytes_of(form) if _text(form) else None


def bytes_of(text: bytes) -> bytes:
    """The 16 bytes of what has the `TEXT_FORM`."""
    return a2b_base64(text.translate(_STANDARD) + b"==")


def time_ms_of(click_id: bytes) -> int:
    """The wall time (Unix milliseconds) at which an id was made."""
    return int.from_bytes(click_id[:6], "big")


def least_at(time_ms: int) -> bytes:
    """The smallest 16 bytes that an id made at `time_ms` can have: a bound for range queries and partitions."""
    return time_ms.to_bytes(6, "big") + bytes(CLICK_ID_BYTES - 6)
