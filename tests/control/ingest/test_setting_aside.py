"""What can't be stored blocks nothing, and is kept with the reason."""

from __future__ import annotations

import stat
from typing import Any

import msgspec
import zstandard
from sqlalchemy import func, select, update

from control.ingest.batches import receive_batch, store_batch
from control.services import Services
from control.store.schema import clicks, gaps, quarantine, streams, unknown_slugs
from shared import click_id
from shared.wire import Batch, GapRecord, UnknownSlugsRecord
from tests.control.ingest.builders import Shop, Stream, a_batch, a_beacon, a_click, click_classes


def _packed(batch: Batch) -> bytes:
    return zstandard.compress(msgspec.msgpack.encode(batch))


async def _set_aside(services: Services) -> list[tuple[int, int, str, str]]:
    at = quarantine.c
    async with services.database.reading() as connection:
        rows = await connection.execute(select(at.first, at.count, at.reason, at.file).order_by(at.first))
        return [tuple(row) for row in rows]


async def test_an_undecodable_batch_is_kept_whole_and_the_stream_goes_on(services: Services, shop: Shop) -> None:
    stream, body = Stream(), b"no zstd at all"
    ack = await receive_batch(services, stream.headers(5), body)
    assert ack.next == 5
    assert ack.quarantined.startswith("not zstd: ")
    [(first, count, reason, file)] = await _set_aside(services)
    assert (first, count) == (0, 5)
    assert reason == ack.quarantined
    kept = services.data / file
    assert kept.read_bytes() == body
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    ack = await receive_batch(services, stream.headers(1, first=5), _packed(a_batch([a_click(shop)])))
    assert (ack.next, ack.quarantined) == (6, "")


async def test_a_damaged_batch_sent_twice_is_set_aside_once(services: Services) -> None:
    stream = Stream()
    for _ in range(2):
        assert (await receive_batch(services, stream.headers(2), b"damaged")).next == 2
    assert len(await _set_aside(services)) == 1


async def test_a_bomb_is_not_unpacked(services: Services) -> None:
    ack = await receive_batch(services, Stream().headers(1), zstandard.compress(bytes(200 << 20)))
    assert "bytes when decompressed" in ack.quarantined


async def test_a_batch_with_another_count_than_announced_is_set_aside(services: Services, shop: Shop) -> None:
    ack = await receive_batch(services, Stream().headers(3), _packed(a_batch([a_click(shop)])))
    assert ack.quarantined == "1 records where the headers announce 3"
    assert ack.next == 3


async def test_a_record_of_an_unknown_link_is_set_aside_alone(services: Services, shop: Shop) -> None:
    known, lost = a_click(shop), a_click(shop, link=click_id.new())
    ack = await store_batch(services, Stream().headers(2), a_batch([lost, known]))
    assert ack.next == 2
    assert set(await click_classes(services.database)) == {known.click_id}
    [(first, count, reason, file)] = await _set_aside(services)
    assert (first, count, reason) == (0, 1, "unknown link")
    assert msgspec.msgpack.decode((services.data / file).read_bytes(), type=Batch).records == [lost]


async def test_a_click_whose_id_is_none_is_set_aside(services: Services, shop: Shop) -> None:
    await store_batch(services, Stream().headers(1), a_batch([a_click(shop, raw_id=b"short")]))
    assert await click_classes(services.database) == {}
    assert [reason for _, _, reason, _ in await _set_aside(services)] == ["malformed click id"]


async def test_a_beacon_of_an_unknown_workspace_or_without_sense_is_set_aside(services: Services, shop: Shop) -> None:
    foreign = msgspec.structs.replace(a_beacon(shop, type="landing"), workspace_id=click_id.new())
    senseless = msgspec.structs.replace(a_beacon(shop, type="landing"), body=b"{")
    await store_batch(services, Stream().headers(2), a_batch([foreign, senseless]))
    reasons = [reason for _, _, reason, _ in await _set_aside(services)]
    assert reasons[0] == "unknown workspace"
    assert reasons[1].startswith("malformed beacon: ")


async def test_a_record_of_an_unknown_kind_is_set_aside_alone(services: Services, shop: Shop) -> None:
    """A newer edge sends what this version does not know: another kind, a new value, a text that is none."""
    known = [a_click(shop), a_click(shop)]
    batch: Any = msgspec.msgpack.decode(msgspec.msgpack.encode(a_batch(known)))
    teleport = msgspec.msgpack.decode(msgspec.msgpack.encode(a_click(shop)))
    teleport[7] = "teleport"  # carry
    batch[5][1:1] = [["scroll", 1, "x" * 20], teleport]
    batch[5][0].append("a further field")
    body = zstandard.compress(msgspec.msgpack.encode([*batch, [], None, "a further field"]))
    ack = await receive_batch(services, Stream().headers(4), body)
    assert (ack.next, ack.quarantined) == (4, "")
    assert set(await click_classes(services.database)) == {one.click_id for one in known}
    set_aside = await _set_aside(services)
    assert [(first, count) for first, count, _, _ in set_aside] == [(1, 1), (2, 1)]
    assert all(reason.startswith("unreadable record: ") for _, _, reason, _ in set_aside)
    kept: Any = msgspec.msgpack.decode((services.data / set_aside[0][3]).read_bytes())
    assert kept[5] == [["scroll", 1, "x" * 20]]


async def test_one_record_that_no_database_takes_is_found_among_many(services: Services, shop: Shop) -> None:
    good = [a_click(shop) for _ in range(9)]
    poison = GapRecord(0, 1, 2**64 - 1, at_least=False, reason="more than 64 bits with a sign hold")
    await store_batch(services, Stream().headers(10), a_batch([*good[:6], poison, *good[6:]]))
    assert set(await click_classes(services.database)) == {one.click_id for one in good}
    [(first, count, reason, _)] = await _set_aside(services)
    assert (first, count) == (6, 1)
    assert reason.startswith("can't be stored: ")
    async with services.database.reading() as connection:
        assert (await connection.execute(select(streams.c.next))).scalar_one() == 10


async def test_characters_that_postgres_refuses_are_replaced(services: Services, shop: Shop) -> None:
    click = a_click(shop, query="a=\0b", headers={"referer": "https://x.example/\0"})
    await store_batch(services, Stream().headers(1), a_batch([click]))
    async with services.database.reading() as connection:
        assert (await connection.execute(select(clicks.c.query))).scalar_one() == "a=�b"


async def test_gaps_are_known_by_their_place_and_unknown_slugs_add_up(services: Services) -> None:
    """A torn-off stretch of a spool gives a gap for each number, and all of them say the same."""
    torn = GapRecord(1_000, 2_000, 1, at_least=False, reason="spool_damaged")
    slugs = UnknownSlugsRecord("go.short.example", 60_000, 5, {"/a": 3, "/b": 2})
    stream = Stream()
    await store_batch(services, stream.headers(4), a_batch([torn, torn, torn, slugs]))
    async with services.database.transaction() as connection:
        await connection.execute(update(streams).values(next=0))
    await store_batch(services, stream.headers(4), a_batch([torn, torn, torn, slugs]))
    async with services.database.reading() as connection:
        assert (await connection.execute(select(gaps.c.count))).scalars().all() == [1, 1, 1]
        at = unknown_slugs.c
        found = {row[0]: row[1] for row in await connection.execute(select(at.path, at.count))}
    assert found == {"": 10, "/a": 6, "/b": 4}


async def test_any_number_of_unknown_slugs_is_counted(services: Services) -> None:
    """More than the values that one statement of SQLite may have."""
    minutes = range(100)
    found = [UnknownSlugsRecord("go.short.example", at, 99, {f"/{path}": 1 for path in range(99)}) for at in minutes]
    await store_batch(services, Stream().headers(len(found)), a_batch(found))
    async with services.database.reading() as connection:
        counted = await connection.execute(select(func.count(), func.sum(unknown_slugs.c.count)))
        assert tuple(counted.one()) == (100 * len(minutes), 2 * 99 * len(minutes))
