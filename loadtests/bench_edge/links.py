"""The links of the benchmark: the same count gives the same links, in every process that asks.

One link in ten has a rule or an expiry, of five kinds in turn, spread over all popularities so that they get a tenth of
the traffic too. No two slugs differ only in case, because nginx's `map` ignores it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from shared.wire import Arm, Carry, DomainEntry, Entry, KeyEntry, LinkEntry, Rule

HOST: Final = "go.example.com"
ORIGINS: Final = ("https://www.example.com", "https://shop.example.com")
PUBLIC_KEY: Final = "pk_0123456789abcdefghjkmnpqrs"
RULE_EVERY: Final = 10
RULE_AT: Final = 3  # which of ten: with it rule links get 10 % of the requests, not only of the links
EXPIRES_MS: Final = 4_102_444_800_000  # 2100-01-01: judged at each request, never over
SLUG_CHARS: Final = 7
ZIPF_EXPONENT: Final = 1.0

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_SPACE = len(_ALPHABET) ** SLUG_CHARS
_SAME_SITE = ("www.example.com", "shop.example.com")  # of the short host: these get the cookie carrier
_SITES = (*_SAME_SITE, "blog.example.org", "news.example.net", "tickets.example.org", "www.example.net", "a.example")
_SECTIONS = ("products", "articles", "offers", "events", "en/campaigns", "stories", "help")
_WORDS = (
    "spring", "summer", "autumn", "winter", "sale", "launch", "guide", "review", "running", "shoes", "coffee", "travel",
    "webinar", "pricing", "trial", "report", "garden", "kitchen", "festival", "tickets", "member", "bundle",
)  # fmt: skip
_SOURCES = ("newsletter", "facebook", "instagram", "linkedin", "sms", "qr", "google", "partner", "youtube")
_MEDIA = ("email", "social", "cpc", "print", "referral", "affiliate")


class Links:
    """All links of one run, the most popular first."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        # Coprime to the space, hence a permutation of it: slugs are distinct by construction.
        self._factor = 6 * self._chance.randrange(_SPACE // 12, _SPACE // 6) + 1
        self._offset = self._chance.randrange(_SPACE)
        self.entries = [self._link(rank) for rank in range(count)]
        self.weights = list(accumulate((rank + 1) ** -ZIPF_EXPONENT for rank in range(count)))

    def __len__(self) -> int:
        return len(self.entries)

    def unknown_slug(self, number: int) -> str:
        """A slug that no link has."""
        return self._slug(len(self.entries) + number)

    def snapshot(self) -> Iterator[Entry]:
        """Everything that an edge gets: the short host, the publishable key, the links."""
        yield DomainEntry(HOST, bytes(16), bytes(16), cookie_domain="example.com")
        yield KeyEntry(PUBLIC_KEY, bytes(16), bytes(16), allowed_origins=ORIGINS)
        yield from self.entries

    def rule_share(self) -> float:
        """Which part of the traffic goes to links that are not plain."""
        of_rank = (after - before for before, after in zip([0.0, *self.weights], self.weights, strict=False))
        ruled = sum(weight for weight, link in zip(of_rank, self.entries, strict=True) if not is_plain(link))
        return ruled / self.weights[-1]

    def _link(self, rank: int) -> LinkEntry:
        destination, site = self._destination()
        carry: Carry = "cookie" if site in _SAME_SITE else "fragment"
        rules, expires_ms = self._special(rank // RULE_EVERY) if rank % RULE_EVERY == RULE_AT else ((), 0)
        return LinkEntry(
            HOST,
            self._slug(rank),
            rank.to_bytes(16, "big"),
            destination,
            carry=carry,
            referrer_policy="origin-when-cross-origin",
            rules=rules,
            expires_ms=expires_ms,
        )

    def _special(self, number: int) -> tuple[tuple[Rule, ...], int]:
        """Rules and expiry of the `number`th link that has some."""
        first, second = Arm(1, self._destination()[0]), Arm(2, self._destination()[0])
        match number % 5:
            case 0:
                return (Rule((first,), countries=("AT", "CH", "DE")),), 0
            case 1:
                return (Rule((first,), devices=("mobile", "tablet")),), 0
            case 2:
                return (Rule((first,), languages=("de", "pt-br")),), 0
            case 3:
                return (Rule((first, second)),), 0
            case _:
                return (), EXPIRES_MS

    def _slug(self, index: int) -> str:
        value = (index * self._factor + self._offset) % _SPACE
        capitals = random.Random(index).getrandbits(SLUG_CHARS)
        letters: list[str] = []
        for position in range(SLUG_CHARS):
            value, digit = divmod(value, len(_ALPHABET))
            letter = _ALPHABET[digit]
            letters.append(letter.upper() if capitals >> position & 1 else letter)
        return "".join(letters)

    def _destination(self) -> tuple[str, str]:
        """A landing page of about 40 to 140 characters, most with a query, and its host."""
        chance = self._chance
        site = chance.choice(_SITES)
        page = "-".join(chance.choices(_WORDS, k=chance.randint(2, 4)))
        pairs: list[str] = []
        if chance.random() < 0.3:
            pairs.append(f"id={chance.randrange(10**6)}")
        if chance.random() < 0.7:
            pairs += [f"utm_source={chance.choice(_SOURCES)}", f"utm_medium={chance.choice(_MEDIA)}"]
            if chance.random() < 0.6:
                pairs.append(f"utm_campaign={chance.choice(_WORDS)}-{chance.randint(2023, 2026)}")
        query = "?" + "&".join(pairs) if pairs else ""
        return f"https://{site}/{chance.choice(_SECTIONS)}/{page}{query}", site


def is_plain(link: LinkEntry) -> bool:
    return not link.rules and not link.expires_ms


def destinations(link: LinkEntry) -> tuple[str, ...]:
    """Where a request may be sent, whoever makes it."""
    return link.destination, *(arm.destination for rule in link.rules for arm in rule.arms)
