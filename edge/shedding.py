"""Who goes when a worker is full: the connection that has been idle or slow for the longest time.

Deadlines don't tell, since they are given for different times: who has just come has ten seconds to ask, who has asked
already 75 until the next time. So all connections are sorted when one has to go, and the list serves for those that
have to go next: who is on it and has not moved since has been idle longer than anybody who is not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from operator import itemgetter
from typing import Generic, Protocol, TypeVar


class Held(Protocol):
    """A connection: whether it may be closed for another one, and since which second its client has had nothing
    answered and begun nothing new."""

    @property
    def may_be_shed(self) -> bool: ...

    @property
    def active_s(self) -> int: ...


Item = TypeVar("Item", bound=Held)


class Shedding(Generic[Item]):
    """Of one worker's connections."""

    def __init__(self) -> None:
        self._idlest = deque[tuple[int, Item]]()
        self._ranked_s = 0

    def choose(self, held: Iterable[Item], second: int) -> Item | None:
        """One of those that are held; None where all are trusted, owed an answer or younger than this second."""
        while self._idlest or self._rank(held, second):
            active_s, connection = self._idlest.popleft()
            if connection.may_be_shed and connection.active_s == active_s:
                return connection
        return None

    def _rank(self, held: Iterable[Item], second: int) -> bool:
        """Once a second at most: it takes milliseconds for thousands."""
        if self._ranked_s != second:
            self._ranked_s = second
            found = [(connection.active_s, connection) for connection in held if connection.may_be_shed]
            self._idlest.extend(sorted(found, key=itemgetter(0)))
        return bool(self._idlest)
