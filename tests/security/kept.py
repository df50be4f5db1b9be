"""The clicks that an edge has kept, wherever they are: in its rings or in its spool."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge import record
from edge.agent.ring_reader import RingReader, find_rings
from edge.agent.segment import SYNCED, list_segments
from edge.agent.segment_reader import SegmentReader
from shared import click_id


def kept_clicks(folder: Path) -> set[str]:
    """Click ids, as links carry them, of an edge started by `tests.edge.edges.running_edge(folder)`."""
    decoded = (record.decode(payload) for payload in (*_in_rings(folder / "rings"), *_in_spool(folder / "data/spool")))
    return {click_id.encode(found.click_id) for found in decoded if isinstance(found, record.Click)}


def _in_rings(folder: Path) -> Iterator[bytes]:
    for node in folder.iterdir():
        for path in find_rings(node):
            reader = RingReader.open(path)
            while (run := reader.read()) is not None:
                yield from run.payloads
            reader.close()


def _in_spool(folder: Path) -> Iterator[bytes]:
    for name in list_segments(folder):
        reader = SegmentReader(folder / str(name), name)
        yield from (entry.payload for _, entry in reader.frames() if entry.kind != SYNCED)
        reader.close()
