"""What refunds take from a conversion: each in (time, id) order, and never more than is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from control.identity.types import Refund


class Refunded(NamedTuple):
    """`amount` in minor units, taken in all; `over` is what each refund, in order, asked beyond what was left."""

    amount: int
    is_full: bool
    over: tuple[int, ...]


def clamp(amount: int | None, refunds: Sequence[Refund]) -> Refunded:
    """Refund a conversion of `amount` by `refunds`, which are in (time, id) order.

    A refund without an amount takes all that is left and is full even where the conversion has no amount. A negative
    conversion can only be refunded as a whole.
    """
    if amount is None:
        return Refunded(0, any(refund.amount is None for refund in refunds), tuple(one.amount or 0 for one in refunds))
    left = amount
    over: list[int] = []
    for refund in refunds:
        taken = left if refund.amount is None else max(0, min(refund.amount, left))
        over.append(0 if refund.amount is None else refund.amount - taken)
        left -= taken
    return Refunded(amount - left, bool(refunds) and left == 0, tuple(over))
