"""Everybody whom a change can concern: a search from the identifiers that it names, breadth first.

The search follows observations, the chains of duplicate clicks, and the index of people as the last pass left it. The
last one matters where a join has gone: an identifier that has become shared leads to no one any more, yet the people
whom it joined until now must be computed anew as well. A shared identifier is met, never passed through, so that a
forwarded newsletter stays as cheap as any other.

What comes out is closed: `resolve` over it says of everybody in it what it would say over all observations.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from control.identity import store, types
from control.identity.resolve import SHARED_ABOVE, People, resolve
from control.identity.types import Identifier, Observation


class Closure:
    """What the search has found."""

    def __init__(self, connection: AsyncConnection, workspace_id: str) -> None:
        self._connection = connection
        self._workspace_id = workspace_id
        self._passed: set[Identifier] = set()  # whose observations are all here
        self.identifiers: set[Identifier] = set()
        self.shared: set[Identifier] = set()
        self.observations: set[Observation] = set()
        self.clicks: dict[Identifier, store.ClickRow] = {}
        self.aliases: dict[Identifier, Identifier] = {}  # duplicate click → its chain's first
        self.indexed: dict[Identifier, str] = {}  # the person of each, as the index has it

    def people(self) -> People:
        """The people whom the found observations make."""
        return resolve(
            self._workspace_id,
            self.observations,
            alone=self.identifiers,
            aliases=self.aliases,
            shared=self.shared,
        )

    async def reach(self, identifiers: Iterable[Identifier]) -> None:
        """Add these and everybody reached from them."""
        frontier = set(identifiers) - self.identifiers
        while frontier:
            self.identifiers |= frontier
            frontier = await self._neighbours(frontier) - self.identifiers

    async def _neighbours(self, frontier: set[Identifier]) -> set[Identifier]:
        connection, workspace_id = self._connection, self._workspace_id
        shared = await store.met_by_more_than(connection, workspace_id, frontier, SHARED_ABOVE)
        observations = await store.observations_of(connection, workspace_id, frontier - shared, self._passed)
        indexed = await store.indexed_with(connection, workspace_id, frontier - self.indexed.keys())
        self._passed |= frontier - shared
        self.shared |= shared
        self.observations |= observations
        self.indexed |= indexed
        ends = {end for one in observations for end in (one.a, one.b)}
        return ends | indexed.keys() | await self._duplicates(frontier)

    async def _duplicates(self, frontier: set[Identifier]) -> set[Identifier]:
        """The clicks that one of these stands for, or that stand for it."""
        rows = await store.clicks_by_id(self._connection, self._workspace_id, store.raw_ids(frontier, "click"))
        met: set[Identifier] = set()
        for row in rows:
            click = types.click(row.id)
            self.clicks[click] = row
            if row.alias_of is not None:
                self.aliases[click] = types.click(row.alias_of)
                met |= {click, self.aliases[click]}
        return met
