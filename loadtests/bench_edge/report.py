"""The table and the JSON of a run: medians over restarts of the medians over rounds, beside nginx in the same ones."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from loadtests.bench_edge.load import Round

BASELINE: Final = "nginx"
_NONE = "–"


class Rounds(msgspec.Struct):
    """Of one target in one mode: a list for each restart."""

    target: str
    restarts: list[list[Round]]

    def every(self) -> list[Round]:
        return [one for rounds in self.restarts for one in rounds]


class Mode(msgspec.Struct):
    """One kind of load and what it showed; `rate` is of the last restart, since each measures nginx anew."""

    name: str
    title: str
    targets: list[Rounds]
    rate: int = 0

    def of(self, target: str) -> Rounds:
        return next(rounds for rounds in self.targets if rounds.target == target)

    def add(self, target: str, rounds: list[Round]) -> None:
        known = next((each for each in self.targets if each.target == target), None)
        if known is None:
            known = Rounds(target, [])
            self.targets.append(known)
        known.restarts.append(rounds)


class Goal(msgspec.Struct, frozen=True):
    """An upper bound of a ratio to nginx, in a mode."""

    mode: str
    figure: str
    most: float


GOALS: Final = (
    Goal("flat-out", "cpu", 1.0),
    Goal("flat-out", "p99", 1.0),
    Goal("flat-out", "agent", 0.2),
    Goal("half", "cpu", 0.9),
    Goal("half", "p99", 1.0),
    Goal("half", "agent", 0.2),
)

_RATIOS: dict[str, Callable[[Round, Round], float]] = {
    "cpu": lambda ours, theirs: ours.cpu_us / theirs.cpu_us,
    "p99": lambda ours, theirs: ours.p99_us / theirs.p99_us,
    "agent": lambda ours, theirs: ours.agent_us / theirs.cpu_us,
}
_FIGURES: tuple[tuple[str, int, Callable[[Round], float]], ...] = (
    ("requests/s", 0, lambda each: each.per_second),
    ("CPU µs a request", 2, lambda each: each.cpu_us),
    ("busy cores", 2, lambda each: each.busy),
    ("p50 µs", 0, lambda each: each.p50_us),
    ("p99 µs", 0, lambda each: each.p99_us),
    ("max µs", 0, lambda each: each.max_us),
)


def ratios(mode: Mode, target: str, figure: str) -> list[list[float]]:
    """A target's figure over nginx's of the same round, a list for each restart."""
    of = _RATIOS[figure]
    pairs = zip(mode.of(target).restarts, mode.of(BASELINE).restarts, strict=True)
    return [[of(ours, theirs) for ours, theirs in zip(mine, base, strict=True)] for mine, base in pairs]


def middle(restarts: list[list[float]]) -> float:
    return median(median(rounds) for rounds in restarts)


def table(mode: Mode) -> str:
    """A column for each target, and one for the edge's agent."""
    names = [rounds.target for rounds in mode.targets]
    agents = [name for name in names if name.startswith("edge")]
    rows = [["", *names, *(f"{name}'s agent" for name in agents)]]
    for title, digits, of in _FIGURES:
        cells = [_spread([[of(one) for one in rounds] for rounds in each.restarts], digits) for each in mode.targets]
        rows.append([title, *cells, *(_NONE for _ in agents)])
        if title == "CPU µs a request":
            costs = [[[one.agent_us for one in rounds] for rounds in mode.of(name).restarts] for name in agents]
            rows[-1][1 + len(names) :] = [_spread(cost, digits) for cost in costs]
            rows.append(_ratio_row(mode, "CPU × nginx", names, agents, "cpu"))
        if title == "p99 µs":
            rows.append(_ratio_row(mode, "p99 × nginx", names, [_NONE for _ in agents], "p99"))
    for title, field in (("errors", "errors"), ("late", "late")):
        sums = [str(sum(getattr(one, field) for one in each.every())) for each in mode.targets]
        rows.append([title, *sums, *(_NONE for _ in agents)])
    return _aligned(rows)


def verdicts(modes: list[Mode]) -> list[str]:
    """A line for each goal: the ratio, and whether it holds in this run."""
    lines: list[str] = []
    for goal in GOALS:
        mode = next((mode for mode in modes if mode.name == goal.mode), None)
        if mode is not None:
            ratio = middle(ratios(mode, "edge", goal.figure))
            word = "holds" if ratio <= goal.most else "missed"
            lines.append(f"{goal.mode}, {goal.figure} × nginx: {ratio:.3f}, at most {goal.most} {word}")
    return lines


def write(path: Path, modes: list[Mode], options: dict[str, object]) -> None:
    shown = [
        {
            "mode": mode.name,
            "title": mode.title,
            "rate": mode.rate,
            "targets": [
                {
                    "name": each.target,
                    **{f"{figure}_ratio": middle(ratios(mode, each.target, figure)) for figure in _RATIOS},
                    "restarts": each.restarts,
                }
                for each in mode.targets
            ],
        }
        for mode in modes
    ]
    machine = {"kernel": platform.release(), "python": platform.python_version()}
    result = {"machine": machine, "options": options, "modes": shown, "goals": verdicts(modes)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")


def _ratio_row(mode: Mode, title: str, names: list[str], agents: list[str], figure: str) -> list[str]:
    row = [title, *(_spread(ratios(mode, name, figure), 3) for name in names)]
    return row + [_NONE if name == _NONE else _spread(ratios(mode, name, "agent"), 3) for name in agents]


def _spread(restarts: list[list[float]], digits: int) -> str:
    """The median, and between which values all rounds were."""
    every = [value for rounds in restarts for value in rounds]
    return f"{middle(restarts):,.{digits}f} ({min(every):,.{digits}f}–{max(every):,.{digits}f})"


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    return "\n".join("".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
