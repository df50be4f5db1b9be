"""Amounts: integers in a currency's minor units, read from integers or decimal text without a float on the way.

How many decimals a currency has is ISO 4217's exponent (list one, with its amendments to 2025). Codes that name no
currency in circulation (`XAU`, `XTS`, `XXX`, …) have no minor unit and are refused.
"""

from __future__ import annotations

import re

AMOUNT_MAX = 10**15
"""Largest amount in minor units, either sign: products of credit splitting stay far inside 64 bits."""

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

EXPONENTS: dict[str, int] = {
    code: exponent for codes, exponent in ((_NONE, 0), (_TWO, 2), (_THREE, 3), (_FOUR, 4)) for code in codes.split()
}

_DECIMAL = re.compile(r"(-?)(\d{1,16})(?:\.(\d{1,16}))?").fullmatch


class BadMoney(ValueError):
    """`field` is the part of a report that is wrong; the text says what to send instead."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def currency_of(code: str) -> str:
    """The ISO 4217 code in capitals. Raises BadMoney for one that isn't in use."""
    currency = code.upper()
    if currency not in EXPONENTS:
        raise BadMoney("currency", f"{code!r} is not an ISO 4217 currency code such as EUR or USD")
    return currency


def from_minor(amount: int, currency: str) -> int:
    """An amount that is in minor units already, checked. `currency` is one of `currency_of`."""
    if abs(amount) > AMOUNT_MAX:
        raise BadMoney("amount", f"is more than {AMOUNT_MAX} minor units of {currency}")
    return amount


def from_decimal(text: str, currency: str) -> int:
    """Minor units of decimal text in major units: `12.90` EUR is 1290, `500` JPY is 500.

    Exact: more decimals than the currency has are refused unless they are zeros, never rounded.
    """
    match = _DECIMAL(text)
    if match is None:
        raise BadMoney("value", f"{text!r} is not a decimal number such as 12.90")
    sign, whole, decimals = match[1], match[2], match[3] or ""
    exponent = EXPONENTS[currency]
    kept, cut = decimals[:exponent].ljust(exponent, "0"), decimals[exponent:]
    if cut.strip("0"):
        has = "has no decimals" if exponent == 0 else f"has {exponent} decimals"
        raise BadMoney("value", f"{text} is finer than {currency}, which {has}: round it before sending")
    amount = int(whole + kept)
    if amount > AMOUNT_MAX:
        raise BadMoney("value", f"is more than {AMOUNT_MAX} minor units of {currency}")
    return -amount if sign else amount


def amount_of(amount: int | None, value: str | None, currency: str | None) -> int | None:
    """Minor units of a report's `amount` or `value`; None where it has neither. Raises BadMoney."""
    if amount is None and value is None:
        return None
    if amount is not None and value is not None:
        raise BadMoney("value", "says the same as `amount`, in major units: send one of them")
    if currency is None:
        raise BadMoney("currency", "an amount needs an ISO 4217 currency code such as EUR or USD")
    return from_decimal(value, currency) if amount is None and value is not None else from_minor(amount or 0, currency)
