"""Who visits the demo: devices with their headers and addresses, and how a person comes back."""

from __future__ import annotations

import random
from typing import NamedTuple

from shared import click_id

# Blocks of large access providers, so that the embedded country data has something to find.
_NETWORKS = (
    ((91, 10), "de-DE,de;q=0.9,en;q=0.8", 46),
    ((84, 128), "de-DE,de;q=0.9", 20),
    ((77, 116), "de-AT,de;q=0.9,en;q=0.7", 8),
    ((62, 2), "de-CH,de;q=0.9,fr;q=0.6", 7),
    ((145, 50), "nl-NL,nl;q=0.9,en;q=0.8", 6),
    ((90, 1), "fr-FR,fr;q=0.9", 5),
    ((81, 2), "en-GB,en;q=0.9", 4),
    ((73, 10), "en-US,en;q=0.9", 3),
    ((126, 1), "ja,en-US;q=0.8", 1),
)

_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
PHONES = (
    (f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36", 5),
    (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_SAFARI} Version/18.6 Mobile/15E148 Safari/604.1",
        5,
    ),
    (f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", 2),
)
COMPUTERS = (
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/142.0.0.0 Safari/537.36", 5),
    (
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Version/18.6 Safari/605.1.15",
        3,
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", 2),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", 2),
)
BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "WhatsApp/2.24.20.89 A",
)

VISIT = "visit"  # comes by itself, without a link
# How many people are first reached by a channel, and how likely each makes a visit end in an order.
CHANNEL_REACH = {"email": 16, "social": 34, "sms": 5, "qr": 10, "paid": 25, "organic": 10}
CHANNEL_INTENT = {"email": 0.16, "social": 0.04, "sms": 0.14, "qr": 0.10, "paid": 0.09, "organic": 0.07, VISIT: 0.12}
# Where somebody who has been here may come from next.
CHANNEL_RETURN = {"email": 40, "social": 18, "sms": 10, "qr": 4, "paid": 16, "organic": 12, VISIT: 24}
# Sites that people come from without a link of ours; empty: typed in, or from a bookmark.
REFERRERS = ("https://www.google.com/", "", "", "https://duckduckgo.com/", "https://chatgpt.com/", "https://t.co/")


class Device(NamedTuple):
    """A browser on one machine."""

    visitor: bytes  # the snippet's id
    edge_visitor: bytes  # the short host's cookie
    address: bytes
    headers: dict[str, str]


def make_device(chance: random.Random, agents: tuple[tuple[str, int], ...], born_ms: int) -> Device:
    """A device that was first seen at `born_ms`."""
    network, languages, _ = chance.choices(_NETWORKS, [weight for *_, weight in _NETWORKS])[0]
    agent = chance.choices([name for name, _ in agents], [weight for _, weight in agents])[0]
    address = bytes((*network, chance.randrange(256), chance.randrange(1, 255)))
    headers = {
        "user-agent": agent,
        "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "accept-language": languages,
    }
    return Device(id_at(chance, born_ms), id_at(chance, born_ms), address, headers)


def make_bot(chance: random.Random) -> Device:
    """A crawler or link-preview agent: no ids, and headers that say so."""
    address = bytes((66, 249, chance.randrange(64, 96), chance.randrange(1, 255)))
    return Device(b"", b"", address, {"user-agent": chance.choice(BOTS), "accept": "*/*"})


def id_at(chance: random.Random, time_ms: int) -> bytes:
    """A UUIDv7 from the demo's own chance, so that one seed always makes the same world."""
    raw = bytearray(click_id.least_at(time_ms))
    raw[6:] = chance.randbytes(10)
    raw[6] = 0x70 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return bytes(raw)
