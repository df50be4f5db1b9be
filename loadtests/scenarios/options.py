"""Clicktrail's own options of a load test, read anew at each start, and the figures that it leaves behind."""

# locust leaves its event hooks and options partly untyped.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import json
import os
import sys
from itertools import cycle
from pathlib import Path

from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopTest
from locust.stats import StatsEntry

from loadtests.scenarios.links import LinkMix, NoLinks, ShortLink, links_of_api, links_of_file, path_of

DEFAULT_EXPONENT = 1.1
EDGES_VARIABLE = "LOADTEST_EDGES"
PERCENTILES = (0.5, 0.95, 0.99, 0.999)


class Settings:
    """Of one running test. Raises NoLinks when there is nothing to do."""

    def __init__(self, environment: Environment) -> None:
        options = environment.parsed_options
        assert options is not None
        self.api: str = options.api.rstrip("/")
        self.api_key: str = options.api_key
        self.key: str = options.key
        self.origin: str = options.origin
        self.event: str = options.event
        self.server_share: float = options.server_share
        if options.slugs:
            links = links_of_file(Path(options.slugs), options.domain)
        elif self.api:
            links = links_of_api(self.api, self.api_key, options.domain)
        else:
            raise NoLinks("name the links to follow: --slugs FILE, or --api URL with --api-key")
        self.mix = LinkMix(links, options.zipf)
        self.crowded = self._crowded(options.link)
        given = [edge.strip().rstrip("/") for edge in options.edges.split(",") if edge.strip()]
        self.edges = given or [(environment.host or options.host or "").rstrip("/")]
        self._turns = cycle(self.edges)

    def next_edge(self) -> str:
        """Visitors are spread over the edges in turn."""
        return next(self._turns)

    def need(self, *names: str) -> None:
        """Stops a scenario that lacks an option, with a sentence."""
        missing = [f"--{name.replace('_', '-')}" for name in names if not getattr(self, name)]
        if missing:
            print(f"this scenario needs {' and '.join(missing)}", file=sys.stderr)
            raise StopTest

    def _crowded(self, slug: str) -> ShortLink:
        if not slug:
            return self.mix.links[0]
        found = next((link for link in self.mix.links if link.path == path_of(slug)), None)
        if found is None:
            raise NoLinks(f"--link {slug} is not among the links")
        return found


_settings: Settings | None = None


def settings() -> Settings:
    """Of the running test. Raises StopTest where it could not begin."""
    if _settings is None:
        raise StopTest
    return _settings


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser) -> None:
    """On the command line and in locust's page."""
    add = parser.add_argument
    add("--edges", default="", env_var=EDGES_VARIABLE, help="several edges, comma-separated, in place of --host")
    add("--slugs", default="", help="file of links, one `slug` or `host/slug` a line")
    add("--api", default="", help="control plane to fetch links from, such as http://127.0.0.1:8000")
    add("--api-key", default="", is_secret=True, env_var="LOADTEST_API_KEY", help="secret key for --api")
    add("--domain", default="", help="short domain, sent as Host; with --api, only this domain's links")
    add("--zipf", type=float, default=DEFAULT_EXPONENT, help="exponent of popularity, 0 for uniform")
    add("--link", default="", help="slug that FlashCrowd follows; the first link, when left out")
    add("--key", default="", env_var="LOADTEST_KEY", help="publishable key of the beacons")
    add("--origin", default="http://shop.localhost", help="site that the beacons come from; the key must allow it")
    add("--event", default="purchase", help="name of the event that Beacons and Journey report")
    add("--server-share", type=float, default=0.0, help="share of journeys whose event the server reports, 0 to 1")
    add("--results", default="", include_in_web_ui=False, help="file to write the figures to, as JSON")


@events.test_start.add_listener
def begin(environment: Environment, **_: object) -> None:
    global _settings
    try:
        _settings = Settings(environment)
    except NoLinks as reason:
        _settings = None
        assert environment.parsed_options is not None
        if environment.parsed_options.headless:
            sys.exit(str(reason))
        print(reason, file=sys.stderr)


@events.quitting.add_listener
def write_results(environment: Environment, **_: object) -> None:
    """Keeps the figures of the table as JSON: requests a second, latencies in ms; in sum and for each kind."""
    options = environment.parsed_options
    if options is None or not options.results:
        return
    path = Path(options.results)
    path.parent.mkdir(parents=True, exist_ok=True)
    stats = environment.stats
    figures = _figures(stats.total)
    figures["kinds"] = {entry.name: _figures(entry) for entry in stats.entries.values()}
    figures["edges"] = _settings.edges if _settings is not None else []
    path.write_text(json.dumps(figures, indent=2) + os.linesep, encoding="utf-8")


def _figures(entry: StatsEntry) -> dict[str, object]:
    percentiles = {f"p{share * 100:g}_ms": entry.get_response_time_percentile(share) for share in PERCENTILES}
    counts = {"requests": entry.num_requests, "failures": entry.num_failures, "per_second": entry.total_rps}
    return {**counts, **percentiles}
