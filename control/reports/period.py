"""Days of a time zone as ranges of UTC milliseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from control.http.errors import InvalidInput

DEFAULT_DAYS = 30
MAX_DAYS = 400

_DAY = timedelta(days=1)


class DayRange(NamedTuple):
    """A day, and its [start, end) in Unix milliseconds: 23 to 25 hours where clocks change."""

    day: date
    start_ms: int
    end_ms: int


class Period(NamedTuple):
    """Whole days, both ends included."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start_ms(self) -> int:
        return _midnight_ms(self.first, self.zone)

    @property
    def end_ms(self) -> int:
        """The first millisecond after it."""
        return _midnight_ms(self.last + _DAY, self.zone)

    @property
    def length(self) -> int:
        """In days."""
        return (self.last - self.first).days + 1

    def days(self) -> list[DayRange]:
        dates = [self.first + number * _DAY for number in range(self.length + 1)]
        starts = [_midnight_ms(day, self.zone) for day in dates]
        return [DayRange(*day) for day in zip(dates[:-1], starts[:-1], starts[1:], strict=True)]

    def previous(self) -> Period:
        """As many days, right before."""
        return Period(self.first - self.length * _DAY, self.first - _DAY, self.zone)


def read_period(from_day: str, to_day: str, zone: ZoneInfo, now_ms: int) -> Period:
    """The period that a query names; without days, the last 30 up to today. Raises InvalidInput."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()
    first = _read_day("from", from_day)
    last = _read_day("to", to_day) or (today if first is None else max(today, first))
    first = first or last - (DEFAULT_DAYS - 1) * _DAY
    if first > last:
        raise InvalidInput.of("from", f"must not be later than `to`, which is {last}")
    period = Period(first, last, zone)
    if period.length > MAX_DAYS:
        raise InvalidInput.of("from", f"must be at most {MAX_DAYS} days before `to`; these are {period.length}")
    return period


def _read_day(field: str, text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Near the ends of the calendar a time zone has no midnight.
    if day is None or not 1970 <= day.year <= 9000:
        raise InvalidInput.of(field, f"{text!r} is not a day such as 2026-06-01")
    return day


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    """The start of a day; where clocks skip midnight, the instant at which they skip it."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1000
