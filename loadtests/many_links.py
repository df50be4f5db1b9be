"""Ten million links that nobody has to hold: each is computed from its number, in the order of their keys.

`python -m loadtests.many_links COUNT PORT` serves them to an edge as a control plane does (`loadtests.sink`).

Domain, key, rules and kinds of destinations are those of `bench_edge.links`, of which a first part is repeated; slug,
id and destination are each link's own. The order matters: a control plane reads its feed by key, so an agent gets a
snapshot in that order.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from loadtests import sink
from loadtests.bench_edge.links import SLUG_CHARS, Links
from shared.wire import Entry, LinkEntry

PATTERNS: Final = 10_000  # links after which rules and destinations come again, under other slugs
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]
_SPACE = len(_DIGITS) ** SLUG_CHARS
_SCATTER = 2_654_435_761  # Knuth's multiplier: neighbours are at uneven distances


class ManyLinks:
    """`count` links of one short host, at most 10 ** 9."""

    def __init__(self, count: int) -> None:
        self._count, self._step = count, _SPACE // count
        pattern = Links(min(count, PATTERNS))
        self._entries = pattern.entries
        self._before = [entry for entry in pattern.snapshot() if not isinstance(entry, LinkEntry)]

    def __len__(self) -> int:
        return self._count

    def snapshot(self) -> Iterator[Entry]:
        """Everything that an edge gets, by key."""
        yield from self._before
        yield from map(self.link, range(self._count))

    def link(self, number: int) -> LinkEntry:
        """The link of that number, from 0."""
        entry = self._entries[number % PATTERNS]
        sign = "&" if "?" in entry.destination else "?"
        return replace(
            entry,
            slug=self.slug(number),
            link_id=number.to_bytes(16, "big"),
            destination=f"{entry.destination}{sign}ref={number}",
        )

    def slug(self, number: int) -> str:
        """Slugs are of one length and grow with the number."""
        value = number * self._step + number * _SCATTER % self._step
        value, last = divmod(value, 36)
        value, low = divmod(value, 1296)
        high, middle = divmod(value, 1296)
        return f"{_PAIRS[high]}{_PAIRS[middle]}{_PAIRS[low]}{_DIGITS[last]}"


def main() -> None:
    count, port = map(int, sys.argv[1:])
    sink.serve(ManyLinks(count), port)


if __name__ == "__main__":
    main()
