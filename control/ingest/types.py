"""The words of ingest: what a batch's headers say, and what can be wrong with a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import msgspec
import zstandard

from shared.clock import MINUTE_MS
from shared.rows import BadRows, records_of
from shared.wire import Batch, Clicks, ClockSample, Lane, Record, ShippedBatch

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


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record of a kind, or with a value, that this version does not know; a newer edge sends such."""

    raw: msgspec.Raw
    reason: str


_decoder = msgspec.msgpack.Decoder(ShippedBatch)
_record_decoder = msgspec.msgpack.Decoder(Record)


class _Undecoded(msgspec.Struct, frozen=True, array_like=True):
    """A `ShippedBatch` whose records are left as they came."""

    edge_id: str
    lane: Lane
    closed: bool
    low_watermark_ms: int
    clock: list[ClockSample]
    records: list[msgspec.Raw]
    places: list[int] = []
    clicks: Clicks | None = None


_undecoded_decoder = msgspec.msgpack.Decoder(_Undecoded)


def decode_batch(body: bytes, count: int) -> Batch:
    """The batch in a zstd-compressed body, which must have `count` records. Raises UndecodableBatch.

    Among its records each that can't be read is an `Unreadable`.
    """
    unpacked = _decompress(body)
    try:
        shipped = _decoder.decode(unpacked)
    except (msgspec.DecodeError, UnicodeDecodeError):
        shipped = _decode_one_by_one(unpacked)
    try:
        records = records_of(shipped)
    except BadRows as error:
        raise UndecodableBatch(str(error)) from None
    if len(records) != count:
        raise UndecodableBatch(f"{len(records)} records where the headers announce {count}")
    return Batch(shipped.edge_id, shipped.lane, shipped.closed, shipped.low_watermark_ms, shipped.clock, records)


def _decode_one_by_one(unpacked: bytes) -> ShippedBatch:
    try:
        batch = _undecoded_decoder.decode(unpacked)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UndecodableBatch(f"not a batch: {error}") from None
    records = cast("list[Record]", [_decode_record(raw) for raw in batch.records])
    return ShippedBatch(batch.edge_id, batch.lane, batch.closed, batch.low_watermark_ms, batch.clock, records,
                        batch.places, batch.clicks)  # fmt: skip


def _decode_record(raw: msgspec.Raw) -> Record | Unreadable:
    try:
        return _record_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Unreadable(raw, f"unreadable record: {error}")


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
