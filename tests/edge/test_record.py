"""The bytes of one record, and what of them may leave the machine."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.record import (
    CARRY,
    CARRY_CODE,
    HEADER_VALUE_MAX_CHARS,
    NO_CLICK,
    NO_CLICK_CODE,
    UNKNOWN_PATH_MAX_CHARS,
    UNKNOWN_PATHS_MAX,
    BadRecord,
    Beacon,
    Click,
    Record,
    decode,
    encode_beacon,
    encode_click,
    encode_gap,
    encode_unknown_slugs,
    time_ms_of,
    to_wire,
)
from shared.wire import STORED_HEADERS, BeaconRecord, ClickRecord, GapRecord, UnknownSlugsRecord

times = st.integers(0, 2**62)
ids = st.binary(min_size=16, max_size=16)
addresses = st.one_of(st.binary(min_size=4, max_size=4), ids)
clicks = st.builds(
    Click,
    time_ms=times,
    boot_ms=times,
    click_id=ids,
    link_id=ids,
    arm=st.integers(0, 65535),
    no_click=st.sampled_from(NO_CLICK),
    carry=st.sampled_from(CARRY),
    address=addresses,
    visitor=st.one_of(st.just(b""), ids),
    host=st.binary(max_size=255),
    head=st.binary(max_size=2000),
)
beacons = st.builds(
    Beacon,
    time_ms=times,
    boot_ms=times,
    record_id=ids,
    workspace_id=ids,
    key_id=ids,
    address=addresses,
    host=st.binary(max_size=255),
    head=st.binary(max_size=2000),
    body=st.binary(max_size=2000),
)
gaps = st.builds(GapRecord, times, times, st.integers(0, 2**40), st.booleans(), st.text(max_size=20))
unknowns = st.builds(
    UnknownSlugsRecord, st.text(max_size=40), times, st.integers(0, 2**40), st.dictionaries(st.text(max_size=50), times)
)


def encode(record: Record) -> bytes:
    match record:
        case Click():
            return encode_click(
                record.time_ms,
                record.boot_ms,
                record.click_id,
                record.link_id,
                record.arm,
                NO_CLICK_CODE[record.no_click],
                CARRY_CODE[record.carry],
                record.address,
                record.visitor,
                record.host,
                record.head,
            )
        case Beacon():
            return encode_beacon(
                record.time_ms,
                record.boot_ms,
                record.record_id,
                record.workspace_id,
                record.key_id,
                record.address,
                record.host,
                record.head,
                record.body,
            )
        case GapRecord():
            return encode_gap(record)
        case UnknownSlugsRecord():
            return encode_unknown_slugs(record)


def click(head: bytes, **changes: object) -> ClickRecord:
    fields: dict[str, object] = {"host": b"go.example", "address": b"\x01\x02\x03\x04"} | changes
    record = Click(1, 2, bytes(16), bytes(16), 0, "", "none", visitor=b"", head=head, **fields)  # pyright: ignore
    sent = to_wire(record)
    assert isinstance(sent, ClickRecord)
    return sent


def beacon(head: bytes) -> BeaconRecord:
    sent = to_wire(Beacon(1, 2, bytes(16), bytes(16), bytes(16), b"\x01\x02\x03\x04", b"go.example", head, b"{}"))
    assert isinstance(sent, BeaconRecord)
    return sent


@given(st.one_of(clicks, beacons, gaps, unknowns))
def test_decoding_gives_what_was_encoded(record: Record) -> None:
    assert decode(encode(record)) == record


@given(st.one_of(clicks, beacons, gaps))
def test_the_time_can_be_read_without_decoding(record: Record) -> None:
    assert time_ms_of(encode(record)) == (record.from_ms if isinstance(record, GapRecord) else record.time_ms)  # pyright: ignore


@given(st.one_of(clicks, beacons, gaps, unknowns), st.data())
def test_a_cut_or_lengthened_record_is_refused(record: Record, data: st.DataObject) -> None:
    encoded = encode(record)
    with pytest.raises(BadRecord):
        decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])
    with pytest.raises(BadRecord):
        decode(encoded + b"\x00")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadRecord):
        to_wire(decode(data))


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused_by_name(version: int) -> None:
    encoded = encode_gap(GapRecord(1, 2, 3, at_least=False, reason="ring_full"))
    with pytest.raises(BadRecord, match=f"record version {version} is not known here; 1 is"):
        decode(bytes([version]) + encoded[1:])


def test_the_offsets_of_a_click_are_the_documented_ones() -> None:
    times = (0x0102030405060708, 0x1112131415161718)
    address, visitor = b"\x7f\x00\x00\x01", b"v" * 16
    encoded = encode_click(*times, b"c" * 16, b"l" * 16, 0x0203, 1, 2, address, visitor, b"ho", b"head")
    assert encoded[:8] == bytes([1, 1, 1, 2, 0x03, 0x02, 4, 16])
    assert encoded[8:16] == bytes(reversed(range(1, 9)))
    assert (encoded[24:40], encoded[40:56]) == (b"c" * 16, b"l" * 16)
    assert encoded[56:62] == b"\x02\x00\x04\x00\x00\x00"
    assert encoded[62:] == address + visitor + b"ho" + b"head"


private_names = st.sampled_from(
    ("Cookie", "Authorization", "X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP", "X-User-Agent")
)


@given(st.lists(st.tuples(private_names, st.text("abc123.;=", min_size=8))))
def test_no_other_header_than_the_stored_ones_leaves(private: list[tuple[str, str]]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in private)
    sent = click(f"GET /a HTTP/1.1\r\nUser-Agent: x\r\n{lines}Accept: y\r\n\r\n".encode())
    assert sent.headers == {"user-agent": "x", "accept": "y"}


def test_a_cookie_cannot_smuggle_itself_out_as_another_header() -> None:
    head = b"GET /a HTTP/1.1\r\nCookie: a=1;\nUser-Agent: secret\r\n User-Agent: folded\r\nX-Accept: no\r\n\r\n"
    assert click(head).headers == {}


def test_every_stored_header_leaves_whatever_its_case() -> None:
    lines = "".join(f"{name.title()}:  value of {name} \r\n" for name in STORED_HEADERS)
    assert click(f"GET /a HTTP/1.1\r\n{lines}\r\n".encode()).headers == {n: f"value of {n}" for n in STORED_HEADERS}


def test_long_values_are_cut_and_repeated_ones_joined() -> None:
    head = b"GET /a HTTP/1.1\r\nUser-Agent: " + b"u" * 9000 + b"\r\nAccept: a\r\nAccept: b\r\n\r\n"
    headers = click(head).headers
    assert headers["user-agent"] == "u" * HEADER_VALUE_MAX_CHARS
    assert headers["accept"] == "a, b"


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/spring?gclid=x&a=b?c", "/spring", "gclid=x&a=b?c"),
        (b"/", "/", ""),
        (b"http://go.example/spring?x=1", "/spring", "x=1"),
        ("/grüße".encode(), "/grüße", ""),
        (b"/gr\xfc\xdfe", "/grüße", ""),
        (b"/a\x00b", "/a\ufffdb", ""),
    ],
)
def test_path_and_query_of_a_target(target: bytes, path: str, query: str) -> None:
    sent = click(b"GET " + target + b" HTTP/1.1\r\n\r\n")
    assert (sent.path, sent.query) == (path, query)


def test_a_beacon_carries_its_origin_and_body() -> None:
    sent = beacon(b"POST /_t/e HTTP/1.1\r\nOrigin: https://shop.example\r\nCookie: a=b\r\nUser-Agent: x\r\n\r\n")
    assert (sent.origin, sent.body, sent.headers) == ("https://shop.example", b"{}", {"user-agent": "x"})


def test_of_unknown_slugs_the_most_frequent_are_kept() -> None:
    paths = {f"/{number}": number for number in range(1, 500)} | {"/long/" + "x" * 1000: 10_000}
    kept = decode(encode_unknown_slugs(UnknownSlugsRecord("go.example", 60_000, 10**6, paths)))
    assert isinstance(kept, UnknownSlugsRecord)
    assert len(kept.paths) == UNKNOWN_PATHS_MAX
    assert max(map(len, kept.paths)) == UNKNOWN_PATH_MAX_CHARS
    assert min(kept.paths.values()) == 401
