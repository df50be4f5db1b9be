"""The worked examples, read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec

VECTORS = Path(__file__).parent / "vectors"


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
    """All 10 000 paths."""
    with (VECTORS / "channel_paths_10k.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            value = round(Decimal(row["total_conversion_value"]) * 1_000_000_000)
            yield ChannelPath(row["path"].split(" > "), int(row["total_conversions"]), value)
