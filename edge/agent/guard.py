"""Holds back a feed that would remove most of what this node serves.

A wrong restore, a script gone wrong or a control plane pointed at an empty database looks like a removal of nearly all
links, at once or page by page: removals of the last ten minutes are added up. Redirects to printed codes are worth
more than being up to date: the removal waits, last known good serves on, and the status says so, until a person
accepts it by the file `accept-feed` in the edge's data folder. The file is used up by what it lets through.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from shared.wire import ChangePage

HELD_ABOVE_ENTRIES: Final = 100  # fewer may always go
HELD_ABOVE_SHARE: Final = 0.5
WINDOW_S: Final = 600.0

ACCEPT_FILE: Final = "accept-feed"


class FeedHeld(Exception):
    """These changes are not applied for now; the text says why."""


class FeedGuard:
    """Watches one node's feed. Raises FeedHeld before anything is applied."""

    def __init__(self, data: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._accept_file = data / ACCEPT_FILE
        self._clock = clock
        self._lately: deque[tuple[float, int]] = deque()  # when, and how many were removed

    def is_accepted(self) -> bool:
        return self._accept_file.exists()

    def check_page(self, page: ChangePage, had: int) -> None:
        """`had` entries are in the cache. Whatever passes counts towards the pages of the next ten minutes."""
        now = self._clock()
        while self._lately and self._lately[0][0] <= now - WINDOW_S:
            self._lately.popleft()
        removed, before = sum(change.entry is None for change in page.changes), sum(n for _, n in self._lately)
        if removed and not self._check(before + removed, before + had):
            self._lately.append((now, removed))

    def check_snapshot(self, count: int, had: int) -> None:
        """A snapshot with `count` entries is to replace `had`."""
        self._check(had - count, had)

    def _check(self, removed: int, had: int) -> bool:
        """Returns whether a person's acceptance was used up, after which counting begins anew. Raises FeedHeld."""
        if removed <= HELD_ABOVE_ENTRIES or removed <= had * HELD_ABOVE_SHARE:
            return False
        if not self.is_accepted():
            raise FeedHeld(f"{removed} of {had} entries would be removed within {WINDOW_S / 60:.0f} minutes")
        self._accept_file.unlink(missing_ok=True)
        self._lately.clear()
        return True
