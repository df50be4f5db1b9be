"""The feed as it comes over the network: pages and frames read, checked, and cleared of what this version doesn't know.

A control plane may be newer than its edges and publish entries of further kinds. Those are passed over: an edge that
doesn't know a kind has no use for it, and must not stop following all others for its sake. An entry of a known kind
that can't be read is another thing, an error: to pass over it would serve an old destination for good. (An edge that
later learns a kind needs a snapshot; whoever adds one raises `edge.linkfiles.FORMAT`.)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from hashlib import sha256
from typing import Final

import aiohttp
import msgspec
import zstandard

from shared.wire import (
    Change,
    ChangePage,
    DomainEntry,
    Entry,
    KeyEntry,
    LinkEntry,
    SnapshotEnd,
    SnapshotEntries,
    SnapshotFrame,
)

FRAME_MAX_BYTES: Final = 64 * 1024 * 1024
# The tag of a kind of entries is also what their keys begin with: see `shared.wire.entry_key`.
KNOWN_KINDS: Final = frozenset(kind.__struct_config__.tag for kind in (LinkEntry, DomainEntry, KeyEntry))
_READ_BYTES = 256 * 1024
_LENGTH_BYTES = 4


class BadFeed(Exception):
    """The control plane's answer is not what the protocol says; the text says how."""


class _Change(msgspec.Struct, frozen=True, array_like=True):
    """A `Change` whose entry is left as it came; so below."""

    rev: int
    key: str
    entry: msgspec.Raw


class _Page(msgspec.Struct, frozen=True, array_like=True):
    epoch: str
    rev: int
    changes: list[_Change]
    more: bool = False
    server_ms: int = 0
    tip: str = ""


class _Entries(msgspec.Struct, frozen=True, array_like=True, tag="entries"):
    entries: list[msgspec.Raw]


class _Kind(msgspec.Struct, frozen=True, array_like=True):
    tag: str


_decode_page = msgspec.msgpack.Decoder(_Page).decode
_decode_frame = msgspec.msgpack.Decoder(SnapshotFrame).decode
_decode_entries = msgspec.msgpack.Decoder(_Entries).decode
_decode_entry = msgspec.msgpack.Decoder(Entry | None).decode
_decode_kind = msgspec.msgpack.Decoder(_Kind).decode


def page_of(body: bytes) -> ChangePage:
    """A page of changes, those of unknown kinds left out. Raises BadFeed."""
    try:
        page = _decode_page(body)
        known = [
            Change(change.rev, change.key, _decode_entry(change.entry))
            for change in page.changes
            if change.key.partition(":")[0] in KNOWN_KINDS
        ]
    except msgspec.DecodeError as error:
        raise BadFeed(f"a page of changes is unreadable: {error}") from None
    return ChangePage(page.epoch, page.rev, known, page.more, page.server_ms, page.tip)


async def frames_of(response: aiohttp.ClientResponse) -> AsyncIterator[SnapshotFrame]:
    """The frames of a snapshot as its bytes arrive, entries of unknown kinds left out of them and of the end's count.

    Raises BadFeed, also where the digest at the end is not that of what came before; and what reading raises.
    """
    expand = zstandard.ZstdDecompressor().decompressobj().decompress
    if response.headers.get("Content-Encoding", "identity") != "zstd":
        expand = bytes
    buffer, digest, left_out = bytearray(), sha256(), 0
    async for chunk in response.content.iter_chunked(_READ_BYTES):
        try:
            buffer += expand(chunk)
            while (body := _take_frame(buffer)) is not None:
                frame, unknown = _frame_of(body)
                left_out += unknown
                if isinstance(frame, SnapshotEnd):
                    if frame.digest and frame.digest != digest.digest():
                        raise BadFeed("a snapshot was damaged on its way")
                    frame = SnapshotEnd(frame.count - left_out)
                digest.update(body)
                yield frame
        except (zstandard.ZstdError, msgspec.DecodeError) as error:
            raise BadFeed(f"a snapshot is unreadable: {error}") from None


def _take_frame(buffer: bytearray) -> bytes | None:
    length = int.from_bytes(buffer[:_LENGTH_BYTES], "little")
    if length > FRAME_MAX_BYTES:
        raise BadFeed(f"a frame of a snapshot has {length} bytes; at most {FRAME_MAX_BYTES} are allowed")
    if len(buffer) < _LENGTH_BYTES + length or len(buffer) < _LENGTH_BYTES:
        return None
    body = bytes(buffer[_LENGTH_BYTES : _LENGTH_BYTES + length])
    del buffer[: _LENGTH_BYTES + length]
    return body


def _frame_of(body: bytes) -> tuple[SnapshotFrame, int]:
    """The frame, and how many entries were left out of it. Raises msgspec.DecodeError."""
    try:
        return _decode_frame(body), 0
    except msgspec.ValidationError:
        frame = _decode_entries(body)
        entries = _known(frame.entries)
        return SnapshotEntries(entries), len(frame.entries) - len(entries)


def _known(undecoded: Iterable[msgspec.Raw]) -> list[Entry]:
    known = (_decode_entry(raw) for raw in undecoded if _decode_kind(raw).tag in KNOWN_KINDS)
    return [entry for entry in known if entry is not None]
