"""`/edge/v1` as an edge sees it: tokens, versions, long polls, snapshots, reports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from control.app import make_app
from control.edges.feed import publish, read_state
from control.edges.wake import FeedWake
from control.services import Services
from control.store.engine import Database
from control.store.schema import clock_samples
from shared.wire import ChangePage, ClockSample, EdgeStatus, StatusAck
from tests.control.api import a_domain, a_link, call
from tests.control.conftest import EDGE_TOKEN, SECRET_KEY
from tests.control.feed import WIRE_HEADERS, a_link_entry, decompressed, held_by_edges, read_snapshot
from tests.support.client import Client, client_of

WAKE_S = 0.050  # edit to live on an edge


@pytest.fixture
async def edge(services: Services, workspace_id: str) -> AsyncIterator[Client]:
    """A client that shows an edge token and speaks this version."""
    await services.feed.start()
    headers = {"Authorization": f"Bearer {EDGE_TOKEN}", **WIRE_HEADERS}
    async with client_of(make_app(services), headers) as client:
        yield client


async def poll(edge: Client, epoch: str, rev: int, wait_s: float = 20) -> ChangePage:
    async with edge.get(f"/edge/v1/changes?epoch={epoch}&rev={rev}&wait={wait_s}") as response:
        assert response.status == 200, await response.text()
        return msgspec.msgpack.decode(await response.read(), type=ChangePage)


async def snapshot(edge: Client, **headers: str) -> bytes:
    async with edge.get("/edge/v1/snapshot", headers=headers) as response:
        assert response.status == 200
        return await response.read()


async def test_a_snapshot_and_the_changes_after_it_are_all(edge: Client, client: Client, services: Services) -> None:
    await a_domain(client)
    await a_link(client, slug="a")
    start, held = read_snapshot(await snapshot(edge, **{"Accept-Encoding": "identity"}))
    await a_link(client, slug="b")
    page = await poll(edge, start.epoch, start.rev)
    assert [change.key for change in page.changes] == ["link:go.example.com/b"]
    assert held | {change.key: change.entry for change in page.changes} == await held_by_edges(services.database)


async def test_a_snapshot_is_compressed_for_who_asks(services: Services, workspace_id: str) -> None:
    headers = {"Authorization": f"Bearer {EDGE_TOKEN}", **WIRE_HEADERS, "Accept-Encoding": "zstd"}
    async with services.database.transaction() as connection:
        await publish(connection, [a_link_entry(f"s{number}") for number in range(5_000)])
    async with (
        client_of(make_app(services), headers) as edge,
        edge.get("/edge/v1/snapshot", auto_decompress=False) as response,
    ):
        assert response.headers["Content-Encoding"] == "zstd"
        body = await response.read()
    _, entries = read_snapshot(decompressed(body))
    assert len(entries) == 5_000
    assert len(body) < 5_000 * 20


async def wake_delays(edge: Client, commit: Callable[[int], Awaitable[None]]) -> list[float]:
    """Seconds from the end of a commit to the answer of an edge that waits, in ascending order."""
    start, _ = read_snapshot(await snapshot(edge, **{"Accept-Encoding": "identity"}))
    delays: list[float] = []
    rev = start.rev
    for number in range(11):
        waiting = asyncio.create_task(poll(edge, start.epoch, rev))
        await asyncio.sleep(0.1)
        await commit(number)
        committed = time.monotonic()
        page = await waiting
        delays.append(time.monotonic() - committed)
        assert [change.key for change in page.changes] == [f"link:go.example.com/s{number}"]
        rev = page.rev
    return sorted(delays)


async def test_a_waiting_edge_is_woken_by_a_commit_of_this_process(edge: Client, client: Client) -> None:
    await a_domain(client)

    async def commit(number: int) -> None:
        await a_link(client, slug=f"s{number}")

    delays = await wake_delays(edge, commit)
    assert delays[len(delays) // 2] < WAKE_S, delays


async def test_a_waiting_edge_is_woken_by_a_commit_of_another_process(edge: Client, services: Services) -> None:
    """Another `Database` stands for the other process: nothing of it rings this one's bell directly."""
    other = await Database.open(services.database.url)

    async def commit(number: int) -> None:
        async with other.transaction() as connection:
            await publish(connection, [a_link_entry(f"s{number}")])

    delays = await wake_delays(edge, commit)
    await other.close()
    assert delays[len(delays) // 2] < WAKE_S, delays


async def test_a_poll_without_news_ends_in_time_and_says_where_it_stands(edge: Client, services: Services) -> None:
    async with services.database.reading() as connection:
        state = await read_state(connection)
    began = time.monotonic()
    page = await poll(edge, state.epoch, state.rev, wait_s=0.3)
    assert time.monotonic() - began >= 0.3
    assert (page.epoch, page.rev, page.changes, page.more) == (state.epoch, state.rev, [], False)


async def test_the_end_of_the_process_answers_who_waits(edge: Client, services: Services) -> None:
    async with services.database.reading() as connection:
        state = await read_state(connection)
    waiting = asyncio.create_task(poll(edge, state.epoch, state.rev))
    await asyncio.sleep(0.2)
    await services.feed.close()
    async with asyncio.timeout(1):
        assert (await waiting).changes == []


async def test_a_position_from_elsewhere_is_gone(edge: Client) -> None:
    problem = await call(edge, "GET", "/edge/v1/changes?epoch=another&rev=3", status=410)
    assert problem["type"] == "/problems/snapshot-needed"


@pytest.mark.parametrize("path", ["/edge/v1/changes?epoch=x&rev=0", "/edge/v1/snapshot"])
async def test_another_wire_version_is_refused_by_name(edge: Client, path: str) -> None:
    for version, said in (("3", "version 3"), ("", "no wire version")):
        async with edge.get(path, headers={"Clicktrail-Wire": version}) as response:
            problem = await response.json()
        assert (response.status, problem["type"]) == (400, "/problems/unsupported-wire-version")
        assert said in problem["detail"]
        assert "speaks 1 and 2" in problem["detail"]


async def test_only_an_edge_token_opens_the_protocol(client: Client) -> None:
    for key in (SECRET_KEY, "et_unknown"):
        await call(client, "GET", "/edge/v1/changes?epoch=x&rev=0", status=401, key=key)


async def test_a_revoked_token_opens_nothing(client: Client) -> None:
    made = await call(client, "POST", "/api/v1/edge-tokens", {"name": "Berlin"}, status=201)
    await call(client, "GET", "/edge/v1/changes?epoch=x&rev=0", status=400, key=made["token"])
    listed = (await call(client, "GET", "/api/v1/edge-tokens", status=200))["items"]
    assert {item["token"] for item in listed} == {None}
    await call(client, "DELETE", f"/api/v1/edge-tokens/{made['id']}", status=204)
    await call(client, "GET", "/edge/v1/changes?epoch=x&rev=0", status=401, key=made["token"])
    await call(client, "DELETE", f"/api/v1/edge-tokens/{made['id']}", status=404)


def a_status(epoch: str, rev: int, **more: Any) -> EdgeStatus:
    said: dict[str, Any] = {"name": "berlin-1", "workers": 2, "backlog_records": 0, "clock": [], **more}
    return EdgeStatus(
        edge_id="edg_01jdq5m3aaaaaaaaaaaaaaaaaa",
        version="0.1.0",
        wire=1,
        epoch=epoch,
        rev=rev,
        low_watermark_ms=1,
        backlog_bytes=0,
        spool_bytes=0,
        gap_count=3,
        **said,
    )


async def report(edge: Client, status: EdgeStatus) -> None:
    async with edge.post("/edge/v1/status", data=msgspec.msgpack.encode(status)) as response:
        assert response.status == 200, await response.text()
        assert msgspec.msgpack.decode(await response.read(), type=StatusAck).server_ms > 0


async def test_the_last_report_of_an_edge_is_shown(edge: Client, client: Client, services: Services) -> None:
    await a_domain(client)
    async with services.database.reading() as connection:
        state = await read_state(connection)
    await report(edge, a_status(state.epoch, state.rev, backlog_records=9))
    await a_link(client)
    await report(edge, a_status(state.epoch, state.rev, backlog_records=7))
    (shown,) = (await call(client, "GET", "/api/v1/edges", status=200))["items"]
    assert {name: shown[name] for name in ("name", "workers", "backlog_records", "gap_count", "lag_revs", "state")} == {
        "name": "berlin-1",
        "workers": 2,
        "backlog_records": 7,
        "gap_count": 3,
        "lag_revs": 1,
        "state": "live",
    }


async def test_an_edge_that_holds_changes_back_says_why(edge: Client, client: Client) -> None:
    for reason in ("900 of 1000 entries would be removed at once", ""):
        await report(edge, a_status("epoch", 1, held_feed=reason))
        (shown,) = (await call(client, "GET", "/api/v1/edges", status=200))["items"]
        assert shown["held_feed"] == reason


async def test_clock_samples_are_kept_once(edge: Client, services: Services) -> None:
    first, second = ClockSample(1_000, 10, 5, 2), ClockSample(2_000, 1_010, 6, 3)
    await report(edge, a_status("x", 0, clock=[first]))
    await report(edge, a_status("x", 0, clock=[first, second]))
    async with services.database.reading() as connection:
        rows = (await connection.execute(select(clock_samples).order_by(clock_samples.c.wall_ms))).all()
    assert [(row.wall_ms, row.boot_ms, row.offset_ms, row.round_trip_ms) for row in rows] == [
        (1_000, 10, 5, 2),
        (2_000, 1_010, 6, 3),
    ]


async def test_a_report_that_is_none_is_refused(edge: Client) -> None:
    async with edge.post("/edge/v1/status", data=b"\xc1nonsense") as response:
        assert response.status == 400


async def test_a_lost_listening_connection_comes_back(database: Database) -> None:
    if database.dialect != "postgresql":
        pytest.skip("nothing listens on SQLite")
    wake = FeedWake(database)
    await wake.start()
    try:
        await asyncio.sleep(0.3)
        async with database.transaction() as connection:
            killed = await connection.exec_driver_sql(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where datname = current_database() and query ilike 'listen%%'"
            )
            assert killed.scalar_one() == 1
        async with asyncio.timeout(10):
            await wake.ticket().wait()  # rung when it is back, for what it may have missed
        ticket = wake.ticket()
        async with database.transaction() as connection:
            await publish(connection, [a_link_entry("a")])
        async with asyncio.timeout(5):
            await ticket.wait()
    finally:
        await wake.close()
