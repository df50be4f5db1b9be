"""The live models: what each is called, by which formula it weighs, and the credits it gives a path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from control.attribution import weights
from control.attribution.split import split_amount, split_credit
from shared.clock import DAY_MS

ModelName = Literal["first", "last", "linear", "time_decay", "position"]

_CACHED_LENGTHS = 4096  # (model, number of touches) pairs whose credits are remembered


class Model(msgspec.Struct, frozen=True, eq=False):
    """A rule-based model. `formula` is for people; `parameters` are the numbers in it."""

    name: ModelName
    formula: str
    parameters: dict[str, int]
    weigh: Callable[[Sequence[int]], list[int]]  # ages in ms, earliest touch first → weights
    by_length: bool  # weights depend on the number of touches alone


class TouchShare(NamedTuple):
    """What a model gives one touch: an integer weight, millionths of the conversion, minor units before and after
    refunds (None where the conversion has no amount)."""

    weight: int
    credit: int
    value: int | None
    net_value: int | None


MODELS: tuple[Model, ...] = (
    Model(
        name="first",
        formula="The earliest touch takes all.",
        parameters={},
        weigh=lambda ages_ms: weights.first(len(ages_ms)),
        by_length=True,
    ),
    Model(
        name="last",
        formula="The latest touch takes all.",
        parameters={},
        weigh=lambda ages_ms: weights.last(len(ages_ms)),
        by_length=True,
    ),
    Model(
        name="linear",
        formula="Each of the n touches weighs 1 and earns 1/n.",
        parameters={},
        weigh=lambda ages_ms: weights.linear(len(ages_ms)),
        by_length=True,
    ),
    Model(
        name="time_decay",
        formula="A touch weighs 2^(−Δ/H), where Δ is how long before the last touch it happened: with each half-life "
        "H it counts half as much.",
        parameters={"half_life_days": weights.HALF_LIFE_MS // DAY_MS},
        weigh=weights.time_decay,
        by_length=False,
    ),
    Model(
        name="position",
        formula="The first touch earns 40 %, the last 40 %, and those between share 20 % evenly. Two touches share "
        "evenly; a single one takes all.",
        parameters=dict(zip(("first_percent", "last_percent", "others_percent"), weights.POSITION_SHARES, strict=True)),
        weigh=lambda ages_ms: weights.position(len(ages_ms)),
        by_length=True,
    ),
)
MODEL_NAMES: tuple[ModelName, ...] = tuple(model.name for model in MODELS)


def shares(model: Model, ages_ms: Sequence[int], amount: int | None, net_amount: int | None) -> list[TouchShare]:
    """What `model` gives each touch of a path (n ≥ 1, earliest first) for a conversion of `amount` minor units."""
    weighed, credited = _by_length(model, len(ages_ms)) if model.by_length else _weigh(model, ages_ms)
    if amount is None or net_amount is None:
        return [TouchShare(weight, credit, None, None) for weight, credit in zip(weighed, credited, strict=True)]
    values = split_amount(amount, credited)
    net_values = values if net_amount == amount else split_amount(net_amount, credited)
    return list(map(TouchShare, weighed, credited, values, net_values))


def _weigh(model: Model, ages_ms: Sequence[int]) -> tuple[list[int], list[int]]:
    weighed = model.weigh(ages_ms)
    return weighed, split_credit(weighed)


@lru_cache(_CACHED_LENGTHS)
def _by_length(model: Model, touches: int) -> tuple[list[int], list[int]]:
    return _weigh(model, [0] * touches)
