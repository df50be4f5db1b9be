"""The edge's benchmark measures what it says: its requests are of the stated kinds, and a short run is accounted for."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from edge import head
from loadtests.bench_edge import mix
from loadtests.bench_edge.links import HOST, Links, is_plain
from shared import beacon

CLIENTS = 300


def test_requests_are_of_the_stated_kinds_and_heads() -> None:
    links = Links(2_000)
    made = mix.requests(links, CLIENTS)
    share = {kind: count / len(made) for kind, count in Counter(request.kind for request in made).items()}
    assert share["miss"] == pytest.approx(mix.MISS_SHARE, rel=0.01)
    assert share["beacon"] == pytest.approx(mix.BEACON_SHARE, rel=0.01)
    assert sum(not is_plain(link) for link in links.entries) == len(links) // 10
    assert links.rule_share() == pytest.approx(0.1, abs=0.02)
    known = {link.slug for link in links.entries}
    agents: set[bytes] = set()
    for request in made:
        raw, _, body = request.raw.partition(b"\r\n\r\n")
        parsed = head.parse(raw + b"\r\n\r\n")
        assert parsed is not None
        assert parsed.host == HOST
        agents.add(raw.partition(b"User-Agent: ")[2].partition(b"\r\n")[0])
        match request.kind:
            case "hit":
                assert request.link is not None
                assert parsed.slug == request.link.slug
            case "miss":
                assert parsed.slug not in known
            case "beacon":
                assert isinstance(beacon.decode(body), beacon.Landing)
    assert len(agents) > CLIENTS / 4


def test_slugs_are_distinct_also_without_case() -> None:
    links = Links(20_000)
    assert len({link.slug.lower() for link in links.entries} | {links.unknown_slug(0).lower()}) == 20_001


@pytest.mark.skipif("CLICKTRAIL_TEST_SOAK" not in os.environ, reason="half a minute, and wants nginx and wrk")
def test_a_short_run_measures_everything_and_misses_no_request(tmp_path: Path) -> None:
    result = tmp_path / "edge.json"
    command = [sys.executable, "-m", "loadtests.bench_edge", "--links", "5000", "--seconds", "1", "--rounds", "1"]
    ran = subprocess.run(
        [*command, "--restarts", "1", "--json", str(result)], capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    modes = {
        mode["mode"]: [target["name"] for target in mode["targets"]] for mode in json.loads(result.read_text())["modes"]
    }
    assert modes == {
        "flat-out": ["nginx", "aiohttp", "edge"],
        "half": ["nginx", "edge"],
        "two-workers": ["nginx", "edge × 2"],
    }
