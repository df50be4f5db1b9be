"""The PROXY protocol: who a balancer speaks for, from whatever pieces it arrives in, and never from anything else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.door import Limits
from edge.proxy_protocol import V2_MAX_BYTES, BadPrologue, Prologue, read
from tests.edge.building import domain, link
from tests.edge.serving import Serving, get, serving

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v2(family: int, addresses: bytes, *, command: int = 1, version: int = 2, more: bytes = b"") -> bytes:
    body = addresses + more
    return SIGNATURE + bytes((version << 4 | command, family)) + len(body).to_bytes(2, "big") + body


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.binary(max_size=50))
def test_an_ipv4_visitor_is_read_in_both_versions(source: IPv4Address, to: IPv4Address, rest: bytes) -> None:
    line = f"PROXY TCP4 {source} {to} 56324 443\r\n".encode()
    assert read(line + rest) == Prologue(len(line), source.packed)
    binary = v2(0x11, source.packed + to.packed + b"\xdc\x04\x01\xbb", more=rest)
    assert read(binary + rest) == Prologue(len(binary), source.packed)


@given(st.ip_addresses(v=6), st.ip_addresses(v=6))
def test_an_ipv6_visitor_is_read_in_both_versions(source: IPv6Address, to: IPv6Address) -> None:
    plain = source.ipv4_mapped.packed if source.ipv4_mapped else source.packed
    line = f"PROXY TCP6 {source} {to} 56324 443\r\n".encode()
    assert read(line) == Prologue(len(line), plain)
    binary = v2(0x21, source.packed + to.packed + b"\xdc\x04\x01\xbb")
    assert read(binary) == Prologue(len(binary), plain)


@pytest.mark.parametrize(
    "prologue",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
        v2(0x00, b"", command=0),
        v2(0x11, b"\1\2\3\4\5\6\7\x08\0\1\0\2", command=0),
        v2(0x31, bytes(216)),
        v2(0x12, bytes(12)),
    ],
)
def test_a_balancer_may_speak_for_itself(prologue: bytes) -> None:
    assert read(prologue) == Prologue(len(prologue), None)


@pytest.mark.parametrize(
    "prologue", [b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", v2(0x21, bytes(36), more=b"\x04\0\3abc")]
)
def test_a_prologue_cut_anywhere_is_waited_for(prologue: bytes) -> None:
    for length in range(len(prologue)):
        assert read(prologue[:length]) is None
    assert read(prologue) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        b"PROXY TCP4 ::1 ::1 1 2\r\n",
        b"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY TCP4 999.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
        b"PROXY " + b"x" * 200,
        b"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        v2(0x11, bytes(12), version=3),
        v2(0x11, bytes(12), command=5),
        v2(0x11, bytes(11)),
        v2(0x21, bytes(35)),
        v2(0x11, bytes(V2_MAX_BYTES)),
        b"\x16\x03\x01",
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BadPrologue):
        read(data)


async def test_the_visitor_of_a_balanced_connection_is_the_one_that_the_balancer_names(tmp_path: Path) -> None:
    async with balanced(tmp_path) as edge:
        for address, size in (("203.0.113.9", 1), ("2001:db8::7", 5), ("198.51.100.1", 1_000)):
            family = 6 if ":" in address else 4
            to = "::1" if family == 6 else "127.0.0.1"
            first = f"PROXY TCP{family} {address} {to} 5000 80\r\n".encode() + get()
            talk = await edge.connect()
            for start in range(0, len(first), size):
                talk.say(first[start : start + size])
                await asyncio.sleep(0)
            assert (await talk.hear()).status == 302
            talk.say(get("/spring", "X-Forwarded-For: 192.0.2.99"))
            assert (await talk.hear()).status == 302
            packed = socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, address)
            assert [click.address for click in edge.clicks()[-2:]] == [packed, packed]


async def test_a_trusted_proxy_that_says_nothing_of_the_visitor_is_refused(tmp_path: Path) -> None:
    async with balanced(tmp_path) as edge:
        talk = await edge.connect()
        talk.say(get())
        assert await talk.hear_end() == b""
        assert edge.clicks() == []


async def test_anybody_else_needs_no_prologue_and_may_not_send_one(tmp_path: Path) -> None:
    limits = Limits(100, 0, proxy_protocol=True)
    async with serving(tmp_path, domain(), link(), trusted_proxies=("10.0.0.0/8",), limits=limits) as edge:
        assert (await edge.ask("/spring")).status == 302
        talk = await edge.connect()
        talk.say(b"PROXY TCP4 203.0.113.9 127.0.0.1 5000 80\r\n" + get())
        assert (await talk.hear_end())[8:12] == b" 400"


def balanced(folder: Path) -> contextlib.AbstractAsyncContextManager[Serving]:
    limits = Limits(100, 0, proxy_protocol=True)
    return serving(folder, domain(), link(), trusted_proxies=("127.0.0.0/8",), limits=limits)
