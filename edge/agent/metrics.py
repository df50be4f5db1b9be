"""`/metrics` of one node for Prometheus: what workers counted, what is in rings and spool, how shipping goes.

Nothing is gathered between two scrapes: the numbers are read where they are kept. Served on the loopback address
alone; a scraper on another machine needs a proxy of the operator's choice. The operators' guide explains every metric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.agent.drain import Drain
from edge.agent.scrub import Scrubs
from edge.agent.ship import Shipper
from edge.agent.streams import Streams
from edge.agent.sync import Sync
from edge.counts import SUFFIX, BadCounts, Totals, read_totals
from shared.clock import wall_ms
from shared.logs import get_logger
from shared.wire import EdgeStatus

HOST: Final = "127.0.0.1"
_MS = 1_000

_log = get_logger()

_WORKER_COUNTERS = {
    "redirects": ("clicktrail_edge_redirects", "Answered requests for a link, clicks or not."),
    "unknown_slugs": ("clicktrail_edge_unknown_slugs", "Requests for slugs that no link has."),
    "damaged": ("clicktrail_edge_damaged", "Requests answered 503 because the link cache failed its checksum."),
    "beacons": ("clicktrail_edge_beacons", "Accepted reports of the snippet."),
    "refused_beacons": ("clicktrail_edge_beacons_refused", "Refused reports: malformed, unknown key, wrong origin."),
    "bad_requests": ("clicktrail_edge_bad_requests", "Requests that are not well-formed HTTP."),
    "connections_accepted": ("clicktrail_edge_connections_accepted", "Connections accepted."),
    "connections_refused": (
        "clicktrail_edge_connections_refused",
        "Connections over an address's budget, or without room.",
    ),
    "connections_shed": ("clicktrail_edge_connections_shed", "Idle connections closed to make room."),
    "lent": ("clicktrail_edge_requests_lent", "Requests that left the fast path."),
}


class NodeCollector(Collector):
    """Reads everything at each scrape; `status` gives what the agent tells the control plane as well."""

    def __init__(
        self,
        rings: Path,
        drain: Drain,
        streams: Streams,
        shipper: Shipper,
        sync: Sync,
        scrubs: Scrubs,
        status: Callable[[], EdgeStatus],
    ) -> None:
        self._rings, self._drain, self._streams, self._shipper = rings, drain, streams, shipper
        self._sync, self._scrubs, self._status = sync, scrubs, status

    def collect(self) -> Iterator[Metric]:
        status = self._status()
        yield InfoMetricFamily(
            "clicktrail_edge_build",
            "Version of this edge.",
            value={"version": status.version, "wire": str(status.wire), "edge_id": status.edge_id},
        )
        yield from self._workers()
        yield from self._ring_metrics()
        yield from self._spool(status)
        yield from self._shipping(status)
        yield from self._feed(status)
        yield from self._scrubbing()

    def _workers(self) -> Iterator[Metric]:
        totals = list(_totals(self._rings))
        for name, (metric, words) in _WORKER_COUNTERS.items():
            family = CounterMetricFamily(metric, words, labels=["worker"])
            for one in totals:
                family.add_metric([str(one.slot)], one.counters[name])
            yield family
        no_clicks = CounterMetricFamily(
            "clicktrail_edge_no_clicks", "Answered requests that are no clicks.", labels=["worker", "reason"]
        )
        opened = GaugeMetricFamily("clicktrail_edge_connections_open", "Open connections.", labels=["worker"])
        for one in totals:
            opened.add_metric([str(one.slot)], one.connections_open)
            for reason, count in one.no_clicks.items():
                no_clicks.add_metric([str(one.slot), reason], count)
        yield no_clicks
        yield opened

    def _ring_metrics(self) -> Iterator[Metric]:
        levels = self._drain.ring_levels
        used = sum(level.unread_bytes for level in levels)
        capacity = sum(level.capacity for level in levels)
        yield GaugeMetricFamily("clicktrail_edge_ring_used_bytes", "Bytes in rings that are not on disk.", used)
        yield GaugeMetricFamily("clicktrail_edge_ring_capacity_bytes", "Bytes that the rings can hold.", capacity)
        yield CounterMetricFamily(
            "clicktrail_edge_records_dropped", "Records that found no room in memory.", self._drain.dropped
        )
        yield CounterMetricFamily("clicktrail_edge_syncs", "Syncs of the spool to the disk.", self._drain.syncs)
        yield CounterMetricFamily(
            "clicktrail_edge_sync_seconds", "Time that those syncs took.", self._drain.sync_seconds
        )

    def _spool(self, status: EdgeStatus) -> Iterator[Metric]:
        yield GaugeMetricFamily("clicktrail_edge_spool_bytes", "Bytes of all segments on disk.", status.spool_bytes)
        records = GaugeMetricFamily("clicktrail_edge_backlog_records", "Records not acknowledged.", labels=["lane"])
        size = GaugeMetricFamily("clicktrail_edge_backlog_bytes", "Their bytes on disk.", labels=["lane"])
        for lane, (count, bytes_) in self._streams.backlog_by_lane().items():
            records.add_metric([lane], count)
            size.add_metric([lane], bytes_)
        yield records
        yield size
        low_ms = self._streams.low_ms()
        age_s = 0.0 if low_ms is None else max(0, wall_ms() - low_ms) / _MS
        yield GaugeMetricFamily("clicktrail_edge_oldest_unacked_seconds", "Age of the oldest such record.", age_s)

    def _shipping(self, status: EdgeStatus) -> Iterator[Metric]:
        shipper = self._shipper
        yield CounterMetricFamily("clicktrail_edge_batches_shipped", "Batches that were taken.", shipper.batches)
        yield CounterMetricFamily("clicktrail_edge_records_shipped", "Records in them.", shipper.records)
        yield CounterMetricFamily("clicktrail_edge_shipped_bytes", "Their bytes, compressed.", shipper.body_bytes)
        errors = CounterMetricFamily(
            "clicktrail_edge_ship_errors", "Batches that moved nothing, by HTTP status.", labels=["status"]
        )
        for name, count in shipper.errors.items():
            errors.add_metric([name], count)
        yield errors
        yield GaugeMetricFamily(
            "clicktrail_edge_resting_streams", "Streams with a record that cannot be delivered.", shipper.resting
        )
        gaps = CounterMetricFamily(
            "clicktrail_edge_gap_records", "Records reported as lost, by reason.", labels=["reason"]
        )
        for reason, count in shipper.gaps.items():
            gaps.add_metric([reason], count)
        yield gaps
        if status.clock:
            offset_s = status.clock[-1].offset_ms / _MS
            yield GaugeMetricFamily(
                "clicktrail_edge_clock_offset_seconds", "The control plane's clock minus this one.", offset_s
            )

    def _feed(self, status: EdgeStatus) -> Iterator[Metric]:
        sync, held = self._sync, int(bool(status.held_feed))
        yield GaugeMetricFamily("clicktrail_edge_rev", "Change up to which the link cache is current.", status.rev)
        yield GaugeMetricFamily("clicktrail_edge_feed_held", "1 while a feed waits to be accepted.", held)
        yield GaugeMetricFamily(
            "clicktrail_edge_feed_lag_seconds", "Time since no change was known to be missing.", sync.lag_s()
        )
        yield CounterMetricFamily("clicktrail_edge_snapshots", "Snapshots of all links taken.", sync.snapshots_taken)
        yield CounterMetricFamily(
            "clicktrail_edge_snapshots_failed", "Snapshots refused, broken off or unusable.", sync.snapshots_failed
        )

    def _scrubbing(self) -> Iterator[Metric]:
        scrubs = CounterMetricFamily(
            "clicktrail_edge_scrubs", "Readings of the whole link cache, by result.", labels=["result"]
        )
        for result, count in self._scrubs.found.items():
            scrubs.add_metric([result], count)
        yield scrubs


def _totals(rings: Path) -> Iterator[Totals]:
    for path in sorted(rings.glob(f"*{SUFFIX}")):
        try:
            yield read_totals(path)
        except (BadCounts, OSError) as error:
            _log.debug("counts left out", reason=str(error))


async def serve_metrics(port: int, collector: Collector) -> web.AppRunner | None:
    """Until the runner is cleaned up. A port that is taken costs the metrics, not the agent."""
    registry = CollectorRegistry()
    registry.register(collector)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as error:
        _log.warning("no metrics: give this edge a `metrics_port` of its own", port=port, reason=str(error))
        await runner.cleanup()
        return None
    return runner
