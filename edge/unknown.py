"""Requests for slugs that no link has: summed by host and minute, in bounded memory, whoever scans the domain.

The frequent paths are found by Misra–Gries counting ("Finding repeated elements", 1982): when all places are taken, one
is taken off every count. That costs a constant time a request on average, and each count is too low by at most
total / PLACES. The total is exact.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.clock import MINUTE_MS
from shared.wire import UnknownSlugsRecord

PLACES = 1_000  # paths counted at the same time, a host
PATH_MAX_CHARS = 200


class UnknownSlugs:
    """One worker's counts of the running minute."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Minute] = {}

    def count(self, host: str, path: str, time_ms: int) -> None:
        """One request, for a path of a host that is a known domain."""
        minute = self._hosts.get(host)
        if minute is None:
            minute = self._hosts[host] = _Minute(time_ms - time_ms % MINUTE_MS)
        minute.count(path[:PATH_MAX_CHARS])

    def take(self, time_ms: int) -> Iterator[UnknownSlugsRecord]:
        """The minutes that are over at `time_ms`, each once."""
        for host, minute in list(self._hosts.items()):
            if not 0 <= time_ms - minute.start_ms < MINUTE_MS:
                del self._hosts[host]
                yield minute.record(host)

    def take_all(self) -> Iterator[UnknownSlugsRecord]:
        """What is left when the worker stops."""
        hosts, self._hosts = self._hosts, {}
        for host, minute in hosts.items():
            yield minute.record(host)


class _Minute:
    def __init__(self, start_ms: int) -> None:
        self.start_ms = start_ms
        self._total = 0
        self._paths: dict[str, int] = {}

    def count(self, path: str) -> None:
        self._total += 1
        paths = self._paths
        if path in paths or len(paths) < PLACES:
            paths[path] = paths.get(path, 0) + 1
        else:
            self._paths = {known: count - 1 for known, count in paths.items() if count > 1}

    def record(self, host: str) -> UnknownSlugsRecord:
        """`encode_unknown_slugs` keeps the most frequent of the paths."""
        return UnknownSlugsRecord(host, self.start_ms, self._total, self._paths)
