"""What this machine's clock is off by, seen from the control plane.

An exchange that left at wall time *w* and took *r* milliseconds met the control plane's clock at about *w + r/2*; the
error is at most *r/2* (Cristian, "Probabilistic clock synchronization", 1989). Of each period the sample with the
shortest round trip is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from shared.clock import boot_ms, wall_ms
from shared.wire import ClockSample

PERIOD_MS: Final = 10_000
KEPT: Final = 8


class ClockSamples:
    """The best samples of the last periods."""

    def __init__(self) -> None:
        self._samples: deque[ClockSample] = deque(maxlen=KEPT)

    def begin(self) -> Callable[[int], None]:
        """Call when a request leaves; call the result with the answer's `server_ms` when it has come."""
        sent_wall_ms, sent_boot_ms = wall_ms(), boot_ms()

        def answered(server_ms: int) -> None:
            round_trip_ms = boot_ms() - sent_boot_ms
            offset_ms = server_ms - (sent_wall_ms + round_trip_ms // 2)
            self.add(ClockSample(sent_wall_ms, sent_boot_ms, offset_ms, round_trip_ms))

        return answered

    def add(self, sample: ClockSample) -> None:
        last = self._samples[-1] if self._samples else None
        if last is not None and sample.boot_ms - last.boot_ms < PERIOD_MS:
            if sample.round_trip_ms > last.round_trip_ms:
                return
            self._samples.pop()
        self._samples.append(sample)

    def recent(self) -> list[ClockSample]:
        """Newest last."""
        return list(self._samples)
