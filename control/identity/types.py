"""The words of identity: identifiers, observations, people, and the history from which a person's credits follow.

A pass over thirty thousand people holds half a million of these, so they are structs that the garbage collector need
not look at: it took a third of the time when they were tuples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Literal

import msgspec

from shared import click_id

Kind = Literal["click", "conversion", "customer", "email", "recipient", "visitor"]
"""`conversion` stands only for a conversion that has no identifier: it is its own person and is never observed."""

Source = Literal["landing", "identify", "event", "server", "user"]
"""Who stated an observation: the snippet's three beacons, a server's report, or a user of the dashboard."""


class Identifier(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """Something a person is known by. Click and visitor ids are 22 characters, a customer is `namespace:id`."""

    kind: Kind
    value: str

    def __iter__(self) -> Iterator[str]:
        """Kind and value, to unpack."""
        yield self.kind
        yield self.value


class Observation(msgspec.Struct, frozen=True, order=True, array_like=True, gc=False):
    """At `time_ms`, `source` stated that `a` and `b` are one person. The order of the two means nothing."""

    a: Identifier
    b: Identifier
    time_ms: int
    source: Source


def click(raw: bytes) -> Identifier:
    """The identifier of a click id's 16 bytes."""
    return Identifier("click", click_id.encode(raw))


def visitor(raw: bytes) -> Identifier:
    """The identifier of a visitor id's 16 bytes."""
    return Identifier("visitor", click_id.encode(raw))


def stated_together(identifiers: Iterable[Identifier], time_ms: int, source: Source) -> list[Observation]:
    """What one report states that names several identifiers: every two of them belong together."""
    return [Observation(a, b, time_ms, source) for a, b in combinations(sorted(set(identifiers)), 2)]


class Join(msgspec.Struct, frozen=True, gc=False):
    """The observation that brought two groups of identifiers together, as the explanation of a credit shows it."""

    a: Identifier
    b: Identifier
    time_ms: int
    source: Source


class Span(msgspec.Struct, frozen=True, gc=False):
    """The time in which a visitor that several customers used belongs to this person: after `after_ms` (None: since
    ever) up to and including `until_ms` (None: for ever)."""

    visitor: Identifier
    after_ms: int | None
    until_ms: int | None


class Person(msgspec.Struct, frozen=True, gc=False):
    """One component of the observations. `identifiers` are wholly this person's; a cut visitor is in `spans` only."""

    id: str  # per_…
    identifiers: tuple[Identifier, ...]
    joins: tuple[Join, ...] = ()
    spans: tuple[Span, ...] = ()


TouchKind = Literal["click", "visit"]


class Touch(msgspec.Struct, frozen=True, gc=False):
    """Something that can earn credit."""

    kind: TouchKind
    id: bytes  # click id, or the landing's id of a visit
    time_ms: int
    link_id: str | None
    campaign_id: str | None
    channel: str


class ExcludedTouch(msgspec.Struct, frozen=True, gc=False):
    """What was considered and is no touch. `reason`: `bot:…`, `prefetch`, `preview`, `head`, `duplicate`, `internal`,
    `ignored_referrer`."""

    kind: TouchKind
    id: bytes
    time_ms: int
    link_id: str | None
    campaign_id: str | None
    channel: str
    reason: str


class Refund(msgspec.Struct, frozen=True, gc=False):
    """`amount` in minor units of the conversion's currency; None: all that is left."""

    id: str
    time_ms: int
    amount: int | None


class PersonConversion(msgspec.Struct, frozen=True, gc=False):
    """A conversion as its person's history has it, refunds in (time, id) order."""

    id: str
    definition_id: str
    name: str
    time_ms: int  # never earlier than the click that it states
    received_ms: int
    click_id: bytes | None  # as stated; of a duplicate, its chain's first click
    amount: int | None
    currency: str | None
    order_id: str
    source: str
    refunds: tuple[Refund, ...] = ()


class History(msgspec.Struct, frozen=True, gc=False):
    """All that a person's credits follow from; each list in (time, id) order."""

    person_id: str
    identifiers: tuple[Identifier, ...]
    joins: tuple[Join, ...]
    spans: tuple[Span, ...]
    touches: tuple[Touch, ...]
    excluded: tuple[ExcludedTouch, ...]
    conversions: tuple[PersonConversion, ...]
