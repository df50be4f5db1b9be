"""No edit is missed, whatever the network does (R8): every edge ends with the control plane's rev and content.

Links, domains and keys are made, changed and removed, one at a time and up to 1,000 in a transaction, some through the
API, most by another process through the feed's own functions, while each edge's network is good, bad or cut off by
turns. Then the database is put back to an older copy of itself, edits go on, and all must agree again. What each edge
holds is compared with the control plane's snapshot entry by entry. `make soak` makes 100,000 edits on each engine.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from control.edges.feed import publish, read_state, retract, tip_of
from control.edges.snapshot import snapshot_frames
from control.store.engine import Database
from edge.linkfiles import Position
from shared.wire import DomainEntry, Entry, KeyEntry, LinkEntry, entry_key
from tests.chaos.copies import Database as CopiedDatabase
from tests.chaos.copies import a_database
from tests.chaos.fleet import Edge, fleet, weather
from tests.control.feed import read_snapshot
from tests.support.installation import Installation
from tests.support.processes import wait_until

pytestmark = pytest.mark.chaos

IS_SOAK = bool(os.environ.get("CLICKTRAIL_TEST_SOAK"))
EDITS = 100_000 if IS_SOAK else 3_000
LINKS = 20_000 if IS_SOAK else 2_000  # that there are about all the time; so many that no feed is held back
EDGES = 4 if IS_SOAK else 3
BULK_MOST = 1_000  # edits a transaction
PAUSE_MOST_S = 0.1
AGREED_S = 90.0
REMOVED_SHARE = 0.08
HOST = "go.example.com"
API_EVERY = 12  # transactions


@pytest.fixture(params=["sqlite file", "postgres template"])
def copied(request: pytest.FixtureRequest) -> Generator[CopiedDatabase]:
    with a_database(request.param) as database:
        yield database


class Edits:
    """Makes them, in one database after the other: what was there before is only remembered by number."""

    def __init__(self, made: Installation, seed: int) -> None:
        self._made, self._chance = made, random.Random(seed)
        self.done = self.transactions = 0

    async def make(self, count: int) -> None:
        """At least so many."""
        async with opened(self._made) as database:
            goal = self.done + count
            while self.done < goal:
                await self._one_transaction(database, min(self._size(), goal - self.done))
                if self.transactions % API_EVERY == 0:
                    await asyncio.to_thread(self._by_api)
                await asyncio.sleep(self._chance.uniform(0, PAUSE_MOST_S))

    async def fill(self) -> None:
        """The first links, and what belongs to them."""
        links = [self._link(number) for number in range(LINKS)]
        async with opened(self._made) as database:
            for at in range(0, LINKS, BULK_MOST):
                async with database.transaction() as connection:
                    await publish(connection, [DomainEntry(HOST, bytes(16), bytes(16)), *links[at : at + BULK_MOST]])

    def _size(self) -> int:
        kind = self._chance.random()
        return 1 if kind < 0.7 else self._chance.randint(2, 100) if kind < 0.95 else BULK_MOST

    async def _one_transaction(self, database: Database, size: int) -> None:
        entries = {entry_key(entry): entry for entry in (self._entry() for _ in range(size))}
        removed = [key for key in entries if self._chance.random() < REMOVED_SHARE]
        async with database.transaction() as connection:
            await publish(connection, [entry for key, entry in entries.items() if key not in removed])
            if removed:
                await retract(connection, removed)
        self.done += len(entries)
        self.transactions += 1

    def _entry(self) -> Entry:
        number = self._chance.randrange(LINKS)
        match self._chance.random():
            case kind if kind < 0.02:
                return DomainEntry(f"{number % 50}.example.com", os.urandom(16), bytes(16))
            case kind if kind < 0.04:
                return KeyEntry(f"pk_{number % 50}", os.urandom(16), bytes(16), ("https://shop.example.com",))
            case _:
                return self._link(number)

    def _link(self, number: int) -> LinkEntry:
        slug = f"grüße-{number}" if number % 7 == 0 else f"s{number}"
        return LinkEntry(HOST, slug, number.to_bytes(16, "big"), f"https://shop.example.com/{self._chance.random()}")

    def _by_api(self) -> None:
        """A link of its own: made, changed, and half of the time archived."""
        call, slug = self._made.call, f"api-{self._chance.getrandbits(64):x}"
        link = call("POST", "/links", {"slug": slug, "destination": "https://shop.example.com/"})
        call("PATCH", f"/links/{link['id']}", {"destination": "https://shop.example.com/new"})
        self.done += 2
        if self._chance.random() < 0.5:
            call("DELETE", f"/links/{link['id']}")
            self.done += 1


@asynccontextmanager
async def opened(made: Installation) -> AsyncGenerator[Database]:
    """The installation's database, beside the running control plane."""
    url = made.database.replace("postgresql:", "postgresql+asyncpg:") or f"sqlite+aiosqlite:///{made.sqlite_file}"
    database = await Database.open(url)
    try:
        yield database
    finally:
        await database.close()


async def all_agree(made: Installation, edges: list[Edge]) -> tuple[int, int]:
    """Waits until every edge is where the feed is, then compares everything. Returns rev and number of entries.

    After a restore the same epoch and rev may be those of two histories: the tip tells them apart.
    """
    async with opened(made) as database:
        async with database.reading() as connection:
            state = await read_state(connection)
            expected = Position(state.epoch, state.rev, await tip_of(connection, state.rev))
        for edge in edges:
            await asyncio.to_thread(
                wait_until, lambda edge=edge: edge.position() == expected, what=f"{expected}", timeout_s=AGREED_S
            )
        start, entries = read_snapshot(b"".join([frame async for frame in snapshot_frames(database)]))
    assert Position(start.epoch, start.rev, start.tip) == expected
    for edge in edges:
        assert edge.entries() == entries
        assert edge.position() == expected
    return state.rev, len(entries)


async def test_every_edge_ends_with_the_same_links_also_after_a_restore(
    copied: CopiedDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Installation(tmp_path, copied.url)
    try:
        await asyncio.to_thread(made.start_control)
        await asyncio.to_thread(made.set_up)
        edits = Edits(made, seed=5)
        await edits.fill()
        with fleet(made, EDGES) as edges:
            await all_agree(made, edges)
            with weather(made, edges, seed=1) as cut_offs:
                await edits.make(EDITS * 4 // 10)
                await asyncio.to_thread(copied.copy, made)
                await edits.make(EDITS * 3 // 10)
            lost_rev, entries = await all_agree(made, edges)
            snapshots = sum(edge.snapshots() for edge in edges)

            with weather(made, edges, seed=2) as more_cut_offs:
                await asyncio.to_thread(copied.put_back, made)
                await edits.make(EDITS * 3 // 10)
            rev, entries_after = await all_agree(made, edges)
            taken_after = sum(edge.snapshots() for edge in edges) - snapshots
            cuts, repeats = (sum(getattr(edge.network, name) for edge in edges) for name in ("cuts", "repeats"))
            with capsys.disabled():
                print(
                    f"\n  {edits.done} edits in {edits.transactions} transactions, {EDGES} edges,"
                    f" {len(cut_offs) + len(more_cut_offs)} times cut off, {cuts} cuts, {repeats} connections repeated:"
                    f" all agree on rev {lost_rev} and {entries} entries; put back, on rev {rev} and {entries_after},"
                    f" with {taken_after} snapshots",
                    end="",
                )
        assert cuts > EDGES
        assert repeats > EDGES
        assert len(cut_offs) > EDGES
        assert taken_after >= EDGES
    finally:
        if made.control is not None:
            made.control.kill_group()
