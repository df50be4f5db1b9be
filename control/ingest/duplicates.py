"""Duplicates: which human clicks only repeat the one before.

A *chain* is the human clicks of one visitor hash on one link in (time, id) order. A click of it is a duplicate when it
is *tied* to its predecessor, the click right before it in the chain: at most 10 s later, and nothing says that two
people were at work (both had the short host's cookie, and not the same; both landed, and with different visitor ids).
A duplicate is an alias of the last click before it that isn't one. So every verdict depends on the set of clicks and
landings alone, never on the order of their arrival, and what arrives late changes little:

- a click that joins a chain decides about itself and about its successor;
- a landing decides about its click and about that click's successor;
- where a stored click's verdict changes, it and the aliases behind it *move* to another first click.

Around midnight a chain goes on under a second hash (see `visitors`); clicks in the first seconds of a day stand in
both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from control.ingest.visitors import DUPLICATE_GAP_MS


class Position(NamedTuple):
    """Where a click stands in its chain."""

    time_ms: int
    id: bytes


@dataclass(slots=True)
class ChainClick:
    """What a verdict depends on."""

    id: bytes
    link_id: str
    time_ms: int
    visitor_hash: bytes
    visitor_hash_before: bytes | None
    visitor: bytes | None
    landed: frozenset[bytes] = frozenset()  # visitor ids that it landed with
    alias_of: bytes | None = None  # of a stored duplicate

    @property
    def position(self) -> Position:
        return Position(self.time_ms, self.id)


class Move(NamedTuple):
    """Stored aliases of `old` that stand after `after` become aliases of `new`. Moves apply in their order."""

    old: bytes
    after: Position
    new: bytes


@dataclass(slots=True)
class Verdicts:
    """`alias_of` has every judged click; None: it is none's duplicate."""

    alias_of: dict[bytes, bytes | None] = field(default_factory=dict[bytes, "bytes | None"])
    moves: list[Move] = field(default_factory=list[Move])


def judge(joining: Sequence[ChainClick], reconsidered: Sequence[ChainClick], stored: Iterable[ChainClick]) -> Verdicts:
    """Verdicts on `joining` (clicks that stood in no chain), `reconsidered` (stored clicks that landed anew) and their
    successors. `stored` must have the predecessor and the successor of each, as far as they are near enough to be tied:
    so two clicks that are near and next to each other here are so in truth, and of others nothing can be said."""
    deciding = {click.id for click in (*joining, *reconsidered)}
    new = {click.id for click in joining}
    members = {click.id: click for click in (*stored, *reconsidered, *joining)}
    verdicts = Verdicts()
    for chain in _chains(members.values()):
        _judge_chain(chain, deciding, new, verdicts)
    return verdicts


def is_tied(before: ChainClick, after: ChainClick) -> bool:
    """Whether `after` is a duplicate of the click right before it."""
    if not _is_near(before, after):
        return False
    if before.visitor and after.visitor and before.visitor != after.visitor:
        return False
    return not (before.landed and after.landed and before.landed.isdisjoint(after.landed))


def _is_near(before: ChainClick, after: ChainClick) -> bool:
    return after.time_ms - before.time_ms <= DUPLICATE_GAP_MS


def _judge_chain(chain: Sequence[ChainClick], deciding: set[bytes], new: set[bytes], verdicts: Verdicts) -> None:
    moves: list[Move] = []
    before: ChainClick | None = None
    for click in chain:
        if click.id in deciding or (before is not None and before.id in deciding and _is_near(before, click)):
            tied = before is not None and is_tied(before, click)
            first = _first(before, moves, verdicts) if before is not None and tied else click.id
            if click.id not in new:
                standing = _first(click, moves, verdicts)
                if standing != first:
                    moves.append(Move(standing, click.position, first))
            verdicts.alias_of[click.id] = None if first == click.id else first
        before = click
    verdicts.moves.extend(moves)


def _first(click: ChainClick, moves: Sequence[Move], verdicts: Verdicts) -> bytes:
    """The first click of the chain's run that `click` is in, as things stand after `moves`."""
    if click.id in verdicts.alias_of:
        return verdicts.alias_of[click.id] or click.id
    if click.alias_of is None:
        return click.id
    first = click.alias_of
    for move in moves:
        if first == move.old and click.position > move.after:
            first = move.new
    return first


def _chains(clicks: Iterable[ChainClick]) -> list[list[ChainClick]]:
    """Clicks by chain, each in order. A hash under yesterday's key leads to the chain of that day's clicks."""
    chains: defaultdict[tuple[str, bytes], list[ChainClick]] = defaultdict(list)
    clicks = list(clicks)
    today_of = {
        (click.link_id, click.visitor_hash_before): click.visitor_hash for click in clicks if click.visitor_hash_before
    }
    for click in clicks:
        name = click.link_id, click.visitor_hash
        chains[click.link_id, today_of.get(name, click.visitor_hash)].append(click)
    return [sorted(chain, key=lambda click: click.position) for chain in chains.values()]
