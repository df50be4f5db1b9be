"""The words of ingest: what a batch's headers say, and what can be wrong with a batch."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import zstandard

from shared.clock import MINUTE_MS
from shared.wire import Batch

ROLLUP_BUCKET_MS = 15 * MINUTE_MS
"""Clicks are counted by quarter hours, UTC: the smallest step that time zones differ by."""

DECOMPRESSED_MAX_BYTES = 64 << 20
"""Of one batch. An agent ships far less at once; more is a damaged or hostile body."""


@dataclass(frozen=True, slots=True)
class BatchHeaders:
    """Where a batch stands in its stream, known even when its body can't be read."""

    stream_id: bytes
    first: int
    count: int


class StartsAboveMark(Exception):
    """The batch starts above what is stored of its stream: `next` is the record that the stream goes on with."""

    def __init__(self, next_record: int) -> None:
        super().__init__(f"the stream goes on with record {next_record}")
        self.next = next_record


class UndecodableBatch(Exception):
    """The body is no batch, or not the one that its headers announce; the text says what is wrong."""


_decoder = msgspec.msgpack.Decoder(Batch)


def decode_batch(body: bytes, count: int) -> Batch:
    """The batch in a zstd-compressed body, which must have `count` records. Raises UndecodableBatch."""
    try:
        batch = _decoder.decode(_decompress(body))
    except msgspec.DecodeError as error:
        raise UndecodableBatch(f"not a batch: {error}") from None
    except UnicodeDecodeError as error:
        raise UndecodableBatch(f"not a batch: {error.reason} in a text") from None
    if len(batch.records) != count:
        raise UndecodableBatch(f"{len(batch.records)} records where the headers announce {count}")
    return batch


def _decompress(body: bytes) -> bytes:
    try:
        unpacked = bytearray()
        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=False) as reader:
            while chunk := reader.read(1 << 20):
                unpacked += chunk
                if len(unpacked) > DECOMPRESSED_MAX_BYTES:
                    raise UndecodableBatch(f"more than {DECOMPRESSED_MAX_BYTES} bytes when decompressed")
    except zstandard.ZstdError as error:
        raise UndecodableBatch(f"not zstd: {error}") from None
    return bytes(unpacked)
