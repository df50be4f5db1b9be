"""What is shipped is what `edge.record` says of a record, whichever way it was made."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.translate import Translator
from edge.record import CARRY, NO_CLICK, decode, encode_click, to_wire
from shared.wire import STORED_HEADERS, Record

text = st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b""))
names = st.sampled_from(
    [
        *(name.encode() for name in STORED_HEADERS),
        b"Cookie",
        b"Host",
        b"USER-AGENT",
        b"Authorization",
        b"x-forwarded-for",
    ]
)
lines = st.lists(
    st.tuples(names, st.sampled_from([b":", b": ", b""]), st.one_of(text, st.binary(max_size=20))), max_size=12
)


def head(method: bytes, target: bytes, version: bytes, headers: list[tuple[bytes, bytes, bytes]]) -> bytes:
    said = b"".join(b"%b%b%b\r\n" % header for header in headers)
    return b"%b %b %b\r\n%b\r\n" % (method, target, version, said)


heads = st.builds(
    head,
    st.sampled_from([b"GET", b"HEAD", b""]),
    st.one_of(text, text.map(lambda raw: b"/" + raw + b"?" + raw), st.just(b"http://go.example/x?y")),
    st.sampled_from([b"HTTP/1.1", b""]),
    lines,
)
clicks = st.builds(
    encode_click,
    time_ms=st.integers(-(2**63), 2**63 - 1),
    boot_ms=st.integers(-(2**63), 2**63 - 1),
    click_id=st.binary(min_size=16, max_size=16),
    link_id=st.binary(min_size=16, max_size=16),
    arm=st.integers(0, 65535),
    no_click=st.integers(0, len(NO_CLICK) - 1),
    carry=st.integers(0, len(CARRY) - 1),
    address=st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)),
    visitor=st.one_of(st.just(b""), st.binary(min_size=16, max_size=16)),
    host=text,
    head=st.one_of(heads, st.binary(max_size=60)),
)
translator = Translator()  # one for all examples: what it remembers must not show


@given(clicks)
def test_a_click_is_shipped_as_its_definition_says(click: bytes) -> None:
    translated = translator.translate([click, click], 0, 0)
    array = b"\xdd" + translated.count.to_bytes(4, "big") + translated.records
    assert msgspec.msgpack.decode(array, type=list[Record]) == [to_wire(decode(click))] * 2


@given(clicks, st.data())
def test_a_click_cut_or_lengthened_is_a_gap(click: bytes, data: st.DataObject) -> None:
    cut = click[: data.draw(st.integers(2, len(click) - 1))]
    translated = translator.translate([cut, click + b"x"], 0, 7)
    array = b"\xdd" + translated.count.to_bytes(4, "big") + translated.records
    assert {type(record).__name__ for record in msgspec.msgpack.decode(array, type=list[Record])} == {"GapRecord"}
    assert translated.gaps == {"spool_damaged": 2}
