"""The ring in shared memory: what a worker appends, the agent reads, whatever happens to either."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.agent.ring_reader import RingReader, find_rings
from edge.record import RECORD_MAX_BYTES
from edge.ring import CAPACITY_MIN_BYTES, FRAME_BYTES, HEADER_BYTES, BadRing, RingWriter, used_bytes
from tests.chaos.disks import small_disk

PAGE = 4096


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "rings"


def open_writer(directory: Path, capacity: int = PAGE, budget: int | None = None) -> RingWriter:
    """A writer whose budget, by default, is spent by its first ring."""
    return RingWriter.open(directory, 0, capacity, capacity + HEADER_BYTES if budget is None else budget)


def open_reader(directory: Path, at: int = 0) -> RingReader:
    return RingReader.open(find_rings(directory)[at])


def payloads(reader: RingReader) -> list[bytes]:
    found: list[bytes] = []
    while (run := reader.read()) is not None:
        found += run.payloads
    return found


actions = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(st.binary(max_size=700), min_size=1, max_size=8)),
        st.tuples(st.just("drain"), st.just([])),
        st.tuples(st.just("read"), st.just([])),
        st.tuples(st.just("reader dies"), st.just([])),
        st.tuples(st.just("writer dies"), st.just([])),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(actions)
def test_any_interleaving_keeps_order_and_content_and_counts_the_rest(steps: list[tuple[str, list[bytes]]]) -> None:
    """One page of ring, so that it wraps and fills all the time; what was not dropped comes out, once, in order."""
    with tempfile.TemporaryDirectory(dir=_memory()) as name:
        one_life = _Life(Path(name))
        for step, records in steps:
            match step:
                case "append":
                    one_life.append(records)
                case "read":
                    one_life.read()
                case "drain":
                    one_life.drain()
                case "reader dies":
                    one_life.replace_reader()
                case _:
                    one_life.end()
                    one_life = _Life(Path(name))
        one_life.end()


class _Life:
    """One writer's life, with what must come out of its ring."""

    def __init__(self, directory: Path) -> None:
        self.writer, self.reader = open_writer(directory), open_reader(directory)
        self.kept: list[bytes] = []
        self.out: list[bytes] = []
        self.unreleased: list[bytes] = []
        self.offered = 0

    def append(self, records: list[bytes]) -> None:
        before = self.reader.drops().count
        self.writer.append(records)
        self.offered += len(records)
        if self.reader.drops().count == before:
            self.kept += records

    def read(self) -> None:
        self.unreleased += payloads(self.reader)

    def drain(self) -> None:
        self.read()
        self.reader.release(self.reader.cursor)
        self.out += self.unreleased
        self.unreleased = []

    def replace_reader(self) -> None:
        """As after `kill -9` of an agent: what it had not released is read again."""
        self.reader.close()
        self.reader, self.unreleased = RingReader.open(self.reader.path), []

    def end(self) -> None:
        self.writer.close()
        assert self.reader.is_abandoned()
        self.drain()
        assert self.out == self.kept
        assert len(self.kept) + self.reader.drops().count == self.offered
        self.reader.remove()


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def test_a_live_writer_is_not_taken_for_a_dead_one(directory: Path) -> None:
    writer = open_writer(directory)
    reader = open_reader(directory)
    assert not reader.is_abandoned()
    writer.close()
    assert reader.is_abandoned()


def test_the_longest_record_fits_and_a_longer_one_is_counted(directory: Path) -> None:
    writer = open_writer(directory, CAPACITY_MIN_BYTES)
    reader = open_reader(directory)
    writer.append([b"x" * RECORD_MAX_BYTES, b"y" * (RECORD_MAX_BYTES + 1), b"z"])
    assert payloads(reader) == [b"x" * RECORD_MAX_BYTES, b"z"]
    assert reader.drops().count == 1


def test_a_full_ring_is_left_behind_for_further_ones_up_to_the_budget(directory: Path) -> None:
    capacity = CAPACITY_MIN_BYTES
    writer = open_writer(directory, capacity, budget=3 * (capacity + HEADER_BYTES))
    records = [bytes([number % 256]) * 1000 for number in range(500)]
    for record in records:
        writer.append([record])
    readers = [RingReader.open(path) for path in find_rings(directory)]
    assert len(readers) == 3
    assert used_bytes(directory) <= 3 * (capacity + HEADER_BYTES)
    assert [reader.is_abandoned() for reader in readers].count(False) == 1
    by_age = sorted(readers, key=lambda reader: not reader.is_abandoned())
    kept = [payload for reader in by_age for payload in payloads(reader)]
    dropped = sum(reader.drops().count for reader in readers)
    assert sorted(kept) == sorted(records[: len(kept)])
    assert len(kept) + dropped == len(records)
    assert dropped > 0


def test_drops_are_counted_exactly_and_end_when_there_is_room_again(directory: Path) -> None:
    writer = open_writer(directory)
    reader = open_reader(directory)
    writer.append([b"a" * 3000])
    for _ in range(7):
        writer.append([b"b" * 3000, b"c"])
    drops = reader.drops()
    assert (drops.count, drops.at_least) == (14, False)
    assert 0 < drops.first_ms <= drops.last_ms
    assert payloads(reader) == [b"a" * 3000]
    reader.release(reader.cursor)
    writer.append([b"d"])
    assert payloads(reader) == [b"d"]
    assert reader.drops().count == 14


def test_who_starts_when_the_budget_is_used_up_counts_in_a_page_that_outlives_it(directory: Path) -> None:
    writer = open_writer(directory, CAPACITY_MIN_BYTES, budget=0)
    writer.append([b"a" * 3000])
    writer.append([b"b" * 3000, b"c"])
    reader = open_reader(directory)
    assert reader.drops().count == 2
    assert not reader.drops().at_least
    kill(writer)
    assert payloads(reader) == [b"a" * 3000]
    assert (reader.drops().count, reader.drops().at_least) == (2, True)


def test_room_that_comes_back_is_used(directory: Path) -> None:
    writer = open_writer(directory, CAPACITY_MIN_BYTES, budget=0)
    writer.append([b"a" * 5000, b"b"])
    writer._budget_bytes = 1 << 20  # pyright: ignore[reportPrivateUsage]  # as when other rings were removed
    writer._retry_at = 0.0  # pyright: ignore[reportPrivateUsage]
    writer.append([b"c" * 5000])
    old, new = sorted(map(RingReader.open, find_rings(directory)), key=lambda ring: ring.identity.capacity)
    assert (payloads(old), old.drops().count, old.is_abandoned()) == ([], 2, True)
    assert (payloads(new), new.drops().count) == ([b"c" * 5000], 0)


def test_without_memory_for_a_page_the_count_waits_for_the_first_ring(tmp_path: Path) -> None:
    with small_disk(tmp_path / "memory", "4k") as memory:
        writer = open_writer(memory, CAPACITY_MIN_BYTES)
        assert find_rings(memory) == []
        writer.append([b"lost", b"too"])
        subprocess.run(["mount", "-o", "remount,size=1m", memory], check=True)
        writer._retry_at = 0.0  # pyright: ignore[reportPrivateUsage]
        writer.append([b"kept"])
        reader = open_reader(memory)
        assert payloads(reader) == [b"kept"]
        assert reader.drops().count == 2
        writer.close()


def kill(writer: RingWriter) -> None:
    """What is left of a writer after `kill -9`."""
    memory = writer._memory  # pyright: ignore[reportPrivateUsage]
    assert memory is not None
    memory.close()


def test_bytes_of_an_earlier_lap_are_not_read_again(directory: Path) -> None:
    """Records of one size that divides the ring: at every position there was a valid frame before."""
    writer = open_writer(directory)
    reader = open_reader(directory)
    size = PAGE // 8 - FRAME_BYTES
    for lap in range(5):
        for at in range(8):
            writer.append([bytes([lap * 8 + at]) * size])
            assert payloads(reader) == [bytes([lap * 8 + at]) * size]
            reader.release(reader.cursor)
            assert payloads(reader) == []


def test_a_visitor_cannot_put_a_frame_into_a_request(directory: Path) -> None:
    """The attacker knows everything but the ring's id: position, layout and checksum of what he sends."""
    writer = open_writer(directory)
    reader = open_reader(directory)
    forged_at = FRAME_BYTES + 100
    payload = b"forged"
    forged = struct.pack("<IIQ", len(payload), crc32(payload, forged_at & 0xFFFF_FFFF), forged_at) + payload
    writer.append([b"x" * 100 + forged])
    reader.cursor = forged_at
    assert reader.read() is None


@pytest.mark.parametrize("flipped", [0, 4, 8, FRAME_BYTES, FRAME_BYTES + 150])
def test_damage_costs_the_damaged_record_alone(directory: Path, flipped: int) -> None:
    writer = open_writer(directory)
    writer.append([b"a" * 200])
    writer.append([b"b" * 200, b"c" * 200])
    writer.close()
    path = find_rings(directory)[0]
    second = HEADER_BYTES + 200 + FRAME_BYTES
    with path.open("r+b") as file:
        file.seek(second + flipped)
        byte = file.read(1)
        file.seek(second + flipped)
        file.write(bytes([byte[0] ^ 0x40]))
    reader = RingReader.open(path)
    assert payloads(reader) == [b"a" * 200]
    assert reader.skip_damage() == 200 + FRAME_BYTES
    assert payloads(reader) == [b"c" * 200]
    assert reader.skip_damage() == 0
    assert reader.is_drained()


def test_a_frame_that_is_still_being_written_is_waited_for(directory: Path) -> None:
    """A checksum that does not fit, of a live writer, is not damage at once: its stores may arrive out of order."""
    writer = open_writer(directory)
    writer.append([b"a" * 200])
    path = find_rings(directory)[0]
    with path.open("r+b") as file:
        file.seek(HEADER_BYTES + 50)
        file.write(b"?")
        file.flush()
        reader = RingReader.open(path)
        assert reader.read() is None
        assert reader.skip_damage() == 0
        file.seek(HEADER_BYTES + 50)
        file.write(b"a")
    assert payloads(reader) == [b"a" * 200]


@pytest.mark.parametrize(
    ("at", "written", "says"),
    [
        (0, b"nothing!", "no ring"),
        (8, b"\x09", "ring version 9 is not known here; 1 is"),
        (20, b"\xff\xff", "damaged"),
    ],
)
def test_a_file_that_is_no_ring_is_refused_by_name(directory: Path, at: int, written: bytes, says: str) -> None:
    open_writer(directory).close()
    path = find_rings(directory)[0]
    with path.open("r+b") as file:
        file.seek(at)
        file.write(written)
    with pytest.raises(BadRing, match=says):
        RingReader.open(path)


def test_a_file_shorter_than_a_first_page_is_refused(directory: Path) -> None:
    open_writer(directory).close()
    os.truncate(find_rings(directory)[0], 10)
    with pytest.raises(BadRing, match="begins with a page"):
        open_reader(directory)


def test_a_cut_ring_is_refused_before_it_is_mapped(directory: Path) -> None:
    open_writer(directory).close()
    path = find_rings(directory)[0]
    os.truncate(path, HEADER_BYTES + 100)
    with pytest.raises(BadRing, match="bytes, its first page says"):
        RingReader.open(path)


def test_rings_are_private(directory: Path) -> None:
    open_writer(directory)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert find_rings(directory)[0].stat().st_mode & 0o777 == 0o600


def test_a_directory_that_cannot_be_used_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        open_writer(tmp_path / "file" / "rings")
