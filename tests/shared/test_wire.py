"""Messages survive the wire, and a newer peer's extra fields do not break an older one."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import beacon, click_id, wire

MESSAGES = (
    wire.ChangePage,
    wire.Batch,
    wire.BatchAck,
    wire.EdgeStatus,
    wire.StatusAck,
    wire.SnapshotStart,
    wire.SnapshotEntries,
    wire.SnapshotEnd,
)


# msgpack holds integers of 64 bits; Python's are longer.
st.register_type_strategy(int, st.integers(min_value=-(1 << 63), max_value=(1 << 64) - 1))


@pytest.mark.parametrize("message", MESSAGES)
@given(data=st.data())
def test_a_message_survives_the_wire(message: type[msgspec.Struct], data: st.DataObject) -> None:
    sent = data.draw(st.from_type(message))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=message) == sent


def test_a_newer_peers_field_is_skipped() -> None:
    newer = [7, 1_700_000_000_000, "", "a field of tomorrow"]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(newer), type=wire.BatchAck) == wire.BatchAck(
        7, 1_700_000_000_000
    )


def test_an_older_peers_missing_field_has_its_default() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode([7, 1]), type=wire.BatchAck).quarantined == ""


def test_entries_have_distinct_names() -> None:
    entries = (
        wire.LinkEntry("go.example", "a", b"l" * 16, "https://example.com/"),
        wire.DomainEntry("go.example", b"d" * 16, b"w" * 16),
        wire.KeyEntry("pk_1", b"k" * 16, b"w" * 16),
    )
    assert [wire.entry_key(entry) for entry in entries] == ["link:go.example/a", "domain:go.example", "key:pk_1"]


def body(**fields: object) -> bytes:
    return msgspec.json.encode({"k": "pk_1", "vid": click_id.encode(click_id.new(1)), **fields})


def test_a_beacon_of_each_kind_is_read() -> None:
    click = click_id.encode(click_id.new(2))
    assert isinstance(beacon.decode(body(type="landing", c=click, new=True)), beacon.Landing)
    event = beacon.decode(body(type="event", name="purchase", key="r1", value="49.90", currency="EUR", order="Ä-1"))
    assert isinstance(event, beacon.Event)
    assert (event.value, event.order) == ("49.90", "Ä-1")
    assert isinstance(beacon.decode(body(type="identify", customer="shop:7")), beacon.Identify)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"type": "landing", "c": "not an id"}, "`c`"),
        ({"type": "landing", "age": -1}, "age"),
        ({"type": "visit"}, "visit"),
        ({"type": "event", "name": "Purchase!", "key": "r"}, "name"),
        ({"type": "event", "name": "purchase"}, "key"),
        ({"type": "event", "name": "purchase", "key": "r", "amount": 1}, "currency"),
        ({"type": "event", "name": "purchase", "key": "r", "amount": 1, "value": "1", "currency": "EUR"}, "value"),
        ({"type": "event", "name": "purchase", "key": "r", "value": "1,50", "currency": "EUR"}, "value"),
        ({"type": "event", "name": "purchase", "key": "r\n"}, "`key`"),
        ({"type": "identify"}, "`customer`"),
        ({"type": "identify", "email": "a@example.com"}, "email"),
        ({"type": "landing", "url": "x" * 17_000}, "bytes"),
    ],
)
def test_a_bad_beacon_is_refused_by_name(fields: dict[str, object], named: str) -> None:
    with pytest.raises(beacon.BadBeacon, match=named):
        beacon.decode(body(**fields))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_beacon_or_are_refused(data: bytes) -> None:
    with contextlib.suppress(beacon.BadBeacon):
        assert isinstance(beacon.decode(data), beacon.Beacon)
