"""Where a lent request ends: told without doubt, or left to aiohttp for good."""

from __future__ import annotations

import pytest

from edge.framing import body_length, is_hopeless


def head(*lines: str, method: str = "POST", target: str = "/_t/e", version: str = "1.1") -> bytes:
    return "\r\n".join((f"{method} {target} HTTP/{version}", "Host: go.example", *lines, "", "")).encode("latin-1")


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ((), 0),
        (("Content-Length: 0",), 0),
        (("content-length:  17 ",), 17),
        (("Connection: keep-alive", "Content-Length: 9"), 9),
    ],
)
def test_a_body_of_known_length_ends_where_it_says(lines: tuple[str, ...], length: int) -> None:
    assert body_length(head(*lines)) == length


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Content-Length: 5"),
        ("Content-Length: 5, 5",),
        ("Content-Length: +5",),
        ("Content-Length: 0x5",),
        ("Content-Length: 99999999999",),
        ("Content-Length:",),
        ("Content-Length : 5",),
        ("Transfer-Encoding: chunked",),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding : chunked",),
        ("Expect: 100-continue",),
        ("Upgrade: websocket", "Connection: upgrade"),
        ("Connection: close",),
        ("X-Folded: a", " b"),
        ("X-Nul: a\0b",),
        ("Bad Name: x",),
        ("no colon",),
    ],
)
def test_whatever_could_be_read_in_two_ways_is_aiohttp_s_for_good(lines: tuple[str, ...]) -> None:
    assert body_length(head(*lines)) is None


@pytest.mark.parametrize("version", ["1.0", "2.0", "0.9"])
def test_other_versions_are_aiohttp_s_for_good(version: str) -> None:
    assert body_length(head(version=version)) is None


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\n", b"\x16\x03\x01\x02", b"GET /\rx", b"GET /a\0", b"a\n\nb"])
def test_some_beginnings_can_never_become_a_head(data: bytes) -> None:
    assert is_hopeless(data, 0)


@pytest.mark.parametrize("data", [b"G", b"GET /x HTTP/1.1\r", b"GET /x HTTP/1.1\r\nHost: a\r\n", b"GET /\xc3\xbc"])
def test_others_still_may(data: bytes) -> None:
    assert not is_hopeless(data, 0)
