"""Which conversions count, by the counting rule of their definition.

The earliest in (time, id) order stands, whichever arrived first. *Once per person* is decided within one history. *Once
per click* is not: a forwarded link's click id may be stated by people who have nothing else to do with each other, so
the pass asks for everybody's conversions of a click (`store.claims_on`) before it decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from control.identity.types import History, PersonConversion

Counting = Literal["every", "once_per_person", "once_per_click"]


class ClickKey(NamedTuple):
    """What counts once: a definition's conversions of one click."""

    definition_id: str
    click_id: bytes


class Claim(NamedTuple):
    """A conversion that states a click; the least claim on a key stands. `counted`: as stored until now."""

    time_ms: int
    conversion_id: str
    counted: bool


def click_key(conversion: PersonConversion, rules: Mapping[str, Counting]) -> ClickKey | None:
    """The key that this conversion claims; None where its definition does not count by click, or it names none."""
    if conversion.click_id is None or rules[conversion.definition_id] != "once_per_click":
        return None
    return ClickKey(conversion.definition_id, conversion.click_id)


def not_counted(
    history: History, rules: Mapping[str, Counting], claims: Mapping[ClickKey, Iterable[Claim]]
) -> dict[str, Counting]:
    """The conversions of one person that do not count, by id, with the rule that says so; `rules` by definition id."""
    met: set[str] = set()
    out: dict[str, Counting] = {}
    for conversion in history.conversions:
        rule = rules[conversion.definition_id]
        if rule == "once_per_person":
            stands = conversion.definition_id not in met
        else:
            key = click_key(conversion, rules)
            stands = key is None or min(claims[key]).conversion_id == conversion.id
        if not stands:
            out[conversion.id] = rule
        met.add(conversion.definition_id)
    return out


def overturned(claims: Mapping[ClickKey, Iterable[Claim]], computed: Iterable[str]) -> list[str]:
    """Conversions of other people than those `computed` now, which must be computed anew: whether they count differs
    from what is stored."""
    others: list[str] = []
    known = set(computed)
    for rivals in claims.values():
        standing = min(rivals)
        others += [
            claim.conversion_id
            for claim in rivals
            if claim.counted != (claim is standing) and claim.conversion_id not in known
        ]
    return others
