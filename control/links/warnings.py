"""What the person who edits a link should know about it, in words for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from control.links.entry import carry_plan
from control.links.rules import Rule
from control.links.store import AnyRow

PERMANENT = (301, 308)


def warnings_of(row: AnyRow, rules: Sequence[Rule], now_ms: int) -> list[str]:
    """All warnings about a link, the most general first."""
    own = carry_plan(row, row.destination).warnings
    return [*own, *_about_arms(row, rules, own), *_about_rules(rules, now_ms), *_about_closing(row), *_about_use(row)]


def _about_arms(row: AnyRow, rules: Sequence[Rule], own: Sequence[str]) -> Iterator[str]:
    for at, rule in enumerate(rules, start=1):
        for index, arm in enumerate(rule.arms, start=1):
            for warning in carry_plan(row, arm.destination).warnings:
                if warning not in own:
                    yield f"Rule {at}, destination {index}: {warning}"


def _about_rules(rules: Sequence[Rule], now_ms: int) -> Iterator[str]:
    for at, rule in enumerate(rules, start=1):
        if rule.until_ms and rule.until_ms <= now_ms:
            yield f"The time of rule {at} is over; it no longer decides for anyone."
        if rule.is_for_everyone and at < len(rules):
            yield f"Rule {at} holds for everyone, so the rules after it never decide."
            return


def _about_closing(row: AnyRow) -> Iterator[str]:
    if row.click_limit is None:
        return
    if row.honeypot:
        yield "The click limit is never reached, since clicks on a honeypot are not counted."
    else:
        yield (
            "The link may get a few clicks more than its limit: those that arrive between the click that reaches it "
            "and the moment at which all edges know, usually well under a second."
        )


def _about_use(row: AnyRow) -> Iterator[str]:
    if row.status in PERMANENT and (row.rules != "[]" or row.expires_ms or row.click_limit):
        yield (
            f"Redirect {row.status} says that the destination is for good: search engines and some programs keep it "
            "and no longer ask the link. Take 302 for a link with rules or an end."
        )
    if row.password and (row.preview_title or row.preview_description or row.preview_image):
        yield "The link preview is not shown as long as the link asks for a password: that page comes first."
