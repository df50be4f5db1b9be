"""Which of a link's destinations a visitor gets: the first rule whose conditions all hold, and one of its arms.

Pure: a visitor and a time go in, a target comes out. What can be made ready when the link is read is made ready then;
what must be asked of a visitor is asked when a rule's turn comes, cheapest first.

Of several arms each visitor is drawn one, with nothing stored: every arm gets a number from a hash of the link, the
arm and the visitor, uniform in (0, 1], and −ln(number) / weight is the moment at which it rings; the first to ring is
served. That is a race of exponential clocks, so an arm wins with its weight's share, and it is rendezvous hashing with
weights (Schindelhauer and Schomaker, 2005): when one arm's weight changes, arrives or is withdrawn, only its own moment
moves, so visitors go to it or leave it and nobody else changes places. Arm numbers are the link's for good, which keeps
visitors where they are also when rules are put into another order.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from math import inf, log
from sys import intern

from edge.carriers import Target
from edge.visitors import Visitor
from shared import wire

ARM_MAX = 65_535  # what a record can say
_ARMS_A_BLOCK = 8
_numbers_in = struct.Struct(f"<{_ARMS_A_BLOCK}Q").unpack
_SURPLUS_BITS = 64 - 53  # of a number, beyond what a float's fraction holds
_UNIT = 1 / (1 << 53)
_FOREVER_MS = 1 << 63


class Rules:
    """A link's rules, compiled."""

    __slots__ = ("_rules",)

    def __init__(self, rules: Sequence[wire.Rule], link_id: bytes, query_name: str) -> None:
        compiled = (_Rule(rule, link_id, query_name) for rule in rules)
        self._rules = tuple(rule for rule in compiled if rule.arms)

    @property
    def arms(self) -> int:
        """How many there are in all."""
        return sum(rule.arms for rule in self._rules)

    def targets(self) -> Iterator[Target]:
        """Every arm's."""
        return (target for rule in self._rules for target in rule.targets())

    def decide(self, visitor: Visitor, time_ms: int) -> Target | None:
        """Where this visitor goes at `time_ms` (Unix milliseconds); None: to the link's own destination."""
        for rule in self._rules:
            if rule.holds(visitor, time_ms):
                return rule.draw(visitor)
        return None


class _Rule:
    __slots__ = ("_blocks", "_countries", "_devices", "_from_ms", "_languages", "_link_id", "_systems", "_until_ms")

    def __init__(self, rule: wire.Rule, link_id: bytes, query_name: str) -> None:
        self._link_id = link_id
        self._blocks = _in_blocks(
            (Target(arm.number, arm.destination, query_name, arm.carry, arm.carry_without_cookie), arm.weight)
            for arm in rule.arms
            if 0 < arm.number <= ARM_MAX and arm.weight > 0
        )
        self._countries = frozenset(map(intern, rule.countries))  # a decoded message has a copy of each
        self._devices = frozenset(rule.devices)
        self._systems = frozenset(rule.systems)
        self._languages = tuple(language.lower() + "-" for language in rule.languages)
        self._from_ms = rule.from_ms
        self._until_ms = rule.until_ms or _FOREVER_MS

    @property
    def arms(self) -> int:
        """How many there are that can be served."""
        return sum(len(arms) for _, arms in self._blocks)

    def targets(self) -> Iterator[Target]:
        return (target for _, arms in self._blocks for _, _, target in arms)

    def holds(self, visitor: Visitor, time_ms: int) -> bool:
        return (
            self._from_ms <= time_ms < self._until_ms
            and (not self._countries or visitor.country in self._countries)
            and (not self._devices or visitor.device in self._devices)
            and (not self._systems or visitor.system in self._systems)
            and (not self._languages or any(tag.startswith(self._languages) for tag in visitor.languages))
        )

    def draw(self, visitor: Visitor) -> Target:
        """The visitor's arm. Arms of a block share one digest of eight numbers."""
        drawn = self._blocks[0][1][0][2]
        if len(self._blocks) == len(self._blocks[0][1]) == 1:
            return drawn
        soonest = inf
        sticky_key = visitor.sticky_key
        for block, arms in self._blocks:
            numbers = _numbers_in(blake2b(sticky_key, salt=self._link_id, person=block).digest())
            for at, weight, target in arms:
                moment = -log(((numbers[at] >> _SURPLUS_BITS) + 1) * _UNIT) / weight
                if moment < soonest:
                    soonest, drawn = moment, target
        return drawn


_Block = tuple[bytes, list[tuple[int, int, Target]]]  # its name, and each arm's place in it, weight and target


def _in_blocks(arms: Iterable[tuple[Target, int]]) -> list[_Block]:
    """Arms by the block that their number falls into. Numbers of a rule mostly follow each other, so blocks are few."""
    blocks: dict[int, list[tuple[int, int, Target]]] = {}
    for target, weight in arms:
        block, at = divmod(target.number, _ARMS_A_BLOCK)
        blocks.setdefault(block, []).append((at, weight, target))
    return [(block.to_bytes(2, "big"), found) for block, found in blocks.items()]
