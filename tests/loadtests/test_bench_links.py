"""The benchmarks of links and edits: their links are what they say, and a short run of each is accounted for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.bench_edge.links import is_plain
from loadtests.many_links import PATTERNS, ManyLinks
from shared.wire import LinkEntry, entry_key

ENDED = (0, 1)  # 1: a bound is broken, which a busy machine does easily


@pytest.mark.parametrize("count", [20, PATTERNS + 7, 3 * PATTERNS])
def test_links_are_distinct_and_come_in_the_order_of_their_keys(count: int) -> None:
    links = ManyLinks(count)
    domain, key, *entries = links.snapshot()
    keys = [entry_key(entry).encode() for entry in (domain, key, *entries)]
    assert keys == sorted(set(keys))
    assert len(entries) == len(links) == count
    assert entries[count - 1] == links.link(count - 1)
    of_links = [entry for entry in entries if isinstance(entry, LinkEntry)]
    assert len({(link.link_id, link.destination) for link in of_links}) == count
    assert sum(not is_plain(link) for link in of_links) == pytest.approx(count / 10, rel=0.01)


def test_ten_million_links_need_no_memory_and_no_two_are_alike() -> None:
    links = ManyLinks(10_000_000)
    first, last = links.slug(0), links.slug(len(links) - 1)
    assert len(first) == len(last)
    assert first < links.slug(1) < links.slug(5_000_000) < links.slug(5_000_001) < last


@pytest.mark.skipif("CLICKTRAIL_TEST_SOAK" not in os.environ, reason="half a minute each")
@pytest.mark.parametrize(
    ("command", "counted"),
    [
        (["loadtests.bench_links", "--links", "20000", "--starts", "2"], "starts"),
        (["loadtests.bench_edit", "--edits", "2", "--rate", "50"], "edits"),
        (["loadtests.bench_edit", "--edits", "2", "--rate", "50", "--postgres"], "edits"),
    ],
)
def test_a_short_run_measures_everything(command: list[str], counted: str, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    ran = subprocess.run(
        [sys.executable, "-m", *command, "--json", str(result)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode in ENDED, ran.stderr
    assert len(json.loads(result.read_text())[counted]) == 2
