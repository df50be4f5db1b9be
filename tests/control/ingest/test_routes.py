"""`POST /edge/v1/batches`, as an edge sees it."""

from __future__ import annotations

import os

import msgspec
import pytest
import zstandard
from sqlalchemy import func, select

from control.services import Services
from control.store.schema import quarantine
from shared.rows import CLICK_LAYOUT
from shared.wire import (
    COUNT_HEADER,
    DIGEST_HEADER,
    FIRST_HEADER,
    STREAM_HEADER,
    WIRE_HEADER,
    WIRE_VERSION,
    BatchAck,
    Clicks,
    Mark,
    Marks,
    MarksQuestion,
    ShippedBatch,
    Target,
    digest_of,
)
from tests.control.conftest import EDGE_TOKEN
from tests.control.ingest.builders import Shop, a_batch, a_click, click_classes
from tests.support.client import Client


def _headers(stream: bytes, first: int, count: int, **other: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {EDGE_TOKEN}",
        WIRE_HEADER: str(WIRE_VERSION),
        STREAM_HEADER: stream.hex(),
        FIRST_HEADER: str(first),
        COUNT_HEADER: str(count),
    } | other


async def _ship(client: Client, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    said = (headers[name] for name in (STREAM_HEADER, FIRST_HEADER, COUNT_HEADER))
    headers = {DIGEST_HEADER: digest_of(body, *said)} | headers
    async with client.post("/edge/v1/batches", headers=headers, data=body) as response:
        return response.status, await response.read()


async def test_a_batch_is_acked_and_one_above_the_mark_is_told_where_to_go_on(client: Client, shop: Shop) -> None:
    stream = os.urandom(16)
    body = zstandard.compress(msgspec.msgpack.encode(a_batch([a_click(shop)])))
    status, answer = await _ship(client, _headers(stream, 0, 1), body)
    assert (status, msgspec.msgpack.decode(answer, type=BatchAck).next) == (200, 1)
    status, answer = await _ship(client, _headers(stream, 7, 1), body)
    assert (status, msgspec.msgpack.decode(answer, type=BatchAck).next) == (409, 1)
    status, answer = await _ship(client, _headers(stream, 1, 2), b"damaged")
    ack = msgspec.msgpack.decode(answer, type=BatchAck)
    assert (status, ack.next) == (200, 3)
    assert ack.quarantined.startswith("not zstd")


async def test_a_batch_damaged_on_its_way_is_refused_and_set_aside_nowhere(
    client: Client, shop: Shop, services: Services
) -> None:
    stream = os.urandom(16)
    body = zstandard.compress(msgspec.msgpack.encode(a_batch([a_click(shop)])))
    sent = _headers(stream, 0, 1, **{DIGEST_HEADER: digest_of(body, stream.hex(), "0", "1")})
    damaged = bytearray(body)
    damaged[len(body) // 2] ^= 4
    moved = sent | {FIRST_HEADER: "1"}
    unsaid = {name: value for name, value in sent.items() if name != DIGEST_HEADER} | {DIGEST_HEADER: ""}
    for headers, arrived in ((sent, bytes(damaged)), (moved, body), (unsaid, body)):
        status, answer = await _ship(client, headers, arrived)
        assert (status, msgspec.json.decode(answer)["type"]) == (400, "/problems/damaged-in-transit")
    assert await _marks(client, [stream]) == [Mark(0, closed=False)]
    async with services.database.reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(quarantine))).scalar_one() == 0


async def test_marks_are_told_in_the_order_of_the_question(client: Client, shop: Shop) -> None:
    first, second, unknown = (os.urandom(16) for _ in range(3))
    body = zstandard.compress(msgspec.msgpack.encode(a_batch([a_click(shop)], closed=True)))
    await _ship(client, _headers(first, 0, 1), body)
    await _ship(client, _headers(second, 0, 1), body)
    asked = [unknown, second, first, second]
    assert await _marks(client, asked) == [Mark(0, closed=False), *[Mark(1, closed=True)] * 3]
    assert await _marks(client, []) == []
    assert len(await _marks(client, [os.urandom(16) for _ in range(1_000)])) == 1_000


async def _marks(client: Client, asked: list[bytes]) -> list[Mark]:
    headers = {"Authorization": f"Bearer {EDGE_TOKEN}", WIRE_HEADER: str(WIRE_VERSION)}
    body = msgspec.msgpack.encode(MarksQuestion("edg_test", asked))
    async with client.post("/edge/v1/marks", headers=headers, data=body) as response:
        answer = await response.read()
        assert response.status == 200
        assert response.headers[DIGEST_HEADER] == digest_of(answer)
    return msgspec.msgpack.decode(answer, type=Marks).marks


@pytest.mark.parametrize("version", [1, 2])
async def test_batches_of_every_known_version_are_stored(
    client: Client, shop: Shop, services: Services, version: int
) -> None:
    """The first has each record whole; the second has clicks by columns."""
    stream, click = os.urandom(16), a_click(shop)
    row = CLICK_LAYOUT.pack(1, 1, 0, 2, 0, len(click.address), 0, click.time_ms, click.boot_ms, click.click_id,
                            click.link_id, 0, 0)  # fmt: skip
    clicks = Clicks(row + click.address, [Target(click.host, click.path, click.query)], [click.headers], bytes(4))
    batch = a_batch([click])
    shipped = ShippedBatch(batch.edge_id, batch.lane, False, batch.low_watermark_ms, [], [], [], clicks)
    body = zstandard.compress(msgspec.msgpack.encode(batch if version == 1 else shipped))
    status, answer = await _ship(client, _headers(stream, 0, 1, **{WIRE_HEADER: str(version)}), body)
    ack = msgspec.msgpack.decode(answer, type=BatchAck)
    assert (status, ack.next, ack.quarantined) == (200, 1, "")
    assert set(await click_classes(services.database)) == {click.click_id}


async def test_another_wire_version_is_refused_by_name(client: Client, shop: Shop) -> None:
    status, answer = await _ship(client, _headers(os.urandom(16), 0, 1, **{WIRE_HEADER: "99"}), b"")
    problem = msgspec.json.decode(answer)
    assert (status, problem["type"]) == (400, "/problems/unsupported-wire-version")
    assert "99" in problem["detail"]
    assert str(WIRE_VERSION) in problem["detail"]


async def test_headers_that_say_nothing_are_refused_and_nothing_is_stored(client: Client, shop: Shop) -> None:
    good = _headers(os.urandom(16), 0, 1)
    for name, value in ((STREAM_HEADER, "zz"), (STREAM_HEADER, "ab"), (FIRST_HEADER, "-1"), (COUNT_HEADER, "many")):
        status, _ = await _ship(client, good | {name: value}, b"")
        assert status == 400, (name, value)


async def test_only_edges_ship(client: Client, shop: Shop) -> None:
    status, _ = await _ship(client, _headers(os.urandom(16), 0, 1, Authorization="Bearer et_wrong"), b"")
    assert status == 401
