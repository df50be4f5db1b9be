"""Which conversions count, by the counting rule of their definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from control.identity.types import PersonConversion

Counting = Literal["every", "once_per_person", "once_per_click"]


def superseded(conversions: Iterable[PersonConversion], rules: Mapping[str, Counting]) -> dict[str, Counting]:
    """The conversions of one person that do not count, by id, with the rule that says so.

    `conversions` are in (time, id) order, so the earliest of a kind stands, whichever arrived first; `rules` are by
    definition id.
    """
    standing: set[tuple[str, bytes | None]] = set()
    out: dict[str, Counting] = {}
    for conversion in conversions:
        rule = rules[conversion.definition_id]
        if rule == "every" or (rule == "once_per_click" and conversion.click_id is None):
            continue
        kind = (conversion.definition_id, conversion.click_id if rule == "once_per_click" else None)
        if kind in standing:
            out[conversion.id] = rule
        standing.add(kind)
    return out
