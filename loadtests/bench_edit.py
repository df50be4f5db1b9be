"""`make bench-edit`: from an edit by the API to the first redirect that shows it, under load.

    make bench-edit                       # 1,000 edits over SQLite, about a minute
    make bench-edit ARGS=--postgres       # over a Postgres that it starts itself

A control plane and an edge, each as an operator starts it, on this machine. Beside a steady load of redirects one link
is edited again and again by `PATCH /api/v1/links/…`, one edit after the other, with a short random pause before each.
From the moment the request leaves, a visitor asks for the link about once a millisecond. Two times count: from the
API's answer (0 where the redirect was there first), which the bound is about, and from the request.

With several workers there are several visitors, since the kernel spreads connections over the workers, and an edit is
live when all of them have seen it.

Exit code 0: measured, and the bound holds. 1: it is broken. 2: could not measure.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import select
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from loadtests.bench_edge.processes import CannotMeasure
from loadtests.keep_alive import Client, get
from loadtests.scenarios.destinations import leads_to, marked
from tests.support.imports import ROOT
from tests.support.installation import HOST, Installation, installation
from tests.support.postgres import running_postgres
from tests.support.processes import running

P99_MOST_MS: Final = 50.0  # from the API's answer
PAUSE_MOST_S: Final = 0.05
LOOK_EVERY_S: Final = 0.0005
LIVE_MOST_S: Final = 10.0
LOAD_MOST_S: Final = 3_600
LOAD_CONNECTIONS: Final = 20
WARM_UP_S: Final = 4
LOADED_SHARE: Final = 0.6  # of the rate that is asked for; with less the machine was too slow to say anything
ANSWERED, ANSWERED_BYTES = "answered", 23  # file of the load: a click id a line
CONNECTIONS_A_WORKER: Final = 4  # of several, so that none is missed but by bad luck
SLUG, LOADED_SLUG = "edited", "loaded"
DESTINATION: Final = "https://shop.example/sale"


class Edit(msgspec.Struct, frozen=True):
    """Milliseconds."""

    answer_to_live: float
    request_to_live: float


class Result(msgspec.Struct, frozen=True):
    engine: str
    workers: int
    edits: list[Edit]
    redirects_per_s: float
    percentiles: dict[str, dict[str, float]]


class Editor:
    """Edits one link, and watches what visitors get."""

    def __init__(self, made: Installation, link_id: str, connections: int) -> None:
        self._api = http.client.HTTPConnection("127.0.0.1", made.control_port, timeout=LIVE_MOST_S)
        self._path = f"/api/v1/links/{link_id}"
        self._headers = {"Authorization": f"Bearer {made.secret_key}", "Content-Type": "application/json"}
        self._visitors = [Client.as_soon_as_open(made.edge_port, LIVE_MOST_S) for _ in range(connections)]
        self._look = get(HOST, f"/{SLUG}")

    def edit(self, number: int) -> Edit:
        """One edit. Raises CannotMeasure when it fails or does not go live."""
        wanted, _ = marked(DESTINATION, number)
        body = json.dumps({"destination": wanted})
        sent = time.perf_counter()
        self._api.request("PATCH", self._path, body, self._headers)
        answered = live = 0.0
        waiting = list(self._visitors)
        while not (answered and live):
            if not answered and select.select([self._api.sock], [], [], 0)[0]:
                self._take_answer()
                answered = time.perf_counter()
            waiting = [visitor for visitor in waiting if not self._sees(visitor, wanted)]
            now = time.perf_counter()
            live = live or (0.0 if waiting else now)
            if now - sent > LIVE_MOST_S:
                raise CannotMeasure(f"edit {number} was not live after {LIVE_MOST_S:.0f} s")
            time.sleep(LOOK_EVERY_S)
        return Edit(max(0.0, live - answered) * 1e3, (live - sent) * 1e3)

    def close(self) -> None:
        self._api.close()
        for visitor in self._visitors:
            visitor.close()

    def _take_answer(self) -> None:
        answer = self._api.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise CannotMeasure(f"an edit was answered with {answer.status}: {said.decode(errors='replace')[:300]}")

    def _sees(self, visitor: Client, wanted: str) -> bool:
        visitor.send(self._look)
        status, location = visitor.receive()
        if status != 302:
            raise CannotMeasure(f"the edited link was answered with {status}")
        return leads_to(location, wanted)


def main() -> int:
    given = _arguments()
    try:
        result = measure(given.edits, given.rate, given.workers, on_postgres=given.postgres)
    except CannotMeasure as reason:
        print(f"bench-edit: {reason}", file=sys.stderr)
        return 2
    _show(result)
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    if result.percentiles["answer to live"]["p99"] > P99_MOST_MS:
        print(f"bench-edit: p99 from the API's answer is over {P99_MOST_MS:.0f} ms", file=sys.stderr)
        return 1
    return 0


def measure(edits: int, rate: int, workers: int, *, on_postgres: bool) -> Result:
    """Raises CannotMeasure."""
    chance, done = random.Random(1), list[Edit]()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clicktrail-bench-")))
        database = stack.enter_context(_postgres()) if on_postgres else ""
        made = stack.enter_context(installation(folder, database, workers))
        made.make_link(LOADED_SLUG)
        link = made.make_link(SLUG, DESTINATION)
        stack.enter_context(_load(made, rate))
        editor = Editor(made, link["id"], 1 if workers == 1 else workers * CONNECTIONS_A_WORKER)
        stack.callback(editor.close)
        began, before = time.monotonic(), _redirects(made)
        for number in range(1, edits + 1):
            time.sleep(chance.uniform(0, PAUSE_MOST_S))
            done.append(editor.edit(number))
        per_second = (_redirects(made) - before) / (time.monotonic() - began)
    return Result("postgres" if on_postgres else "sqlite", workers, done, per_second, _percentiles(done))


@contextmanager
def _postgres() -> Generator[str]:
    """The URL of an empty database on a server that syncs, as in production."""
    with running_postgres(durable=True) as server, server.database() as url:
        yield url.replace("+asyncpg", "")


@contextmanager
def _load(made: Installation, rate: int) -> Generator[None]:
    """So many redirects a second of another link."""
    command = [sys.executable, "-m", "tests.chaos.load", "--host", HOST, "--path", f"/{LOADED_SLUG}"]
    command += ["--port", str(made.edge_port), "--rate", str(rate), "--connections", str(LOAD_CONNECTIONS)]
    command += ["--seconds", str(LOAD_MOST_S), "--answered", str(made.folder / ANSWERED)]
    with running(command, log=made.folder / "load.log", directory=ROOT) as visitors:
        time.sleep(WARM_UP_S)
        if not visitors.is_running() or _redirects(made) < rate * WARM_UP_S * LOADED_SHARE:
            raise CannotMeasure(f"the load does not come up to {rate} a second:\n{visitors.output()[-2000:]}")
        yield


def _redirects(made: Installation) -> int:
    """That the load was given so far; the last few hundred are still in its buffer."""
    return (made.folder / ANSWERED).stat().st_size // ANSWERED_BYTES


def _percentiles(edits: list[Edit]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, field in (("answer to live", "answer_to_live"), ("request to live", "request_to_live")):
        values = sorted(getattr(edit, field) for edit in edits)
        at = {f"p{share}": values[min(len(values) - 1, len(values) * share // 100)] for share in (50, 95, 99)}
        found[name] = {**at, "worst": values[-1]}
    return found


def _show(result: Result) -> None:
    print(
        f"{len(result.edits):,} edits over {result.engine}, {result.workers} workers,"
        f" {result.redirects_per_s:,.0f} redirects/s beside them; milliseconds"
    )
    for name, values in result.percentiles.items():
        print(f"  {name:16}" + "".join(f"  {share} {value:.1f}" for share, value in values.items()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench-edit", description="From an edit to the redirect that shows it.")
    parser.add_argument("--edits", type=int, default=1_000, help="how many, one after the other")
    parser.add_argument("--rate", type=int, default=500, help="redirects a second beside them")
    parser.add_argument("--workers", type=int, default=2, help="redirecting processes of the edge")
    parser.add_argument("--postgres", action="store_true", help="over Postgres in place of SQLite")
    parser.add_argument("--json", type=Path, default=Path("bench-results/edit.json"), help="where the figures go")
    given = parser.parse_args()
    if min(given.edits, given.rate, given.workers) < 1:
        parser.error("--edits, --rate and --workers must be at least 1")
    return given


if __name__ == "__main__":
    sys.exit(main())
