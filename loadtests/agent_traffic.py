"""Clicks as full as real ones, for measuring the agent: browsers' heads, some with cookies or a proxy's headers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from edge.record import CARRY_CODE, encode_click
from shared import click_id
from shared.clock import boot_ms, wall_ms

LINKS = 100_000
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_CHROMIUM = (
    'sec-ch-ua: "Chromium";v="{version}", "Google Chrome";v="{version}", "Not_A Brand";v="24"\r\n'
    'sec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: "{platform}"\r\nUpgrade-Insecure-Requests: 1\r\n'
    "User-Agent: Mozilla/5.0 ({system}) " + _WEBKIT + " Chrome/{version}.0.0.0 Safari/537.36\r\n"
)
_SAFARI = (
    "Upgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_{version} like Mac OS X) "
    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.{version} Mobile/15E148 Safari/604.1\r\n"
)
_AGENTS = [
    *(_CHROMIUM.format(version=v, platform="Windows", system="Windows NT 10.0; Win64; x64") for v in range(124, 132)),
    *(
        _CHROMIUM.format(version=v, platform="macOS", system="Macintosh; Intel Mac OS X 10_15_7")
        for v in range(124, 132)
    ),
    *(_SAFARI.format(version=v) for v in range(8)),
]
_NAVIGATION = (
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
)
_LANGUAGES = ("en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "pt-BR,pt;q=0.9,en;q=0.8", "ja,en-US;q=0.9,en;q=0.8")
_REFERERS = ("https://www.facebook.com/", "https://t.co/", "https://mail.google.com/", "", "", "")


def clicks(count: int, *, behind_proxy: bool = False, unrepeated: bool = False, link_ids: Sequence[bytes] = (),
           seed: int = 1, rate: float | None = None) -> Iterator[bytes]:  # fmt: skip
    """Encoded clicks, each by a visitor of its own. Behind a proxy no two heads are alike, since each names its
    visitor's address; `unrepeated` ones differ in a line that nobody expects. They happen as they are made or, with a
    `rate` (clicks a second), were made at that rate until now."""
    rng = random.Random(seed)
    link_ids, carry = link_ids or (click_id.new(),), CARRY_CODE["fragment"]
    for left in range(count, 0, -1):
        address, ago_ms = rng.randbytes(4), int(left * 1_000 / rate) if rate else 0
        time_ms = wall_ms() - ago_ms
        head = _head(rng, address if behind_proxy else None, unrepeated=unrepeated).encode("ascii")
        yield encode_click(
            time_ms,
            boot_ms() - ago_ms,
            click_id.new(time_ms),
            link_ids[_one_of(rng, len(link_ids))],
            0,
            0,
            carry,
            address,
            rng.randbytes(16),
            b"go.example.com",
            head,
        )


def _one_of(rng: random.Random, links: int) -> int:
    """Few links get most of the clicks."""
    return int(links ** rng.random()) - 1


def _head(rng: random.Random, forwarded_for: bytes | None, *, unrepeated: bool) -> str:
    number = _one_of(rng, LINKS)
    query = f"?gclid={rng.getrandbits(80):020x}" if rng.random() < 0.1 else ""
    head = f"GET /{number:06x}{query} HTTP/1.1\r\nHost: go.example.com\r\nConnection: keep-alive\r\n"
    head += rng.choice(_AGENTS) + _NAVIGATION + f"Accept-Language: {rng.choice(_LANGUAGES)}\r\n"
    if referer := rng.choice(_REFERERS):
        head += f"Referer: {referer}\r\n"
    if rng.random() < 0.3:
        head += f"Cookie: ct_visitor={rng.getrandbits(128):032x}\r\n"
    if forwarded_for is not None:
        head += f"X-Forwarded-For: {'.'.join(map(str, forwarded_for))}\r\nX-Forwarded-Proto: https\r\n"
    if unrepeated:
        head += f"X-Trace: {rng.getrandbits(64):016x}\r\n"
    return head + "\r\n"
