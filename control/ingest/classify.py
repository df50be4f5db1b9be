"""What kind of hit a request was, and why: the class decides whether it counts, the reason explains it."""

from __future__ import annotations

from typing import Literal

from shared.wire import NoClick

HitClass = Literal["human", "bot", "prefetch", "preview", "duplicate", "internal", "head"]

ACTIVATED = "activated"  # the reason of a prefetch that became a click


def classify(no_click: NoClick, robot: str) -> tuple[HitClass, str]:
    """Class and reason of a hit whose User-Agent belongs to `robot` (empty: a browser's).

    What the edge saw of the request itself goes first, but for a prefetch: a robot never follows it up.
    """
    match no_click:
        case "head" | "preview":
            return no_click, f"bot:{robot}" if robot else no_click
        case "scanner" | "honeypot":
            return "bot", no_click
        case "prefetch" if not robot:
            return "prefetch", no_click
        case _:
            return ("bot", f"bot:{robot}") if robot else ("human", "")
