"""A removal of most links is held, also when it comes in slices; ordinary tidying isn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.agent.guard import ACCEPT_FILE, WINDOW_S, FeedGuard, FeedHeld
from tests.edge.building import removed

SLICE = 40


class Feed:
    """A cache of `had` entries that a feed shrinks."""

    def __init__(self, data: Path, had: int) -> None:
        self.had, self.now_s = had, 0.0
        self._guard = FeedGuard(data, lambda: self.now_s)

    def remove(self, count: int) -> None:
        self._guard.check_page(removed(count, *(f"link:go.example/{number}" for number in range(count))), self.had)
        self.had -= count

    def slices_until_held(self, pause_s: float) -> int:
        for number in range(self.had // SLICE):
            try:
                self.remove(SLICE)
            except FeedHeld:
                return number
            self.now_s += pause_s
        return -1


def test_slices_within_the_window_add_up(tmp_path: Path) -> None:
    feed = Feed(tmp_path, 400)
    assert feed.slices_until_held(pause_s=30) == 5  # 200 of 400 may go, the next slice may not
    with pytest.raises(FeedHeld, match="240 of 400 entries"):
        feed.remove(SLICE)


def test_slices_far_apart_are_tidying(tmp_path: Path) -> None:
    assert Feed(tmp_path, 400).slices_until_held(pause_s=WINDOW_S) == -1


def test_an_acceptance_lets_one_removal_through_and_counts_anew(tmp_path: Path) -> None:
    feed = Feed(tmp_path, 400)
    (tmp_path / ACCEPT_FILE).touch()
    feed.remove(300)
    assert not (tmp_path / ACCEPT_FILE).exists()
    feed.remove(1)
    assert feed.had == 99
