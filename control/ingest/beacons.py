"""Storing beacons: landings, identifies and events, told apart here and handed to those who record them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from control.conversions import reports
from control.conversions.money import BadMoney
from control.conversions.record import Reported, record_conversions
from control.conversions.standing import identifiers_named
from control.conversions.store import hold_reports
from control.conversions.types import ConversionReport, Held
from control.identity.observe import observe
from control.identity.types import Observation, stated_together
from control.ingest.agents import agent_of
from control.ingest.landings import ArrivedLanding, landing_of, store_landings
from shared import click_id
from shared.beacon import Event, Identify, Landing, decode
from shared.wire import BeaconRecord


@dataclass(slots=True)
class Identified:
    """An identify, as a report of one workspace."""

    workspace_id: str
    beacon: Identify
    time_ms: int


@dataclass(slots=True)
class Beacons:
    """A batch's beacons by what they report."""

    landings: list[ArrivedLanding] = field(default_factory=list[ArrivedLanding])
    identified: list[Identified] = field(default_factory=list[Identified])
    reported: list[Reported] = field(default_factory=list[Reported])
    held: list[tuple[str, ConversionReport, Held]] = field(default_factory=list[tuple[str, ConversionReport, Held]])

    def add(self, record: BeaconRecord, workspace_id: str, recorded_ms: int, received_ms: int) -> None:
        """Reads a record; `recorded_ms` is its corrected time. Raises BadBeacon for a body that is none."""
        beacon = decode(record.body)
        robot = agent_of(record.headers.get("user-agent", "")).robot
        time_ms = recorded_ms - beacon.age
        match beacon:
            case Landing():
                self.landings.append(
                    landing_of(record.record_id, workspace_id, beacon, robot, time_ms=time_ms, received_ms=received_ms)
                )
            case Identify():
                if not robot:
                    self.identified.append(Identified(workspace_id, beacon, time_ms))
            case Event():
                self._add_event(record.record_id, workspace_id, beacon, robot, time_ms, received_ms)

    def _add_event(
        self, record_id: bytes, workspace_id: str, event: Event, robot: str, time_ms: int, received_ms: int
    ) -> None:
        try:
            report = reports.from_beacon(record_id, event, time_ms=time_ms, received_ms=received_ms)
        except BadMoney as error:
            report = reports.without_amount(record_id, event, time_ms=time_ms, received_ms=received_ms)
            self.held.append((workspace_id, report, Held("invalid", error.field, f"{error.field}: {error}")))
            return
        if robot:
            self.held.append((workspace_id, report, Held("robot", "", f"sent by {robot}")))
        else:
            self.reported.append(Reported(workspace_id, report))


async def store_beacons(connection: AsyncConnection, secret: bytes, beacons: Beacons) -> set[str]:
    """Stores what is new of a batch's beacons, in the caller's transaction; returns the links that have more human
    clicks now."""
    counted = await store_landings(connection, beacons.landings)
    await _store_identified(connection, beacons.identified)
    held = list(beacons.held)
    for start in range(0, len(beacons.reported), _REPORTS_AT_ONCE):
        reported = beacons.reported[start : start + _REPORTS_AT_ONCE]
        outcomes = await record_conversions(connection, secret, reported)
        held.extend(_held(reported, outcomes))
    await hold_reports(connection, held)
    return counted


_REPORTS_AT_ONCE = 1_000


def _held(reported: Sequence[Reported], outcomes: Sequence[object]) -> Iterable[tuple[str, ConversionReport, Held]]:
    for (workspace_id, report), outcome in zip(reported, outcomes, strict=True):
        if isinstance(outcome, Held):
            yield workspace_id, report, outcome


async def _store_identified(connection: AsyncConnection, identified: Iterable[Identified]) -> None:
    stated: defaultdict[str, list[Observation]] = defaultdict(list)
    for one in identified:
        beacon = one.beacon
        visitor_id = click_id.decode(beacon.vid) if beacon.vid else None
        # The visitor's own landings tell its clicks; without a visitor, the click in hand is all that there is.
        held = click_id.decode(beacon.c) if beacon.c and not visitor_id else None
        named = identifiers_named(held, visitor_id, reports.customer_of(beacon.customer), beacon.email or "")
        stated[one.workspace_id].extend(stated_together(named, one.time_ms, "identify"))
    for workspace_id, observations in stated.items():
        await observe(connection, workspace_id, observations, "identity_merged")
