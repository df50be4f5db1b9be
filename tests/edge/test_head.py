"""Heads: hosts and slugs that mean the same are the same, and nothing else is."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.head import Head, normal_host, parse


def head(target: str | bytes = "/spring", *headers: str, method: str = "GET") -> Head:
    target = target.encode() if isinstance(target, str) else target
    lines = "".join(f"{line}\r\n" for line in headers or ("Host: go.shop.example",)).encode("latin-1")
    parsed = parse(b"%b %b HTTP/1.1\r\n%b\r\n" % (method.encode(), target, lines))
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("go.shop.example", "go.shop.example"),
        ("Go.Shop.EXAMPLE", "go.shop.example"),
        ("go.shop.example:8080", "go.shop.example"),
        ("go.shop.example:", "go.shop.example"),
        ("go.shop.example.", "go.shop.example"),
        ("go.shop.example.:443", "go.shop.example"),
        ("xn--grn-yfa.example", "xn--grn-yfa.example"),
        ("127.0.0.1:8080", "127.0.0.1"),
        ("[::1]:8080", "[::1]"),
        ("[::1]", "[::1]"),
        ("::1", ""),
        ("", ""),
        ("go.shop.example/a", ""),
        ("go shop", ""),
        ("gö.example", ""),
    ],
)
def test_hosts_compare_in_lower_case_without_port(sent: str, known: str) -> None:
    assert normal_host(sent.encode()) == known


@given(st.binary(max_size=60))
def test_no_bytes_of_a_host_header_are_too_much(sent: bytes) -> None:
    host = normal_host(sent)
    assert host == host.lower()
    assert not set(host) & set("/ \r\n\t@")


@pytest.mark.parametrize("target", ["/fr%C3%BCh", "/fr%c3%bch", "/%66r%C3%BCh", "/früh"])
def test_every_spelling_of_a_non_ascii_path_is_one_slug(target: str) -> None:
    assert head(target).slug == "früh"


def test_slugs_are_case_sensitive_and_keep_their_slashes() -> None:
    assert head("/Spring/2025").slug == "Spring/2025"
    assert head("/spring/").slug == "spring/"
    assert head("/a+b").slug == "a+b"


def test_a_path_that_is_not_utf_8_is_some_slug() -> None:
    assert head(b"/%ff\xfe").slug.encode("utf-8", "surrogateescape") == b"\xff\xfe"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1))
def test_a_quoted_slug_survives(slug: str) -> None:
    assert head("/" + quote(slug, safe="")).slug == slug


def test_query_and_path_are_kept_as_sent() -> None:
    parsed = head("/fr%C3%BCh?gclid=a%20b&x=?")
    assert parsed.path == b"/fr%C3%BCh"
    assert parsed.query == b"gclid=a%20b&x=?"
    assert head("/?").query == b""


def test_an_absolute_target_names_the_host() -> None:
    parsed = head("http://Go.Shop.Example:8080/spring?a=1", "Host: proxy.example")
    assert (parsed.host, parsed.path, parsed.query) == ("go.shop.example", b"/spring", b"a=1")
    assert head("http://go.shop.example", "Host: x").path == b"/"


def test_what_is_no_request_is_none() -> None:
    assert parse(b"") is None
    assert parse(b"hello\r\n\r\n") is None
    assert parse(b"GET /x\r\n\r\n") is None
    assert parse(b"GET /x HTTP/2.0\r\n\r\n") is None


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_fail(raw: bytes) -> None:
    parse(raw)
    parse(b"GET /" + raw + b" HTTP/1.1\r\n" + raw + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ((), ""),
        (("Sec-Purpose: prefetch",), "prefetch"),
        (("Sec-Purpose: prefetch;prerender",), "prefetch"),
        (("sec-purpose:prefetch;anonymous-client-ip",), "prefetch"),
        (("Purpose: prefetch",), "prefetch"),
        (("X-Moz: prefetch",), "prefetch"),
        (("Purpose: preview",), ""),
        (("X-Purpose: prefetch",), ""),
    ],
)
def test_prefetches_say_so_themselves(headers: tuple[str, ...], reason: str) -> None:
    assert head("/spring", "Host: go.shop.example", *headers).no_click == reason


def test_head_is_no_click() -> None:
    assert head("/spring", method="HEAD").no_click == "head"


def test_global_privacy_control_is_exactly_one() -> None:
    assert head("/", "Sec-GPC: 1").refuses_tracking
    assert head("/", "sec-gpc:1 ").refuses_tracking
    assert not head("/", "Sec-GPC: 0").refuses_tracking
    assert not head("/", "X: Sec-GPC: 1").refuses_tracking


def test_the_first_host_header_counts_and_lists_are_joined() -> None:
    parsed = head("/", "Host: a.example", "Host: b.example", "X-Forwarded-For: 1.1.1.1", "x-forwarded-for: 2.2.2.2")
    assert parsed.host == "a.example"
    assert parsed.get(b"x-forwarded-for") == b"1.1.1.1, 2.2.2.2"


def test_only_our_own_cookies_are_read() -> None:
    parsed = head("/", "Cookie: a_ct=no; _ct=one; _ctv=visitor; _ctx=no; x=_ct=no", "Cookie: _ct=two")
    assert parsed.cookies() == {b"_ct": b"one~two", b"_ctv": b"visitor"}
