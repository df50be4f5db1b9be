"""Where a request ends: by one strict grammar, for what the fast path judges itself and for what it lends.

What this module cannot delimit without doubt is lent to aiohttp for good, with every byte that follows, so that there
is never a second opinion on where the next request begins.
"""

from __future__ import annotations

import re
from typing import Final

HEAD_MAX_BYTES: Final = 16 * 1024
HEADERS_MAX: Final = 100
END: Final = b"\r\n\r\n"

_LINES = rb"(?:\r\n[!#-'*+.0-9A-Z^-z|~-]+:[^\x00-\x08\x0a-\x1f\x7f]*)*\r\n\r\n"
well_formed_lines = re.compile(_LINES).fullmatch
"""Header lines, from the CRLF before the first to the empty line (RFC 9112 §5, without its obsolete folding)."""

_well_formed_head = re.compile(rb"[A-Z]{1,16} [!-~]{1,16000} HTTP/1\.1" + _LINES).fullmatch
_outlives_one_request = re.compile(
    rb"\n(?i:transfer-encoding:|expect:|upgrade:|connection:(?![ \t]*keep-alive[ \t]*\r))"
).search
_lengths = re.compile(rb"\n(?i:content-length):([^\r\n]*)").findall
_length = re.compile(rb"[ \t]*([0-9]{1,9})[ \t]*").fullmatch
_cannot_become_a_head = re.compile(rb"(?<!\r)\n|\r(?![\n])(?=.)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", re.DOTALL).search


def body_length(head: bytes) -> int | None:
    """How many bytes follow this head as its body; None where only aiohttp can tell, or the connection ends with it."""
    if not _well_formed_head(head) or _outlives_one_request(head):
        return None
    lengths = _lengths(head)
    if not lengths:
        return 0
    length = _length(lengths[0])
    return int(length[1]) if len(lengths) == 1 and length else None


def is_hopeless(data: bytes, start: int) -> bool:
    """Whether the bytes from `start` can be no part of a head: nobody needs to wait for the rest."""
    return _cannot_become_a_head(data, start) is not None
