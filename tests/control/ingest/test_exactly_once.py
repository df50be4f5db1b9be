"""Every record is stored once, whatever the network and other processes do to its batch."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlalchemy import func, select, update

from control.ingest.batches import store_batch
from control.ingest.types import StartsAboveMark
from control.services import Services
from control.store.engine import Database
from control.store.schema import clicks, streams
from shared.wire import ClickRecord, Record
from tests.control.ingest.builders import (
    Shop,
    Stream,
    a_batch,
    a_click,
    a_landing,
    click_classes,
    counted_clicks,
    rollup_counts,
)


async def _count(database: Database) -> int:
    async with database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(clicks))).scalar_one())


async def test_a_batch_is_stored_and_its_mark_moves(services: Services, shop: Shop) -> None:
    stream = Stream()
    ack = await store_batch(services, stream.headers(3), a_batch([a_click(shop) for _ in range(3)]))
    assert ack.next == 3
    assert await _count(services.database) == 3


async def test_a_repeated_batch_is_acked_and_stores_nothing(services: Services, shop: Shop) -> None:
    stream, batch = Stream(), a_batch([a_click(shop) for _ in range(3)])
    for _ in range(3):
        assert (await store_batch(services, stream.headers(3), batch)).next == 3
    assert await _count(services.database) == 3
    assert await rollup_counts(services.database) == await counted_clicks(services.database)


async def test_an_overlapping_batch_stores_only_what_is_above_the_mark(services: Services, shop: Shop) -> None:
    stream, records = Stream(), [a_click(shop) for _ in range(5)]
    await store_batch(services, stream.headers(3), a_batch(records[:3]))
    ack = await store_batch(services, stream.headers(4, first=1), a_batch(records[1:]))
    assert ack.next == 5
    assert await _count(services.database) == 5


async def test_a_batch_above_the_mark_is_refused_with_the_number_wanted(services: Services, shop: Shop) -> None:
    stream = Stream()
    await store_batch(services, stream.headers(2), a_batch([a_click(shop), a_click(shop)]))
    with pytest.raises(StartsAboveMark) as above:
        await store_batch(services, stream.headers(1, first=3), a_batch([a_click(shop)]))
    assert above.value.next == 2
    assert await _count(services.database) == 2


async def test_a_mark_set_back_by_a_restore_doubles_nothing(services: Services, shop: Shop) -> None:
    stream, records = Stream(), [a_click(shop) for _ in range(6)]
    batch = a_batch([*records, *(a_landing(shop, c=one.click_id, vid=one.click_id, new=True) for one in records)])
    await store_batch(services, stream.headers(12), batch)
    before = await click_classes(services.database), await rollup_counts(services.database)
    async with services.database.transaction() as connection:
        await connection.execute(update(streams).values(next=2))
    assert (await store_batch(services, stream.headers(12), batch)).next == 12
    assert (await click_classes(services.database), await rollup_counts(services.database)) == before


async def test_the_same_records_in_a_second_stream_are_stored_once(services: Services, shop: Shop) -> None:
    records = [a_click(shop) for _ in range(4)]
    await store_batch(services, Stream().headers(3), a_batch(records[:3]))
    await store_batch(services, Stream().headers(4), a_batch(records))
    assert await _count(services.database) == 4
    assert await rollup_counts(services.database) == await counted_clicks(services.database)


async def test_an_empty_closing_batch_closes_its_stream(services: Services, shop: Shop) -> None:
    stream = Stream()
    await store_batch(services, stream.headers(1), a_batch([a_click(shop)]))
    ack = await store_batch(services, stream.headers(0, first=1), a_batch([], closed=True))
    assert ack.next == 1
    async with services.database.reading() as connection:
        assert (await connection.execute(select(streams.c.closed))).scalar_one()


async def test_batches_doubled_dropped_and_reordered_at_two_processes(
    services: Services, second_services: Services, shop: Shop
) -> None:
    """What an edge does on a bad network: it sends again, and elsewhere, and obeys every answer."""
    chaos = random.Random(7)
    every: list[Record] = []

    async def ship(stream: Stream, records: list[Record]) -> None:
        while stream.next < len(records):
            count = chaos.randint(1, 7)
            part = records[stream.next : stream.next + count]
            headers = stream.headers(len(part))
            attempts = [
                store_batch(chaos.choice((services, second_services)), headers, a_batch(part))
                for _ in range(chaos.randint(1, 3))
            ]
            if chaos.random() < 0.2:
                skipping = stream.headers(1, first=len(records) + 1)
                with pytest.raises(StartsAboveMark):
                    await store_batch(services, skipping, a_batch([a_click(shop)]))
            acks = await asyncio.gather(*attempts)
            if chaos.random() < 0.8:  # else no answer arrived
                stream.next = max(ack.next for ack in acks)

    streams_of_edge: list[tuple[Stream, list[Record]]] = []
    for _ in range(4):
        records: list[Record] = []
        for _ in range(40):
            click = a_click(shop, address=bytes((198, 51, 100, chaos.randrange(4))))
            records += [click, a_landing(shop, c=click.click_id, vid=click.click_id, new=True)]
        every += records
        streams_of_edge.append((Stream(), records))
    await asyncio.gather(*(ship(stream, records) for stream, records in streams_of_edge))

    assert set(await click_classes(services.database)) == {
        record.click_id for record in every if isinstance(record, ClickRecord)
    }
    assert await rollup_counts(services.database) == await counted_clicks(services.database)
