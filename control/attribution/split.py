"""Splitting exactly, in integers: shares are rounded down, and what is left goes one each to the largest remainders.

The later touch comes first among equal remainders. So credits of a conversion always add up to 1 000 000 millionths and
values to its amount, whatever the engine. All products fit 64 bits signed for weights up to 2⁴³ in sum and amounts up
to 2⁶³ − 1: an amount is split as q · 10⁶ + r, never multiplied whole.
"""

from __future__ import annotations

from collections.abc import Sequence

WHOLE = 1_000_000  # a conversion, in millionths


def split_credit(weights: Sequence[int]) -> list[int]:
    """Millionths for each weight; they add up to 1 000 000. Weights are ≥ 0 and not all zero."""
    total = sum(weights)
    shares: list[int] = []
    remainders: list[int] = []
    for weight in weights:
        share, remainder = divmod(weight * WHOLE, total)
        shares.append(share)
        remainders.append(remainder)
    return _hand_out(WHOLE - sum(shares), shares, remainders)


def split_amount(amount: int, millionths: Sequence[int]) -> list[int]:
    """Minor units for each credit; they add up to `amount`. A negative one is split as its opposite and negated."""
    size = abs(amount)
    millions, rest = divmod(size, WHOLE)
    shares: list[int] = []
    remainders: list[int] = []
    for credit in millionths:
        share, remainder = divmod(credit * rest, WHOLE)
        shares.append(credit * millions + share)
        remainders.append(remainder)
    shares = _hand_out(size - sum(shares), shares, remainders)
    return shares if amount >= 0 else [-share for share in shares]


def _hand_out(left: int, shares: list[int], remainders: list[int]) -> list[int]:
    """`shares` with one more for each of the `left` largest remainders, later positions first on a tie."""
    if left:
        order = sorted(range(len(shares)), key=lambda at: (remainders[at], at), reverse=True)
        for at in order[:left]:
            shares[at] += 1
    return shares
