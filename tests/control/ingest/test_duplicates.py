"""Duplicates are a function of the set of clicks and landings: any order of arrival gives the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from control.ingest.batches import store_batch
from control.ingest.duplicates import ChainClick, Move, is_tied, judge
from control.ingest.visitors import DUPLICATE_GAP_MS, SLOT_MS
from control.services import Services
from control.store.schema import click_rollups, dirty_identifiers, observations
from control.store.schema import clicks as clicks_table
from control.store.schema import landings as landings_table
from shared.clock import DAY_MS, wall_ms
from shared.wire import ClickRecord, Record
from tests.control.ingest.builders import (
    ADDRESS,
    Shop,
    Stream,
    a_batch,
    a_click,
    a_landing,
    click_classes,
    counted_clicks,
    rollup_counts,
)

MIDNIGHT_MS = wall_ms() // DAY_MS * DAY_MS - 2 * DAY_MS


# --- the rule itself ---

VISITORS = (b"ada", b"bob")


def judged_as_a_whole(clicks: Sequence[ChainClick]) -> dict[bytes, bytes | None]:
    """The definition, read word by word: each click of a chain against the one right before it."""
    verdicts: dict[bytes, bytes | None] = {}
    ordered = sorted(clicks, key=lambda click: click.position)
    for at, click in enumerate(ordered):
        before = ordered[at - 1] if at else None
        tied = before is not None and is_tied(before, click)
        verdicts[click.id] = (verdicts[before.id] or before.id) if before is not None and tied else None
    return verdicts


class Chain:
    """What a store does with verdicts, in memory."""

    def __init__(self) -> None:
        self.clicks: dict[bytes, ChainClick] = {}

    def add(self, joining: Sequence[ChainClick], reconsidered: Sequence[ChainClick] = ()) -> None:
        ids = {click.id for click in (*joining, *reconsidered)}
        judged = sorted({**self.clicks, **{one.id: one for one in joining}}.values(), key=lambda one: one.position)
        around: dict[bytes, ChainClick] = {}
        stored = [one for one in judged if one.id in self.clicks]
        for one in (*joining, *reconsidered):
            near = [other for other in stored if abs(other.time_ms - one.time_ms) <= DUPLICATE_GAP_MS]
            before = [other for other in near if other.position < one.position]
            after = [other for other in near if other.position > one.position]
            around.update({other.id: other for other in (*before[-1:], *after[:1]) if other.id not in ids})
        verdicts = judge(joining, reconsidered, list(around.values()))
        for move in verdicts.moves:
            self._move(move)
        self.clicks.update({click.id: click for click in joining})
        for raw, alias_of in verdicts.alias_of.items():
            self.clicks[raw].alias_of = alias_of

    def _move(self, move: Move) -> None:
        for click in self.clicks.values():
            if click.alias_of == move.old and click.position > move.after:
                click.alias_of = move.new


Described = tuple[int, bytes | None, bytes | None]  # second, the short host's cookie, visitor id it lands with

described_clicks: st.SearchStrategy[list[Described]] = st.lists(
    st.tuples(
        st.integers(0, 60), st.sampled_from((None, None, *VISITORS)), st.sampled_from((None, None, None, *VISITORS))
    ),
    min_size=1,
    max_size=14,
)


@given(described_clicks, st.randoms(use_true_random=False))
@settings(max_examples=400, deadline=None)
def test_any_order_of_clicks_and_landings_gives_the_same_verdicts(
    described: list[Described], order: random.Random
) -> None:
    clicks = [
        ChainClick(bytes([number]), "lnk", second * 1_000, b"hash", None, cookie)
        for number, (second, cookie, _) in enumerate(described)
    ]
    landings = {bytes([number]): landed for number, (_, _, landed) in enumerate(described) if landed}
    whole = [
        replace(one, landed=frozenset([landings[one.id]]) if one.id in landings else frozenset()) for one in clicks
    ]

    chain = Chain()
    waiting = [replace(one) for one in clicks]
    order.shuffle(waiting)
    late = list(landings)
    order.shuffle(late)
    while waiting or late:
        if waiting and (not late or order.random() < 0.6):
            cut = order.randint(1, len(waiting))
            batch, waiting = waiting[:cut], waiting[cut:]
            for one in batch:  # a landing may have arrived before its click
                if one.id in landings and one.id not in late:
                    one.landed = frozenset([landings[one.id]])
            chain.add(batch)
        else:
            cut = order.randint(1, len(late))
            arrived, late = late[:cut], late[cut:]
            landing = [chain.clicks[raw] for raw in arrived if raw in chain.clicks]
            for one in landing:
                one.landed = frozenset([landings[one.id]])
            chain.add([], landing)
    assert {raw: one.alias_of for raw, one in chain.clicks.items()} == judged_as_a_whole(whole)


# --- through the whole of ingest ---


async def _store(services: Services, records: Sequence[Record], order: random.Random | None = None) -> None:
    """Stores records, or in batches of a random order, each in a stream of its own."""
    waiting = list(records)
    if order:
        order.shuffle(waiting)
    while waiting:
        cut = order.randint(1, 4) if order else len(waiting)
        part, waiting = waiting[:cut], waiting[cut:]
        await store_batch(services, Stream().headers(len(part)), a_batch(part))


async def test_a_double_click_counts_once(services: Services, shop: Shop) -> None:
    first, second = a_click(shop, MIDNIGHT_MS + 60_000), a_click(shop, MIDNIGHT_MS + 69_999)
    await _store(services, [first, second])
    assert await click_classes(services.database) == {
        first.click_id: ("human", None),
        second.click_id: ("duplicate", first.click_id),
    }


async def test_eleven_seconds_later_is_another_click(services: Services, shop: Shop) -> None:
    await _store(services, [a_click(shop, MIDNIGHT_MS + 60_000), a_click(shop, MIDNIGHT_MS + 70_001)])
    assert [one for one, _ in (await click_classes(services.database)).values()] == ["human", "human"]


async def test_a_chain_goes_on_over_midnight(services: Services, shop: Shop) -> None:
    times_ms = [MIDNIGHT_MS - 12_000, MIDNIGHT_MS - 3_000, MIDNIGHT_MS + 5_000, MIDNIGHT_MS + 14_000]
    clicks = [a_click(shop, time_ms) for time_ms in times_ms]
    await _store(services, clicks, random.Random(3))
    classes = await click_classes(services.database)
    assert [classes[one.click_id][1] for one in clicks] == [None, *[clicks[0].click_id] * 3]


@pytest.mark.parametrize("first_is_late", [False, True])
async def test_a_chain_goes_on_over_the_edge_of_an_index_slot(
    services: Services, shop: Shop, *, first_is_late: bool
) -> None:
    edge_ms = MIDNIGHT_MS + DAY_MS // 2
    assert edge_ms % SLOT_MS == 0
    first, second = a_click(shop, edge_ms - 4_000), a_click(shop, edge_ms + 4_000)
    for click in (second, first) if first_is_late else (first, second):
        await _store(services, [click])
    assert await click_classes(services.database) == {
        first.click_id: ("human", None),
        second.click_id: ("duplicate", first.click_id),
    }


async def test_people_who_land_with_different_visitor_ids_are_two(services: Services, shop: Shop) -> None:
    first, second, third = (a_click(shop, MIDNIGHT_MS + at) for at in (60_000, 63_000, 66_000))
    await _store(services, [first, second, third])
    await _store(services, [a_landing(shop, c=first.click_id, vid=first.click_id, new=True)])
    await _store(services, [a_landing(shop, c=second.click_id, vid=second.click_id, new=True)])
    assert await click_classes(services.database) == {
        first.click_id: ("human", None),
        second.click_id: ("human", None),
        third.click_id: ("duplicate", second.click_id),
    }
    assert await rollup_counts(services.database) == await counted_clicks(services.database)


async def test_different_cookies_are_different_visitors_and_other_links_other_chains(
    services: Services, shop: Shop
) -> None:
    clicks = [
        a_click(shop, MIDNIGHT_MS + 60_000, visitor=b"a" * 16),
        a_click(shop, MIDNIGHT_MS + 61_000, visitor=b"b" * 16),
        a_click(shop, MIDNIGHT_MS + 62_000, visitor=b"b" * 16, address=bytes(4)),
    ]
    await _store(services, clicks)
    assert {one for one, _ in (await click_classes(services.database)).values()} == {"human"}


async def test_robots_and_prefetches_stand_in_no_chain(services: Services, shop: Shop) -> None:
    ahead = a_click(shop, MIDNIGHT_MS + 60_000, no_click="prefetch")
    robot = a_click(shop, MIDNIGHT_MS + 61_000, no_click="scanner")
    human = a_click(shop, MIDNIGHT_MS + 62_000)
    await _store(services, [ahead, robot, human])
    assert (await click_classes(services.database))[human.click_id] == ("human", None)


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_of_arrival_gives_the_same_classes_and_rollups(
    services: Services, shop: Shop, seed: int
) -> None:
    drawn = random.Random(seed)
    clicks: list[ClickRecord] = []
    landings: list[Record] = []
    time_ms = MIDNIGHT_MS - 40_000 + (DAY_MS // 2 if seed % 2 else 0)  # around noon as well: a chain has one hash there
    for number in range(24):
        time_ms += drawn.choice((0, 500, 4_000, 9_999, 10_000, 10_001, 15_000))
        is_ahead = drawn.random() < 0.15
        address = drawn.choice((ADDRESS, bytes((198, 51, 100, 1))))
        click = a_click(shop, time_ms, address=address, no_click="prefetch" if is_ahead else "")
        clicks.append(click)
        if drawn.random() < 0.4:
            visitor = clicks[number % 3 if number > 3 else 0].click_id
            landings.append(a_landing(shop, time_ms + 700, c=click.click_id, vid=visitor, new=True))
    await _store(services, [*clicks, *landings])
    in_order = await click_classes(services.database), await rollup_counts(services.database)
    for shuffled in range(3):
        await _forget(services)
        await _store(services, [*clicks, *landings], random.Random(1_000 * seed + shuffled))
        assert (await click_classes(services.database), await rollup_counts(services.database)) == in_order
    assert await counted_clicks(services.database) == in_order[1]


async def _forget(services: Services) -> None:
    async with services.database.transaction() as connection:
        for table in (clicks_table, landings_table, observations, click_rollups, dirty_identifiers):
            await connection.execute(delete(table))
