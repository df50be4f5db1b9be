"""What an edge does with the feed: follow it change by change, or take a snapshot."""

from __future__ import annotations

import struct

import msgspec
import zstandard

from control.edges.changes import read_changes
from control.edges.feed import read_state
from control.store.engine import Database
from shared.wire import (
    WIRE_HEADER,
    WIRE_VERSION,
    ChangePage,
    DomainEntry,
    Entry,
    LinkEntry,
    SnapshotEnd,
    SnapshotEntries,
    SnapshotFrame,
    SnapshotStart,
    entry_key,
)

WIRE_HEADERS = {WIRE_HEADER: str(WIRE_VERSION)}


async def held_by_edges(database: Database) -> dict[str, Entry]:
    """Entries by key that an edge holds which has followed the feed from its beginning, in small pages."""
    async with database.reading() as connection:
        epoch = (await read_state(connection)).epoch
    held: dict[str, Entry] = {}
    rev, more = 0, True
    while more:
        async with database.reading() as connection:
            page = await read_changes(connection, epoch, rev, limit=3)
        apply(held, page)
        rev, more = page.rev, page.more
    return held


def apply(held: dict[str, Entry], page: ChangePage) -> None:
    """Brings what an edge holds up to a page."""
    for change in page.changes:
        if change.entry is None:
            held.pop(change.key, None)
        else:
            held[change.key] = change.entry


def read_snapshot(body: bytes) -> tuple[SnapshotStart, dict[str, Entry]]:
    """Start frame and entries of a whole snapshot; fails unless its end agrees with them."""
    frames: list[SnapshotFrame] = []
    at = 0
    while at < len(body):
        (length,) = struct.unpack_from("<I", body, at)
        frames.append(msgspec.msgpack.decode(body[at + 4 : at + 4 + length], type=SnapshotFrame))
        at += 4 + length
    start, *middle, end = frames
    assert isinstance(start, SnapshotStart)
    assert isinstance(end, SnapshotEnd)
    entries = [entry for frame in middle if isinstance(frame, SnapshotEntries) for entry in frame.entries]
    assert len(entries) == end.count
    return start, {entry_key(entry): entry for entry in entries}


def decompressed(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(body)


def a_link_entry(slug: str, destination: str = "https://example.com/") -> LinkEntry:
    return LinkEntry("go.example.com", slug, bytes(16), destination)


def a_domain_entry(host: str = "go.example.com") -> DomainEntry:
    return DomainEntry(host, bytes(16), bytes(16))
