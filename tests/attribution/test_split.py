"""Credits and values add up exactly, whatever the weights and the amount."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from control.attribution.split import WHOLE, split_amount, split_credit

INT64_MAX = 2**63 - 1

some_weights = st.lists(st.integers(0, 2**30), min_size=1, max_size=80).filter(any)
amounts = st.integers(-INT64_MAX, INT64_MAX)


@given(some_weights)
def test_credits_add_up_to_one_conversion(weights: list[int]) -> None:
    credited = split_credit(weights)
    assert sum(credited) == WHOLE
    assert min(credited) >= 0


@given(some_weights)
def test_a_credit_is_its_exact_share_but_for_less_than_a_millionth(weights: list[int]) -> None:
    total = sum(weights)
    for weight, credit in zip(weights, split_credit(weights), strict=True):
        assert abs(Fraction(weight * WHOLE, total) - credit) < 1


@given(some_weights, amounts)
def test_values_add_up_to_the_amount_and_keep_its_sign(weights: list[int], amount: int) -> None:
    values = split_amount(amount, split_credit(weights))
    assert sum(values) == amount
    assert all(value * amount >= 0 for value in values)


@given(some_weights, amounts)
def test_a_negative_amount_is_split_as_its_opposite(weights: list[int], amount: int) -> None:
    credited = split_credit(weights)
    assert split_amount(-amount, credited) == [-value for value in split_amount(amount, credited)]


@given(some_weights, amounts)
def test_no_intermediate_product_leaves_64_bits(weights: list[int], amount: int) -> None:
    assert max(weights) * WHOLE <= INT64_MAX
    millions, rest = divmod(abs(amount), WHOLE)
    for credit in split_credit(weights):
        assert credit * millions <= INT64_MAX
        assert credit * rest <= INT64_MAX


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=20, unique=True).filter(any))
def test_distinct_weights_earn_the_same_in_any_order_but_for_ties(weights: list[int]) -> None:
    """Without equal remainders a touch's credit depends on its weight alone."""
    total = sum(weights)
    remainders = [weight * WHOLE % total for weight in weights]
    if len(set(remainders)) < len(remainders):
        return
    backwards = split_credit(weights[::-1])[::-1]
    assert split_credit(weights) == backwards


def test_the_later_touch_gets_what_a_tie_leaves() -> None:
    assert split_credit([1, 1, 1]) == [333_333, 333_333, 333_334]
    assert split_amount(5, [500_000, 500_000]) == [2, 3]


def test_a_refund_of_everything_leaves_nothing_anywhere() -> None:
    assert split_amount(0, split_credit([40, 20, 40])) == [0, 0, 0]
