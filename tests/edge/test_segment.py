"""Segments on a disk that damages them: everything undamaged comes back, nothing is made up, nothing crashes."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from zlib import crc32

import pytest

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
from edge.agent.segment_reader import SegmentReader
from edge.agent.translate import Translator
from edge.record import NewerRecord, encode_gap
from edge.ring import CRC_MASK, FRAME, Run, seed_of
from edge.ring import FRAME_BYTES as RING_FRAME_BYTES
from shared import ids
from shared.wire import GapRecord, Record
from tests.edge.test_translate import arrived
from tests.support.agent import click

EDGE = ids.new_id("edg")
RECORDS = [click(head=b"GET /%d HTTP/1.1\r\nUser-Agent: %b\r\n\r\n" % (n, b"u" * (n * 7 % 90))) for n in range(12)]

FRAMES = [RING_FRAME_BYTES] * 4 + [FRAME_BYTES] * 3 + [RING_FRAME_BYTES] * 3 + [FRAME_BYTES] * 2  # see `write_segment`


def entries(payloads: list[bytes]) -> list[Entry]:
    return [Entry(RECORD, b"r" * 16, number, payload) for number, payload in enumerate(payloads)]


def run_of(payloads: list[bytes], ring_id: bytes, position: int) -> Run:
    """As they lie in a ring."""
    frames = b""
    for payload in payloads:
        at = position + len(frames)
        frames += FRAME.pack(len(payload), crc32(payload, (seed_of(ring_id) + at) & CRC_MASK), at) + payload
    return Run(frames, payloads, position + len(frames), 0)


def write_segment(directory: Path, payloads: list[bytes] = RECORDS, synced_every: int = 7) -> tuple[Path, SegmentName]:
    """A sealed segment with sync marks in between: half of the records in runs, half alone."""
    writer = SegmentWriter.create(directory, EDGE)
    position = 4096
    for at in range(0, len(payloads), synced_every):
        now = payloads[at : at + synced_every]
        half = len(now) // 2 + 1
        run = run_of(now[:half], b"r" * 16, position)
        writer.append_run(b"r" * 16, run)
        for entry in entries(now[half:]):
            writer.append(entry)
        writer.sync()
        position = run.end
    writer.close()
    name = seal(directory, writer.name, writer.synced)
    assert name is not None
    return directory / str(name), name


def read_all(path: Path, name: SegmentName, end: int = len(RECORDS), at_once: int = 7) -> list[bytes | None]:
    reader = SegmentReader(path, name)
    slots: list[bytes | None] = []
    while len(slots) < end:
        slots += reader.read(len(slots), end, at_once, 1 << 20)
    reader.close()
    return slots


def assert_nothing_false(slots: list[bytes | None]) -> int:
    """Every slot holds its own record or nothing; returns how many hold nothing."""
    assert len(slots) == len(RECORDS)
    assert all(slot in (None, record) for slot, record in zip(slots, RECORDS, strict=True))
    return slots.count(None)


def test_an_intact_segment_gives_every_record(tmp_path: Path) -> None:
    path, name = write_segment(tmp_path)
    assert assert_nothing_false(read_all(path, name)) == 0


def test_reading_can_start_at_any_number_and_go_back(tmp_path: Path) -> None:
    path, name = write_segment(tmp_path)
    reader = SegmentReader(path, name)
    for first in (7, 3, 11, 0, 5):
        (slot,) = reader.read(first, len(RECORDS), 1, 1 << 20)
        assert slot == RECORDS[first]
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
            end <= start or end - len(payload) - frame_bytes >= start + length
            for end, payload, frame_bytes in zip(ends, RECORDS, FRAMES, strict=True)
        )
        assert len(RECORDS) - assert_nothing_false(read_all(path, name)) == untouched


def test_a_sealed_name_decides_even_against_what_is_in_the_file(tmp_path: Path) -> None:
    """Behind a failed sync there may be whole records: the name says that they are void."""
    writer = SegmentWriter.create(tmp_path, EDGE)
    for entry in entries(RECORDS):
        writer.append(entry)
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
    kept = [slot for slot in read_all(path, name) if slot is not None]
    assert 0 < len(kept) < 5
    assert_nothing_false(read_all(path, name))


def test_a_segment_of_version_1_which_has_no_runs_is_read(tmp_path: Path) -> None:
    """As the first release wrote it: each record in a frame of its own, with a sync mark between."""
    stream_id, edge_id, created_ms = b"s" * 16, ids.to_bytes("edg", EDGE), 1_700_000_000_000
    header = struct.pack("<8sI16s16sQ", b"CTSPOOL\n", 1, stream_id, edge_id, created_ms)
    data = header + struct.pack("<I", crc32(header))
    marker = crc32(stream_id)
    frames = [(1, number, record) for number, record in enumerate(RECORDS)]
    frames.insert(5, (4, 5, b""))
    for kind, number, payload in frames:
        fields = struct.pack("<IIQQ16s", len(payload), kind, number, 4096 * number, b"r" * 16)
        data += struct.pack("<II", marker, crc32(fields + payload, marker)) + fields + payload
    name = SegmentName(created_ms, stream_id, len(RECORDS))
    (tmp_path / str(name)).write_bytes(data)
    assert list_segments(tmp_path) == [name]
    assert assert_nothing_false(read_all(tmp_path / str(name), name)) == 0


def test_a_run_whose_checksum_an_earlier_release_wrote_is_read(tmp_path: Path) -> None:
    """It stood where now a zero is; each frame's own says as much."""
    path, name = write_segment(tmp_path)
    data = bytearray(path.read_bytes())
    marker = struct.pack("<I", crc32(name.stream_id))
    at = data.find(marker, HEADER_BYTES)
    while at >= 0:
        length, kind = struct.unpack_from("<II", data, at + 8)
        if kind in (5, 6):
            struct.pack_into("<I", data, at + FRAME_BYTES + 4, 0x1234_5678)
            end = at + FRAME_BYTES + length
            struct.pack_into("<I", data, at + 4, crc32(data[at + 8 : end], crc32(name.stream_id)))
        at = data.find(marker, at + 1)
    path.write_bytes(data)
    assert assert_nothing_false(read_all(path, name)) == 0


def test_another_version_is_left_alone(tmp_path: Path) -> None:
    path, name = write_segment(tmp_path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, 8, 3)
    struct.pack_into("<I", data, HEADER_BYTES - 4, crc32(data[: HEADER_BYTES - 4]))
    path.write_bytes(data)
    with pytest.raises(BadSegment, match="has version 3; up to 2 is known here"):
        SegmentReader(path, name)


def test_files_are_private(tmp_path: Path) -> None:
    path, _ = write_segment(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


def shipped(payloads: list[bytes | None]) -> list[Record]:
    return arrived(Translator().translate(payloads, 4, created_ms=5))


def test_a_damaged_record_is_shipped_as_a_gap_of_one_between_its_neighbours() -> None:
    records = shipped([click(time_ms=1_000), None, b"\x01\x09no record of this version", click(time_ms=3_000)])
    gap = GapRecord(1_000, 3_000, 1, at_least=False, reason="spool_damaged")
    assert len(records) == 4
    assert records[1:3] == [gap, gap]


def test_a_gap_without_neighbours_has_the_time_of_its_stream() -> None:
    assert shipped([None]) == [GapRecord(5, 5, 1, at_least=False, reason="spool_damaged")]


def test_a_gap_record_goes_through_as_it_is() -> None:
    gap = GapRecord(1, 2, 3, at_least=True, reason="ring_full")
    assert shipped([encode_gap(gap)]) == [gap]


def test_a_record_of_a_later_version_is_no_gap() -> None:
    """After a downgrade: what is before it goes out, it stays for whoever can read it."""
    later = b"\x02" + click()[1:]
    assert len(shipped([click(), later, click()])) == 1
    with pytest.raises(NewerRecord, match="record version 2 is not known here"):
        shipped([later])
