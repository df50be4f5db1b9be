"""Redirects under load: visitors follow short links, a few links far more often than the rest.

The links come from a file (`--slugs`: one `slug` or `host/slug` a line) or from the control plane's API (`--api` with a
secret key). Their popularity follows Zipf's law: the link of rank r is followed in proportion to 1 / r^s. That is how
links are used, and it decides how often an edge's own cache helps.

Each answer must be a 302 with a Location, which is not followed: the destination is somebody else's server. Against
your own edge alone, for example

    make loadtest ARGS="--host http://127.0.0.1:8080 --slugs links.txt --domain go.localhost"

and without `--headless`, in locust's page: `.venv/bin/locust -f loadtests/locustfile.py`.
"""

# locust leaves its event hooks and responses partly untyped.
# pyright: reportUnknownMemberType=false

import json
import random
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from locust import FastHttpUser, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopTest

API_PAGE_LINKS = 200
API_TIMEOUT_S = 10.0
DEFAULT_EXPONENT = 1.1
PERCENTILES = (0.5, 0.95, 0.99, 0.999)

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


class NoLinks(Exception):
    """One sentence for whoever started the test: why there is nothing to follow."""


@dataclass(frozen=True)
class ShortLink:
    """A link as a browser asks for it; with `host` empty the Host header is the address of the edge."""

    host: str
    path: str


class LinkMix:
    """Links with their cumulated weights, the most popular first."""

    def __init__(self, links: Sequence[ShortLink], exponent: float) -> None:
        if not links:
            raise NoLinks("there are no links to follow: create some, or name a file with --slugs")
        self._links = links
        self._cumulated = list(accumulate(1 / rank**exponent for rank in range(1, len(links) + 1)))

    def draw(self) -> ShortLink:
        """A link, each as likely as its rank makes it."""
        return random.choices(self._links, cum_weights=self._cumulated)[0]


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
            links.append(_short_link(host if slash and host else domain, slug))
    return links


def links_of_api(api: str, key: str, domain: str) -> list[ShortLink]:
    """All links of the key's workspace that are not archived; with `domain` given, only that domain's."""
    found = (_short_link(link["domain"]["host"], link["slug"]) for link in _pages(api, key))
    return [link for link in found if domain in ("", link.host)]


def _short_link(host: str, slug: str) -> ShortLink:
    return ShortLink(host, "/" + urllib.parse.quote(slug))


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


class Visitor(FastHttpUser):
    """Follows one short link after another, over a connection that stays open."""

    @task
    def follow_a_link(self) -> None:
        link = mix().draw()
        headers = random.choice(BROWSERS) | ({"Host": link.host} if link.host else {})
        with self.client.get(
            link.path, headers=headers, name="redirect", allow_redirects=False, catch_response=True
        ) as answer:
            if answer.status_code != 302:
                answer.failure(f"{answer.status_code} in place of 302")
            elif not (answer.headers or {}).get("Location"):
                answer.failure("302 without a Location")
            else:
                answer.success()


_mix: LinkMix | None = None


def mix() -> LinkMix:
    """The links of the running test. Raises StopTest before there are any."""
    if _mix is None:
        raise StopTest
    return _mix


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser) -> None:
    """Clicktrail's own options, on the command line and in locust's page."""
    parser.add_argument("--slugs", default="", help="file of links, one `slug` or `host/slug` a line")
    parser.add_argument("--api", default="", help="control plane to fetch links from, such as http://127.0.0.1:8000")
    parser.add_argument(
        "--api-key", default="", is_secret=True, env_var="LOADTEST_API_KEY", help="secret key for --api"
    )
    parser.add_argument("--domain", default="", help="short domain, sent as Host; with --api, only this domain's links")
    parser.add_argument("--zipf", type=float, default=DEFAULT_EXPONENT, help="exponent of popularity, 0 for uniform")
    parser.add_argument("--results", default="", include_in_web_ui=False, help="file to write the figures to, as JSON")


@events.test_start.add_listener
def choose_links(environment: Environment, **_: object) -> None:
    """Read the links anew at each start, so that options changed in locust's page count."""
    global _mix
    options = environment.parsed_options
    assert options is not None
    try:
        if options.slugs:
            links = links_of_file(Path(options.slugs), options.domain)
        elif options.api:
            links = links_of_api(options.api, options.api_key, options.domain)
        else:
            raise NoLinks("name the links to follow: --slugs FILE, or --api URL with --api-key")
        _mix = LinkMix(links, options.zipf)
    except NoLinks as reason:
        _mix = None
        if options.headless:
            sys.exit(str(reason))
        print(reason, file=sys.stderr)


@events.quitting.add_listener
def write_results(environment: Environment, **_: object) -> None:
    """Keep the figures of the table as JSON: requests a second, and latencies in ms."""
    options = environment.parsed_options
    if options is None or not options.results:
        return
    total = environment.stats.total
    percentiles = {f"p{share * 100:g}_ms": total.get_response_time_percentile(share) for share in PERCENTILES}
    figures = {"requests": total.num_requests, "failures": total.num_failures, "per_second": total.total_rps}
    Path(options.results).write_text(json.dumps(figures | percentiles, indent=2) + "\n", encoding="utf-8")
