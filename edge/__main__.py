"""`clicktrail-edge`: the edge of one node, without any of the control plane's dependencies."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge import supervisor
from edge.claims import CannotStart
from edge.config import EdgeConfig
from shared import config, logs

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the edge in the foreground. Returns 0 after an orderly stop, 2 with a sentence for what is wrong."""
    given = _parser().parse_args(arguments)
    try:
        tables = config.read_file(given.config)
        config.reject_unknown_variables()
        settings = config.load("edge", EdgeConfig, tables)
        log = config.load("log", config.LogConfig, tables)
        logs.set_up(log.level, log.format, process="supervisor")
        return supervisor.run(settings, log)
    except (config.ConfigError, CannotStart) as error:
        print(f"clicktrail-edge: {error}", file=sys.stderr)
        return USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clicktrail-edge", description="Redirects short links and records clicks.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file; keys of its [edge] and [log] tables")
    parser.add_argument("--version", action="version", version=_version())
    return parser


def _version() -> str:
    try:
        return version("clicktrail")
    except PackageNotFoundError:
        return "0 (not installed)"


if __name__ == "__main__":
    sys.exit(main())
