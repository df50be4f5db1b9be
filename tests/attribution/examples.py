"""The worked examples, read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from tests.support.imports import ROOT

VECTORS = Path(__file__).parent / "vectors"
PATHS_FILE = ROOT.parent / "shared" / "vectors" / "channel_paths_10k.csv"


class Expected(msgspec.Struct):
    """What a model gives the touches of a case."""

    weights: list[int]
    credits: list[int]
    values: list[int]


class Case(msgspec.Struct):
    """A path, earliest touch first, and what every model makes of it."""

    case: str
    ages_ms: list[int]
    channels: list[str]
    milestone_touch: int | None
    amount: int
    expected: dict[str, Expected]


class RulesByHand(msgspec.Struct):
    cases: list[Case]


class PathsExample(msgspec.Struct):
    expected: dict[str, dict[str, float]]


class ChannelPath(NamedTuple):
    """A path that `conversions` conversions took, worth `value` billionths together."""

    channels: list[str]
    conversions: int
    value: int


CASES = msgspec.json.decode((VECTORS / "rules-by-hand.json").read_bytes(), type=RulesByHand).cases
PATHS_EXPECTED = msgspec.json.decode((VECTORS / "paths-10k-rules.json").read_bytes(), type=PathsExample).expected


def channel_paths() -> Iterator[ChannelPath]:
    """All 10 000 paths. They are others' data and lie beside the repository, where they are at hand at all."""
    if not PATHS_FILE.exists():
        pytest.skip(f"the published paths are not here: put {PATHS_FILE.name} into {PATHS_FILE.parent}")
    with PATHS_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            value = round(Decimal(row["total_conversion_value"]) * 1_000_000_000)
            yield ChannelPath(row["path"].split(" > "), int(row["total_conversions"]), value)
