"""Segments on a disk that damages them: everything undamaged comes back, nothing is made up, nothing crashes."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from zlib import crc32

import pytest

from edge.agent.portion import records_of
from edge.agent.segment import (
    FRAME_BYTES,
    HEADER_BYTES,
    RECORD,
    BadSegment,
    Entry,
    SegmentName,
    SegmentWriter,
    list_segments,
    seal,
)
from edge.agent.segment_reader import SegmentReader, Slot
from edge.record import encode_gap
from shared import ids
from shared.wire import GapRecord
from tests.support.agent import click

EDGE = ids.new_id("edg")
RECORDS = [click(head=b"GET /%d HTTP/1.1\r\nUser-Agent: %b\r\n\r\n" % (n, b"u" * (n * 7 % 90))) for n in range(12)]


def entries(payloads: list[bytes]) -> list[Entry]:
    return [Entry(RECORD, b"r" * 16, number, payload) for number, payload in enumerate(payloads)]


def write_segment(directory: Path, payloads: list[bytes] = RECORDS, synced_every: int = 7) -> tuple[Path, SegmentName]:
    """A sealed segment with sync marks in between."""
    writer = SegmentWriter.create(directory, EDGE)
    for at in range(0, len(payloads), synced_every):
        writer.append(entries(payloads)[at : at + synced_every])
        writer.sync()
    writer.close()
    name = seal(directory, writer.name, writer.synced)
    assert name is not None
    return directory / str(name), name


def read_all(path: Path, name: SegmentName, end: int = len(RECORDS), at_once: int = 7) -> list[Slot]:
    reader = SegmentReader(path, name)
    slots: list[Slot] = []
    while len(slots) < end:
        slots += reader.read(len(slots), end, at_once, 1 << 20)
    reader.close()
    return slots


def assert_nothing_false(slots: list[Slot]) -> int:
    """Every slot holds its own record or nothing; returns how many hold nothing."""
    assert [slot.number for slot in slots] == list(range(len(RECORDS)))
    assert all(slot.payload in (None, RECORDS[slot.number]) for slot in slots)
    return sum(slot.payload is None for slot in slots)


def test_an_intact_segment_gives_every_record(tmp_path: Path) -> None:
    path, name = write_segment(tmp_path)
    assert assert_nothing_false(read_all(path, name)) == 0


def test_reading_can_start_at_any_number_and_go_back(tmp_path: Path) -> None:
    path, name = write_segment(tmp_path)
    reader = SegmentReader(path, name)
    for first in (7, 3, 11, 0, 5):
        (slot,) = reader.read(first, len(RECORDS), 1, 1 << 20)
        assert slot == (first, RECORDS[first])
    reader.close()


def test_limits_hold_and_one_record_always_fits(tmp_path: Path) -> None:
    path, name = write_segment(tmp_path)
    reader = SegmentReader(path, name)
    assert len(reader.read(0, 12, 1000, 1)) == 1
    assert len(reader.read(0, 12, 1000, len(RECORDS[0]) + len(RECORDS[1]))) == 2
    assert len(reader.read(0, 12, 11, 1 << 20)) == 11
    assert len(reader.read(5, 7, 11, 1 << 20)) == 2
    reader.close()


def test_a_segment_cut_at_any_byte_gives_all_records_before_the_cut(tmp_path: Path) -> None:
    path, name = write_segment(tmp_path)
    data = path.read_bytes()
    ends = _frame_ends(data)
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        missing = assert_nothing_false(read_all(path, name))
        assert len(RECORDS) - missing == sum(end <= cut for end in ends)


def _frame_ends(data: bytes) -> list[int]:
    """Where each record's frame ends."""
    ends: list[int] = []
    at = HEADER_BYTES
    for payload in RECORDS:
        at = data.index(payload, at) + len(payload)
        ends.append(at)
    return ends


def test_ten_thousand_bit_flips_cost_one_record_each_at_most(tmp_path: Path) -> None:
    path, name = write_segment(tmp_path)
    data = path.read_bytes()
    rng = random.Random(20_240_607)
    lost = 0
    for _ in range(10_000):
        damaged = bytearray(data)
        bit = rng.randrange(len(data) * 8)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        missing = assert_nothing_false(read_all(path, name, at_once=100))
        assert missing <= 1, f"bit {bit}"
        lost += missing
    print(f"10,000 bit flips: {lost} records lost, none false")


def test_long_stretches_of_damage_are_passed_over(tmp_path: Path) -> None:
    path, name = write_segment(tmp_path)
    data = path.read_bytes()
    rng = random.Random(7)
    for _ in range(300):
        start, length = rng.randrange(len(data)), rng.randrange(1, 3000)
        damaged = bytearray(data)
        damaged[start : start + length] = rng.randbytes(min(length, len(data) - start))
        path.write_bytes(damaged)
        ends = _frame_ends(data)
        untouched = sum(
            end <= start or end - len(payload) - FRAME_BYTES >= start + length
            for end, payload in zip(ends, RECORDS, strict=True)
        )
        assert len(RECORDS) - assert_nothing_false(read_all(path, name)) == untouched


def test_a_sealed_name_decides_even_against_what_is_in_the_file(tmp_path: Path) -> None:
    """Behind a failed sync there may be whole records: the name says that they are void."""
    writer = SegmentWriter.create(tmp_path, EDGE)
    writer.append(entries(RECORDS))
    writer.close()
    name = seal(tmp_path, writer.name, 5)
    assert name is not None
    assert list_segments(tmp_path) == [name]
    assert len(read_all(tmp_path / str(name), name, end=name.end or 0)) == 5


def test_a_segment_without_records_is_removed(tmp_path: Path) -> None:
    writer = SegmentWriter.create(tmp_path, EDGE)
    writer.close()
    assert seal(tmp_path, writer.name, 0) is None
    assert list_segments(tmp_path) == []


def test_a_frame_of_another_segment_is_none_of_ours(tmp_path: Path) -> None:
    """As when the file system gives a new file an old one's blocks."""
    path, name = write_segment(tmp_path)
    other, _ = write_segment(tmp_path, list(reversed(RECORDS)))
    path.write_bytes(path.read_bytes()[: HEADER_BYTES + 300] + other.read_bytes()[HEADER_BYTES + 300 :])
    kept = [slot for slot in read_all(path, name) if slot.payload is not None]
    assert 0 < len(kept) < 5
    assert_nothing_false(read_all(path, name))


def test_another_version_is_left_alone(tmp_path: Path) -> None:
    path, name = write_segment(tmp_path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, 8, 2)
    struct.pack_into("<I", data, HEADER_BYTES - 4, crc32(data[: HEADER_BYTES - 4]))
    path.write_bytes(data)
    with pytest.raises(BadSegment, match="has version 2; 1 is known here"):
        SegmentReader(path, name)


def test_files_are_private(tmp_path: Path) -> None:
    path, _ = write_segment(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_record_is_shipped_as_a_gap_of_one_between_its_neighbours() -> None:
    slots = [
        Slot(4, click(time_ms=1_000)),
        Slot(5, None),
        Slot(6, b"\x01\x09no record of this version"),
        Slot(7, click(time_ms=3_000)),
    ]
    records = records_of(slots, created_ms=5)
    gap = GapRecord(1_000, 3_000, 1, at_least=False, reason="spool_damaged")
    assert len(records) == 4
    assert records[1:3] == [gap, gap]


def test_a_gap_without_neighbours_has_the_time_of_its_stream() -> None:
    assert records_of([Slot(0, None)], created_ms=5) == [GapRecord(5, 5, 1, at_least=False, reason="spool_damaged")]


def test_a_gap_record_goes_through_as_it_is() -> None:
    gap = GapRecord(1, 2, 3, at_least=True, reason="ring_full")
    assert records_of([Slot(0, encode_gap(gap))], created_ms=5) == [gap]
