"""Each rule-based model gives the weights of the worked examples."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.attribution import decay, weights
from control.attribution.split import split_amount, split_credit
from shared.clock import DAY_MS
from tests.attribution.examples import CASES, Case

INT64_MAX = 2**63 - 1
LONGEST_WINDOW_MS = 365 * DAY_MS

ages = st.lists(st.integers(0, LONGEST_WINDOW_MS - 1), min_size=1, max_size=60).map(lambda ages: sorted(ages)[::-1])


def weigh(model: str, case: Case) -> list[int]:
    touches = len(case.ages_ms)
    match model:
        case "first":
            return weights.first(touches)
        case "last":
            return weights.last(touches)
        case "last_non_direct":
            return weights.last_non_direct(case.channels)
        case "linear":
            return weights.linear(touches)
        case "time_decay":
            return weights.time_decay(case.ages_ms)
        case "position":
            return weights.position(touches)
        case "position_60_30_10":
            return weights.position(touches, (60, 30, 10))
        case "w_shaped":
            return weights.w_shaped(touches, case.milestone_touch)
        case _:
            raise AssertionError(model)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.case)
@pytest.mark.parametrize("model", CASES[0].expected)
def test_weights_credits_and_values_are_those_computed_by_hand(case: Case, model: str) -> None:
    weighed = weigh(model, case)
    credited = split_credit(weighed)
    assert weighed == case.expected[model].weights
    assert credited == case.expected[model].credits
    assert split_amount(case.amount, credited) == case.expected[model].values


def test_the_shipped_decay_tables_are_the_rounded_powers() -> None:
    assert decay.generate() == decay.TABLES


@given(delay_ms=st.integers(0, LONGEST_WINDOW_MS), half_life_ms=st.integers(DAY_MS // 24, LONGEST_WINDOW_MS))
def test_decay_is_within_two_parts_in_a_billion_of_the_exact_power(delay_ms: int, half_life_ms: int) -> None:
    exact = 2 ** (30 - delay_ms / half_life_ms)
    # The step of the tables is 2⁻²⁰ of a half-life, so the exponent itself is rounded down by less than that.
    assert exact - 2 <= decay.half_power(delay_ms, half_life_ms) <= exact * 2 ** (2**-20) + 2 or exact < 1


@given(ages)
def test_decay_never_prefers_an_older_touch_and_stays_in_64_bits(ages_ms: list[int]) -> None:
    weighed = weights.time_decay(ages_ms)
    assert all(older <= younger for older, younger in pairwise(weighed))
    assert weighed[-1] == 1 << decay.SCALE_BITS
    assert sum(weighed) * 1_000_000 <= INT64_MAX
    assert (ages_ms[0] << decay.FRACTION_BITS) <= INT64_MAX


@given(touches=st.integers(1, 500), first=st.integers(0, 100), last=st.integers(0, 100))
def test_position_gives_the_ends_their_percents(touches: int, first: int, last: int) -> None:
    if first + last > 100:
        first, last = 100 - first, 100 - last
    weighed = weights.position(touches, (first, last, 100 - first - last))
    assert len(weighed) == touches
    assert sum(weighed) > 0
    if touches > 2:
        assert weighed[0] * 100 == first * sum(weighed)
        assert weighed[-1] * 100 == last * sum(weighed)
        assert len(set(weighed[1:-1])) == 1


@given(touches=st.integers(1, 100), data=st.data())
def test_w_shaped_gives_each_role_its_thirty_percent(touches: int, data: st.DataObject) -> None:
    milestone = data.draw(st.none() | st.integers(0, touches - 1))
    weighed = weights.w_shaped(touches, milestone)
    roles = {0, touches - 1} | ({milestone} if milestone is not None else set[int]())
    named = sum(weighed[at] for at in roles)
    assert named * 10 == sum(weighed) * (9 if len(roles) < touches else 10)
