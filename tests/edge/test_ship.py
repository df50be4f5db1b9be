"""Shipping, against a control plane that goes away, forgets, repeats itself and refuses."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from aiohttp import web

from edge.agent.client import ControlClient
from edge.agent.drain import Drain, Opened, Sealed, Synced
from edge.agent.samples import ClockSamples
from edge.agent.segment import RECORD, Entry, SegmentWriter, list_segments, seal
from edge.agent.ship import Shipper
from edge.agent.streams import Streams
from edge.config import EdgeConfig
from edge.node import edge_id
from shared import click_id
from shared.clock import boot_ms, wall_ms
from shared.wire import WIRE_VERSION, ClickRecord, ClockSample
from tests.support.agent import AgentProcess, agent, append_clicks, click, config_for, seal_one_stream, writer_for
from tests.support.control_plane import ControlPlane, Delivery, StoredStream, running, without_duplicates


@pytest.fixture
def config(tmp_path: Path, unused_tcp_port: int) -> EdgeConfig:
    return config_for(tmp_path / "edge", f"http://127.0.0.1:{unused_tcp_port}")


def port_of(config: EdgeConfig) -> int:
    return int(config.control_url.rpartition(":")[2])


def spool_bytes(config: EdgeConfig) -> int:
    return sum(path.stat().st_size for path in (config.data_dir / "spool").glob("*.sealed"))


async def arrived(control: ControlPlane, ids: list[bytes]) -> None:
    """Waits until all of these are stored, and checks that each is once."""
    await control.until(lambda: set(ids) <= set(control.click_ids()))
    assert without_duplicates(control.click_ids())


async def test_records_of_an_outage_arrive_when_it_ends(config: EdgeConfig) -> None:
    writer = writer_for(config)
    with agent(config):
        ids = append_clicks(writer, 300)
        await asyncio.sleep(0.5)
        async with running(ControlPlane(), port_of(config)) as control:
            await arrived(control, ids)


async def test_an_answer_that_is_lost_after_storing_doubles_nothing(config: EdgeConfig) -> None:
    control, lost = ControlPlane(), 0

    async def lose(_: Delivery) -> web.Response | None:
        nonlocal lost
        lost += 1
        return web.Response(status=500) if lost % 3 else None

    control.after = lose
    writer = writer_for(config)
    async with running(control, port_of(config)):
        with agent(config):
            ids: list[bytes] = []
            while lost < 6:
                ids += append_clicks(writer, 50)
                await arrived(control, ids)
    assert control.click_ids() == ids
    assert len({delivery.first for delivery in control.deliveries}) < len(control.deliveries)


async def test_a_stream_goes_on_where_the_control_plane_says_lower_or_higher(config: EdgeConfig) -> None:
    control = ControlPlane()
    writer = writer_for(config)
    async with running(control, port_of(config)):
        with agent(config):
            ids = append_clicks(writer, 100)
            await arrived(control, ids)
            (stream,) = control.streams.values()
            for number in range(40, 100):
                del stream.records[number]
            stream.next = 40  # as after a fail-over to a replica that was behind
            ids += append_clicks(writer, 10)
            await arrived(control, ids)
            stream.next = 115  # and a mark that is ahead of us is not argued with
            append_clicks(writer, 10)
            await control.until(lambda: stream.next == 120)
    assert [stream.records[number].click_id for number in range(110)] == ids  # pyright: ignore
    assert set(stream.records) == {*range(110), *range(115, 120)}


async def test_a_quarantined_batch_blocks_nothing(config: EdgeConfig) -> None:
    control = ControlPlane()

    async def set_aside(delivery: Delivery) -> web.Response | None:
        if delivery.first == 0:
            delivery.batch = None
        return None

    control.before = set_aside
    writer = writer_for(config)
    async with running(control, port_of(config)):
        with agent(config) as process:
            append_clicks(writer, 20)
            await control.until(lambda: any(stream.next >= 20 for stream in control.streams.values()))
            ids = append_clicks(writer, 20)
            await arrived(control, ids)
            assert "a batch was set aside" in process.log_text()


async def test_a_refused_token_keeps_everything_and_is_tried_again(config: EdgeConfig) -> None:
    control = ControlPlane()
    control.token = "et_another"
    writer = writer_for(config)
    async with running(control, port_of(config)):
        with agent(config) as process:
            ids = append_clicks(writer, 50)
            await control.until(lambda: "control plane refuses records" in process.log_text())
            await asyncio.sleep(1.0)
            assert control.records() == []
            control.token = "et_test"
            await arrived(control, ids)
            assert process.log_text().count("control plane refuses records") == 1


async def test_a_control_plane_of_another_version_gets_nothing_and_loses_nothing(config: EdgeConfig) -> None:
    control = ControlPlane()
    control.wire_version = WIRE_VERSION + 1
    writer = writer_for(config)
    async with running(control, port_of(config)):
        with agent(config) as process:
            ids = append_clicks(writer, 50)
            await control.until(lambda: "unsupported-wire-version" in process.log_text())
            assert control.deliveries == []
            control.wire_version = WIRE_VERSION
            await arrived(control, ids)


async def test_retry_after_is_honoured(config: EdgeConfig) -> None:
    control = ControlPlane()
    tries: list[float] = []

    async def busy(_: Delivery) -> web.Response | None:
        tries.append(time.monotonic())
        return web.Response(status=503, headers={"Retry-After": "2"}) if len(tries) == 1 else None

    control.before = busy
    writer = writer_for(config)
    async with running(control, port_of(config)):
        with agent(config):
            ids = append_clicks(writer, 5)
            await arrived(control, ids)
    assert tries[1] - tries[0] >= 2.0


async def test_new_records_do_not_wait_behind_a_backlog(config: EdgeConfig) -> None:
    writer = writer_for(config)
    control = ControlPlane()

    async def slowly(delivery: Delivery) -> None:
        await asyncio.sleep(0.4 if delivery.count > 500 else 0)

    control.before = slowly
    with agent(config):
        old: list[bytes] = []
        for _ in range(24):
            old += append_clicks(writer, 1_000)
            await asyncio.sleep(0.02)
        await asyncio.sleep(2.5)
        async with running(control, port_of(config)):
            await control.until(lambda: any(delivery.lane == "backlog" for delivery in control.deliveries))
            lags: list[float] = []
            while len(control.click_ids()) < len(old):
                started = time.monotonic()
                (fresh,) = append_clicks(writer, 1)
                await control.until(lambda fresh=fresh: fresh in control.click_ids())
                lags.append(time.monotonic() - started)
            await arrived(control, old)
    lags.sort()
    print(f"backlog of {len(old)}: fresh lag p50 {lags[len(lags) // 2]:.3f} s, worst {lags[-1]:.3f} s of {len(lags)}")
    assert len(lags) > 10
    assert lags[int(len(lags) * 0.9)] < 2.0
    assert {delivery.lane for delivery in control.deliveries} == {"fresh", "backlog"}


async def test_within_a_stream_one_batch_is_in_flight_in_order(config: EdgeConfig) -> None:
    control = ControlPlane()
    in_flight: dict[bytes, int] = {}

    async def watch(delivery: Delivery) -> None:
        in_flight[delivery.stream] = in_flight.get(delivery.stream, 0) + 1
        assert in_flight[delivery.stream] == 1
        await asyncio.sleep(0.02)

    async def unwatch(delivery: Delivery) -> None:
        in_flight[delivery.stream] -= 1

    control.before, control.after = watch, unwatch
    writer = writer_for(config)
    async with running(control, port_of(config)):
        ids: list[bytes] = []
        for _ in range(3):
            with agent(config) as process:
                ids += append_clicks(writer, 6_000)
                await asyncio.sleep(0.4)
                await asyncio.to_thread(process.terminate)
        with agent(config):
            await arrived(control, ids)
    order: dict[bytes, int] = {}
    for delivery in control.deliveries:
        assert delivery.first <= order.get(delivery.stream, 0)
        order[delivery.stream] = delivery.first + delivery.count


async def test_a_restored_database_gets_back_what_the_edge_still_has(config: EdgeConfig) -> None:
    control = ControlPlane()
    async with running(control, port_of(config)):
        ids = seal_one_stream(config, 100)
        with agent(config):
            writer = writer_for(config)
            await arrived(control, ids)
            older = control.copy_of_streams()
            ids += append_clicks(writer, 200)
            await arrived(control, ids)
            await control.until(lambda: bool(control.snapshots))
            older.pop(next(iter(older)))
            control.restore(older, "epoch-2")
            await arrived(control, ids)


async def test_a_copy_put_back_with_the_epoch_that_it_had_is_noticed_by_its_marks(
    config: EdgeConfig, tmp_path: Path
) -> None:
    """Of the sealed stream, the open one and the expired one nothing is new: none of them would ask by itself."""
    control = ControlPlane()
    gone = config_for(config.data_dir, config.control_url, retention_hours=0.0001)
    ids = seal_one_stream(gone, 40)
    async with running(control, port_of(config)):
        with agent(gone) as process:
            await arrived(control, ids)
            await control.until(lambda: list_segments(config.data_dir / "spool") == [])
            await asyncio.to_thread(process.terminate)
        ids = seal_one_stream(config, 100)
        process = AgentProcess(config).start()
        writer = writer_for(config)
        await arrived(control, ids)
        older = control.copy_of_streams()
        await control.until(lambda: control.statuses != [])
        later = append_clicks(writer, 200)
        await arrived(control, later)
        sealed = next(stream_id for stream_id, stream in control.streams.items() if ids[0] in ids_of(stream))
        await control.until(lambda: control.streams[sealed].closed)
        expired = next(stream_id for stream_id in older if stream_id != sealed)
        older = {expired: StoredStream(30), sealed: StoredStream(100, False, older[sealed].records)}
    control.streams = older
    await control.until(lambda: "last known good serves on" in process.log_text())
    async with running(control, port_of(config)):
        try:
            await arrived(control, ids + later)
            await control.until(lambda: control.streams[sealed].closed)
            await control.until(lambda: [gap.count for gap in control.gaps()] == [10])
        finally:
            process.kill()


def ids_of(stream: StoredStream) -> list[bytes]:
    return [record.click_id for record in stream.records.values() if isinstance(record, ClickRecord)]


async def test_the_first_exchange_is_a_question_so_that_no_time_goes_uncorrected(config: EdgeConfig) -> None:
    control = ControlPlane()
    ids = seal_one_stream(config, 30)
    async with running(control, port_of(config)):
        with agent(config):
            await arrived(control, ids)
    assert all(delivery.batch and delivery.batch.clock for delivery in control.deliveries if delivery.count)


async def test_what_the_edge_has_no_longer_becomes_a_gap_of_exact_count(tmp_path: Path, unused_tcp_port: int) -> None:
    config = config_for(tmp_path / "edge", f"http://127.0.0.1:{unused_tcp_port}", retention_hours=0.0001)
    control = ControlPlane()
    async with running(control, unused_tcp_port):
        ids = seal_one_stream(config, 100)
        with agent(config):
            await control.until(lambda: set(ids) <= set(control.click_ids()))
            await control.until(lambda: list_segments(config.data_dir / "spool") == [])
            (stream_id,) = control.streams
            kept = {number: record for number, record in control.streams[stream_id].records.items() if number < 30}
            control.restore({stream_id: StoredStream(30, False, kept)}, "epoch-2")
            await control.until(lambda: bool(control.gaps()))
            (gap,) = control.gaps()
            assert (gap.count, gap.at_least, gap.reason) == (70, False, "stream_expired")
            assert gap.from_ms <= gap.to_ms <= wall_ms()
            assert control.streams[stream_id].closed
            control.restore({}, "epoch-3")
            await control.until(lambda: [gap.count for gap in control.gaps()] == [100])


async def test_over_the_budget_unacknowledged_records_go_last_and_are_told(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    config = config_for(tmp_path / "edge", f"http://127.0.0.1:{unused_tcp_port}", spool_gib=200_000 / 2**30)
    control = ControlPlane()
    acked = seal_one_stream(config, 200)
    async with running(control, unused_tcp_port):
        with agent(config) as process:
            await control.until(lambda: set(acked) <= set(control.click_ids()))
            await asyncio.to_thread(process.terminate)
    unacked: list[bytes] = []
    for _ in range(6):
        unacked += seal_one_stream(config, 200)
    with agent(config):
        await control.until(lambda: 0 < spool_bytes(config) <= 200_000)
        async with running(control, unused_tcp_port):
            await control.until(lambda: len(control.click_ids()) + sum(gap.count for gap in control.gaps()) >= 1_400)
    arrived_ids = set(control.click_ids())
    lost = [identity for identity in acked + unacked if identity not in arrived_ids]
    assert sum(gap.count for gap in control.gaps()) == len(lost) > 0
    assert {gap.reason for gap in control.gaps()} == {"spool_budget"}
    assert lost == unacked[: len(lost)]  # the oldest


async def test_a_segment_that_is_sealed_just_when_it_is_first_opened_is_not_taken_for_gone(
    config: EdgeConfig,
) -> None:
    """The drain's thread renames the file before the loop hears of it: a reader may miss it under both names."""
    spool = config.data_dir / "spool"
    spool.mkdir(parents=True)
    ids = [click_id.new() for _ in range(3)]
    writer = SegmentWriter.create(spool, edge_id(config.data_dir))
    for number, one in enumerate(ids, 1):
        writer.append(Entry(RECORD, bytes(16), number, click(one)))
    writer.sync()
    streams, samples = Streams(spool, 1 << 30, 3_600_000, ""), ClockSamples()
    samples.add(ClockSample(wall_ms(), boot_ms(), 0, 1))
    streams.handle(Opened(writer.name))
    streams.handle(Synced(writer.name, 3, wall_ms(), writer.size))
    sealed = seal(spool, writer.name, 3)
    control = ControlPlane()
    async with running(control), ControlClient(control.url, control.token) as client:
        drain = Drain(spool, spool, edge_id(config.data_dir), 1.0, lambda _: None)
        shipper = Shipper(client, streams, drain, samples, edge_id(config.data_dir), wall_ms)
        lane = asyncio.create_task(shipper.run("fresh"))
        await asyncio.sleep(0)
        time.sleep(0.2)  # the loop stands still while the reader looks for the file  # noqa: ASYNC251
        streams.handle(Sealed(writer.name, sealed))
        await arrived(control, ids)
        lane.cancel()
    assert control.gaps() == []
    assert list_segments(spool) == [sealed]


async def test_a_segment_that_somebody_has_removed_becomes_a_gap_of_its_count(config: EdgeConfig) -> None:
    control = ControlPlane()
    seal_one_stream(config, 60)
    with agent(config) as process:
        process.until_ready()
        (path,) = (config.data_dir / "spool").glob("*.sealed")
        path.unlink()
        async with running(control, port_of(config)):
            await control.until(lambda: control.gaps() != [])
    assert [(gap.count, gap.reason) for gap in control.gaps()] == [(60, "spool_damaged")]


async def test_a_damaged_record_does_not_stop_shipping(config: EdgeConfig) -> None:
    ids = seal_one_stream(config, 60)
    (path,) = (config.data_dir / "spool").glob("*.sealed")
    data = bytearray(path.read_bytes())
    at = data.index(ids[30])
    data[at] ^= 1
    path.write_bytes(data)
    control = ControlPlane()
    async with running(control, port_of(config)):
        with agent(config):
            await arrived(control, ids[:30] + ids[31:])
    assert [(gap.count, gap.reason) for gap in control.gaps()] == [(1, "spool_damaged")]


async def test_losing_the_acknowledgements_costs_questions_not_records(config: EdgeConfig) -> None:
    control = ControlPlane()
    async with running(control, port_of(config)):
        ids = seal_one_stream(config, 100)
        with agent(config) as process:
            await arrived(control, ids)
            await asyncio.to_thread(process.terminate)
        (config.data_dir / "spool" / "acked").write_bytes(b"\xc1 not msgpack")
        with agent(config):
            writer = writer_for(config)
            ids += append_clicks(writer, 5)
            await arrived(control, ids)
            await control.until(lambda: any(delivery.lane == "backlog" for delivery in control.deliveries))
        assert without_duplicates(control.click_ids())


async def test_the_low_watermark_never_passes_an_unacknowledged_record(config: EdgeConfig) -> None:
    """A sealed stream is there when the agent starts, so that its first status speaks of it; then come open records."""
    control = ControlPlane()
    started = wall_ms()
    ids = seal_one_stream(config, 5)
    writer = writer_for(config)
    may_store = False

    async def refuse(delivery: Delivery) -> web.Response | None:
        return None if may_store else web.Response(status=503)

    async with running(control, port_of(config)):
        control.before = refuse
        with agent(config):
            ids += append_clicks(writer, 5)
            await control.until(lambda: control.statuses != [] and control.deliveries != [])
            assert control.statuses[-1].low_watermark_ms <= started + 1_000
            assert control.statuses[-1].backlog_records >= 5
            may_store = True
            await arrived(control, ids)
            told = len(control.statuses)
            await control.until(lambda: len(control.statuses) > told)
            assert control.statuses[-1].low_watermark_ms > started + 3_000
            assert control.statuses[-1].backlog_records == 0
    watermarks = [delivery.batch.low_watermark_ms for delivery in control.deliveries if delivery.batch]
    assert min(watermarks) <= started + 1_000


async def test_a_record_that_the_control_plane_fails_at_holds_no_other_up(config: EdgeConfig) -> None:
    control = ControlPlane()
    ids = [click_id.new() for _ in range(8)]
    poison = ids[2:3]

    async def fail(delivery: Delivery) -> web.Response | None:
        records = delivery.batch.records if delivery.batch else []
        hit = any(isinstance(record, ClickRecord) and record.click_id in poison for record in records)
        return web.Response(status=500) if hit else None

    control.before = fail
    writer = writer_for(config)
    async with running(control, port_of(config)):
        with agent(config) as process:
            await control.until(lambda: control.statuses != [])
            writer.append([click(identity) for identity in ids])
            await control.until(lambda: "fails at a record" in process.log_text())
            assert set(control.click_ids()) >= set(ids[:2])
            await control.until(lambda: not list((config.data_dir / "spool").glob("*.open")))
            others = append_clicks(writer, 20)
            await arrived(control, others)
            assert ids[2] not in control.click_ids()
            poison.clear()
            await arrived(control, ids + others)


async def test_clock_samples_tell_how_far_the_clocks_are_apart(config: EdgeConfig) -> None:
    control = ControlPlane()
    control.server_ms = lambda: wall_ms() + 600_000
    writer = writer_for(config)
    async with running(control, port_of(config)):
        with agent(config):
            await control.until(lambda: bool(control.statuses))
            ids = append_clicks(writer, 5)
            await arrived(control, ids)
            append_clicks(writer, 5)
            await control.until(lambda: len(control.click_ids()) == 10)
    batch = control.deliveries[-1].batch
    assert batch is not None
    for sample in batch.clock:
        assert abs(sample.offset_ms - 600_000) <= sample.round_trip_ms // 2 + 2
    assert batch.clock
