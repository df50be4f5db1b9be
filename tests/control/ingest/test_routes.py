"""`POST /edge/v1/batches`, as an edge sees it."""

from __future__ import annotations

import os

import msgspec
import zstandard

from shared.wire import COUNT_HEADER, FIRST_HEADER, STREAM_HEADER, WIRE_HEADER, WIRE_VERSION, BatchAck
from tests.control.conftest import EDGE_TOKEN
from tests.control.ingest.builders import Shop, a_batch, a_click
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
