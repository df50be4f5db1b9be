"""What every scenario's users share: an edge, a browser, and how a short link is followed."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import random
from typing import Any

from locust import FastHttpUser
from locust.env import Environment

from loadtests.scenarios.links import ShortLink
from loadtests.scenarios.options import settings

# What an edge takes for people. Without such a head each request would be counted as a robot's.
BROWSERS = (
    {
        "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/140.0.0.0 Safari/537.36",
        "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
        "Accept-Language": "en-GB,en;q=0.9",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    },
    {
        "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.5 Mobile/15E148 Safari/604.1",
        "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
        "Accept-Language": "de-DE,de;q=0.9",
    },
    {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
        "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
        "Accept-Language": "ja,en;q=0.5",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    },
)


class Visitor(FastHttpUser):
    """Somebody with a browser, over a connection that stays open. Destinations are somebody else's: not followed."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        self.host = settings().next_edge()
        self.browser = random.choice(BROWSERS)
        super().__init__(environment)

    def follow(self, link: ShortLink, name: str = "redirect") -> tuple[str, str]:
        """Where the edge sends this visitor, and its cookies; two empty texts, and a failure, where it doesn't."""
        headers = self.browser | ({"Host": link.host} if link.host else {})
        with self.client.get(
            link.path, headers=headers, name=name, allow_redirects=False, catch_response=True
        ) as answer:
            given: Any = answer.headers or {}
            location: str = given.get("Location") or ""
            if answer.status_code != 302:
                answer.failure(f"{answer.status_code} in place of 302")
                return "", ""
            if not location:
                answer.failure("302 without a Location")
                return "", ""
            answer.success()
            return location, given.get("Set-Cookie") or ""
