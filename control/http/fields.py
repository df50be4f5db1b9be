"""Kinds of fields that several capabilities' bodies have."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

_ONE_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"

Label = Annotated[str, Meta(max_length=120, pattern=_ONE_LINE, description="One line of text, not blank.")]
Line = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", description="One line of text, or empty.")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217 code, such as EUR.")]
Amount = Annotated[int, Meta(ge=0, le=10**15, description="In minor units of the currency, such as cents.")]
Channel = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[^\W_][\w.-]*$",
        description="A word such as email, social, sms, qr, paid, organic; kept in lower case.",
    ),
]
