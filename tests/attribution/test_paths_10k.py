"""First, last and linear credit ten thousand real paths as an independent implementation does."""

from __future__ import annotations

from collections import defaultdict

import pytest

from control.attribution.models import MODELS, Model, shares
from tests.attribution.examples import PATHS_EXPECTED, channel_paths

MILLION = 1_000_000
BILLION = 1_000_000_000


@pytest.mark.parametrize("model", [model for model in MODELS if model.name in ("first", "last", "linear")])
def test_channels_get_the_published_conversions_and_values(model: Model) -> None:
    conversions: dict[str, int] = defaultdict(int)  # millionths
    values: dict[str, int] = defaultdict(int)  # billionths
    conversions_met: dict[str, int] = defaultdict(int)
    value_met: dict[str, int] = defaultdict(int)
    for path in channel_paths():
        if not path.conversions:
            continue
        given = shares(model, [0] * len(path.channels), path.value, path.value)
        for channel, share in zip(path.channels, given, strict=True):
            assert share.value is not None
            conversions[channel] += share.credit * path.conversions
            values[channel] += share.value
            conversions_met[channel] += path.conversions
            value_met[channel] += path.value
    assert conversions.keys() == PATHS_EXPECTED.keys()
    for channel, expected in PATHS_EXPECTED.items():
        rounding = conversions_met[channel] / MILLION + 0.000_001
        got = conversions[channel] / MILLION
        assert got == pytest.approx(expected[f"{model.name}_touch_conversions"], abs=rounding)
        rounding = value_met[channel] / BILLION / MILLION + 0.000_001
        assert values[channel] / BILLION == pytest.approx(expected[f"{model.name}_touch_value"], abs=rounding)
