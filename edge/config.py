"""`[edge]` of the configuration: every key, its unit and its default. Wrong values are refused by the key's name."""

from __future__ import annotations

import os
import re
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]*").fullmatch
_PRINTABLE = re.compile(r"[!-~]+").fullmatch


class EdgeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one node's edge needs to know: supervisor, workers and agent read the same values."""

    host: str = "127.0.0.1"
    """Address to listen on. `0.0.0.0` is every IPv4 address, `::` every address of both families."""

    port: int = 8080
    """TCP port to listen on, 1–65535."""

    workers: int = 0
    """Redirecting processes; 0: one for each CPU that this process may use."""

    data: str = "clicktrail-data/edge"
    """Folder of the link cache and the spool; made when missing. One edge at a time may use it."""

    control_url: str = "http://127.0.0.1:8000"
    """Where the control plane answers, without a path."""

    token: str = ""
    """Edge token (`et_…`) that the control plane issued. Empty: the edge serves what it has and waits."""

    name: str = ""
    """What the control plane's list of edges calls this node; empty: its host name."""

    trusted_proxies: tuple[str, ...] = ()
    """Networks (CIDR) of the proxies and CDNs in front, whose `X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded`
    are believed. From any other peer these headers are ignored."""

    proxy_protocol: bool = False
    """Whether connections from `trusted_proxies` begin with the PROXY protocol (version 1 or 2), which then names the
    visitor. Those that don't are closed. Linux only."""

    tls_port: int = 0
    """TCP port to listen on for TLS, beside `port`; 0: none."""

    tls_cert: str = ""
    """PEM file of the certificate and the chain behind it. It and the key may be replaced while the edge runs."""

    tls_key: str = ""
    """PEM file of the certificate's key, not encrypted."""

    address_header: str = ""
    """Header in which the CDN in front names the visitor's address (`CF-Connecting-IP`, `True-Client-IP`,
    `Fastly-Client-IP`), believed from `trusted_proxies` alone and before `X-Forwarded-For`; the CDN must replace what a
    visitor sends. Empty: none."""

    country_header: str = ""
    """Header in which the proxies or the CDN in front name the visitor's country (`CF-IPCountry`,
    `CloudFront-Viewer-Country`), believed from `trusted_proxies` alone; they must replace what a visitor sends. Empty:
    the country is that in which the visitor's address is registered."""

    connections: int = 20_000
    """Most connections that one worker holds at each of its ports; to take another, it closes the one that was idle the
    longest."""

    connections_per_address_s: float = 1_000
    """New connections a second that one address may open at one worker in the long run, with a reserve of 5 s; 0: as
    many as it likes. Trusted proxies are exempt."""

    ring_dir: str = ""
    """Folder of the workers' rings; empty: a folder of this edge in /dev/shm where that exists, else in `data`."""

    ring_mib: int = 64
    """Size of one ring in MiB; every worker starts with one."""

    ring_budget_mib: int = 512
    """Most memory in MiB that all rings of this node may take while nothing drains them."""

    spool_gib: float = 0
    """Disk budget of the spool in GiB; 0: 10 GiB or a fifth of the disk, whichever is less."""

    retention_hours: float = 24
    """How long segments stay on disk after the control plane acknowledged them, in hours, within the budget."""

    fsync_interval_ms: int = 50
    """How long a record may wait in the page cache before it is synced to the disk, in milliseconds."""

    metrics_port: int = 9464
    """TCP port on 127.0.0.1 where the agent answers `/metrics` for Prometheus; 0: none. The default is the one that
    OpenTelemetry gives to Prometheus exporters. Of several edges on a machine the first gets it."""

    def __post_init__(self) -> None:
        _between("metrics_port", self.metrics_port, 0, 65535)
        _between("port", self.port, 1, 65535)
        _between("tls_port", self.tls_port, 0, 65535)
        if self.tls_port and not (self.tls_cert and self.tls_key):
            raise ValueError("`tls_port` needs `tls_cert` and `tls_key`, two PEM files")
        if self.tls_port == self.port:
            raise ValueError("`tls_port` must be another port than `port`")
        _between("workers", self.workers, 0, 1024)
        _between("connections", self.connections, 16, 1_000_000)
        _between("connections_per_address_s", self.connections_per_address_s, 0, 1_000_000)
        _between("ring_mib", self.ring_mib, 1, 4096)
        _between("ring_budget_mib", self.ring_budget_mib, self.ring_mib, 1 << 20)
        _between("fsync_interval_ms", self.fsync_interval_ms, 1, 60_000)
        _between("spool_gib", self.spool_gib, 0, 1 << 20)
        _between("retention_hours", self.retention_hours, 0, 24 * 365)
        if not self.data:
            raise ValueError("`data` must name a folder")
        if self.token and not _PRINTABLE(self.token):
            raise ValueError("`token` has a character that no edge token has")
        if not _HEADER_NAME(self.address_header):
            raise ValueError("`address_header` must be a header's name, like CF-Connecting-IP")
        if not _HEADER_NAME(self.country_header):
            raise ValueError("`country_header` must be a header's name, like CF-IPCountry")
        url = urlsplit(self.control_url)
        if url.scheme not in ("http", "https") or not url.netloc or url.path not in ("", "/") or url.query:
            raise ValueError("`control_url` must be like https://clicktrail.example.com, without a path")
        for network in self.trusted_proxies:
            try:
                ip_network(network)
            except ValueError as error:
                raise ValueError(f"`trusted_proxies`: {error}") from None

    @property
    def data_dir(self) -> Path:
        return Path(self.data)

    @property
    def links_dir(self) -> Path:
        """Folder of the link cache's generations."""
        return self.data_dir / "links"

    @property
    def worker_count(self) -> int:
        """`workers`, with 0 resolved for this machine."""
        if self.workers:
            return self.workers
        usable = getattr(os, "sched_getaffinity", None)
        return len(usable(0)) if usable else os.cpu_count() or 1


def _between(key: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"`{key}` is {value}; it must be from {least} to {most}")
