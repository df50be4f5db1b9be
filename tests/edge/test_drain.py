"""From rings to segments: no kill, and no loss of power or memory, loses or doubles what was on its way."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

from edge.agent.drain import Drain, Event, Opened, Sealed, Synced
from edge.agent.ring_reader import RingReader, find_rings
from edge.agent.segment import SYNCED, SegmentName, list_segments
from edge.agent.segment_reader import SegmentReader
from edge.record import decode, encode_gap
from edge.ring import HEADER_BYTES, RingWriter
from shared import ids
from shared.wire import GapRecord

EDGE = ids.new_id("edg")
MINUTE_S = 60.0


class Node:
    """The folders of a node, and agents for them that can vanish at any moment."""

    def __init__(self, folder: Path) -> None:
        self.rings, self.spool = folder / "rings", folder / "spool"
        self.rings.mkdir()
        self.spool.mkdir()
        self.events: list[Event] = []

    def writer(self, capacity: int = 1 << 20, budget: int = 1 << 24) -> RingWriter:
        return RingWriter.open(self.rings, 0, capacity, budget)

    def drain(self, sync_interval_s: float = 0.0) -> Drain:
        """A new agent's drain. The one before, if any, is as if killed: it does nothing any more."""
        drain = Drain(self.rings, self.spool, EDGE, sync_interval_s, self.events.append)
        drain.recover()
        return drain

    def shut_down(self) -> None:
        stop = threading.Event()
        stop.set()
        self.drain().run(stop)

    def stored(self) -> list[bytes]:
        """Payloads of all sealed segments, oldest first; a hole is an empty one. Of segments made in the same
        millisecond, whose names are random, the one with the lesser records is first."""
        found: list[tuple[int, list[bytes]]] = []
        for name in list_segments(self.spool):
            assert name.end is not None
            reader = SegmentReader(self.spool / str(name), name)
            payloads = reader.read(0, name.end, name.end, 1 << 30)
            reader.close()
            assert len(payloads) == name.end
            found.append((name.created_ms, [payload or b"" for payload in payloads]))
        return [payload for _, payloads in sorted(found) for payload in payloads]

    def ring(self) -> RingReader:
        return RingReader.open(find_rings(self.rings)[0])

    def open_segment(self) -> Path:
        (path,) = self.spool.glob("*.open")
        return path


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def texts(*numbers: int) -> list[bytes]:
    return [b"record %d" % number for number in numbers]


def test_records_move_to_a_segment_and_the_ring_is_released(node: Node) -> None:
    writer = node.writer()
    writer.append(texts(1, 2, 3))
    drain = node.drain()
    drain.step()
    assert node.ring().unread_bytes() == 0
    assert [type(event) for event in node.events] == [Opened, Synced]
    node.shut_down()
    assert node.stored() == texts(1, 2, 3)


def test_the_ring_of_a_gone_worker_is_drained_and_removed(node: Node) -> None:
    writer = node.writer()
    writer.append(texts(1, 2))
    writer.close()
    drain = node.drain()
    for _ in range(3):
        drain.step()
    assert find_rings(node.rings) == []
    node.shut_down()
    assert node.stored() == texts(1, 2)


def test_what_was_not_synced_is_read_from_the_ring_again_and_void_in_the_segment(node: Node) -> None:
    writer = node.writer()
    writer.append(texts(1, 2))
    first = node.drain(MINUTE_S)
    first.step()  # the first sync is due at once
    writer.append(texts(3, 4))
    first.step()  # written, not synced; killed here
    assert b"record 4" in node.open_segment().read_bytes()
    node.shut_down()
    assert node.stored() == texts(1, 2, 3, 4)
    assert [name.end for name in list_segments(node.spool)] == [2, 2]


def test_a_kill_between_the_sync_mark_and_the_release_doubles_nothing(node: Node) -> None:
    writer = node.writer()
    writer.append(texts(1, 2))
    node.drain().step()
    node.ring().release(0)  # as if the release had not been reached
    writer.append(texts(3))
    node.shut_down()
    assert node.stored() == texts(1, 2, 3)


def test_a_damaged_sync_mark_voids_nothing_that_the_rings_no_longer_have(node: Node) -> None:
    writer = node.writer()
    writer.append(texts(1, 2))
    node.drain().step()
    data = bytearray(node.open_segment().read_bytes())
    data[-1] ^= 1  # the mark is the last frame
    node.open_segment().write_bytes(data)
    writer.append(texts(3))
    node.shut_down()
    assert node.stored() == texts(1, 2, 3)


def test_a_kill_in_the_middle_of_recovery_doubles_nothing(node: Node) -> None:
    writer = node.writer()
    writer.append(texts(1, 2))
    node.drain().step()
    node.ring().release(0)
    path = node.open_segment()
    saved = path.read_bytes()
    node.drain()  # recovers: releases the ring, then seals
    for sealed in node.spool.iterdir():
        sealed.unlink()
    path.write_bytes(saved)  # as if killed before the seal
    node.shut_down()
    assert node.stored() == texts(1, 2)


def test_after_a_loss_of_power_the_segment_is_all_there_is_and_all_of_it_counts(node: Node) -> None:
    writer = node.writer()
    writer.append(texts(1, 2))
    drain = node.drain(MINUTE_S)
    drain.step()
    writer.append(texts(3))
    drain.step()
    shutil.rmtree(node.rings)
    node.shut_down()
    assert node.stored() == texts(1, 2, 3)


def test_rings_on_a_disk_that_remember_too_little_after_a_reboot_double_nothing(node: Node) -> None:
    writer = node.writer()
    writer.append(texts(1, 2))
    drain = node.drain()
    drain.step()
    drain.ask_for_new_stream()
    drain.step()  # sealed
    writer.append(texts(3))
    drain.step()
    writer.append(texts(4))
    writer.close()
    _forget_boot_and_releases(find_rings(node.rings)[0])
    node.shut_down()
    assert node.stored() == texts(1, 2, 3, 4)


def _forget_boot_and_releases(path: Path) -> None:
    page = bytearray(path.read_bytes()[:HEADER_BYTES])
    page[32:48] = bytes(16)  # boot id
    page[64:68] = crc32(page[:64]).to_bytes(4, "little")
    page[256:264] = bytes(8)  # read position
    with path.open("r+b") as file:
        file.write(page)


def test_records_that_a_sync_mark_promises_and_that_are_gone_become_holes(node: Node) -> None:
    writer = node.writer()
    writer.append(texts(1, 2, 3))
    node.drain().step()
    data = node.open_segment().read_bytes()
    cut = data.index(b"record 2") + 3
    node.open_segment().write_bytes(data[:cut] + bytes(len(b"record 2") - 3) + data[cut + len(b"record 2") - 3 :])
    node.shut_down()
    assert node.stored() == [b"record 1", b"", b"record 3"]


def test_every_segment_begins_a_new_stream_and_nobody_appends_to_a_recovered_one(node: Node) -> None:
    writer = node.writer()
    for number in range(4):
        writer.append(texts(number))
        node.drain().step()
    node.shut_down()
    names = list_segments(node.spool)
    assert len({name.stream_id for name in names}) == 4
    assert node.stored() == texts(0, 1, 2, 3)


def test_dropped_records_become_one_stored_gap_with_their_count(node: Node) -> None:
    writer = node.writer(capacity=4096, budget=4096 + HEADER_BYTES)
    for number in range(300):
        writer.append([b"record %03d" % number + bytes(90)])
    drain = node.drain()
    drain.step()
    drain.step()
    node.shut_down()
    stored = node.stored()
    gaps = [gap for payload in stored if isinstance(gap := _gap(payload), GapRecord)]
    assert sum(gap.count for gap in gaps) == 300 - (len(stored) - len(gaps))
    assert [(gap.reason, gap.at_least) for gap in gaps] == [("ring_full", False)]


def _gap(payload: bytes) -> object:
    return decode(payload) if payload[:2] == encode_gap(GapRecord(0, 0, 0, at_least=False, reason=""))[:2] else None


def test_a_kill_before_the_gap_is_noted_in_the_ring_does_not_report_it_twice(node: Node) -> None:
    writer = node.writer(capacity=4096, budget=4096 + HEADER_BYTES)
    writer.append([bytes(3000)])
    writer.append([bytes(3000)] * 5)
    node.drain().step()
    ring = node.ring()
    ring.drops_stored = 0  # as if the agent had been killed between the sync mark and this
    ring.close()
    node.drain().step()
    node.shut_down()
    assert [gap.count for payload in node.stored() if isinstance(gap := _gap(payload), GapRecord)] == [5]


def test_a_segment_ends_when_asked_and_the_next_records_begin_a_stream(node: Node) -> None:
    writer = node.writer()
    drain = node.drain()
    writer.append(texts(1))
    drain.step()
    drain.ask_for_new_stream()
    drain.step()
    writer.append(texts(2))
    drain.step()
    assert [name.end for name in list_segments(node.spool)] in ([1, None], [None, 1])
    sealed = [event for event in node.events if isinstance(event, Sealed)]
    assert [event.sealed and event.sealed.end for event in sealed] == [1]


def test_time_is_covered_only_when_everything_up_to_it_is_on_disk(node: Node) -> None:
    writer = node.writer()
    drain = node.drain(MINUTE_S)
    drain.step()
    before = drain.covered_ms
    assert before > 0
    time.sleep(0.005)
    writer.append(texts(1))
    drain.step()  # synced: the first sync is due
    middle = drain.covered_ms
    assert middle > before
    writer.append(texts(2))
    time.sleep(0.005)
    drain.step()  # written, not synced
    assert drain.covered_ms == middle


def test_a_file_among_the_rings_that_is_none_is_left_alone(node: Node) -> None:
    (node.rings / "00000000000000-0-junk.ring").write_bytes(b"junk")
    writer = node.writer()
    writer.append(texts(1))
    node.shut_down()
    assert node.stored() == texts(1)
    assert (node.rings / "00000000000000-0-junk.ring").exists()


def test_a_segment_of_a_newer_version_is_left_alone(node: Node) -> None:
    writer = node.writer()
    writer.append(texts(1))
    node.drain().step()
    path = node.open_segment()
    data = bytearray(path.read_bytes())
    data[8] = 9
    data[52:56] = crc32(data[:52]).to_bytes(4, "little")
    path.write_bytes(data)
    node.shut_down()
    assert path.read_bytes() == data
    assert _names(node, lambda name: name.end is not None) == []


def _names(node: Node, keep: Callable[[SegmentName], bool]) -> list[SegmentName]:
    return [name for name in list_segments(node.spool) if keep(name)]


def test_sync_marks_count_what_is_on_disk(node: Node) -> None:
    writer = node.writer()
    drain = node.drain()
    for number in range(3):
        writer.append(texts(number))
        drain.step()
    name = SegmentName.parse(node.open_segment().name)
    assert name is not None
    reader = SegmentReader(node.open_segment(), name)
    assert [number for number, entry in reader.frames() if entry.kind == SYNCED] == [1, 2, 3]
