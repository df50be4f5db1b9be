"""Who has to be done by when: thousands of connections, each deadline moved at every request, looked at once a second.

A wheel of seconds. Moving a deadline later is setting the item's attribute: its place in the wheel stays, and is
corrected when its second comes. So a request costs nothing here, and a second costs as many steps as places end in it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from itertools import islice
from typing import Final, Generic, Protocol, TypeVar


class Timed(Protocol):
    """`deadline` is a second of a monotonic clock, `is_open` false once nobody needs to care, `place` the wheel's."""

    deadline: int
    place: int
    is_open: bool


HEAD_S: Final = 10  # for a head
KEEP_ALIVE_S: Final = 75  # between two requests
PROXY_KEEP_ALIVE_S: Final = 920  # the same for trusted proxies, which close first
LOAN_S: Final = 30  # for a lent request and its body
LINGER_S: Final = 2  # for a client to read why its connection ends
LAST_REQUEST_S: Final = 1.0  # what idle connections get when the worker stops; browsers open some on suspicion

Item = TypeVar("Item", bound=Timed)
NOWHERE = 0
AT_ONCE: Final = 8
SHARE: Final = 32


class Deadlines(Generic[Item]):
    """Of one worker's connections."""

    def __init__(self, second: int) -> None:
        self._now = second
        self._places: defaultdict[int, deque[Item]] = defaultdict(deque)

    def watch(self, item: Item) -> None:
        """To be called for a new item, and where a deadline has become earlier."""
        second = max(item.deadline, self._now + 1)
        if item.place == NOWHERE or second < item.place:
            item.place = second  # an earlier place that it had is void
            self._places[second].append(item)

    def passed(self, second: int) -> Iterator[Item]:
        """Open items whose deadline is over by this second, AT_ONCE of them or a SHARE: others come with the next call,
        so that thousands that are due together don't take the time of one. Those taken are watched no longer."""
        due = sum(len(self._places[at]) for at in range(self._now + 1, second + 1))
        yield from islice(self._all_passed(second), max(AT_ONCE, due // SHARE))

    def _all_passed(self, second: int) -> Iterator[Item]:
        while self._now < second:
            yield from self._due(self._places[self._now + 1], self._now + 1)
            self._now += 1
            del self._places[self._now]

    def _due(self, place: deque[Item], second: int) -> Iterator[Item]:
        while place:
            item = place.popleft()
            if not item.is_open or item.place != second:
                continue
            item.place = NOWHERE
            if item.deadline > second:
                self.watch(item)
            else:
                yield item
