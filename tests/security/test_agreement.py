"""Malformed HTTP never crashes, hangs or smuggles (S1): the edge understands what aiohttp alone understands, however
the bytes arrive.

Every case is sent to the edge whole, in pieces, and between well-formed requests on one connection; and to the plain
server as the measure. `agreement` says what has to be equal. The suite takes every fifth crafted request and a few
thousand mutated ones; `CLICKTRAIL_TEST_SOAK=1` takes all of them and 100 000.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import random
import re
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.security.agreement import difference, is_refused_for_its_size
from tests.security.crafted import corpus
from tests.security.crafted.request import GOOD, Case
from tests.security.mutation import cut, mutations
from tests.security.subjects import Exchange, Subject, edge, plain

SOAK = bool(os.environ.get("CLICKTRAIL_TEST_SOAK"))
CRAFTED_MIN = 1_500
CRAFTED_STEP = 1 if SOAK else 5
MUTATED = 100_000 if SOAK else 800
BYTEWISE_STEP = 1 if SOAK else 25
BYTEWISE_MAX_BYTES = 600
EMPTY_LINE = b"\r\n\r\n"
SHOWN = 20


def run(test: Coroutine[Any, Any, None]) -> None:
    """On uvloop, as workers run."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test)


class Pair:
    """The edge and its measure, and what they did not agree about."""

    def __init__(self, edge: Subject, plain: Subject) -> None:
        self.edge, self.plain = edge, plain
        self.statuses: Counter[str] = Counter()
        self.failures: list[str] = []

    async def compare(self, case: Case, chance: random.Random) -> None:
        """All deliveries of one case but the slowest."""
        alone = heads(case.data)
        measure = await self.plain.exchange(*alone)
        self.statuses[" ".join(str(reply.status) for reply in measure.replies[:3]) or "nothing"] += 1
        await self._deliver(case, "whole", [case.data], alone, measure)
        mixed = [GOOD, *alone, GOOD]
        measure = await self.plain.exchange(*mixed)
        await self._deliver(case, "between good ones", mixed, mixed, measure)
        await self._deliver(case, "between good ones, cut", cut(b"".join(mixed), chance), mixed, measure)

    async def compare_bytewise(self, case: Case) -> None:
        alone = heads(case.data)
        pieces = [case.data[at : at + 1] for at in range(len(case.data))]
        await self._deliver(case, "byte by byte", pieces, alone, await self.plain.exchange(*alone))

    async def _deliver(
        self, case: Case, how: str, pieces: list[bytes], by_heads: list[bytes], measure: Exchange
    ) -> None:
        """`measure` is the plain server's exchange by heads, which nearly all agree with; others only when needed."""
        found = await self.edge.exchange(*pieces)
        differs = "" if is_refused_for_its_size(found, measure, by_heads) else difference(found, measure)
        if differs and not await self._agrees_with_any(found, recut(pieces, by_heads)):
            ended = [*pieces, EMPTY_LINE]
            last = await self.edge.exchange(*ended)
            if not last.is_refused or not await self._agrees_with_any(last, recut(ended, by_heads)):
                self.failures.append(f"{case.name}, {how}: {differs}\n    {shown(pieces)}")

    async def _agrees_with_any(self, found: Exchange, others: Iterable[list[bytes]]) -> bool:
        for pieces in others:
            if not difference(found, await self.plain.exchange(*pieces)):
                return True
        return False

    async def check_health(self) -> None:
        """A well-formed request on a new connection still works."""
        after: Exchange = await self.edge.exchange(GOOD)
        assert [reply.status for reply in after.replies] == [302], after
        assert len(after.records) == 1

    def assert_agreed(self) -> None:
        shown = "\n".join(self.failures[:SHOWN])
        assert not self.failures, f"{len(self.failures)} disagreements, the first of them:\n{shown}"


def heads(data: bytes) -> list[bytes]:
    """The bytes cut behind every empty line, so that no request arrives in one piece with the next."""
    parts = data.split(EMPTY_LINE)
    pieces = [*(part + EMPTY_LINE for part in parts[:-1]), parts[-1]]
    return [piece for piece in pieces if piece]


def recut(pieces: list[bytes], by_heads: list[bytes]) -> Iterator[list[bytes]]:
    """The pieces as they are, cut once more behind the first empty line, the first two, and so on; and in one."""
    cuts = set(accumulate(map(len, pieces)))
    data = b"".join(pieces)
    for more in accumulate(map(len, by_heads), initial=0):
        cuts.add(more)
        yield [data[start:end] for start, end in pairwise(sorted({0, *cuts, len(data)}))]
    yield [data]


def shown(pieces: list[bytes]) -> str:
    """What was sent, for a person: without the middle of long runs."""
    sent = b"".join(pieces) if len(pieces) > 12 else b" | ".join(pieces)
    short = re.sub(rb"(.)\1{20,}", lambda run: b"%b{%d}" % (run[1], len(run[0])), sent, flags=re.DOTALL)
    return repr(short.replace(GOOD, b"<good>"))[1:1_000]


@asynccontextmanager
async def a_pair(folder: Path) -> AsyncGenerator[Pair]:
    """Both servers; whatever is logged or raised in them at the level of a warning or above is a failure."""
    raised: list[str] = []
    logged = _Kept()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(repr(context)))
    logging.getLogger().addHandler(logged)
    try:
        with contextlib.redirect_stderr(io.StringIO()) as written:
            async with edge(folder / "edge") as ours, plain(folder / "plain") as measure:
                yield Pair(ours, measure)
    finally:
        logging.getLogger().removeHandler(logged)
    bad = [line for line in written.getvalue().splitlines() if "warning" in line or "error" in line]
    complaints = [*raised, *logged.lines, *bad]
    assert complaints == []


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


async def compare_all(folder: Path, cases: Iterable[Case], seed: str) -> Counter[str]:
    """Raises AssertionError for what was not agreed about. Returns how the measure answered how often."""
    chance = random.Random(seed)
    async with a_pair(folder) as pair:
        for number, case in enumerate(cases):
            await pair.compare(case, chance)
            if number % BYTEWISE_STEP == 0 and len(case.data) <= BYTEWISE_MAX_BYTES:
                await pair.compare_bytewise(case)
            if number % 50 == 0:
                await pair.check_health()
        await pair.check_health()
        pair.assert_agreed()
    return pair.statuses


def test_there_are_many_crafted_requests() -> None:
    cases = corpus()
    assert len(cases) >= CRAFTED_MIN
    assert len({case.name for case in cases}) == len({case.data for case in cases}) == len(cases)


def test_crafted_requests_are_understood_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def check() -> None:
        chosen = corpus()[::CRAFTED_STEP]
        statuses = await compare_all(tmp_path, chosen, "crafted")
        assert statuses["302"] > 0
        assert statuses["400"] > 0
        _print_counts(capsys, f"{len(chosen)} crafted requests", statuses)

    run(check())


def test_mutated_requests_are_understood_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def check() -> None:
        statuses = await compare_all(tmp_path, mutations(corpus(), MUTATED, "mutated"), "pieces")
        assert statuses["302"] > 0
        assert statuses["400"] > 0
        _print_counts(capsys, f"{MUTATED} mutated requests", statuses)

    run(check())


def _print_counts(capsys: pytest.CaptureFixture[str], what: str, statuses: Counter[str]) -> None:
    if SOAK:
        counts = ", ".join(f"{status} × {count}" for status, count in statuses.most_common(12))
        with capsys.disabled():
            print(f"\n  {what}: {counts}", end="")
