"""Days are the workspace's, whatever its clocks do."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from control.http.errors import InvalidInput
from control.reports.period import MAX_DAYS, Period, read_period
from shared.clock import HOUR_MS, MINUTE_MS

BERLIN = ZoneInfo("Europe/Berlin")
NOW_MS = 1_780_315_200_000  # 2026-06-01 12:00 UTC


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_is_as_long_as_its_clocks_say(day: str, hours: int) -> None:
    (only,) = read_period(day, day, BERLIN, NOW_MS).days()
    assert only.end_ms - only.start_ms == hours * HOUR_MS


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "UTC"])
def test_days_begin_on_a_quarter_of_an_hour_and_leave_no_hole(zone: str) -> None:
    period = Period(date(2025, 7, 1), date(2026, 7, 1), ZoneInfo(zone))
    days = period.days()
    assert len(days) == period.length
    assert days[0].start_ms == period.start_ms
    assert days[-1].end_ms == period.end_ms
    assert all(one.end_ms == after.start_ms for one, after in pairwise(days))
    assert all(day.start_ms % (15 * MINUTE_MS) == 0 for day in days)


def test_without_days_it_is_the_last_thirty_up_to_today() -> None:
    period = read_period("", "", ZoneInfo("Pacific/Auckland"), NOW_MS)
    assert (period.first, period.last) == (date(2026, 5, 4), date(2026, 6, 2))


def test_the_previous_period_is_as_long_and_ends_right_before() -> None:
    period = read_period("2026-05-01", "2026-05-31", BERLIN, NOW_MS)
    before = period.previous()
    assert before.length == period.length
    assert before.end_ms == period.start_ms


@pytest.mark.parametrize(
    ("first", "last", "field", "says"),
    [
        ("yesterday", "", "from", "not a day"),
        ("2026-02-30", "", "from", "not a day"),
        ("", "9999-12-31", "to", "not a day"),
        ("2026-06-02", "2026-06-01", "from", "later than"),
        ("2025-01-01", "2026-06-01", "from", str(MAX_DAYS)),
    ],
)
def test_a_wrong_day_is_named_with_the_field(first: str, last: str, field: str, says: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read_period(first, last, BERLIN, NOW_MS)
    assert error.value.errors[0].field == field
    assert says in error.value.errors[0].message
