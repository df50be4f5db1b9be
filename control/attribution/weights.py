"""The rule-based models: what a touch weighs, in integers.

Each function takes a path of n ≥ 1 touches, earliest first, and returns n weights ≥ 0 that are not all zero. Only their
proportions matter; `split` turns them into credits. Every weight and every intermediate product fits 64 bits signed, so
that SQL engines agree (`sql/`).

Touch 1 is the earliest, touch n the latest. `o` is the number of touches that have no role of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from control.attribution.decay import half_power
from shared.clock import DAY_MS

HALF_LIFE_MS = 7 * DAY_MS
POSITION_SHARES = (40, 40, 20)  # percent for the first touch, the last, and those between together

_W_ROLE = 30  # percent each for first, milestone and last
_W_PAIR = 45  # percent each for first and last where there is no milestone
_W_OTHERS = 10  # percent for all other touches together


def first(touches: int) -> list[int]:
    """All to the earliest touch."""
    return [1] + [0] * (touches - 1)


def last(touches: int) -> list[int]:
    """All to the latest touch."""
    return [0] * (touches - 1) + [1]


def last_non_direct(channels: Sequence[str]) -> list[int]:
    """All to the latest touch that is not a direct visit; to the latest of all if each of them is."""
    latest = max((at for at, channel in enumerate(channels) if channel != "direct"), default=len(channels) - 1)
    return [int(at == latest) for at in range(len(channels))]


def linear(touches: int) -> list[int]:
    """The same to each."""
    return [1] * touches


def time_decay(ages_ms: Sequence[int], half_life_ms: int = HALF_LIFE_MS) -> list[int]:
    """2^(−Δ/H), where Δ is how much earlier than the last touch this one was; the last weighs 2³⁰."""
    youngest = ages_ms[-1]
    return [half_power(age - youngest, half_life_ms) for age in ages_ms]


def position(touches: int, shares: tuple[int, int, int] = POSITION_SHARES) -> list[int]:
    """U-shaped: fixed percents to the first and the last touch, the rest evenly to those between."""
    of_first, of_last, of_others = shares
    if touches == 1:
        return [1]
    if touches == 2:
        return [of_first, of_last] if of_first + of_last else [1, 1]
    others = touches - 2
    return [of_first * others] + [of_others] * others + [of_last * others]


def w_shaped(touches: int, milestone: int | None) -> list[int]:
    """First, milestone and last touch 30 % each, the others 10 % together; one touch in several roles gets their sum.

    `milestone` is the index (from 0) of the last touch at or before the person's milestone event; None without one,
    where first and last take 45 % each.
    """
    roles = [0, touches - 1] if milestone is None else [0, milestone, touches - 1]
    others = touches - len(set(roles))
    of_role = 1 if not others else (_W_PAIR if milestone is None else _W_ROLE) * others
    return [roles.count(at) * of_role or _W_OTHERS for at in range(touches)]
