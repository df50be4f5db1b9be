"""Garbage collection in processes that run for long: what they keep for good is not looked at again and again."""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (20_000, 20, 100)  # requests and batches leave few cycles behind: look for those rarely


def look_seldom() -> None:
    """To be called when a process starts."""
    gc.set_threshold(*THRESHOLDS)


def settle() -> None:
    """To be called when a process has loaded what it needs: none of that is looked at again."""
    look_seldom()
    gc.collect()
    gc.freeze()
