"""A conversion's state in the live ledger, and why one state follows another.

Each conversion has exactly one open version: who its person is, which touches its path holds, what it is worth and
whether it counts. Credits are a function of that state alone, so equal states need no new version. A version's reason
is the first of these that its difference from the version before can be explained by:

1. `window_changed`, `definition_changed`: the definition's attribution window, or anything else in it;
2. `superseded`: it began or ceased to count, because another conversion stands or no longer stands before it;
3. `identity_split`, `identity_merged`, `reclassified`: its path has other touches or it is another person's, and such
   a fact was marked; without a mark, `identity_merged` where only the person differs,
4. else `late_click`;
5. `late_conversion`: its time, amount or currency differ, since another report of it arrived;
6. `refund`.

The first version's reason is `recorded`.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

from control.attribution.models import MODELS, Model, TouchShare, shares
from control.identity.types import Touch

Reason = Literal[
    "recorded",
    "window_changed",
    "definition_changed",
    "superseded",
    "identity_split",
    "identity_merged",
    "reclassified",
    "late_click",
    "late_conversion",
    "refund",
]

_MARKED_REASONS: tuple[Reason, ...] = ("identity_split", "identity_merged", "reclassified")


class State(NamedTuple):
    """What a ledger version says of its conversion. Amounts in minor units of `currency`."""

    person_id: str
    definition_version: int
    window_ms: int
    time_ms: int
    name: str
    counted: bool
    amount: int | None
    refunded: int
    fully_refunded: bool
    currency: str | None
    path: tuple[Touch, ...]


def credits_of(state: State) -> list[tuple[Model, list[TouchShare]]]:
    """Every model's shares of the state's path, earliest touch first; nothing for an empty path.

    A conversion that does not count keeps its path and weights, and gives each touch nothing.
    """
    if not state.path:
        return []
    ages_ms = [state.time_ms - touch.time_ms for touch in state.path]
    net = None if state.amount is None else state.amount - state.refunded
    credited = [(model, shares(model, ages_ms, state.amount, net)) for model in MODELS]
    return credited if state.counted else [(model, list(map(_withheld, given))) for model, given in credited]


def reason_of(before: State | None, after: State, marked: AbstractSet[str]) -> Reason:
    """Why `after` follows `before`; `marked` are the reasons for which the person was computed anew."""
    if before is None:
        return "recorded"
    if before.window_ms != after.window_ms:
        return "window_changed"
    if before.definition_version != after.definition_version:
        return "definition_changed"
    if before.counted != after.counted:
        return "superseded"
    if before.path != after.path or before.person_id != after.person_id:
        for reason in _MARKED_REASONS:
            if reason in marked:
                return reason
        return "identity_merged" if before.path == after.path else "late_click"
    return "refund" if _worth(before) == _worth(after) else "late_conversion"


def _worth(state: State) -> tuple[int, int | None, str | None]:
    return state.time_ms, state.amount, state.currency


def _withheld(share: TouchShare) -> TouchShare:
    nothing = None if share.value is None else 0
    return TouchShare(share.weight, 0, nothing, nothing)
