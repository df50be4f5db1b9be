"""The visitor hash of a click: tells whether two clicks come from one browser, for a day, and then no longer.

It is keyed by a secret and the UTC day, so it can't be turned back into an address by trying them all, nor compared
from one day to another. Only one comparison crosses midnight: clicks of one visitor within seconds are duplicates even
when a new day began between them. Therefore a click in the first seconds of a day also keeps the hash that the same
visitor has under yesterday's key (`before`), for as long as its row lives.

Day keys are derived, not drawn and forgotten: batches arrive days late and at several processes, and every process must
come to the same hash. Whoever holds the installation's secret could recompute them; the database alone can't.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from shared.clock import DAY_MS

HASH_BYTES = 8  # a day's visitors of one installation: a collision among 10 million is a chance of 1 in 370 000
DUPLICATE_GAP_MS = 10_000
SLOT_MS = 30_000  # ix_clicks_link_chain has clicks by such slots: neighbours in a chain are in one, or in two in a row


class VisitorHash(NamedTuple):
    day: bytes
    before: bytes | None


def visitor_hash(secret: bytes, time_ms: int, address: bytes, user_agent: str) -> VisitorHash:
    """The hash of a browser at `time_ms` (corrected Unix milliseconds)."""
    day, since_midnight_ms = divmod(time_ms, DAY_MS)
    what = address + user_agent.encode("utf-8", "surrogatepass")
    before = _hash(_day_key(secret, day - 1), what) if since_midnight_ms <= DUPLICATE_GAP_MS else None
    return VisitorHash(_hash(_day_key(secret, day), what), before)


def is_around_midnight(time_ms: int) -> bool:
    """Whether a click may be the duplicate of one on the other side of midnight, or the other way round."""
    since_midnight_ms = time_ms % DAY_MS
    return since_midnight_ms <= DUPLICATE_GAP_MS or DAY_MS - since_midnight_ms <= DUPLICATE_GAP_MS


def _hash(key: bytes, what: bytes) -> bytes:
    return blake2b(what, digest_size=HASH_BYTES, key=key).digest()


@lru_cache(maxsize=512)
def _day_key(secret: bytes, day: int) -> bytes:
    return hmac.digest(secret, f"visitor-day\0{day}".encode(), "sha256")
