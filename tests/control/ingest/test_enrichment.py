"""What is read off a click before its address is dropped."""

from __future__ import annotations

import msgspec
import pytest

from control.ingest.agents import agent_of
from control.ingest.classify import classify
from control.ingest.countries import country_of
from control.ingest.enrich import Enricher, LinkFacts, language_of
from control.ingest.referrers import channel_of, host_of
from control.ingest.visitors import DUPLICATE_GAP_MS, visitor_hash
from shared import click_id
from shared.clock import DAY_MS
from shared.wire import ClickRecord
from tests.control.ingest.builders import BROWSER, ROBOT

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"
    " Mobile/15E148 Safari/604.1"
)
IPAD = IPHONE.replace("iPhone; CPU iPhone OS", "iPad; CPU OS")
PIXEL = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile"
    " Safari/537.36"
)
TELEVISION = (
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/4.0"
    " Chrome/76.0.3809.146 TV Safari/537.36"
)


@pytest.mark.parametrize(
    ("text", "browser", "os", "device"),
    [
        (BROWSER, "Chrome", "Windows", "desktop"),
        (IPHONE, "Mobile Safari", "iOS", "mobile"),
        (IPAD, "Mobile Safari", "iOS", "tablet"),
        (PIXEL, "Chrome Mobile", "Android", "mobile"),
        (PIXEL.replace(" Mobile", ""), "Chrome", "Android", "tablet"),
        (TELEVISION, "Samsung Internet", "Tizen", "tv"),
    ],
)
def test_browsers_are_told(text: str, browser: str, os: str, device: str) -> None:
    assert agent_of(text) == ("", browser, os, device)


@pytest.mark.parametrize(
    ("text", "robot"),
    [(ROBOT, "Googlebot"), ("curl/8.5.0", "curl"), ("Python/3.12 aiohttp/3.11", "aiohttp"), ("", "unnamed")],
)
def test_robots_are_named(text: str, robot: str) -> None:
    assert agent_of(text) == (robot, "", "", "bot")


@pytest.mark.parametrize(
    ("no_click", "robot", "expected"),
    [
        ("", "", ("human", "")),
        ("", "Googlebot", ("bot", "bot:Googlebot")),
        ("prefetch", "", ("prefetch", "prefetch")),
        ("prefetch", "Googlebot", ("bot", "bot:Googlebot")),
        ("head", "", ("head", "head")),
        ("preview", "Slackbot", ("preview", "bot:Slackbot")),
        ("scanner", "", ("bot", "scanner")),
        ("honeypot", "", ("bot", "honeypot")),
    ],
)
def test_every_hit_has_a_class_and_a_reason(no_click: str, robot: str, expected: tuple[str, str]) -> None:
    assert classify(no_click, robot) == expected  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("address", "country"),
    [
        (bytes((8, 8, 8, 8)), "US"),
        (bytes(10) + b"\xff\xff" + bytes((8, 8, 8, 8)), "US"),
        (bytes.fromhex("20014860486000000000000000008888"), "US"),
        (bytes((10, 0, 0, 1)), ""),
        (bytes((192, 168, 1, 1)), ""),
        (bytes((127, 0, 0, 1)), ""),
        (bytes(15) + b"\x01", ""),
        (b"", ""),
    ],
)
def test_public_addresses_have_a_country(address: bytes, country: str) -> None:
    assert country_of(address) == country


@pytest.mark.parametrize(
    ("header", "language"),
    [("de-AT,de;q=0.9", "de"), ("en", "en"), ("*", ""), ("", ""), ("x" * 90, ""), ("ZH-hant", "zh")],
)
def test_the_first_language_counts(header: str, language: str) -> None:
    assert language_of(header) == language


def test_the_longest_known_host_says_what_a_referrer_is() -> None:
    assert channel_of("www.google.com") == "organic_search"
    assert channel_of("mail.google.com") == "email"
    assert channel_of("gemini.google.com") == "ai_assistant"
    assert channel_of("accounts.google.com") == "ignored"
    assert channel_of("notgoogle.com") == "referral"
    assert channel_of("") == "direct"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://EXAMPLE.com:8443/x?y#z", "example.com"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("not a url", ""),
        ("https://[bad", ""),
        ("", ""),
    ],
)
def test_referrers_become_hosts(url: str, host: str) -> None:
    assert host_of(url) == host


def test_a_visitor_hash_lasts_a_day_and_a_few_seconds() -> None:
    secret, midnight = bytes(32), 20_000 * DAY_MS
    evening = visitor_hash(secret, midnight - 1, b"addr", BROWSER)
    assert visitor_hash(secret, midnight - DAY_MS, b"addr", BROWSER).day == evening.day
    assert evening.before is None
    after = visitor_hash(secret, midnight + DUPLICATE_GAP_MS, b"addr", BROWSER)
    assert (after.day != evening.day, after.before) == (True, evening.day)
    assert visitor_hash(secret, midnight + DUPLICATE_GAP_MS + 1, b"addr", BROWSER).before is None
    assert visitor_hash(b"x" * 32, midnight - 1, b"addr", BROWSER).day != evening.day
    assert visitor_hash(secret, midnight - 1, b"addr", IPHONE).day != evening.day


def test_nothing_of_the_address_stays() -> None:
    address = b"\xcb\x00\x71\x07"
    record = ClickRecord(
        click_id.new(), 0, 0, bytes(16), 0, "", "cookie", "h", "/s", "a=b", address, b"",
        {"user-agent": BROWSER, "cookie": "x=1", "x-forwarded-for": "203.0.113.7", "sec-gpc": "1"},
    )  # fmt: skip
    link = LinkFacts("lnk_x", "wsp_x", None, "email")
    click = Enricher(received_ms=2, edge_id="edg_x", secret=bytes(32)).enrich(record, link, time_ms=1)
    texts = [value for value in msgspec.structs.astuple(click) if isinstance(value, str)]
    assert not any("203.0.113.7" in text for text in texts)
    assert address not in (click.visitor_hash, click.visitor)
    assert set(click.headers.split('"')[1::4]) == {"user-agent", "sec-gpc"}
