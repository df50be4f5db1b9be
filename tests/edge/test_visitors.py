"""What is known of a visitor, and that the rest is unknown rather than guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.ingest.agents import agent_of
from edge.head import parse
from edge.visitors import Visitor, country_of, country_said, first_languages, machine_of

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0"
MACHINES = [
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "desktop", "windows"),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/140.0.0.0", "desktop", "windows"),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {SAFARI} Safari/605.1.15", "desktop", "macos"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "desktop", "linux"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "desktop", "chromeos"),
    (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36", "mobile", "android"),
    (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Safari/537.36", "tablet", "android"),
    ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "mobile", "android"),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {SAFARI} Mobile/15E148 Safari/604.1", "mobile", "ios"),
    (f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {SAFARI} Mobile/15E148 Safari/604.1", "tablet", "ios"),
]


@pytest.mark.parametrize(("user_agent", "device", "system"), MACHINES)
def test_a_user_agent_tells_device_and_system(user_agent: str, device: str, system: str) -> None:
    assert machine_of(user_agent.encode(), b"", b"") == (device, system)


@pytest.mark.parametrize(("user_agent", "device", "system"), MACHINES)
def test_reports_and_rules_agree_on_the_device(user_agent: str, device: str, system: str) -> None:
    assert agent_of(user_agent).device == device


@pytest.mark.parametrize(
    ("mobile", "platform", "found"),
    [
        (b"?1", b'"Android"', ("mobile", "android")),
        (b"?0", b'"Android"', ("tablet", "android")),
        (b"?0", b'"macOS"', ("desktop", "macos")),
        (b"?0", b'"Chrome OS"', ("desktop", "chromeos")),
        (b"?0", b'"Windows"', ("desktop", "windows")),
        (b"?0", b'"Unknown"', ("desktop", "linux")),
        (b"", b"", ("desktop", "linux")),
        (b"\xff", b'"\xff', ("desktop", "linux")),
    ],
)
def test_client_hints_go_before_the_user_agent(mobile: bytes, platform: bytes, found: tuple[str, str]) -> None:
    assert machine_of(f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36".encode(), mobile, platform) == found


@pytest.mark.parametrize(
    "user_agent",
    [
        "",
        "curl/8.5.0",
        "Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 Version/8.0 TV Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 12; BRAVIA 4K VH2) {CHROME} Safari/537.36",
    ],
)
def test_what_is_no_device_of_the_three_is_none(user_agent: str) -> None:
    assert machine_of(user_agent.encode(), b"", b"") == (None, None)


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (b"pt-BR,pt;q=0.9,en;q=0.8", ("pt-br-",)),
        (b"en;q=0.8, pt-BR;q=0.9", ("pt-br-",)),
        (b"de, en", ("de-", "en-")),
        (b"de;q=0.5,en;q=0.5", ("de-", "en-")),
        (b"zh-Hant-TW ; q=1.0", ("zh-hant-tw-",)),
        (b"*", ()),
        (b"*,fr;q=0.1", ("fr-",)),
        (b"de;q=0", ()),
        (b"de;q=1.5,en;q=0.4", ("de-",)),
        (b"de;q=x,en;q=0.4", ("en-",)),
        (b"", ()),
        (b",,;q=1,\xff\xfe", ()),
    ],
)
def test_the_languages_are_those_that_are_put_first(header: bytes, tags: tuple[str, ...]) -> None:
    assert first_languages(header) == tags


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=20))
def test_no_bytes_are_too_much(one: bytes, other: bytes, third: bytes) -> None:
    first_languages(one)
    machine_of(one, other, third)
    assert country_said(one) == "" or country_said(one).isupper()


class TestCountry:
    def asking(self, *headers: str, address: bytes = bytes((8, 8, 8, 8)), header: bytes = b"") -> Visitor:
        head = parse("".join(f"{line}\r\n" for line in ("GET /s HTTP/1.1", "Host: h", *headers, "")).encode())
        assert head is not None
        return Visitor(head, address, b"", header)

    @pytest.mark.parametrize(
        ("address", "country"),
        [
            ("08080808", "US"),
            ("02a00001", "DE"),
            ("200300000000000000000000000000aa", "DE"),
            ("7f000001", ""),
            ("00000000", ""),
            ("fe800000000000000000000000000001", ""),
        ],
    )
    def test_is_that_of_the_addresss_registry(self, address: str, country: str) -> None:
        assert country_of(bytes.fromhex(address)) == country

    def test_is_what_a_believed_header_says(self) -> None:
        assert self.asking("CF-IPCountry: br", header=b"cf-ipcountry").country == "BR"
        assert self.asking("CF-IPCountry: FR", "CF-IPCountry: BR", header=b"cf-ipcountry").country == "BR"

    def test_is_the_addresss_where_no_header_is_believed_or_sent(self) -> None:
        assert self.asking("CF-IPCountry: BR").country == "US"
        assert self.asking(header=b"cf-ipcountry").country == "US"

    @pytest.mark.parametrize("value", ["XX", "T1", "Brazil", "é"])
    def test_is_unknown_where_the_cdn_says_so(self, value: str) -> None:
        assert self.asking(f"CF-IPCountry: {value}", header=b"cf-ipcountry").country == ""
