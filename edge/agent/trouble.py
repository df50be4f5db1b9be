"""A stream that the control plane cannot store, and what is done so that it holds up no other.

A server error that comes again and again for the same records may come from one of them. So the batch is halved until
a single record stands alone; where that fails `ALONE_TRIES` times, the stream rests between attempts, longer each
time up to `REST_MOST_S`, and the others are shipped meanwhile. Nothing is given up: whoever repairs the control plane
gets the record. 502, 503 and 504 say that nobody looked at the records, and are no reason.
"""

from __future__ import annotations

import random
from typing import Final

ALONE_TRIES: Final = 3  # a control plane that fails now and then is no reason to rest
GROWTH: Final = 4  # of the batch, when one has arrived
REST_FIRST_S: Final = 5.0
REST_MOST_S: Final = 60.0
_NOBODY_LOOKED: Final = (502, 503, 504)


def is_server_error(status: int) -> bool:
    """Whether the control plane failed at what it was sent."""
    return 500 <= status <= 599 and status not in _NOBODY_LOOKED


class Trouble:
    """Of one stream. `most_records` is how many its next batch may have."""

    def __init__(self, most_records: int) -> None:
        self._usual = self.most_records = most_records
        self._alone = 0
        self._rest_s = REST_FIRST_S
        self._until = 0.0

    def failed(self, records: int, now: float) -> bool:
        """A batch of so many records failed. True when the stream rests now."""
        if records > 1:
            self.most_records = max(1, records // 2)
            return False
        self._alone += 1
        if self._alone < ALONE_TRIES:
            return False
        self.rest(now)
        return True

    def rest(self, now: float) -> None:
        self._until = now + self._rest_s * random.uniform(0.5, 1.0)
        self._rest_s = min(REST_MOST_S, self._rest_s * 2)

    def worked(self) -> bool:
        """A batch arrived. True when nothing is left of the trouble."""
        self.most_records = min(self._usual, self.most_records * GROWTH)
        self._alone, self._until, self._rest_s = 0, 0.0, REST_FIRST_S
        return self.most_records == self._usual

    def rests_s(self, now: float) -> float:
        """How long the stream is still to be left alone."""
        return max(0.0, self._until - now)
