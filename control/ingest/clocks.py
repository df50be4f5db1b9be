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
        self._same_boot: dict[int, list[ClockSample]] = {}  # by origin, of which a batch has few

    def knows(self, wall_ms: int, boot_ms: int) -> bool:
        """Whether a sample was taken with the wall clock as it was at the record."""
        return any(abs(_origin(sample) - (wall_ms - boot_ms)) <= SAME_ORIGIN_MS for sample in self._samples)

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
        same_boot = self._of_boot(wall_ms - boot_ms)
        if not same_boot:
            return wall_ms + min(self._samples, key=lambda sample: abs(sample.wall_ms - wall_ms)).offset_ms
        return _interpolated(same_boot, boot_ms)

    def _of_boot(self, origin: int) -> list[ClockSample]:
        found = self._same_boot.get(origin)
        if found is None:
            found = [sample for sample in self._samples if abs(_origin(sample) - origin) <= STEP_MAX_MS]
            self._same_boot[origin] = found
        return found


def _origin(sample: ClockSample) -> int:
    return sample.wall_ms - sample.boot_ms


def _at(sample: ClockSample, boot_ms: int) -> int:
    return sample.wall_ms + sample.offset_ms + boot_ms - sample.boot_ms


def _interpolated(samples: list[ClockSample], boot_ms: int) -> int:
    """`samples` are of one boot, in the order of their boot clock."""
    after = bisect_left(samples, boot_ms, key=lambda sample: sample.boot_ms)
    if after == 0:
        return _at(samples[0], boot_ms)
    if after == len(samples):
        return _at(samples[-1], boot_ms)
    low, high = samples[after - 1], samples[after]
    span = high.boot_ms - low.boot_ms
    part = boot_ms - low.boot_ms
    return _at(low, boot_ms) + (_at(high, boot_ms) - _at(low, boot_ms)) * part // span
