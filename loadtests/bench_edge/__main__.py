"""`make bench-edge`: nginx, a stock aiohttp server and the edge take turns under the same load, on one core.

    make bench-edge                     # 3 restarts of 5 rounds of 10 s in each mode: about half an hour
    make bench-edge ARGS=--quick        # about two minutes, to see that it works

Three modes. *Flat out*: 64 connections, each asking again as soon as it is answered. *Half*: at half of the rate that
nginx reached, 256 connections. *Two workers*: an edge of two workers at a third of nginx's rate; both share the core
like everything else, so only the CPU a request says something.

Rounds alternate, in reverse order every second time. Servers run on one core, the load generator and the sink (which
stands for the control plane's machine) on another; the agent shares the servers' core unless `--agent-core load` says
otherwise. Exit code 0: measured. 1: some answers were not as expected. 2: could not measure, or a server had not kept
every request.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Final

import msgspec

from loadtests.bench_edge import mix, processes, report, targets
from loadtests.bench_edge.links import Links
from loadtests.bench_edge.load import Load, Measurement, Round
from loadtests.bench_edge.processes import CannotMeasure
from loadtests.bench_edge.report import Mode
from loadtests.bench_edge.targets import Cores, Target

FLAT_OUT_CONNECTIONS: Final = 64
OPEN_CONNECTIONS: Final = 256
WARM_UP_S: Final = 5  # long enough for all requests to have come twice, also to a slow server
LATE_SHARE_MOST: Final = 0.01

Start = Callable[[Links, Cores], AbstractContextManager[Target]]


class Options(msgspec.Struct, frozen=True):
    links: int
    clients: int
    seconds: int
    rounds: int
    restarts: int
    agent_core: str


class Bench:
    """One run: what all its rounds have in common."""

    def __init__(self, options: Options, cores: Cores, folder: Path) -> None:
        self._options, self._cores = options, cores
        self._links = Links(options.links)
        made = mix.requests(self._links, options.clients)
        self._sample = list(mix.sample(made))
        self._file = folder / "requests"
        mix.write(self._file, made)
        self.modes = [
            Mode("flat-out", f"Flat out, {FLAT_OUT_CONNECTIONS} connections", []),
            Mode("half", f"At half of nginx's rate, {OPEN_CONNECTIONS} connections", []),
            Mode("two-workers", "Two workers at a third of nginx's rate (CPU a request only)", []),
        ]
        size = self._file.stat().st_size / len(made)
        print(
            f"{len(self._links):,} links, {self._links.rule_share():.1%} of hits on links with rules or expiry; "
            f"{len(made):,} requests of {options.clients:,} visitors, {size:.0f} bytes on average"
        )

    def run(self) -> None:
        """Raises CannotMeasure."""
        for restart in range(1, self._options.restarts + 1):
            _say(f"restart {restart} of {self._options.restarts}")
            self._restart()

    def _restart(self) -> None:
        flat_out, half, two_workers = self.modes
        load = Load(FLAT_OUT_CONNECTIONS, self._options.seconds)
        with ExitStack() as stack:
            nginx, aiohttp, edge = (
                self._start(stack, start) for start in (targets.nginx, targets.aiohttp_reference, targets.edge)
            )
            rounds = self._rounds(flat_out, [nginx, aiohttp, edge], load)
            reached = sorted(one.per_second for one in rounds)[len(rounds) // 2]
            aiohttp.finish()  # at half of nginx's rate it would only fall behind
            half.rate, two_workers.rate = int(reached / 2), int(reached / 3)
            self._rounds(half, [nginx, edge], Load(OPEN_CONNECTIONS, self._options.seconds, half.rate))
            edge.finish()
            pair = self._start(stack, lambda links, cores: targets.edge(links, cores, workers=2))
            self._rounds(two_workers, [nginx, pair], Load(OPEN_CONNECTIONS, self._options.seconds, two_workers.rate))
            pair.finish()
            nginx.finish()

    def _start(self, stack: ExitStack, start: Start) -> Measurement:
        return Measurement(stack.enter_context(start(self._links, self._cores)), self._file)

    def _rounds(self, mode: Mode, taking_part: list[Measurement], load: Load) -> list[Round]:
        """Alternating rounds; returns those of the first that takes part, the baseline."""
        _say(mode.title + (f", {mode.rate:,} a second" if mode.rate else ""))
        for measurement in taking_part:
            measurement.verify(self._sample)
            measurement.warm_up(Load(load.connections, WARM_UP_S, load.rate))
        done: dict[str, list[Round]] = {measurement.target.name: [] for measurement in taking_part}
        for number in range(self._options.rounds):
            for measurement in reversed(taking_part) if number % 2 else taking_part:
                one = measurement.round(load)
                done[measurement.target.name].append(one)
                _say(f"  {measurement.target.name}: {one.per_second:,.0f}/s, {one.cpu_us:.2f} µs, p99 {one.p99_us} µs")
        for measurement in taking_part:
            measurement.verify(self._sample)
        for name, rounds in done.items():
            mode.add(name, rounds)
        return done[report.BASELINE]


def main() -> int:
    options, output = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is stopped, too
    try:
        cores = _cores(options.agent_core)
        with tempfile.TemporaryDirectory(prefix="clicktrail-bench-") as folder:
            bench = Bench(options, cores, Path(folder))
            bench.run()
    except CannotMeasure as reason:
        print(f"bench-edge: {reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    for mode in bench.modes:
        print(f"\n{mode.title}" + (f", {mode.rate:,} a second" if mode.rate else ""))
        print(report.table(mode))
    print("\nMedian of restarts (of their rounds' medians), least and greatest round in brackets.")
    print(*report.verdicts(bench.modes), sep="\n")
    report.write(output, bench.modes, msgspec.structs.asdict(options))
    return _judge(bench.modes)


def _options() -> tuple[Options, Path]:
    parser = argparse.ArgumentParser(prog="bench-edge", description="What a logged redirect costs, beside nginx.")
    parser.add_argument("--links", type=int, default=100_000, help="how many links there are")
    parser.add_argument("--clients", type=int, default=2_000, help="how many visitors with heads of their own")
    parser.add_argument("--seconds", type=int, default=10, help="length of a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each target in a mode, after each restart")
    parser.add_argument("--restarts", type=int, default=3, help="how often all servers are started anew")
    parser.add_argument("--agent-core", choices=("server", "load"), default="server", help="where the agent runs")
    parser.add_argument("--quick", action="store_true", help="one restart of two rounds of 3 s")
    parser.add_argument("--json", type=Path, default=Path("bench-results/edge.json"), help="where the figures go")
    given = parser.parse_args()
    if given.quick:
        given.seconds, given.rounds, given.restarts = 3, 2, 1
    most = {"links": 10_000_000, "clients": 20_000, "seconds": 120, "rounds": 100, "restarts": 100}
    for name, highest in most.items():
        if not 1 <= getattr(given, name) <= highest:
            parser.error(f"--{name} must be from 1 to {highest:,}")
    return Options(*(getattr(given, name) for name in (*most, "agent_core"))), given.json


def _cores(agent_core: str) -> Cores:
    """The first two cores that this process may use; the load generator inherits the second."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise CannotMeasure("two cores are needed: one for the servers, one for the load generator")
    server, load, *_ = usable
    processes.pin([os.getpid()], load)
    return Cores(server, load, load if agent_core == "load" else server)


def _judge(modes: list[Mode]) -> int:
    """Says what makes figures doubtful. 1 when answers were wrong."""
    failed = 0
    for mode in modes:
        for each in mode.targets:
            every = each.every()
            errors, late, asked = (sum(getattr(one, name) for one in every) for name in ("errors", "late", "requests"))
            if errors:
                failed = 1
                print(f"bench-edge: {mode.name}, {each.target}: {errors} wrong or failed answers", file=sys.stderr)
            if late > asked * LATE_SHARE_MOST:
                share = f"{late / asked:.1%} of requests left late, which latencies leave out"
                print(f"bench-edge: {mode.name}, {each.target}: {share}", file=sys.stderr)
    return failed


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
