"""What Prometheus gets from a node, and that counters survive the processes that count."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from edge.counts import Counts, CountsPage, read_totals
from edge.node import ring_directory
from edge.record import NO_CLICK_CODE
from tests.edge.building import HOST, domain, link
from tests.support.agent import agent, append_clicks, config_for, writer_for
from tests.support.control_plane import ControlPlane, running

SOON_S = 20.0
SCRAPES = 500
NOTED_S = 0.3  # after a rev is applied, when it came is noted as well


def test_a_successor_in_the_slot_goes_on_counting(tmp_path: Path) -> None:
    for redirects in (5, 7):
        counts = Counts(redirects=redirects, connections_open=redirects)
        counts.no_clicks[NO_CLICK_CODE["prefetch"]] = 2
        page = CountsPage(tmp_path, 3)
        page.publish(counts)
        page.publish(counts)
        page.close()
    totals = read_totals(tmp_path / "worker-3.counts")
    assert (totals.slot, totals.connections_open, totals.counters["redirects"]) == (3, 7, 12)
    assert totals.no_clicks["prefetch"] == 4


async def scrape(port: int) -> dict[str, float]:
    """The last sample of each name; every metric must say what it is."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as response:
        families = list(text_string_to_metric_families(await response.text()))
    assert all(family.documentation for family in families)
    return {sample.name: sample.value for family in families for sample in family.samples}


async def test_a_node_tells_what_its_workers_counted_and_what_was_shipped(tmp_path: Path, unused_tcp_port: int) -> None:
    async with running(ControlPlane()) as control:
        config = config_for(tmp_path / "edge", control.url, metrics_port=unused_tcp_port)
        writer = writer_for(config)
        page = CountsPage(ring_directory(config.data_dir, config.ring_dir), 0)
        page.publish(Counts(redirects=41, unknown_slugs=2))
        with agent(config):
            append_clicks(writer, 30)
            await control.until(lambda: len(control.click_ids()) == 30)
            samples = await scrape(unused_tcp_port)
    assert samples["clicktrail_edge_redirects_total"] == 41
    assert samples["clicktrail_edge_records_shipped_total"] == 30
    assert samples["clicktrail_edge_ring_capacity_bytes"] == 1 << 20
    assert samples["clicktrail_edge_syncs_total"] >= 1
    assert samples["clicktrail_edge_spool_bytes"] > 0


async def test_a_node_tells_how_its_links_are_kept_up_to_date(tmp_path: Path, unused_tcp_port: int) -> None:
    control = ControlPlane()
    control.publish(domain(), link())
    async with running(control):
        config = config_for(tmp_path / "edge", control.url, metrics_port=unused_tcp_port)
        with agent(config) as process:
            await control.until(lambda: control.snapshots == 1)
            control.publish(link("spring", "https://shop.example/new"))
            samples = await scraped(unused_tcp_port, "clicktrail_edge_rev", 3)
            assert samples["clicktrail_edge_snapshots_total"] == 1
            assert samples["clicktrail_edge_snapshots_failed_total"] == 0
            assert samples["clicktrail_edge_feed_lag_seconds"] < SOON_S
            await asyncio.sleep(NOTED_S)
            young = await scrape(unused_tcp_port)
            await asyncio.sleep(1.0)
            older = await scrape(unused_tcp_port)
            assert older["clicktrail_edge_feed_lag_seconds"] >= young["clicktrail_edge_feed_lag_seconds"] + 1.0

            sound = control.entries[f"link:{HOST}/spring"]
            control.entries[f"link:{HOST}/spring"] = msgspec.structs.replace(sound, carry="telepathy")
            control.restore({}, "epoch-2")  # leads to a snapshot, which cannot be read now
            await control.until(lambda: "a snapshot is unreadable" in process.log_text())
            samples = await scrape(unused_tcp_port)
            assert samples["clicktrail_edge_snapshots_failed_total"] >= 1
            assert samples["clicktrail_edge_snapshots_total"] == 1
            control.entries[f"link:{HOST}/spring"] = sound
            samples = await scraped(unused_tcp_port, "clicktrail_edge_snapshots_total", 2)
            assert samples["clicktrail_edge_rev"] == 3


async def scraped(port: int, name: str, value: float) -> dict[str, float]:
    """The first scrape in which that metric has that value."""
    for _ in range(SCRAPES):
        if (samples := await scrape(port))[name] == value:
            return samples
        await asyncio.sleep(0.02)
    raise AssertionError(f"{name} never was {value}")
