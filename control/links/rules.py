"""A link's rules: from what a caller sends to what is stored, and to what an edge is told.

Every destination of a rule is an *arm* with a number that is the link's for good. Clicks are stored with the number of
the arm that they went to, so a number is given out once: a caller keeps an arm by naming it, whatever else they change
about it, and what they don't name is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec

from control.http.errors import InvalidInput
from control.links.addresses import read_address
from control.links.countries import COUNTRIES
from control.links.types import LinkArm, LinkRule
from control.times import from_ms, to_ms
from shared.wire import Device, System

ARM_MAX = 32_767  # what `clicks.arm` holds
_Text = TypeVar("_Text", bound=str)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8}){0,3}").fullmatch


class Arm(msgspec.Struct, frozen=True):
    """One destination of a rule, as it is stored."""

    number: int
    destination: str
    weight: int = 1


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule as it is stored: normalised, times in Unix ms, 0 for none."""

    arms: tuple[Arm, ...]
    countries: tuple[str, ...] = ()
    devices: tuple[Device, ...] = ()
    systems: tuple[System, ...] = ()
    languages: tuple[str, ...] = ()
    from_ms: int = 0
    until_ms: int = 0

    @property
    def is_for_everyone(self) -> bool:
        conditions = self.countries, self.devices, self.systems, self.languages, self.from_ms, self.until_ms
        return not any(conditions)


@dataclass(slots=True)
class ArmNumbers:
    """Gives numbers to a link's arms. `known` are those that it has and may keep, `next` is the first that is free."""

    known: frozenset[int]
    next: int
    _kept: set[int] = field(default_factory=set[int])

    def of(self, arm: int | None, at: str) -> int:
        """The number of an arm that says it is `arm`, or that it is new. Raises InvalidInput."""
        if arm is None:
            if self.next > ARM_MAX:
                raise InvalidInput.of(at, f"a link has at most {ARM_MAX} destinations in its life; make a new link")
            self.next += 1
            return self.next - 1
        if arm not in self.known:
            raise InvalidInput.of(f"{at}.arm", f"the link has no arm {arm}; leave it out to add a destination")
        if arm in self._kept:
            raise InvalidInput.of(f"{at}.arm", f"arm {arm} is there twice")
        self._kept.add(arm)
        return arm


_decoder = msgspec.json.Decoder(tuple[Rule, ...])


def decode(stored: str) -> tuple[Rule, ...]:
    """The rules out of their column."""
    return () if stored == "[]" else _decoder.decode(stored)


def encode(rules: Sequence[Rule]) -> str:
    """The rules as their column has them: equal rules give equal text."""
    return msgspec.json.encode(rules).decode("utf-8")


def read_rules(rules: Iterable[LinkRule], numbers: ArmNumbers) -> tuple[Rule, ...]:
    """What a caller means by these rules. Raises InvalidInput, which names the field to the last index."""
    return tuple(_read_rule(rule, f"rules[{at}]", numbers) for at, rule in enumerate(rules))


def to_api(rule: Rule) -> LinkRule:
    """The rule as the API shows it and takes it back."""
    return LinkRule(
        arms=[LinkArm(arm.destination, arm.weight, arm.number) for arm in rule.arms],
        countries=list(rule.countries),
        devices=list(rule.devices),
        systems=list(rule.systems),
        languages=list(rule.languages),
        from_=from_ms(rule.from_ms) if rule.from_ms else None,
        until=from_ms(rule.until_ms) if rule.until_ms else None,
    )


def _read_rule(rule: LinkRule, at: str, numbers: ArmNumbers) -> Rule:
    from_ms, until_ms = _read_time(rule.from_, f"{at}.from"), _read_time(rule.until, f"{at}.until")
    if until_ms and until_ms <= from_ms:
        raise InvalidInput.of(f"{at}.until", "a rule ends after it begins")
    return Rule(
        arms=tuple(_read_arm(arm, f"{at}.arms[{index}]", numbers) for index, arm in enumerate(rule.arms)),
        countries=_unique(
            [_read_country(*one) for one in _named(rule.countries, f"{at}.countries")], f"{at}.countries"
        ),
        devices=_unique(rule.devices, f"{at}.devices"),
        systems=_unique(rule.systems, f"{at}.systems"),
        languages=_unique(
            [_read_language(*one) for one in _named(rule.languages, f"{at}.languages")], f"{at}.languages"
        ),
        from_ms=from_ms,
        until_ms=until_ms,
    )


def _read_arm(arm: LinkArm, at: str, numbers: ArmNumbers) -> Arm:
    destination = read_address(f"{at}.destination", arm.destination)
    return Arm(numbers.of(arm.arm, at), destination.url, arm.weight)


def _read_country(text: str, at: str) -> str:
    country = text.strip().upper()
    if country not in COUNTRIES:
        raise InvalidInput.of(at, f"{text} is no country of ISO 3166-1; use its two letters, such as DE")
    return country


def _read_language(text: str, at: str) -> str:
    language = text.strip().replace("_", "-").lower()
    if not _LANGUAGE(language):
        raise InvalidInput.of(at, f"{text} is no language tag; use one such as pt, or pt-br for that region alone")
    return language


def read_time(time: datetime | None, at: str) -> int | None:
    """Unix ms of a time to come or gone by; None for none. Raises InvalidInput."""
    if time is None:
        return None
    time_ms = to_ms(time)
    if time_ms <= 0:
        raise InvalidInput.of(at, "is before 1970; leave it out where there is no limit")
    return time_ms


def _read_time(time: datetime | None, at: str) -> int:
    return read_time(time, at) or 0


def _named(values: Iterable[str], at: str) -> Iterable[tuple[str, str]]:
    return ((value, f"{at}[{index}]") for index, value in enumerate(values))


def _unique(values: Sequence[_Text], at: str) -> tuple[_Text, ...]:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise InvalidInput.of(f"{at}[{index}]", f"{value} is there twice")
    return tuple(values)
