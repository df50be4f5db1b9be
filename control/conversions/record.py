"""Recording conversions: from reports, of whatever source and as often as they come, to one row each.

    report ─▶ its definition, or held ─▶ its event key claimed ─▶ a repeat by the same source: first answer, or conflict
        ─▶ else kept, and what stands written anew ─▶ identifiers united and marked ─▶ refunds that waited joined

Works on many reports at once, in the caller's transaction, which holds the workspaces' lock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from control.conversions import store
from control.conversions.event_key import event_key, key_hash
from control.conversions.standing import Definition, Standing, identifiers_of, standing
from control.conversions.store import Claim, ConversionRow, StoredReport, fingerprint
from control.conversions.types import ConversionReport, Held, Recorded
from control.conversions.waiting import join_refunds
from control.identity import types as identity
from control.identity.observe import mark_dirty, observe
from control.identity.types import Identifier, Observation
from control.identity.types import Source as Stated
from shared.clock import wall_ms

ADOPT_AT_ONCE = 500


class Reported(NamedTuple):
    workspace_id: str
    report: ConversionReport


@dataclass(slots=True)
class _Case:
    """One conversion that reports of this call belong to."""

    conversion_id: str
    definition: Definition
    event_key: str
    is_new: bool
    is_erased: bool  # its key outlived it: nothing more is kept of it
    stored: list[StoredReport]
    added: list[ConversionReport] = field(default_factory=list[ConversionReport])

    @property
    def reports(self) -> list[ConversionReport]:
        return [*(one.report for one in self.stored), *self.added]


async def record_conversion(
    connection: AsyncConnection, secret: bytes, workspace_id: str, report: ConversionReport
) -> Recorded | Held:
    """Records one report; Held says why it could not be, and then nothing is stored."""
    return (await record_conversions(connection, secret, [Reported(workspace_id, report)]))[0]


async def record_conversions(
    connection: AsyncConnection, secret: bytes, reported: Sequence[Reported]
) -> list[Recorded | Held]:
    """Records reports; the outcomes are in their order. `secret` keys the event keys' hashes."""
    if not reported:
        return []
    definitions = await store.active_definitions(connection, ((one.workspace_id, one.report.name) for one in reported))
    cases = await _cases(connection, secret, reported, definitions)
    outcomes: list[Recorded | Held] = []
    for _, report in reported:
        case = cases.get(report.id)
        outcomes.append(_undefined(report.name) if case is None else _take(case, report))
    touched = list({case.conversion_id: case for case in cases.values() if case.added}.values())
    await _write(connection, touched)
    return outcomes


async def adopt_held(connection: AsyncConnection, secret: bytes, workspace_id: str, name: str) -> int:
    """A definition of this name counts from now on: records what pages had reported before. Returns how many."""
    adopted = 0
    if not await store.active_definitions(connection, [(workspace_id, name)]):
        return adopted
    while reports := await store.take_held(connection, workspace_id, name, ADOPT_AT_ONCE):
        outcomes = await record_conversions(connection, secret, [Reported(workspace_id, one) for one in reports])
        pairs = zip(reports, outcomes, strict=True)
        held = [(workspace_id, report, why) for report, why in pairs if isinstance(why, Held)]
        await store.hold_reports(connection, held)
        adopted += len(reports) - len(held)
    return adopted


def _undefined(name: str) -> Held:
    return Held("undefined_event", "event", f"no event named {name!r} is defined, or it is archived")


async def _cases(
    connection: AsyncConnection,
    secret: bytes,
    reported: Sequence[Reported],
    definitions: dict[tuple[str, str], Definition],
) -> dict[bytes, _Case]:
    """By report id, the conversion that each report of a defined event belongs to."""
    keys: dict[bytes, tuple[Definition, str, bytes]] = {}
    for workspace_id, report in reported:
        definition = definitions.get((workspace_id, report.name))
        if definition:
            key = event_key(definition.id, report.order_id, report.key)
            keys[report.id] = definition, key, key_hash(secret, workspace_id, key)
    if not keys:
        return {}
    claims = {
        (definition.workspace_id, digest): Claim(definition.workspace_id, digest, store.new_conversion_id())
        for definition, _, digest in keys.values()
    }
    owners = await store.claim_keys(connection, list(claims.values()), wall_ms())
    known = [owner for claim, owner in owners.items() if owner != claims[claim].conversion_id]
    stored = await store.reports_of(connection, known)
    cases: dict[str, _Case] = {}
    by_report: dict[bytes, _Case] = {}
    for report_id, (definition, key, digest) in keys.items():
        claim = definition.workspace_id, digest
        owner = owners[claim]
        is_new = owner == claims[claim].conversion_id
        by_report[report_id] = cases.setdefault(
            owner,
            _Case(owner, definition, key, is_new, not is_new and owner not in stored, stored.get(owner, [])),
        )
    return by_report


def _take(case: _Case, report: ConversionReport) -> Recorded | Held:
    """Adds a report to its conversion, unless the same source made it before."""
    if case.is_erased:
        return Recorded(case.conversion_id, duplicate=True)
    known = next((one for one in case.reports if one.source == report.source), None)
    if known is None:
        case.added.append(report)
        return Recorded(case.conversion_id, duplicate=False)
    if known.id == report.id or fingerprint(known) == fingerprint(report):
        return Recorded(case.conversion_id, duplicate=True)
    return Held(
        "conflicting_repeat",
        "order_id" if report.order_id else "event_key",
        f"this {'order' if report.order_id else 'event key'} was reported before, and with another content",
    )


async def _write(connection: AsyncConnection, cases: Sequence[_Case]) -> None:
    times = await store.click_times(
        connection, (report.click_id for case in cases for report in case.reports if report.click_id)
    )
    rows = [
        ConversionRow(case.conversion_id, case.definition, case.event_key, _after_click(case, times)) for case in cases
    ]
    await store.write_conversions(connection, rows)
    await store.insert_reports(
        connection,
        ((case.definition.workspace_id, case.conversion_id, report) for case in cases for report in case.added),
    )
    await join_refunds(connection, [case.conversion_id for case in cases if any(one.order_id for one in case.added)])
    await _observe(connection, cases, {row.id: row.standing for row in rows})


def _after_click(case: _Case, times: dict[bytes, tuple[str, int]]) -> Standing:
    """What stands, no earlier than the click that it names."""
    stands = standing(case.reports, case.definition)
    workspace_id, click_ms = times.get(stands.click_id or b"", ("", 0))
    if workspace_id == case.definition.workspace_id and click_ms > stands.time_ms:
        return stands._replace(time_ms=click_ms)
    return stands


async def _observe(connection: AsyncConnection, cases: Sequence[_Case], stand: dict[str, Standing]) -> None:
    """States that the identifiers of each conversion's reports are one person's, and marks whom it concerns."""
    stated: defaultdict[str, list[Observation]] = defaultdict(list)
    marked: defaultdict[str, list[Identifier]] = defaultdict(list)
    for case in cases:
        workspace_id = case.definition.workspace_id
        named = identifiers_of(case.reports)
        before = identifiers_of([one.report for one in case.stored])
        if len(named) > 1 and named != before:
            source: Stated = "event" if stand[case.conversion_id].source == "browser" else "server"
            stated[workspace_id].extend(identity.stated_together(named, stand[case.conversion_id].time_ms, source))
        marked[workspace_id].extend(named or [Identifier("conversion", case.conversion_id)])
        if named and not before and not case.is_new:
            marked[workspace_id].append(Identifier("conversion", case.conversion_id))
    for workspace_id, observations in stated.items():
        await observe(connection, workspace_id, observations, "late_conversion")
    for workspace_id, identifiers in marked.items():
        observed = {end for one in stated[workspace_id] for end in (one.a, one.b)}
        await mark_dirty(connection, workspace_id, set(identifiers) - observed, "late_conversion")
