"""The two clocks of every record: wall time, and time since boot that no clock correction moves."""

from __future__ import annotations

import time

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS  # a day of an attribution window, whatever the calendar does

# CLOCK_BOOTTIME goes on through suspend; macOS lacks it, and its monotonic clock is the nearest thing.
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def wall_ms() -> int:
    """Milliseconds since the Unix epoch, UTC, by this machine's clock (which may step)."""
    return time.time_ns() // 1_000_000


def boot_ms() -> int:
    """Milliseconds since this machine booted; never steps back, comparable between its processes."""
    return time.clock_gettime_ns(_BOOT_CLOCK) // 1_000_000
