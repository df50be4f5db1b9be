"""The command line of `clicktrail-edge`: the edge of one node, without any of the control plane's dependencies."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from edge import spool_command, supervisor
from edge.agent.guard import ACCEPT_FILE
from edge.claims import CannotStart
from edge.config import EdgeConfig
from shared import config, logs
from shared.missing import USAGE_ERROR

ACCEPT_FEED = "accept-feed"
SPOOL = "spool"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the edge in the foreground, or one of its commands. Returns 0, or 2 with a sentence for what is wrong."""
    given = _parser().parse_args(arguments)
    if given.version:
        print(_version())
        return 0
    try:
        tables = config.read_file(given.config)
        config.reject_unknown_variables()
        settings = config.load("edge", EdgeConfig, tables)
        log = config.load("log", config.LogConfig, tables)
        if given.command == ACCEPT_FEED:
            return _accept_feed(settings)
        if given.command == SPOOL:
            return _spool(given, settings)
        logs.set_up(log.level, log.format, process="supervisor")
        return supervisor.run(settings, log)
    except (config.ConfigError, CannotStart) as error:
        print(f"clicktrail-edge: {error}", file=sys.stderr)
        return USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clicktrail-edge", description="Redirects short links and records clicks.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file; keys of its [edge] and [log] tables")
    parser.add_argument("--version", action="store_true", help="show the version and end")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser(ACCEPT_FEED, help="let a feed through that was held back because it removes most links")
    spool_command.add_to(commands)
    return parser


def _accept_feed(settings: EdgeConfig) -> int:
    if not settings.data_dir.is_dir():
        raise CannotStart(f"there is no edge in {settings.data_dir}; name its folder by [edge] data")
    (settings.data_dir / ACCEPT_FILE).touch(mode=0o600)
    print("The held feed goes through the next time the edge asks for changes.")
    return 0


def _spool(given: argparse.Namespace, settings: EdgeConfig) -> int:
    from edge.agent.lock import AlreadyRunning  # with all that they import, which no start of the edge needs
    from edge.replay import CannotReplay
    from edge.spool import NoSpool

    try:
        return spool_command.run(given, settings)
    except (NoSpool, CannotReplay, AlreadyRunning) as error:
        raise CannotStart(str(error)) from None


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # 25 ms that no start needs

    try:
        return version("clicktrail")
    except PackageNotFoundError:
        return "0 (not installed)"
