"""Batches by columns, as a control plane reads them: every record in its place, and contradictions refused."""

from __future__ import annotations

import struct

import msgspec
import pytest

from shared.rows import CLICK_LAYOUT, BadRows, records_of
from shared.wire import ClickRecord, Clicks, GapRecord, Record, ShippedBatch, Target

GAP = GapRecord(1, 2, 3, at_least=True, reason="ring_full")
HEADERS = [{"user-agent": "a"}, {"user-agent": "b"}]


def row(number: int, address: bytes = b"\xcb\x00\x71\x09", visitor: bytes = b"") -> bytes:
    fixed = CLICK_LAYOUT.pack(1, 1, 0, 2, 7, len(address), len(visitor), 1_000 + number, number, bytes([number] * 16),
                              bytes(16), 10, 500)  # fmt: skip
    return fixed + address + visitor


def columns(*rows: bytes, headers: tuple[int, ...] | None = None) -> Clicks:
    numbers = tuple(at % 2 for at in range(len(rows))) if headers is None else headers
    targets = [Target("go.example", f"/{at}", "") for at in range(len(rows))]
    return Clicks(b"".join(rows), targets, HEADERS, struct.pack(f"<{len(numbers)}I", *numbers))


def batch(clicks: Clicks | None, records: list[Record], places: list[int]) -> ShippedBatch:
    made = ShippedBatch("edg_test", "fresh", False, 0, [], records, places, clicks)
    return msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=ShippedBatch)


def test_rows_of_any_length_become_clicks_with_their_headers() -> None:
    visitor, long_address = b"v" * 16, b"\x20\x01" + bytes(14)
    first, second = records_of(batch(columns(row(1, visitor=visitor), row(2, long_address)), [], []))
    assert first == ClickRecord(bytes([1] * 16), 1_001, 1, bytes(16), 7, "", "fragment", "go.example", "/0", "",
                                b"\xcb\x00\x71\x09", visitor, HEADERS[0])  # fmt: skip
    assert isinstance(second, ClickRecord)
    assert (second.address, second.visitor, second.path, second.headers) == (long_address, b"", "/1", HEADERS[1])


def test_other_records_stand_in_their_places() -> None:
    found = records_of(batch(columns(row(1), row(2)), [GAP, GAP, GAP], [0, 2, 4]))
    assert [isinstance(record, GapRecord) for record in found] == [True, False, True, False, True]


def test_a_batch_of_the_first_version_is_its_records() -> None:
    assert records_of(batch(None, [GAP, GAP], [])) == [GAP, GAP]


@pytest.mark.parametrize(
    ("clicks", "places"),
    [
        (columns(row(1)[:-1]), [0]),  # cut
        (columns(row(1) + b"x"), [0]),  # lengthened
        (columns(b"\x02" + row(1)[1:]), [0]),  # of another version
        (columns(row(1)[:2] + b"\x09" + row(1)[3:]), [0]),  # an unknown reason for being no click
        (columns(row(1), headers=(2,)), [0]),  # headers that are not there
        (columns(row(1), headers=()), [0]),  # no headers
        (columns(row(1)), [9]),  # a place behind the end
        (columns(row(1)), []),  # no place
    ],
)
def test_columns_that_contradict_each_other_are_refused(clicks: Clicks, places: list[int]) -> None:
    with pytest.raises(BadRows):
        records_of(batch(clicks, [GAP], places))
