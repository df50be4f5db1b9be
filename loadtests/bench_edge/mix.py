"""The requests of the benchmark, as bytes: whoever is measured gets the same ones in the same order.

97 % follow links, Zipf-distributed; 2 % ask for slugs that no link has; 1 % are beacons, which only the general HTTP
server behind the fast path can take. Two thousand visitors by default: each has a user agent, languages, and some
cookies of their own, so that nothing which is remembered by a header value is helped by a dozen values coming again and
again. One link in ten is followed with tracking parameters, two in five with a Referer.

A file of requests has, for each, a line with its kind and length, then its bytes; `wrk.lua` reads it.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from loadtests.bench_edge.links import HOST, ORIGINS, PUBLIC_KEY, Links
from shared import click_id
from shared.clock import DAY_MS
from shared.wire import LinkEntry

HITS: Final = 20_000
MISS_SHARE: Final = 0.02
BEACON_SHARE: Final = 0.01
MADE_MS: Final = 1_767_225_600_000  # 2026-01-01
BEACON_PATH: Final = "/_t/e"
TRACKED_SHARE: Final = 0.1
REFERER_SHARE: Final = 0.4
RETURNING_SHARE: Final = 0.3  # of visitors; they bring the visitor cookie
FOREIGN_COOKIE_SHARE: Final = 0.3
GPC_SHARE: Final = 0.02

Kind = Literal["hit", "miss", "beacon"]

_DOCUMENT = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
_NAVIGATION = (
    "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n"
)
_LANGUAGES = (
    "en-US,en;q=0.9", "en-GB,en;q=0.9,en-US;q=0.8", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de", "en-US",
    "pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", "ja,en-US;q=0.9,en;q=0.8", "fr-FR,fr;q=0.9", "es-ES,es;q=0.9,en;q=0.8",
    "nl-NL,nl;q=0.9,en;q=0.8", "pl-PL,pl;q=0.9,en-US;q=0.8", "zh-CN,zh;q=0.9", "it-IT,it;q=0.9,en-US;q=0.8,en;q=0.7",
)  # fmt: skip
_REFERERS = (
    "https://www.facebook.com/", "https://l.instagram.com/", "https://mail.google.com/", "https://t.co/",
    "https://www.linkedin.com/feed/", "https://www.youtube.com/", "https://blog.example.org/articles/",
)  # fmt: skip
_PHONES = (
    "SM-S918B", "SM-A546B", "SM-G991B", "SM-A156M", "Pixel 8 Pro", "Pixel 7a", "2201117TG", "23053RN02A", "M2101K6G",
    "CPH2591", "V2206", "moto g84 5G", "ONEPLUS A6013", "SM-A336E", "RMX3750", "Redmi Note 12", "HUAWEI P30",
)  # fmt: skip
_BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/{version}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/{version}.0.0.0 Safari/537.36",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Twitterbot/1.0",
)


@dataclass(frozen=True)
class Request:
    kind: Kind
    raw: bytes
    link: LinkEntry | None = None  # that a hit follows


class Visitors:
    """So many different heads, in the shares that a public short domain sees."""

    def __init__(self, count: int, chance: random.Random) -> None:
        self._chance = chance
        makers = (self._chrome, self._android, self._iphone, self._in_app, self._samsung, self._firefox, self._bot)
        shares = (27, 27, 15, 16, 5, 6, 4)
        heads: dict[str, None] = {}
        while len(heads) < count:
            heads[chance.choices(makers, shares)[0]() + self._habits()] = None
        self.heads = tuple(heads)

    def _habits(self) -> str:
        """What a visitor brings along whichever browser it is."""
        chance = self._chance
        lines = f"Accept-Language: {chance.choice(_LANGUAGES)}\r\n"
        cookies = [f"_ga=GA1.1.{chance.randrange(10**9)}.1760000000"] if chance.random() < FOREIGN_COOKIE_SHARE else []
        if chance.random() < RETURNING_SHARE:
            cookies.append(f"_ctv={_identifier(chance)}")
        if cookies:
            lines += f"Cookie: {'; '.join(cookies)}\r\n"
        return lines + ("Sec-GPC: 1\r\n" if chance.random() < GPC_SHARE else "")

    def _version(self) -> int:
        return self._chance.randint(118, 142)

    def _chrome(self) -> str:
        version, chance = self._version(), self._chance
        system, platform = chance.choice(
            (
                ("Windows NT 10.0; Win64; x64", "Windows"),
                ("Windows NT 10.0; Win64; x64", "Windows"),
                ("Macintosh; Intel Mac OS X 10_15_7", "macOS"),
                ("X11; Linux x86_64", "Linux"),
                ("X11; CrOS x86_64 14541.0.0", "Chrome OS"),
            )
        )
        agent = _chromium(system, f"Chrome/{version}.0.0.0 Safari/537.36")
        if chance.random() < 0.15:
            return _hinted(f"{agent} Edg/{version}.0.0.0", "Microsoft Edge", version, platform, mobile=0)
        return _hinted(agent, "Google Chrome", version, platform, mobile=0)

    def _android(self) -> str:
        version = self._version()
        agent = _chromium("Linux; Android 10; K", f"Chrome/{version}.0.0.0 Mobile Safari/537.36")
        return _hinted(agent, "Google Chrome", version, "Android", mobile=1)

    def _samsung(self) -> str:
        version, own = self._version(), self._chance.randint(20, 29)
        agent = _chromium("Linux; Android 10; K", f"SamsungBrowser/{own}.0 Chrome/{version}.0.0.0 Mobile Safari/537.36")
        return _hinted(agent, "Samsung Internet", version, "Android", mobile=1)

    def _iphone(self) -> str:
        major, minor = self._chance.randint(15, 18), self._chance.randint(0, 7)
        device = self._chance.choice(("iPhone; CPU iPhone OS", "iPad; CPU OS"))
        agent = f"Mozilla/5.0 ({device} {major}_{minor} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        return _plain(f"{agent} Version/{major}.{minor} Mobile/15E148 Safari/604.1", "gzip, deflate, br")

    def _in_app(self) -> str:
        """Apps' own browsers name the build and the phone: hardly two are the same."""
        chance = self._chance
        build, number = f"{chance.randint(300, 410)}.0.0.{chance.randint(10, 60)}", chance.randrange(10**8, 10**9)
        if chance.random() < 0.5:
            phone, android = chance.choice(_PHONES), chance.randint(11, 15)
            agent = _chromium(
                f"Linux; Android {android}; {phone}; wv",
                f"Version/4.0 Chrome/{self._version()}.0.{chance.randint(5000, 7400)}.{chance.randint(20, 200)} "
                f"Mobile Safari/537.36 Instagram {build}.{chance.randint(80, 120)} Android ({android}; 450dpi; "
                f"1080x2340; {phone}; en_US; {number})",
            )
            return _plain(agent, "gzip, deflate, br, zstd")
        system = f"{chance.randint(15, 18)}_{chance.randint(0, 7)}"
        agent = (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS {system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            f"Mobile/22B91 [FBAN/FBIOS;FBAV/{build};FBBV/{number};FBDV/iPhone{chance.randint(11, 17)},"
            f"{chance.randint(1, 5)};FBMD/iPhone;FBSN/iOS;FBSV/{system.replace('_', '.')};FBSS/3;FBLC/en_US;FBOP/80]"
        )
        return _plain(agent, "gzip, deflate, br")

    def _firefox(self) -> str:
        system = self._chance.choice(("Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Android 14; Mobile"))
        version = self._version()
        return _plain(f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0", "gzip, deflate, br")

    def _bot(self) -> str:
        agent = self._chance.choice(_BOTS).format(version=self._version())
        return f"User-Agent: {agent}\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n"


def requests(links: Links, clients: int, seed: int = 2) -> list[Request]:
    """All requests of one turn, shuffled; the load generator begins anew at the end."""
    chance = random.Random(seed)
    visitors = Visitors(clients, chance)
    total = round(HITS / (1 - MISS_SHARE - BEACON_SHARE))
    made = [
        Request("hit", _get(f"/{link.slug}{_tracking(chance)}", visitors, chance), link)
        for link in chance.choices(links.entries, cum_weights=links.weights, k=HITS)
    ]
    made += [
        Request("miss", _get(f"/{links.unknown_slug(number)}", visitors, chance))
        for number in range(round(total * MISS_SHARE))
    ]
    made += [Request("beacon", _beacon(visitors, chance)) for _ in range(round(total * BEACON_SHARE))]
    chance.shuffle(made)
    return made


def write(path: Path, made: Sequence[Request]) -> None:
    with path.open("wb") as file:
        for request in made:
            file.write(b"%b %d\n%b" % (request.kind.encode(), len(request.raw), request.raw))


def sample(made: Sequence[Request], count: int = 100) -> Iterator[Request]:
    """Some of every kind, the first ones, for a check of exact answers."""
    left: dict[Kind, int] = {"hit": count, "miss": count // 5, "beacon": count // 10}
    for request in made:
        if left[request.kind]:
            left[request.kind] -= 1
            yield request


def _get(target: str, visitors: Visitors, chance: random.Random) -> bytes:
    referer = f"Referer: {chance.choice(_REFERERS)}\r\n" if chance.random() < REFERER_SHARE else ""
    head = f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: keep-alive\r\n"
    return f"{head}{chance.choice(visitors.heads)}{referer}\r\n".encode("ascii")


def _beacon(visitors: Visitors, chance: random.Random) -> bytes:
    """A landing, as the snippet reports it."""
    origin = chance.choice(ORIGINS)
    landing = {
        "type": "landing", "k": PUBLIC_KEY, "vid": _identifier(chance), "c": _identifier(chance), "new": True,
        "url": f"{origin}/products/spring-sale?id={chance.randrange(10**6)}", "ref": "https://www.facebook.com/",
    }  # fmt: skip
    body = json.dumps(landing, separators=(",", ":"))
    head = f"POST {BEACON_PATH} HTTP/1.1\r\nHost: {HOST}\r\nConnection: keep-alive\r\nContent-Length: {len(body)}\r\n"
    head += f"Content-Type: text/plain;charset=UTF-8\r\nOrigin: {origin}\r\nReferer: {origin}/\r\n"
    return f"{head}{chance.choice(visitors.heads)}\r\n{body}".encode("ascii")


def _tracking(chance: random.Random) -> str:
    if chance.random() >= TRACKED_SHARE:
        return ""
    name = chance.choice(("gclid", "fbclid", "utm"))
    if name == "utm":
        return f"?utm_source=newsletter&utm_medium=email&utm_campaign=week-{chance.randint(1, 52)}"
    return f"?{name}=" + base64.urlsafe_b64encode(chance.randbytes(42)).decode("ascii")


def _identifier(chance: random.Random) -> str:
    """A click or visitor id of the months before MADE_MS."""
    time_ms = MADE_MS - chance.randrange(90 * DAY_MS)
    raw = bytearray(time_ms.to_bytes(6, "big") + chance.randbytes(10))
    raw[6], raw[8] = 0x70 | raw[6] & 0x0F, 0x80 | raw[8] & 0x3F  # UUIDv7
    return click_id.encode(bytes(raw))


def _chromium(system: str, product: str) -> str:
    return f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) {product}"


def _hinted(agent: str, brand: str, version: int, platform: str, *, mobile: int) -> str:
    return (
        f'Sec-CH-UA: "Chromium";v="{version}", "{brand}";v="{version}", "Not_A Brand";v="24"\r\n'
        f'Sec-CH-UA-Mobile: ?{mobile}\r\nSec-CH-UA-Platform: "{platform}"\r\nUpgrade-Insecure-Requests: 1\r\n'
        f"User-Agent: {agent}\r\n{_DOCUMENT}{_NAVIGATION}Accept-Encoding: gzip, deflate, br, zstd\r\n"
    )


def _plain(agent: str, encoding: str) -> str:
    head = f"User-Agent: {agent}\r\nUpgrade-Insecure-Requests: 1\r\n"
    return f"{head}{_DOCUMENT}{_NAVIGATION}Accept-Encoding: {encoding}\r\n"
