"""Times at the API's border: milliseconds inside, RFC 3339 in JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def from_ms(time_ms: int) -> datetime:
    """The UTC time of Unix milliseconds, exactly (no float on the way)."""
    return _EPOCH + time_ms * _MILLISECOND


def from_ms_or_none(time_ms: int | None) -> datetime | None:
    return None if time_ms is None else from_ms(time_ms)


def to_ms(time: datetime) -> int:
    """Unix milliseconds of an aware time, rounded down."""
    return (time - _EPOCH) // _MILLISECOND
