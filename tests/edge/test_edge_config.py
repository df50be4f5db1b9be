"""`[edge]`: values from file and environment, and errors that name the key."""

from __future__ import annotations

from typing import Any

import pytest

from edge.config import EdgeConfig
from shared.config import ConfigError, load


def test_the_defaults_are_a_configuration() -> None:
    config = load("edge", EdgeConfig, {}, {})
    assert config.worker_count >= 1
    assert config.links_dir == config.data_dir / "links"


def test_file_and_environment_are_read() -> None:
    tables = {"edge": {"port": 8081, "trusted_proxies": ["10.0.0.0/8"], "workers": 3}}
    environment = {"CLICKTRAIL_EDGE_PORT": "8082", "CLICKTRAIL_EDGE_RETENTION_HOURS": "1.5"}
    config = load("edge", EdgeConfig, tables, environment)
    assert (config.port, config.retention_hours, config.worker_count) == (8082, 1.5, 3)
    assert config.trusted_proxies == ("10.0.0.0/8",)
    assert load("edge", EdgeConfig, {}, {"CLICKTRAIL_EDGE_TRUSTED_PROXIES": "10.0.0.0/8,::1"}).trusted_proxies == (
        "10.0.0.0/8",
        "::1",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", 0),
        ("port", "http"),
        ("workers", -1),
        ("data", ""),
        ("control_url", "ftp://control.example"),
        ("control_url", "https://control.example/path"),
        ("token", "et_with space"),
        ("trusted_proxies", ["10.0.0.0/8", "nowhere"]),
        ("trusted_proxies", ["10.0.0.1/8"]),
        ("ring_mib", 0),
        ("ring_budget_mib", 32),
        ("spool_gib", -1),
        ("retention_hours", -1),
        ("fsync_interval_ms", 0),
        ("prot", 8080),
    ],
)
def test_a_wrong_value_is_refused_by_the_keys_name(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=key):
        load("edge", EdgeConfig, {"edge": {key: value}}, {})
