"""Unknown slugs are counted in bounded memory: totals exact, frequent paths found, whoever scans."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from edge import unknown
from edge.unknown import UnknownSlugs
from shared.clock import MINUTE_MS

MINUTE = 1_764_000_000_000 - 1_764_000_000_000 % MINUTE_MS


def test_minutes_are_given_out_once_they_are_over() -> None:
    counts = UnknownSlugs()
    counts.count("a.example", "/x", MINUTE + 1)
    counts.count("a.example", "/x", MINUTE + 2)
    assert list(counts.take(MINUTE + MINUTE_MS - 1)) == []
    (record,) = counts.take(MINUTE + MINUTE_MS)
    assert (record.host, record.minute_ms, record.total, record.paths) == ("a.example", MINUTE, 2, {"/x": 2})
    assert list(counts.take_all()) == []


def test_a_clock_that_steps_back_ends_the_minute() -> None:
    counts = UnknownSlugs()
    counts.count("a.example", "/x", MINUTE)
    assert len(list(counts.take(MINUTE - 1))) == 1


def test_frequent_paths_survive_a_scan() -> None:
    counts = UnknownSlugs()
    for number in range(20_000):
        counts.count("a.example", f"/scan-{number}", MINUTE)
        if number % 10 == 0:
            counts.count("a.example", "/frequent", MINUTE)
    (record,) = counts.take_all()
    assert record.total == 22_000
    assert len(record.paths) <= unknown.PLACES
    assert 2_000 - record.total / unknown.PLACES <= record.paths["/frequent"] <= 2_000


@given(st.lists(st.sampled_from("abcdef"), max_size=60))
def test_counts_are_exact_while_there_are_places(paths: list[str]) -> None:
    counts = UnknownSlugs()
    for path in paths:
        counts.count("a.example", path, MINUTE)
    records = list(counts.take_all())
    assert [record.paths for record in records] == ([dict(Counter(paths))] if paths else [])
