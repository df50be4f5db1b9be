"""`[control]`: where the control plane listens, keeps its data, and is reached from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]

OWNER_EMAIL = "owner@localhost"  # of the first owner unless `up --email` says otherwise
SQLITE_FILE = "clicktrail.sqlite3"


class ControlConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[control]` table; every key is also `CLICKTRAIL_CONTROL_<KEY>` in the environment."""

    host: str = "127.0.0.1"
    port: Port = 8000
    data: str = "clicktrail-data"
    """Folder of everything that this installation keeps on disk; made when missing."""
    database: str = ""
    """`postgresql://user:password@host/name` or `sqlite:///path`; empty: SQLite in the data folder."""
    base_url: str = ""
    """Address of the dashboard as people open it, without a trailing slash; empty: http:// and `host:port`."""
    edge_public_scheme: Literal["auto", "http", "https"] = "auto"
    """Scheme of short links; `auto`: http for `localhost` names, https for all others."""
    edge_public_port: Port = 0
    """Port of short links; 0: the scheme's own, and `edge_local_port` for `localhost` names."""
    edge_local_port: Port = 8080
    """Port of short links on `localhost` names: where the edge on this machine listens."""
    verify_private_hosts: bool = False
    """Whether a short domain may be verified at an address of a private network, as where all visitors live inside."""
    allow_ip_hosts: bool = False
    """Whether an IP address may be a short domain, as on a test bench without DNS."""

    @property
    def data_path(self) -> Path:
        return Path(self.data)

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL, with the async driver of its dialect."""
        if not self.database:
            return f"sqlite+aiosqlite:///{self.data_path / SQLITE_FILE}"
        scheme, separator, rest = self.database.partition("://")
        driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
        return driver.get(scheme, scheme) + separator + rest

    @property
    def dashboard_url(self) -> str:
        """The dashboard's address without a trailing slash."""
        if self.base_url:
            return self.base_url.rstrip("/")
        host = "localhost" if self.host in ("0.0.0.0", "::", "127.0.0.1") else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def short_origin(self, host: str) -> str:
        """Scheme, host and, where needed, port of the short links on `host`."""
        is_local = host == "localhost" or host.endswith(".localhost")
        scheme = self.edge_public_scheme
        if scheme == "auto":
            scheme = "http" if is_local else "https"
        port = self.edge_public_port or (self.edge_local_port if is_local else 0)
        is_standard = port in (0, 443 if scheme == "https" else 80)
        return f"{scheme}://{host}" if is_standard else f"{scheme}://{host}:{port}"
