"""Holds back a feed that would remove most of what this node serves.

A wrong restore, a script gone wrong or a control plane pointed at an empty database looks like a removal of nearly all
links. Redirects to printed codes are worth more than being up to date: the removal waits, last known good serves on,
and the status says so, until a person accepts it by the file `accept-feed` in the edge's data folder. The file is
used up by what it lets through.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.wire import ChangePage

HELD_ABOVE_ENTRIES: Final = 100  # fewer may always go
HELD_ABOVE_SHARE: Final = 0.5

ACCEPT_FILE: Final = "accept-feed"


class FeedHeld(Exception):
    """These changes are not applied for now; the text says why."""


class FeedGuard:
    """Watches one node's feed. Raises FeedHeld before anything is applied."""

    def __init__(self, data: Path) -> None:
        self._accept_file = data / ACCEPT_FILE
        self._had = self._removed = 0  # over the pages of one catching-up

    def is_accepted(self) -> bool:
        return self._accept_file.exists()

    def check_page(self, page: ChangePage, had: int) -> None:
        """`had` entries are in the cache. Removals of pages that follow each other at once are added up."""
        if not self._removed:
            self._had = had
        removed = self._removed + sum(change.entry is None for change in page.changes)
        self._check(removed, max(had, self._had))
        self._removed = removed if page.more else 0

    def check_snapshot(self, count: int, had: int) -> None:
        """A snapshot with `count` entries is to replace `had`."""
        self._check(had - count, had)

    def _check(self, removed: int, had: int) -> None:
        if removed <= HELD_ABOVE_ENTRIES or removed <= had * HELD_ABOVE_SHARE:
            return
        if not self.is_accepted():
            raise FeedHeld(f"{removed} of {had} entries would be removed at once")
        self._accept_file.unlink(missing_ok=True)
        self._removed = 0
