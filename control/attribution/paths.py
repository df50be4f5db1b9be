"""Which touches of a person may earn a conversion, and why the others may not."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from control.identity.types import Touch


class Path(NamedTuple):
    """The touches of a conversion in order of (time, touch id), and those that its window leaves out."""

    touches: tuple[Touch, ...]
    before_window: tuple[Touch, ...]
    after_conversion: tuple[Touch, ...]


def path_of(touches: Sequence[Touch], conversion_ms: int, window_ms: int) -> Path:
    """Cut a person's touches, which are in (time, id) order, to those with 0 ≤ age < `window_ms`."""
    start = bisect_right(touches, conversion_ms - window_ms, key=_time_of)
    end = bisect_right(touches, conversion_ms, key=_time_of)
    return Path(tuple(touches[start:end]), tuple(touches[:start]), tuple(touches[end:]))


def _time_of(touch: Touch) -> int:
    return touch.time_ms
