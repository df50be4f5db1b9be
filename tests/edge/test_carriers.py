"""Carriers: the id arrives, the destination is otherwise untouched, and no input gets out of its header."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.carriers import CLICK_COOKIE_IDS, CLICK_COOKIE_MS, Destination, click_cookie
from shared import click_id

NOW = 1_764_000_000_000
CLICK = click_id.encode(click_id.new(NOW)).encode()
LINK_ID = click_id.new(NOW - 10_000_000)

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
pairs = st.lists(st.tuples(names, st.text(st.characters(codec="utf-8"), max_size=8)), max_size=6)
hostile = st.text(st.sampled_from("ab=&?#%;/:\r\n\t \0\x7f\x80é€\u2028\udcff"), max_size=40)
hostile_bytes = st.lists(st.sampled_from([bytes([code]) for code in range(256)]), max_size=40).map(b"".join)


def to(address: str, query_name: str = "ct") -> Destination:
    return Destination(address, query_name)


class TestFragment:
    def test_goes_behind_everything(self) -> None:
        assert to("https://shop.example/p?a=b").with_fragment(b"", b"X") == b"https://shop.example/p?a=b#ct_X"

    def test_is_valid_in_a_css_selector(self) -> None:
        found = to("https://shop.example/").with_fragment(b"", CLICK)
        assert re.fullmatch(rb"ct_[A-Za-z0-9_-]{22}", found.partition(b"#")[2])

    def test_is_not_possible_beside_another_fragment(self) -> None:
        assert to("https://shop.example/#reviews").possible("fragment") == "query"
        assert to("https://shop.example/#:~:text=x").possible("fragment") == "query"
        assert to("https://shop.example/").possible("fragment") == "fragment"
        assert to("https://shop.example/#reviews").possible("none") == "none"

    def test_takes_the_place_of_an_empty_one(self) -> None:
        destination = to("https://shop.example/#")
        assert destination.possible("fragment") == "fragment"
        assert destination.with_fragment(b"", b"X") == b"https://shop.example/#ct_X"


class TestQuery:
    @pytest.mark.parametrize(
        ("address", "carried"),
        [
            ("https://shop.example", b"https://shop.example?ct=X"),
            ("https://shop.example/?", b"https://shop.example/?ct=X"),
            ("https://shop.example/?a=b", b"https://shop.example/?a=b&ct=X"),
            ("https://shop.example/?a=b&", b"https://shop.example/?a=b&ct=X"),
            ("https://shop.example/?a=b#top", b"https://shop.example/?a=b&ct=X#top"),
            ("https://shop.example/#/route?x=1", b"https://shop.example/?ct=X#/route?x=1"),
        ],
    )
    def test_is_the_last_parameter_before_the_fragment(self, address: str, carried: bytes) -> None:
        assert to(address).with_query(b"", b"ct", b"X") == carried

    def test_comes_after_what_is_forwarded(self) -> None:
        assert (
            to("https://shop.example/#top").with_query(b"g=1", b"cid", b"X") == b"https://shop.example/?g=1&cid=X#top"
        )


class TestForwarding:
    def test_keeps_the_raw_percent_encoding(self) -> None:
        assert to("https://shop.example/").forwardable(b"g=a%2Fb+c%20d&utm=%C3%BC") == b"g=a%2Fb+c%20d&utm=%C3%BC"

    def test_does_not_repeat_what_the_destination_has(self) -> None:
        destination = to("https://shop.example/?utm_source=mail&color=")
        assert destination.forwardable(b"utm_source=sms&color=red&size=m") == b"size=m"

    @pytest.mark.parametrize("query", [b"ct=x", b"%63t=x", b"c%74=x", b"r=x", b"ct", b"cid=x", b"c%69d=x"])
    def test_our_own_names_never_pass_however_they_are_written(self, query: bytes) -> None:
        destination = to("https://shop.example/", "cid")
        assert destination.forwardable(query) == b""
        assert destination.forwardable(b"a=1&" + query + b"&b=2") == b"a=1&b=2"

    def test_names_that_only_begin_like_ours_pass(self) -> None:
        assert to("https://shop.example/").forwardable(b"ctx=1&ref=2&CT=3") == b"ctx=1&ref=2&CT=3"

    @given(pairs, pairs)
    def test_every_parameter_arrives_once_in_order(
        self, held: list[tuple[str, str]], sent: list[tuple[str, str]]
    ) -> None:
        def written(parameters: list[tuple[str, str]]) -> str:
            return "&".join(f"{quote_plus(name)}={quote(value, safe='')}" for name, value in parameters)

        address = "https://shop.example/p" + ("?" + written(held) if held else "")
        destination = to(address)
        url = destination.with_query(destination.forwardable(written(sent).encode()), b"ct", CLICK).decode()
        taken = {name for name, _ in held} | {"ct", "r"}
        expected = [*held, *((name, value) for name, value in sent if name not in taken), ("ct", CLICK.decode())]
        assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == expected


class TestHostileInput:
    @given(hostile, hostile_bytes)
    @example("https://shop.example/\r\nSet-Cookie: a=b", b"x\r\nSet-Cookie: a=b")
    @example("https://shop.example/?q", b"a=b#ct_forged")
    def test_only_printable_ascii_gets_out(self, tail: str, query: bytes) -> None:
        destination = to("https://shop.example/" + tail)
        forwarded = destination.forwardable(query)
        for made in (
            destination.with_nothing(forwarded),
            destination.with_query(forwarded, b"ct", CLICK),
            destination.with_fragment(forwarded, CLICK) if destination.possible("fragment") == "fragment" else b"",
        ):
            assert re.fullmatch(rb"[!-~]*", made)

    @given(hostile, hostile_bytes)
    def test_there_is_never_a_second_fragment_and_the_id_is_read_back(self, tail: str, query: bytes) -> None:
        destination = to("https://shop.example/" + tail)
        forwarded = destination.forwardable(query)
        if destination.possible("fragment") == "fragment":
            made = destination.with_fragment(forwarded, CLICK)
            assert made.partition(b"#")[2] == b"ct_" + CLICK
        else:
            made = destination.with_query(forwarded, b"ct", CLICK)
            assert made.partition(b"#")[0].endswith(b"ct=" + CLICK)

    @given(hostile_bytes)
    def test_a_query_never_changes_host_path_or_fragment(self, query: bytes) -> None:
        destination = to("https://shop.example/p#top")
        url = urlsplit(destination.with_nothing(destination.forwardable(query)).decode())
        assert (url.scheme, url.netloc, url.path, url.fragment) == ("https", "shop.example", "/p", "top")


class TestCookie:
    def entries(self, held: bytes, time_ms: int = NOW) -> list[bytes]:
        return click_cookie(CLICK, LINK_ID, held, time_ms).split(b"~")

    def entry(self, age_ms: int = 0) -> bytes:
        click, link = click_id.new(NOW - age_ms), click_id.new(NOW - 10_000_000)
        return click_id.encode(click).encode() + b"." + click_id.encode(link).encode()

    def test_the_newest_click_comes_first_with_its_link(self) -> None:
        old = self.entry(1_000)
        assert self.entries(old) == [CLICK + b"." + click_id.encode(LINK_ID).encode(), old]

    def test_keeps_the_newest_eight(self) -> None:
        held = [self.entry(age) for age in range(12)]
        assert self.entries(b"~".join(held))[1:] == held[: CLICK_COOKIE_IDS - 1]

    def test_forgets_what_the_cookie_would_have_outlived(self) -> None:
        recent, expired = self.entry(CLICK_COOKIE_MS - 1), self.entry(CLICK_COOKIE_MS + 1)
        assert self.entries(expired + b"~" + recent)[1:] == [recent]

    def test_one_click_stands_there_once(self) -> None:
        held = self.entry()
        assert self.entries(held + b"~" + held)[1:] == [held]

    @given(hostile_bytes)
    def test_what_is_malformed_never_comes_back(self, held: bytes) -> None:
        good = self.entry()
        assert self.entries(held + b"~" + good)[1:] == [good]
