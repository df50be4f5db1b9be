"""The settings of a link beyond its address: from what a caller sends to the columns that have them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from control.http.errors import InvalidInput
from control.links import destination as destinations
from control.links import rules
from control.links.addresses import read_address
from control.links.destination import Destination
from control.links.rules import ArmNumbers, read_rules, read_time
from control.links.types import LinkEdit, LinkPreview, NewLink
from shared.password import verifier_of

# Fields that are stored in another shape than they are sent.
RESHAPED = ("rules", "expires_at", "closed_url", "password", "preview")


async def columns_of(body: NewLink | LinkEdit, numbers: ArmNumbers) -> dict[str, Any]:
    """The columns that the reshaped fields of a body set, those aside that it leaves out. Raises InvalidInput."""
    columns: dict[str, Any] = {}
    if body.rules is not UNSET:
        columns["rules"] = rules.encode(read_rules(body.rules, numbers))
        columns["next_arm"] = numbers.next
    if body.expires_at is not UNSET:
        columns["expires_ms"] = read_time(body.expires_at, "expires_at")
    if body.closed_url is not UNSET:
        columns["closed_url"] = _address("closed_url", body.closed_url)
    if body.preview is not UNSET:
        columns |= _preview_columns(body.preview or LinkPreview())
    if body.password is not UNSET:
        columns["password"] = await _verifier(body.password)
    return columns


def arm_numbers(row: Any) -> ArmNumbers:
    """The numbers that a link's row has, and those that it may still give."""
    known = frozenset(arm.number for rule in rules.decode(row.rules) for arm in rule.arms)
    return ArmNumbers(known, row.next_arm)


def addresses_of(columns: dict[str, Any]) -> Iterator[tuple[str, Destination]]:
    """Where links with these columns lead besides their own destination, by the field that says so."""
    for at, rule in enumerate(rules.decode(columns.get("rules", "[]"))):
        for index, arm in enumerate(rule.arms):
            yield f"rules[{at}].arms[{index}].destination", destinations.parse(arm.destination)
    if columns.get("closed_url"):
        yield "closed_url", destinations.parse(columns["closed_url"])


def _preview_columns(preview: LinkPreview) -> dict[str, str]:
    return {
        "preview_title": preview.title.strip(),
        "preview_description": preview.description.strip(),
        "preview_image": _address("preview.image", preview.image),
    }


def _address(field: str, text: str) -> str:
    return read_address(field, text).url if text.strip() else ""


async def _verifier(password: str) -> str:
    if not password:
        return ""
    if password != password.strip():
        raise InvalidInput.of("password", "neither starts nor ends with a space, which visitors could not see")
    return await asyncio.to_thread(verifier_of, password)
