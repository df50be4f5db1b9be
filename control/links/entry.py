"""What an edge is told of a link, from its row."""

from __future__ import annotations

from control.links import destination as destinations
from control.links import rules
from control.links.carry import CarryPlan, resolve
from control.links.store import AnyRow
from shared import ids
from shared.wire import Arm, LinkEntry, Preview, Rule


def carry_plan(row: AnyRow, destination: str) -> CarryPlan:
    """How the click id of this link reaches one of its destinations."""
    return resolve(
        row.carry, row.host, destinations.parse(destination), row.query_name, forwards_query=row.forward_query
    )


def to_entry(row: AnyRow) -> LinkEntry:
    """The entry of a row with its domain's `host`."""
    plan = carry_plan(row, row.destination)
    return LinkEntry(
        host=row.host,
        slug=row.slug,
        link_id=ids.to_bytes("lnk", row.id),
        destination=row.destination,
        status=row.status,
        carry=plan.carry,
        carry_without_cookie=plan.without_cookie,
        query_name=row.query_name,
        forward_query=row.forward_query,
        referrer_policy=row.referrer_policy,
        rules=tuple(_rule(row, rule) for rule in rules.decode(row.rules)),
        expires_ms=row.expires_ms or 0,
        is_exhausted=row.exhausted_ms is not None,
        closed_url=row.closed_url,
        password=row.password,
        is_honeypot=row.honeypot,
        preview=_preview(row),
    )


def _rule(row: AnyRow, rule: rules.Rule) -> Rule:
    return Rule(
        arms=tuple(_arm(row, arm) for arm in rule.arms),
        countries=rule.countries,
        devices=rule.devices,
        systems=rule.systems,
        languages=rule.languages,
        from_ms=rule.from_ms,
        until_ms=rule.until_ms,
    )


def _arm(row: AnyRow, arm: rules.Arm) -> Arm:
    plan = carry_plan(row, arm.destination)
    return Arm(arm.number, arm.destination, arm.weight, plan.carry, plan.without_cookie)


def _preview(row: AnyRow) -> Preview | None:
    preview = Preview(row.preview_title, row.preview_description, row.preview_image)
    return None if preview == Preview() else preview
