"""How far back and ahead a server may say that something happened."""

from __future__ import annotations

from datetime import datetime

from control.http.errors import InvalidInput
from control.times import to_ms
from shared.clock import DAY_MS, MINUTE_MS

OLDEST_DAYS = 365
AHEAD_MINUTES = 5


def occurred_ms(stated: datetime, received_ms: int) -> int:
    """Unix milliseconds of a stated `occurred_at`. Raises InvalidInput outside of the bounds."""
    time_ms = to_ms(stated)
    if time_ms < received_ms - OLDEST_DAYS * DAY_MS:
        raise InvalidInput.of("occurred_at", f"is more than {OLDEST_DAYS} days ago")
    if time_ms > received_ms + AHEAD_MINUTES * MINUTE_MS:
        raise InvalidInput.of("occurred_at", f"is more than {AHEAD_MINUTES} minutes ahead of the server's clock")
    return time_ms
