"""An edge whose clock is ten minutes off, and steps: times and order are right after correction (R10).

libfaketime moves the wall clock of all of the edge's processes while they run, and leaves the boot clock alone, as a
time server does.
"""

from __future__ import annotations

import glob
import http.client
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from shared import click_id
from tests.chaos.stored import all_stored, rows
from tests.chaos.visitors import SLUG
from tests.support.installation import HOST, installation
from tests.support.processes import wait_until

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")  # noqa: PTH207
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(not LIBRARIES, reason="install Debian's `faketime` to test with clocks that lie"),
]

OFFSETS_S = (600, -600, 0, -90, 600)
VISITS = 15  # with each offset
TOLERANCE_MS = 400  # half a round trip to the control plane, which shares the machine with other tests


class Visit(NamedTuple):
    click: bytes
    from_ms: float
    to_ms: float


def test_times_and_order_are_right_whatever_the_edge_s_clock_does(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = database_url.replace("+asyncpg", "") if database_url.startswith("postgresql") else ""
    offset_file = tmp_path / "offset"
    offset_file.write_text(f"{OFFSETS_S[0]:+d}\n")
    with installation(tmp_path, url) as made:
        made.make_link(SLUG)
        assert made.edge is not None
        made.edge.terminate(timeout_s=20)
        made.edge_environment = {
            "LD_PRELOAD": LIBRARIES[0],
            "FAKETIME_TIMESTAMP_FILE": str(offset_file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        made.start_edge()
        visits: list[Visit] = []
        for offset_s in OFFSETS_S:
            offset_file.write_text(f"{offset_s:+d}\n")
            time.sleep(0.2)
            for _ in range(VISITS):
                visits.append(visit(made.edge_port))
                time.sleep(0.05)
        ids = {one.click for one in visits}
        wait_until(lambda: all_stored(made, ids), what="the clicks", timeout_s=60)
        made.stop()
        stored = {bytes(row[0]): (row[1], row[2]) for row in rows(made, "select id, time_ms, offset_ms from clicks")}
    errors = [max(one.from_ms - stored[one.click][0], stored[one.click][0] - one.to_ms, 0.0) for one in visits]
    clocks = {round(click_id.time_ms_of(one.click) - one.from_ms, -4) / 1000 for one in visits}
    with capsys.disabled():
        print(
            f"\n  {len(visits)} clicks by clocks off by {sorted(clocks)} s: at most {max(errors):.0f} ms wrong", end=""
        )
    assert clocks >= {600.0, -600.0, 0.0, -90.0}  # the library did what it was asked
    assert max(errors) <= TOLERANCE_MS
    in_order = sorted(visits, key=lambda one: stored[one.click][0])
    for earlier, later in pairwise(in_order):
        assert later.to_ms + TOLERANCE_MS > earlier.from_ms


def visit(port: int) -> Visit:
    """One click; the time it was made at lies between its two times, by the true clock."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    before = time.time() * 1000
    connection.request("GET", f"/{SLUG}", headers={"Host": HOST, "User-Agent": "Mozilla/5.0 Firefox/145.0"})
    answer = connection.getresponse()
    after = time.time() * 1000
    connection.close()
    found = click_id.decode((answer.headers["Location"].rpartition("#ct_")[2])[:22])
    assert answer.status == 302
    assert found is not None
    return Visit(found, before, after)
