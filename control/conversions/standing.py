"""What stands of a conversion that several sources reported: a function of the set of its reports.

Field by field the first source that says something wins, in the order of SOURCES: a server's amount stands over a
browser's, and a click id that only the browser knew is kept beside it. A stated time stands over a mere receipt.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from control.conversions.types import SOURCES, ConversionReport, Source
from control.identity import types as identity
from control.identity.types import Identifier


class Definition(NamedTuple):
    """What recording needs of an event definition."""

    id: str
    workspace_id: str
    name: str
    default_amount: int | None
    default_currency: str | None


class Standing(NamedTuple):
    """The columns of a conversion that its reports decide."""

    time_ms: int
    received_ms: int
    click_id: bytes | None
    visitor_id: bytes | None
    customer: str
    email_hash: str
    amount: int | None
    currency: str | None
    order_id: str
    source: Source
    url: str
    props: dict[str, str]


def standing(reports: Iterable[ConversionReport], definition: Definition) -> Standing:
    """What stands; at least one report. The time is as reported: no click has been considered."""
    ranked = sorted(reports, key=lambda report: (SOURCES.index(report.source), report.received_ms, report.id))
    timed = next((report for report in ranked if report.time_stated), None)
    priced = next((report for report in ranked if report.amount is not None), None)
    default = (definition.default_amount, definition.default_currency)
    amount, currency = (priced.amount, priced.currency) if priced else default
    return Standing(
        time_ms=timed.time_ms if timed else min(report.time_ms for report in ranked),
        received_ms=min(report.received_ms for report in ranked),
        click_id=next((report.click_id for report in ranked if report.click_id), None),
        visitor_id=next((report.visitor_id for report in ranked if report.visitor_id), None),
        customer=_first_text(report.customer for report in ranked),
        email_hash=_first_text(report.email_hash for report in ranked),
        amount=amount,
        currency=currency if amount is not None else None,
        order_id=_first_text(report.order_id for report in ranked),
        source=ranked[0].source,
        url=_first_text(report.url for report in ranked),
        props={name: value for report in reversed(ranked) for name, value in report.props.items()},
    )


def identifiers_named(
    click_id: bytes | None, visitor_id: bytes | None, customer: str, email_hash: str
) -> list[Identifier]:
    """What these columns of a report or conversion name of whoever converted."""
    return [
        *([identity.click(click_id)] if click_id else ()),
        *([identity.visitor(visitor_id)] if visitor_id else ()),
        *([Identifier("customer", customer)] if customer else ()),
        *([Identifier("email", email_hash)] if email_hash else ()),
    ]


def identifiers_of(reports: Iterable[ConversionReport]) -> list[Identifier]:
    """Everything that reports name of whoever converted."""
    return sorted(
        {
            identifier
            for one in reports
            for identifier in identifiers_named(one.click_id, one.visitor_id, one.customer, one.email_hash)
        }
    )


def _first_text(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
