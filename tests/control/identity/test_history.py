"""From stored facts to the histories that credits follow from, on both engines."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from sqlalchemy.event import listen

from control.identity import types
from control.identity.closure import Closure
from control.identity.history import read_histories, take_histories
from control.identity.resolve import SHARED_ABOVE, resolve
from control.identity.types import History, Identifier, Kind, Observation, Source
from control.store.engine import Database
from tests.control.identity.world import World, at, dirty, new_click


@pytest.fixture
async def world(database: Database, workspace_id: str) -> World:
    world = World(database, workspace_id)
    await world.define_events()
    return world


def paths(histories: Iterable[History]) -> dict[str, list[bytes]]:
    """Of every conversion, the touches of the history that it is in. Fails when one is in two."""
    found: dict[str, list[bytes]] = {}
    for history in histories:
        for conversion in history.conversions:
            assert conversion.id not in found
            found[conversion.id] = [touch.id for touch in history.touches]
    return found


async def test_a_phone_click_and_a_laptop_purchase_meet_by_the_customer(world: World) -> None:
    phone, laptop = new_click(1), new_click(2)
    click = await world.click(10)
    await world.land(11, click, phone)
    await world.identify(12, phone, "shop:ada")
    bought = await world.convert(900, visitor=laptop, customer="shop:ada", source="event")

    (history,) = await world.take()

    assert paths([history]) == {bought: [click]}
    assert set(history.identifiers) == {
        types.click(click),
        types.visitor(phone),
        types.visitor(laptop),
        Identifier("customer", "shop:ada"),
    }
    assert len(history.joins) == 3
    assert await world.index() == dict.fromkeys(history.identifiers, history.person_id)


async def test_two_people_on_one_laptop_stay_two(world: World) -> None:
    laptop = new_click()
    ada_click = await world.click(10)
    await world.land(10, ada_click, laptop)
    ada_bought = await world.convert(20, visitor=laptop, customer="shop:ada", source="event")
    bob_visit = await world.visit(30, laptop)
    bob_bought = await world.convert(40, click=ada_click, visitor=laptop, customer="shop:bob", source="event")
    bob_again = await world.convert(50, visitor=laptop, source="event")

    assert paths(await world.take()) == {ada_bought: [ada_click], bob_bought: [bob_visit], bob_again: [bob_visit]}


async def test_a_forwarded_newsletter_joins_nobody(world: World) -> None:
    expected: dict[str, list[bytes]] = {}
    for n in range(SHARED_ABOVE + 1):
        click, visitor = await world.click(n), new_click(n)
        await world.observe([types.click(click), Identifier("recipient", "rcp_1")], n, "landing")
        await world.land(n, click, visitor)
        expected[await world.convert(n + 60, visitor=visitor, source="event")] = [click]
        if n < SHARED_ABOVE:  # until now they are one person, whom the last reader takes apart
            assert len(await world.take()) == 1

    assert paths(await world.take()) == expected
    assert len(set((await world.index()).values())) == SHARED_ABOVE + 2


async def test_people_are_taken_apart_whichever_mark_a_pass_takes_first(world: World) -> None:
    click = await world.click(1)
    visitors = [new_click(n) for n in range(SHARED_ABOVE + 1)]
    bought = [await world.convert(n + 60, visitor=visitor) for n, visitor in enumerate(visitors)]
    for n, visitor in enumerate(visitors[:-1]):
        await world.land(n + 1, click, visitor)
    await world.take()
    await world.land(30, click, visitors[-1])

    async with world.database.transaction() as connection:
        marks = await dirty(connection, world.workspace_id)
        visitor, shared = sorted(marks, key=lambda one: one.kind, reverse=True)
        first = await take_histories(connection, world.workspace_id, [visitor])
        second = await take_histories(connection, world.workspace_id, [shared])

    assert paths(first) == {conversion: [click] for conversion in bought}
    assert paths(second) == {}
    assert len({history.person_id for history in first}) == len(visitors)


async def test_a_late_observation_recomputes_both_people_that_it_makes_one(world: World) -> None:
    one, other = await world.click(1), await world.click(2)
    first = await world.convert(50, click=one, customer="shop:ada")
    second = await world.convert(60, click=other, customer="app:7")
    assert paths(await world.take()) == {first: [one], second: [other]}

    await world.observe([Identifier("customer", "shop:ada"), Identifier("customer", "app:7")], 40, "server")

    assert paths(await world.take()) == {first: [one, other], second: [one, other]}
    assert len(set((await world.index()).values())) == 1


async def test_a_second_customer_on_a_laptop_takes_the_old_person_apart(world: World) -> None:
    laptop = new_click()
    click = await world.click(5)
    await world.land(5, click, laptop)
    await world.identify(30, laptop, "shop:bob")
    early = await world.convert(10, visitor=laptop)
    bobs = await world.convert(40, customer="shop:bob")
    assert paths(await world.take()) == {early: [click], bobs: [click]}

    await world.identify(20, laptop, "shop:ada")  # arrives late: the morning was Ada's

    histories = await world.take()
    assert paths(histories) == {early: [click], bobs: []}
    assert len({history.person_id for history in histories}) == 2


async def test_a_conversion_waits_unmatched_for_its_click(world: World) -> None:
    click = new_click(10)
    bought = await world.convert(5, click=click)
    (unmatched,) = await world.take()
    assert unmatched.touches == ()
    assert unmatched.conversions[0].time_ms == at(5)

    await world.click(10, click=click)

    (matched,) = await world.take()
    assert paths([matched]) == {bought: [click]}
    assert matched.conversions[0].time_ms == at(10)  # never earlier than the click that it names


async def test_a_click_that_nothing_names_marks_nobody(world: World) -> None:
    await world.click(1)
    async with world.database.reading() as connection:
        assert await dirty(connection, world.workspace_id) == []


async def test_what_names_a_duplicate_joins_the_chains_first_touch(world: World) -> None:
    first = await world.click(10)
    second = await world.click(10, kind="duplicate", alias_of=first)
    third = await world.click(10, kind="duplicate", alias_of=first)
    visitor = new_click()
    await world.land(11, second, visitor)
    bought = await world.convert(12, visitor=visitor, source="event")
    stated = await world.convert(13, click=third)

    (history,) = await world.take()

    assert paths([history]) == {bought: [first], stated: [first]}
    assert {touch.id: touch.reason for touch in history.excluded} == {second: "duplicate", third: "duplicate"}
    assert [conversion.click_id for conversion in history.conversions] == [None, first]

    await world.visit(14, visitor)  # a later pass meets the same person from another side
    (again,) = await world.take()
    assert set(again.identifiers) == set(history.identifiers)


async def test_what_is_no_touch_is_listed_with_its_reason(world: World) -> None:
    visitor = new_click()
    expected: dict[bytes, str] = {}
    for minute, (kind, reason) in enumerate(
        [
            ("bot", "bot:headless"),
            ("bot", "bot:scanner"),
            ("prefetch", ""),
            ("preview", ""),
            ("head", ""),
            ("internal", ""),
        ]
    ):
        click = await world.click(minute, kind=kind, reason=reason)
        await world.land(minute, click, visitor)
        expected[click] = reason or kind
    expected[await world.visit(10, visitor, channel="", reason="ignored_referrer")] = "ignored_referrer"
    expected[await world.visit(11, visitor, channel="", reason="internal")] = "internal"
    await world.visit(12, visitor, channel="", reason="session")
    search = await world.visit(13, visitor, channel="organic_search")
    bought = await world.convert(20, visitor=visitor)

    (history,) = await world.take()

    assert paths([history]) == {bought: [search]}
    assert history.touches[0].channel == "organic_search"
    assert {touch.id: touch.reason for touch in history.excluded} == expected


async def test_a_conversion_goes_by_customer_then_email_then_visitor_then_click(world: World) -> None:
    people = {
        "customer": await world.convert(1, customer="shop:ada"),
        "email": await world.convert(2, email="e" * 64),
        "visitor": await world.convert(3, visitor=(visitor := new_click())),
        "click": await world.convert(4, click=(click := new_click())),
        "none": await world.convert(5),
    }
    alone = {history.conversions[0].id: history.person_id for history in await world.take()}
    assert len(set(alone.values())) == 5
    assert set(alone) == set(people.values())

    # All at once: now they are one, but for the conversion that states nothing.
    await world.convert(6, customer="shop:ada", email="e" * 64, visitor=visitor, click=click)
    (history,) = await world.take()
    assert history.person_id == alone[people["customer"]]
    assert len(history.conversions) == 5


async def test_a_shared_identifier_decides_only_where_there_is_no_other(world: World) -> None:
    info = "f" * 64
    for n in range(SHARED_ABOVE + 1):
        await world.convert(n, customer=f"shop:{n}", email=info)
    visitor = new_click()
    by_visitor = await world.convert(20, visitor=visitor, email=info)
    by_email = await world.convert(21, email=info)

    owners = {one.id: history for history in await world.take() for one in history.conversions}

    assert len(owners) == SHARED_ABOVE + 3
    assert types.visitor(visitor) in owners[by_visitor].identifiers
    assert owners[by_email].identifiers == (Identifier("email", info),)


async def test_refunds_follow_their_conversion_in_order_of_time(world: World) -> None:
    bought = await world.convert(1, customer="shop:ada")
    await world.take()
    rest = await world.refund(9, bought, None)
    part = await world.refund(5, bought, 300)

    ((conversion,),) = [history.conversions for history in await world.take()]

    assert [(one.id, one.amount) for one in conversion.refunds] == [(part, 300), (rest, None)]


async def test_tenants_never_meet(database: Database, world: World) -> None:
    stranger = World(database, "wsp_stranger")
    click, visitor = await world.click(1), new_click()
    await world.land(1, click, visitor)
    mine = await world.convert(2, visitor=visitor, customer="shop:ada")
    async with database.transaction() as connection:
        theirs = await read_histories(
            connection,
            stranger.workspace_id,
            [
                types.click(click),
                types.visitor(visitor),
                Identifier("customer", "shop:ada"),
                Identifier("conversion", mine),
            ],
        )
    assert theirs == []


async def test_reading_a_history_writes_nothing(world: World) -> None:
    bought = await world.convert(1, customer="shop:ada")
    async with world.database.reading() as connection:
        (history,) = await read_histories(connection, world.workspace_id, [Identifier("conversion", bought)])
    assert paths([history]) == {bought: []}
    assert await world.index() == {}


async def test_from_anywhere_the_search_sees_what_all_observations_say(database: Database) -> None:
    for seed in range(40):
        world = World(database, f"wsp_{seed}")
        stated = _random_observations(random.Random(seed))
        await world.observe_all(stated)
        everything = resolve(world.workspace_id, stated)
        index = everything.index()
        async with database.reading() as connection:
            for identifier in index:
                closure = Closure(connection, world.workspace_id)
                await closure.reach([identifier])
                people = closure.people()
                for person_id in {people.owner(identifier, time_ms) for time_ms in range(10)}:
                    assert person_id is not None
                    assert people.persons[person_id] == everything.persons[person_id], (seed, identifier)
                assert people.owner(identifier) == index[identifier]


async def test_a_pass_over_many_people_takes_no_more_queries_than_over_one(world: World) -> None:
    visitors = [new_click(n) for n in range(400)]
    stated = [
        Observation(types.visitor(visitor), Identifier("customer", f"shop:{n}"), at(n), "identify")
        for n, visitor in enumerate(visitors)
    ]
    await world.observe_all(stated)
    bought = await world.convert(500, customer="shop:7")

    queries: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        queries.append(statement)

    async with world.database.transaction() as connection:
        listen(connection.sync_connection, "before_cursor_execute", count)
        await take_histories(connection, world.workspace_id, [types.visitor(visitors[7])])
        for_one = len(queries)
        histories = await take_histories(connection, world.workspace_id, [types.visitor(one) for one in visitors])
        for_all = len(queries) - for_one

    assert paths(histories) == {bought: []}
    assert len(set((await world.index()).values())) == len(visitors)
    assert for_all == for_one


def _random_observations(source: random.Random) -> list[Observation]:
    kinds: list[Kind] = ["click", "visitor", "visitor", "customer", "email", "recipient"]
    stated: list[Observation] = []
    for _ in range(source.randint(3, 30)):
        a, b = (_random_identifier(source, source.choice(kinds)) for _ in range(2))
        sources: list[Source] = ["landing", "identify", "event", "server", "user"]
        if a != b:
            stated.append(Observation(a, b, source.randint(0, 8), source.choice(sources)))
    return stated


def _random_identifier(source: random.Random, kind: Kind) -> Identifier:
    number = source.randint(0, 6)
    if kind == "customer":
        return Identifier(kind, f"{source.choice(['shop', 'app'])}:{number}")
    return Identifier(kind, types.click(number.to_bytes(16, "big")).value)
