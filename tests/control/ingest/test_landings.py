"""What landings tell: whose click it was, that a prefetch became a click, and which visits are touches."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from control.ingest.batches import store_batch
from control.services import Services
from control.store.schema import click_rollups, clicks, dirty_identifiers, landings, observations
from shared import click_id
from shared.clock import DAY_MS, MINUTE_MS, wall_ms
from shared.wire import BeaconRecord, NoClick, Record
from tests.control.ingest.builders import (
    ROBOT,
    Shop,
    Stream,
    a_batch,
    a_beacon,
    a_click,
    a_landing,
    an_event,
    click_classes,
    counted_clicks,
    rollup_counts,
)

NOON_MS = wall_ms() // DAY_MS * DAY_MS - DAY_MS // 2
VISITOR = click_id.new(NOON_MS)


async def _store(services: Services, *records: Record) -> None:
    await store_batch(services, Stream().headers(len(records)), a_batch(records))


async def _landings(services: Services) -> dict[bytes, tuple[str, str]]:
    async with services.database.reading() as connection:
        rows = await connection.execute(select(landings.c.id, landings.c.channel, landings.c.reason))
        return {row[0]: (row[1], row[2]) for row in rows}


async def _marked(services: Services) -> set[tuple[str, str, str]]:
    at = dirty_identifiers.c
    async with services.database.reading() as connection:
        return {tuple(row) for row in await connection.execute(select(at.kind, at.value, at.reason))}


async def test_a_landing_says_whose_click_it_was(services: Services, shop: Shop) -> None:
    click = a_click(shop, NOON_MS)
    landing = a_landing(shop, NOON_MS + 900, c=click.click_id, vid=VISITOR, new=True)
    await _store(services, click, landing)
    at = observations.c
    async with services.database.reading() as connection:
        found = (await connection.execute(select(at.a_kind, at.a_value, at.b_kind, at.b_value, at.time_ms))).all()
    assert [tuple(row) for row in found] == [
        ("click", click_id.encode(click.click_id), "visitor", click_id.encode(VISITOR), NOON_MS + 900)
    ]
    assert await _landings(services) == {landing.record_id: ("", "click")}


async def test_a_beacon_happened_as_long_ago_as_it_says(services: Services, shop: Shop) -> None:
    await _store(services, a_landing(shop, NOON_MS, vid=VISITOR, age=90_000))
    async with services.database.reading() as connection:
        assert (await connection.execute(select(landings.c.time_ms))).scalar_one() == NOON_MS - 90_000


@pytest.mark.parametrize("landing_first", [False, True])
async def test_a_prefetch_that_lands_becomes_a_click_at_the_landings_time(
    services: Services, shop: Shop, landing_first: bool
) -> None:
    click = a_click(shop, NOON_MS, no_click="prefetch")
    landing = a_landing(shop, NOON_MS + 20 * MINUTE_MS, c=click.click_id, vid=VISITOR, new=True)
    for record in (landing, click) if landing_first else (click, landing):
        await _store(services, record)
    async with services.database.reading() as connection:
        found = await connection.execute(select(clicks.c["class"], clicks.c.reason, clicks.c.time_ms))
        assert [tuple(row) for row in found] == [("human", "activated", NOON_MS + 20 * MINUTE_MS)]
    assert await rollup_counts(services.database) == await counted_clicks(services.database)


@pytest.mark.parametrize(
    ("no_click", "hit_class", "reason"),
    [("preview", "preview", "preview"), ("scanner", "bot", "scanner"), ("honeypot", "bot", "honeypot")],
)
async def test_what_the_edge_calls_no_click_never_counts_even_when_its_page_lands(
    services: Services, shop: Shop, no_click: NoClick, hit_class: str, reason: str
) -> None:
    """A honeypot's visitor may well have a browser's User-Agent, and run its page's script."""
    click = a_click(shop, NOON_MS, no_click=no_click)
    await _store(services, click)
    await _store(services, a_landing(shop, NOON_MS + 1_000, c=click.click_id, vid=VISITOR, new=True))
    async with services.database.reading() as connection:
        found = await connection.execute(select(clicks.c["class"], clicks.c.reason, clicks.c.alias_of))
        assert [tuple(row) for row in found] == [(hit_class, reason, None)]
        counted = select(click_rollups.c.link_id).where(
            click_rollups.c["class"] == "human", click_rollups.c["count"] > 0
        )
        assert (await connection.execute(counted)).all() == []
    assert await rollup_counts(services.database) == await counted_clicks(services.database)


async def test_a_robot_that_lands_activates_nothing_and_is_nobody(services: Services, shop: Shop) -> None:
    click = a_click(shop, NOON_MS, no_click="prefetch")
    landing = a_beacon(
        shop,
        NOON_MS + 900,
        agent=ROBOT,
        type="landing",
        url="https://shop.example/",
        c=click.click_id,
        vid=VISITOR,
        new=True,
    )
    await _store(services, click, landing)
    assert (await click_classes(services.database))[click.click_id] == ("prefetch", None)
    assert await _landings(services) == {landing.record_id: ("", "bot:Googlebot")}
    assert await _marked(services) == set()


@pytest.mark.parametrize(
    ("referrer", "touch"),
    [
        ("", ("direct", "")),
        ("https://www.google.co.uk/", ("organic_search", "")),
        ("https://l.instagram.com/?u=x", ("organic_social", "")),
        ("https://chatgpt.com/", ("ai_assistant", "")),
        ("android-app://com.google.android.gm/", ("email", "")),
        ("https://some.blog.example/post", ("referral", "")),
        ("https://www.paypal.com/checkout", ("", "ignored_referrer")),
        ("https://accounts.google.com/", ("", "ignored_referrer")),
        ("https://blog.shop.example/", ("", "internal")),
        ("https://go.short.example/spring", ("", "internal")),
    ],
)
async def test_the_channel_of_a_visit_is_its_referrers(
    services: Services, shop: Shop, referrer: str, touch: tuple[str, str]
) -> None:
    landing = a_landing(shop, NOON_MS, vid=VISITOR, ref=referrer)
    await _store(services, landing)
    assert await _landings(services) == {landing.record_id: touch}


async def test_a_session_lasts_until_thirty_minutes_pass(services: Services, shop: Shop) -> None:
    visits = [a_landing(shop, NOON_MS + minutes * MINUTE_MS, vid=VISITOR) for minutes in (0, 29, 58, 88)]
    await _store(services, *visits)
    found = await _landings(services)
    assert [found[one.record_id] for one in visits] == [
        ("direct", ""),
        ("", "session"),
        ("", "session"),
        ("direct", ""),
    ]


async def test_a_visit_right_after_a_click_goes_on_with_its_session(services: Services, shop: Shop) -> None:
    click = a_click(shop, NOON_MS)
    visit = a_landing(shop, NOON_MS + 10 * MINUTE_MS, vid=VISITOR, c=click.click_id)
    await _store(services, click, a_landing(shop, NOON_MS, c=click.click_id, vid=VISITOR, new=True), visit)
    assert (await _landings(services))[visit.record_id] == ("", "session")


async def test_a_return_with_an_old_click_id_in_hand_is_a_visit(services: Services, shop: Shop) -> None:
    click = a_click(shop, NOON_MS - DAY_MS)
    visit = a_landing(shop, NOON_MS, vid=VISITOR, c=click.click_id, ref="https://www.bing.com/")
    await _store(services, click, a_landing(shop, NOON_MS - DAY_MS, c=click.click_id, vid=VISITOR, new=True), visit)
    assert (await _landings(services))[visit.record_id] == ("organic_search", "")


@pytest.mark.parametrize("seed", range(4))
async def test_sessions_are_the_same_in_any_order_of_arrival(services: Services, shop: Shop, seed: int) -> None:
    drawn = random.Random(seed)
    time_ms, visits = NOON_MS - DAY_MS, list[BeaconRecord]()
    for _ in range(16):
        time_ms += drawn.choice((1, 20 * MINUTE_MS, 30 * MINUTE_MS - 1, 30 * MINUTE_MS, 50 * MINUTE_MS))
        visits.append(a_landing(shop, time_ms, vid=VISITOR))
    waiting: Sequence[BeaconRecord] = drawn.sample(visits, len(visits))
    while waiting:
        cut = drawn.randint(1, 4)
        await _store(services, *waiting[:cut])
        waiting = waiting[cut:]
    found = await _landings(services)
    before_ms = 0
    for visit in visits:
        is_start = visit.time_ms - before_ms >= 30 * MINUTE_MS
        assert found[visit.record_id] == (("direct", "") if is_start else ("", "session"))
        before_ms = visit.time_ms


async def test_a_late_visit_concerns_only_visitors_who_are_known(services: Services, shop: Shop) -> None:
    await _store(services, a_landing(shop, NOON_MS, vid=VISITOR))
    assert await _marked(services) == set()
    click = a_click(shop, NOON_MS + DAY_MS // 4)
    await _store(services, click, a_landing(shop, NOON_MS + DAY_MS // 4, c=click.click_id, vid=VISITOR, new=True))
    await _store(services, a_landing(shop, NOON_MS + DAY_MS // 8, vid=VISITOR))
    assert ("visitor", click_id.encode(VISITOR), "late_click") in await _marked(services)


async def test_an_identify_joins_the_visitor_with_customer_and_address(services: Services, shop: Shop) -> None:
    await _store(services, a_beacon(shop, NOON_MS, type="identify", vid=VISITOR, customer="7", email="ab" * 32))
    at = observations.c
    async with services.database.reading() as connection:
        found = {tuple(row) for row in await connection.execute(select(at.a_kind, at.a_value, at.b_kind, at.source))}
    assert found == {
        ("customer", "default:7", "email", "identify"),
        ("customer", "default:7", "visitor", "identify"),
        ("email", "ab" * 32, "visitor", "identify"),
    }


async def test_only_a_landing_that_may_concern_a_conversion_is_marked(services: Services, shop: Shop) -> None:
    first, second, other = (a_click(shop, NOON_MS + at) for at in (0, 5_000, 60_000))
    await _store(services, first, second, other, an_event(shop, "lead", NOON_MS + 90_000, c=first.click_id))
    before = await _marked(services)
    await _store(services, a_landing(shop, NOON_MS + 61_000, c=other.click_id, vid=other.click_id, new=True))
    assert await _marked(services) == before
    await _store(services, a_landing(shop, NOON_MS + 6_000, c=second.click_id, vid=VISITOR, new=True))
    assert ("visitor", click_id.encode(VISITOR), "late_click") in await _marked(services)
