"""What a worker counts, and the page of shared memory from which the agent's `/metrics` reads it.

The hot path adds to plain integers; `CountsPage.publish` copies them out once a tick. The page is a file of its own in
the ring directory, `worker-<slot>.counts`, and outlives the worker: its successor in the slot goes on from what is
there, so that counters never fall. What a killed worker had not published (one tick) is missing from the sums.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import Final

import msgspec

from edge.node import PRIVATE_FILE
from edge.record import NO_CLICK
from shared.logs import get_logger

MAGIC: Final = b"CTCOUNT\n"
VERSION: Final = 1
PAGE_BYTES: Final = 4096
SUFFIX: Final = ".counts"
_HEADER = struct.Struct("<8sIIQ")  # magic, version, slot, connections open
_AT = 128  # where the counters are
_COUNTERS: Final[tuple[str, ...]] = (
    "redirects",
    "unknown_slugs",
    "damaged",
    "beacons",
    "refused_beacons",
    "bad_requests",
    "connections_accepted",
    "connections_refused",
    "connections_shed",
    "lent",
)
_VALUES = struct.Struct(f"<{len(_COUNTERS) + len(NO_CLICK)}Q")

_log = get_logger()


class Counts(msgspec.Struct):
    """Of one worker since it started; `/_t/health` shows it."""

    redirects: int = 0
    unknown_slugs: int = 0
    damaged: int = 0  # requests answered 503 because the cache contradicted its checksum
    beacons: int = 0
    refused_beacons: int = 0  # malformed, too large, unknown key, wrong origin
    bad_requests: int = 0  # answered 400, 408 or 431
    connections_open: int = 0  # now
    connections_accepted: int = 0
    connections_refused: int = 0  # over an address's budget, or no room
    connections_shed: int = 0  # closed early to make room
    lent: int = 0  # requests that only aiohttp could judge
    no_clicks: list[int] = msgspec.field(default_factory=lambda: [0] * len(NO_CLICK))  # by `record.NO_CLICK_CODE`


class BadCounts(Exception):
    """This file is no page of counts that this version can read."""


class Totals(msgspec.Struct, frozen=True):
    """Of one slot, over all workers that it has had since the machine booted."""

    slot: int
    connections_open: int
    counters: dict[str, int]
    no_clicks: dict[str, int]  # by reason


class CountsPage:
    """The worker's end."""

    def __init__(self, directory: Path, slot: int) -> None:
        """Goes on from what a former worker of the slot has left. Where there is no room for a page nobody reads it."""
        try:
            self._page = _map(directory / f"worker-{slot}{SUFFIX}")
        except OSError as error:
            _log.error("no metrics of this worker: its page of counts cannot be made", slot=slot, reason=str(error))
            self._page = mmap.mmap(-1, PAGE_BYTES)
        self._slot = slot
        is_ours = self._page[:12] == _HEADER.pack(MAGIC, VERSION, 0, 0)[:12]
        self._before = _VALUES.unpack_from(self._page, _AT) if is_ours else (0,) * (len(_COUNTERS) + len(NO_CLICK))

    def publish(self, counts: Counts) -> None:
        """Once a tick."""
        now = (*(getattr(counts, name) for name in _COUNTERS), *counts.no_clicks)
        totals = (before + since for before, since in zip(self._before, now, strict=True))
        _VALUES.pack_into(self._page, _AT, *totals)
        _HEADER.pack_into(self._page, 0, MAGIC, VERSION, self._slot, counts.connections_open)

    def close(self) -> None:
        self._page.close()


def _map(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        if os.fstat(descriptor).st_size != PAGE_BYTES:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, bytes(PAGE_BYTES), 0)  # written, not truncated: a full tmpfs says so here
        return mmap.mmap(descriptor, PAGE_BYTES)
    finally:
        os.close(descriptor)


def read_totals(path: Path) -> Totals:
    """What the page says. Raises BadCounts, OSError."""
    data = path.read_bytes()
    if len(data) != PAGE_BYTES:
        raise BadCounts(f"{path} has {len(data)} bytes")
    magic, version, slot, connections_open = _HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise BadCounts(f"{path} is no page of counts of version {VERSION}")
    values = _VALUES.unpack_from(data, _AT)
    counters = {name: values[at] for at, name in enumerate(_COUNTERS)}
    no_clicks = {str(reason): count for reason, count in zip(NO_CLICK, values[len(_COUNTERS) :], strict=True)}
    return Totals(slot, connections_open, counters, {reason: count for reason, count in no_clicks.items() if reason})
