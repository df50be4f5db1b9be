"""Powers of one half in integers, so that no machine's `pow` decides a credit.

2⁻ˣ for x = k / 2²⁰ is read from two tables of 1 024 integers, scaled by 2³⁰: the upper ten bits of the fraction of x
choose `A[j] = round(2³⁰ · 2^(−j/1024))`, the lower ten `B[j] = round(2³⁰ · 2^(−j/2²⁰))`, and their product (at most
2⁶⁰) is shifted right by 30 and by the whole part of x. Python, SQLite, Postgres and every later engine shift and
multiply 64-bit integers alike. The result is within two parts in 2³⁰ of the exact power.

The tables ship as data (`decay_tables.json`); `generate` is how they were made and how the tests prove them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from importlib.resources import files

import msgspec

FRACTION_BITS = 20  # of k: age in half-lives, scaled
SCALE_BITS = 30  # of the tables' entries, and of a weight: 2³⁰ is "no decay"
MAX_HALVINGS = 30  # more than that leaves nothing of 2³⁰

_INDEX_BITS = 10
_INDEX_MASK = (1 << _INDEX_BITS) - 1
_DIGITS = 60  # of the decimals that the tables are rounded from; a tie would need the 40th digit to decide


class DecayTables(msgspec.Struct, frozen=True):
    """`a[j]` and `b[j]` for j from 0 to 1 023."""

    a: tuple[int, ...]
    b: tuple[int, ...]


def generate() -> DecayTables:
    """Both tables, rounded from powers with 60 exact digits."""
    with localcontext() as context:
        context.prec = _DIGITS
        scale = Decimal(1 << SCALE_BITS)

        def rounded(j: int, denominator: int) -> int:
            exact = scale * Decimal(2) ** (-Decimal(j) / Decimal(denominator))
            return int(exact.to_integral_value(ROUND_HALF_EVEN))

        return DecayTables(
            a=tuple(rounded(j, 1 << _INDEX_BITS) for j in range(1 << _INDEX_BITS)),
            b=tuple(rounded(j, 1 << FRACTION_BITS) for j in range(1 << _INDEX_BITS)),
        )


TABLES = msgspec.json.decode(files("control.attribution").joinpath("decay_tables.json").read_bytes(), type=DecayTables)


def half_power(delay_ms: int, half_life_ms: int) -> int:
    """round-down of 2³⁰ · 2^(−delay / half-life) by the tables; 0 past thirty half-lives."""
    k = (delay_ms << FRACTION_BITS) // half_life_ms
    halvings = k >> FRACTION_BITS
    if halvings > MAX_HALVINGS:
        return 0
    product = TABLES.a[k >> _INDEX_BITS & _INDEX_MASK] * TABLES.b[k & _INDEX_MASK]
    return product >> SCALE_BITS >> halvings
