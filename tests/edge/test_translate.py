"""What is shipped is what `edge.record` says of a record, whichever way it was made."""

from __future__ import annotations

import random

import msgspec
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.portion import Packer, Portion
from edge.agent.translate import OWN_VALUES, Translated, Translator, joined
from edge.record import decode, encode_click, encode_gap, to_wire
from shared.rows import CARRY, NO_CLICK, records_of
from shared.wire import STORED_HEADERS, GapRecord, Record, ShippedBatch

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
GAP = GapRecord(1, 2, 3, at_least=True, reason="ring_full")


def arrived(translated: Translated) -> list[Record]:
    """The records as the control plane reads them."""
    body = Packer("edg_test", "fresh").pack(Portion(0, translated, closed=False), 0, [])
    return records_of(msgspec.msgpack.decode(zstandard.decompress(body), type=ShippedBatch))


@given(st.lists(clicks, min_size=1, max_size=4))
def test_a_click_is_shipped_as_its_definition_says(some: list[bytes]) -> None:
    translated = translator.translate([*some, *some], 0, 0)
    assert arrived(translated) == [to_wire(decode(click)) for click in some] * 2


@given(clicks, st.data())
def test_a_click_cut_or_lengthened_is_a_gap(click: bytes, data: st.DataObject) -> None:
    cut = click[: data.draw(st.integers(2, len(click) - 1))]
    translated = translator.translate([cut, click + b"x"], 0, 7)
    assert {type(record).__name__ for record in arrived(translated)} == {"GapRecord"}
    assert translated.gaps == {"spool_damaged": 2}


@given(st.lists(st.one_of(clicks, st.just(encode_gap(GAP))), max_size=8), st.integers(0, 8))
def test_records_keep_their_order_also_where_two_parts_are_joined(some: list[bytes], cut: int) -> None:
    parts = [translator.translate(part, 0, 0) for part in (some[:cut], some[cut:])]
    assert arrived(joined(parts)) == [to_wire(decode(record)) for record in some]
    assert joined(parts).gaps == ({"ring_full": 3 * some.count(encode_gap(GAP))} if encode_gap(GAP) in some else {})


@given(clicks, st.lists(st.sampled_from([b"Cookie", b"cookie", b"X-Forwarded-For", b"cf-ray"]), max_size=3))
def test_nothing_of_a_line_that_is_the_visitors_own_is_shipped(click: bytes, own: list[bytes]) -> None:
    record, rng = decode(click), random.Random(1)
    for name in own * OWN_VALUES:
        said = b"GET / HTTP/1.1\r\n%b: %d\r\n\r\n" % (name, rng.getrandbits(60))
        translator.translate([encode_click(0, 0, bytes(16), bytes(16), 0, 0, 0, bytes(4), b"", b"", said)], 0, 0)
    lines = b"".join(b"%b: secret-%d\r\n" % (name, at) for at, name in enumerate(own))
    head = b"GET / HTTP/1.1\r\n" + lines + b"User-Agent: x\r\n" + lines + b"\r\n"
    whole = encode_click(0, 0, bytes(16), bytes(16), 0, 0, 0, bytes(4), b"", b"go.example", head)
    found = arrived(translator.translate([whole, click], 0, 0))
    assert found == [to_wire(decode(whole)), to_wire(record)]
    assert b"secret" not in msgspec.msgpack.encode(found[0])
