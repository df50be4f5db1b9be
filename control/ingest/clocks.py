"""Correcting an edge's clock.

A record carries the edge's wall clock, which may be wrong and may step, and its time since boot, which only ever goes
on. The agent measures at every exchange how far the wall clock is from the control plane's: a *sample*. A sample and a
record of one boot are tied together by the boot clock alone, so neither a wrong wall clock nor a step between the two
matters:

    corrected = sample.wall + sample.offset + (record.boot − sample.boot)

Between two samples the result is interpolated (crystals drift). Which samples are of the record's boot is told by the
*origin*, wall − boot: constant but for steps while a machine runs, and elsewhere after a reboot. Samples
whose origin lies within STEP_MAX_MS of the record's are of its boot; with none there, the record was written before a
reboot whose samples are lost, and it gets the offset of the sample nearest by wall clock.

Whatever comes out later than the receipt is the receipt (nobody clicks in the future), and so is what comes out
absurdly early. RELIABILITY's bound is a skew of ±10 minutes and steps back; larger ones are corrected too as long as a
sample was taken after them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from shared.clock import DAY_MS, MINUTE_MS, SECOND_MS
from shared.wire import ClockSample

STEP_MAX_MS = 15 * MINUTE_MS
SAME_ORIGIN_MS = 2 * SECOND_MS  # origins this near have no step between them
ROUND_TRIP_MAX_MS = 5 * SECOND_MS  # a slower exchange says too little about the offset
OLDEST_MS = 400 * DAY_MS


class Clock:
    """Corrects the times of one edge's records from its samples, in any order."""

    def __init__(self, samples: Sequence[ClockSample], received_ms: int) -> None:
        quick = [sample for sample in samples if 0 <= sample.round_trip_ms <= ROUND_TRIP_MAX_MS]
        self._samples = sorted(quick or samples, key=lambda sample: sample.boot_ms)
        self._received_ms = received_ms
        self._same_boot: dict[int, _Line] = {}  # by origin, of which a batch has few

    def knows(self, origin: int) -> bool:
        """Whether a sample was taken with the wall clock as it was at a record of that origin."""
        return any(abs(_origin(sample) - origin) <= SAME_ORIGIN_MS for sample in self._samples)

    def corrected(self, wall_ms: int, boot_ms: int) -> int:
        """The control plane's time (Unix ms) at a record's two clocks."""
        time_ms = self._estimate(wall_ms, boot_ms)
        oldest_ms = self._received_ms - OLDEST_MS
        return time_ms if oldest_ms <= time_ms <= self._received_ms else self._received_ms

    def of_wall(self, wall_ms: int) -> int:
        """The control plane's time at a wall time of which no boot time is known, by the newest sample."""
        newest = max(self._samples, key=lambda sample: sample.boot_ms, default=None)
        return wall_ms if newest is None else wall_ms + newest.offset_ms

    def _estimate(self, wall_ms: int, boot_ms: int) -> int:
        if not self._samples:
            return wall_ms
        line = self._of_boot(wall_ms - boot_ms)
        if not line.boots_ms:
            return wall_ms + min(self._samples, key=lambda sample: abs(sample.wall_ms - wall_ms)).offset_ms
        return line.at(boot_ms)

    def _of_boot(self, origin: int) -> _Line:
        found = self._same_boot.get(origin)
        if found is None:
            same = [sample for sample in self._samples if abs(_origin(sample) - origin) <= STEP_MAX_MS]
            found = _Line([one.boot_ms for one in same], [one.wall_ms + one.offset_ms for one in same])
            self._same_boot[origin] = found
        return found


class _Line(NamedTuple):
    """The control plane's time over the boot clock of one boot, ascending: exact at samples, interpolated between."""

    boots_ms: list[int]
    times_ms: list[int]

    def at(self, boot_ms: int) -> int:
        boots_ms, times_ms = self
        after = bisect_left(boots_ms, boot_ms)
        if after == 0 or after == len(boots_ms):
            nearest = min(after, len(boots_ms) - 1)
            return times_ms[nearest] + boot_ms - boots_ms[nearest]
        low_ms, high_ms = times_ms[after - 1], times_ms[after]
        span = boots_ms[after] - boots_ms[after - 1]
        return low_ms + (high_ms - low_ms) * (boot_ms - boots_ms[after - 1]) // span


def _origin(sample: ClockSample) -> int:
    return sample.wall_ms - sample.boot_ms
