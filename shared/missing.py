"""A program that was installed without what it needs says so in a sentence."""

from __future__ import annotations

import sys
from typing import Final

USAGE_ERROR: Final = 2  # the exit code of everything that the person who started the program can put right
_OURS = ("control", "edge", "shared")


def explain(missing: ModuleNotFoundError, program: str, advice: str) -> int:
    """Says which library is missing and what to do. Returns the exit code; raises `missing` for a module of ours."""
    if missing.name is None or missing.name.partition(".")[0] in _OURS:
        raise missing
    print(f"{program}: {missing.name} is missing: {advice}", file=sys.stderr)
    return USAGE_ERROR
