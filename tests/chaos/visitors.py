"""Visitors of an installation, in a process of their own, and what they were answered."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from shared import click_id
from tests.support.imports import ROOT
from tests.support.installation import HOST, Installation
from tests.support.processes import Child, running

SLUG = "chaos"


class Scale(NamedTuple):
    """`rate` requests a second over so many connections, and how often something goes wrong meanwhile."""

    rate: int
    connections: int
    seconds: float
    faults: int


@contextmanager
def load(made: Installation, answered: Path, scale: Scale) -> Generator[Child]:
    """Visitors for the length of a block, at whose end they have finished."""
    with visitors_of(made.edge_port, HOST, SLUG, answered, scale) as visitors:
        yield visitors


@contextmanager
def visitors_of(port: int, host: str, slug: str, answered: Path, scale: Scale) -> Generator[Child]:
    """Visitors of any edge."""
    command = [sys.executable, "-m", "tests.chaos.load", "--host", host, "--path", f"/{slug}"]
    command += ["--port", str(port), "--rate", str(scale.rate), "--connections", str(scale.connections)]
    command += ["--seconds", str(scale.seconds), "--answered", str(answered)]
    with running(command, log=answered.with_suffix(".log"), directory=ROOT) as visitors:
        yield visitors
        assert visitors.process.wait(scale.seconds + 60) == 0, visitors.output()


def visit(made: Installation, answered: Path, count: int) -> list[bytes]:
    """About so many visits within a second or so; the click ids of their answers."""
    with load(made, answered, Scale(count, 10, 1.0, 0)):
        pass
    return answered_ids(answered)


def answered_ids(answered: Path) -> list[bytes]:
    """The click ids of all answers that arrived whole."""
    decoded = [click_id.decode(line) for line in answered.read_text().split()]
    return [one for one in decoded if one is not None]


def tally(visitors: Child) -> dict[str, float]:
    """What finished visitors counted: asked, redirected, refused, broken, p99_s, slowest_s, per_second."""
    said = [line for line in visitors.output().splitlines() if line.startswith("{")]
    assert said, f"the visitors said nothing: {visitors.describe()}"
    return json.loads(said[-1])
