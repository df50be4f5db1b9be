"""The links that a load test follows, from a file or from the control plane's API, as popular as links are."""

from __future__ import annotations

import json
import random
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

API_PAGE_LINKS = 200
API_TIMEOUT_S = 10.0


class NoLinks(Exception):
    """One sentence for whoever started the test: why there is nothing to follow."""


@dataclass(frozen=True)
class ShortLink:
    """A link as a browser asks for it; with `host` empty the Host header is the address of the edge.

    Of the API it has an id and a destination too, with `is_plain` where everyone is sent to that one."""

    host: str
    path: str
    link_id: str = ""
    destination: str = ""
    is_plain: bool = True


class LinkMix:
    """Links with their cumulated weights, the most popular first: rank r is followed in proportion to 1 / r^exponent
    (Zipf's law). That is how links are used, and it decides how often an edge's own cache helps."""

    def __init__(self, links: Sequence[ShortLink], exponent: float) -> None:
        if not links:
            raise NoLinks("there are no links to follow: create some, or name a file with --slugs")
        self.links = links
        self._cumulated = list(accumulate(1 / rank**exponent for rank in range(1, len(links) + 1)))

    def draw(self) -> ShortLink:
        """A link, each as likely as its rank makes it."""
        return random.choices(self.links, cum_weights=self._cumulated)[0]


def links_of_file(path: Path, domain: str) -> list[ShortLink]:
    """One link a line, `slug` or `host/slug`; empty lines and those that begin with # are passed over."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NoLinks(f"cannot read the links of --slugs: {error}") from None
    links: list[ShortLink] = []
    for line in map(str.strip, lines):
        if line and not line.startswith("#"):
            host, slash, slug = line.rpartition("/")
            links.append(ShortLink(host if slash and host else domain, path_of(slug)))
    return links


def links_of_api(api: str, key: str, domain: str) -> list[ShortLink]:
    """All links of the key's workspace that are not archived; with `domain` given, only that domain's."""
    found = (
        ShortLink(
            link["domain"]["host"],
            path_of(link["slug"]),
            link.get("id", ""),
            link.get("destination", ""),
            is_plain=not any(link.get(field) for field in ("rules", "expires_at", "click_limit", "has_password")),
        )
        for link in _pages(api, key)
    )
    return [link for link in found if domain in ("", link.host)]


def path_of(slug: str) -> str:
    return "/" + urllib.parse.quote(slug)


def _pages(api: str, key: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        query = urllib.parse.urlencode({"limit": API_PAGE_LINKS} | ({"cursor": cursor} if cursor else {}))
        address = f"{api.rstrip('/')}/api/v1/links?{query}"
        try:
            request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})
            with urllib.request.urlopen(request, timeout=API_TIMEOUT_S) as answer:
                page: dict[str, Any] = json.load(answer)
        except (OSError, ValueError) as error:
            raise NoLinks(f"cannot fetch links from {address}: {error}") from None
        yield from page["items"]
        cursor = page["next_cursor"]
