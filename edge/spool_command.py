"""`clicktrail-edge spool inspect|verify|replay`, which `clicktrail spool` calls as well."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.config import EdgeConfig
from edge.spool import Segment, inspect

DAMAGED: Final = 1  # exit code of `verify`
INSPECT, VERIFY, REPLAY = "inspect", "verify", "replay"


def add_to(commands: Any) -> None:
    """Adds the command to a parser's commands."""
    spool = commands.add_parser("spool", help="look into the records on this node's disk")
    actions = spool.add_subparsers(dest="action", metavar="ACTION", required=True)
    helps = {
        INSPECT: "list the segments and what they hold",
        VERIFY: "check every record; exit code 1 on damage",
        REPLAY: "send the control plane what it lacks of them; the edge must be stopped, or the folder a copy",
    }
    for action, words in helps.items():
        parser = actions.add_parser(action, help=words)
        parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the edge, or a copy; else [edge] data")
        if action == REPLAY:
            parser.add_argument("files", nargs="*", metavar="SEGMENT", help="file names; all sealed ones if none")
            continue
        parser.add_argument("--json", action="store_true", help="one JSON array instead of a table")


def run(given: argparse.Namespace, config: EdgeConfig) -> int:
    """Returns the exit code. Raises NoSpool, CannotReplay, AlreadyRunning, OSError."""
    data = given.data or config.data_dir
    if given.action == REPLAY:
        import asyncio  # with aiohttp, two thirds of what a start would import

        from edge.replay import replay

        for one in asyncio.run(replay(config, data, given.files)):
            print(f"{one.file}: {one.sent:,} of {one.records:,} records were new to the control plane")
        return 0
    segments = inspect(data)
    if given.json:
        print(msgspec.json.format(msgspec.json.encode(segments), indent=2).decode())
    elif given.action == INSPECT:
        print(_table(segments))
    else:
        print("\n".join(_findings(segments)))
    is_damaged = any(segment.damaged or segment.problem for segment in segments)
    return DAMAGED if given.action == VERIFY and is_damaged else 0


def _table(segments: Sequence[Segment]) -> str:
    if not segments:
        return "The spool is empty."
    head = ("state", "stream", "records", "acked", "damaged", "bytes", "from (UTC)", "to (UTC)", "kinds")
    rows = [head, *(_row(segment) for segment in segments)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(segment: Segment) -> tuple[str, ...]:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(segment.kinds.items()))
    acked = "?" if segment.acked is None else f"{segment.acked:,}"
    times = (_time(segment.first_ms), _time(segment.last_ms))
    counts = (f"{segment.records:,}", acked, f"{segment.damaged:,}", f"{segment.size:,}")
    return (segment.state, segment.stream_id, *counts, *times, segment.problem or kinds or "–")


def _findings(segments: Sequence[Segment]) -> list[str]:
    found: list[str] = []
    for segment in segments:
        if segment.problem:
            found.append(f"{segment.file}: {segment.problem}")
        found += [f"{segment.file}: record {one.number}: {one.reason}" for one in segment.damage]
        if (more := segment.damaged - len(segment.damage)) > 0:
            found.append(f"{segment.file}: and {more:,} more")
    records, damaged = sum(one.records for one in segments), sum(one.damaged for one in segments)
    found.append(f"segments: {len(segments):,}, records: {records:,}, damaged: {damaged:,}")
    return found


def _time(time_ms: int | None) -> str:
    if time_ms is None:
        return "–"
    return datetime.datetime.fromtimestamp(time_ms / 1_000, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
