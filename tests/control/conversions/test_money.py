"""Amounts are exact."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.conversions.money import AMOUNT_MAX, EXPONENTS, BadMoney, amount_of, currency_of, from_decimal


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("12.90", "EUR", 1290),
        ("12.9", "EUR", 1290),
        ("12", "EUR", 1200),
        ("-0.01", "USD", -1),
        ("500", "JPY", 500),
        ("500.00", "JPY", 500),
        ("1.234", "BHD", 1234),
        ("1.2345", "CLF", 12345),
        ("0.1200", "EUR", 12),
    ],
)
def test_decimal_text_becomes_minor_units(text: str, currency: str, amount: int) -> None:
    assert from_decimal(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency", "says"),
    [
        ("1.005", "EUR", "has 2 decimals"),
        ("0.5", "JPY", "has no decimals"),
        ("1.00005", "UYW", "has 4 decimals"),
        ("1e3", "EUR", "not a decimal number"),
        ("1,5", "EUR", "not a decimal number"),
        ("9999999999999999", "EUR", "is more than"),
    ],
)
def test_what_a_currency_cannot_have_is_refused(text: str, currency: str, says: str) -> None:
    with pytest.raises(BadMoney, match=says) as refused:
        from_decimal(text, currency)
    assert refused.value.field == "value"


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(-AMOUNT_MAX, AMOUNT_MAX))
def test_minor_units_written_out_read_back_exactly(currency: str, amount: int) -> None:
    text = f"{Decimal(amount).scaleb(-EXPONENTS[currency]):f}"
    assert amount_of(None, text, currency) == amount_of(amount, None, currency) == amount


def test_an_amount_needs_a_currency_and_one_form() -> None:
    for amount, value, currency, field in ((5, None, None, "currency"), (5, "0.05", "EUR", "value")):
        with pytest.raises(BadMoney) as refused:
            amount_of(amount, value, currency)
        assert refused.value.field == field


def test_currencies_are_those_in_use() -> None:
    assert currency_of("eur") == "EUR"
    for code in ("XXX", "XTS", "XAU", "ABC"):
        with pytest.raises(BadMoney):
            currency_of(code)
