"""Landings: the page reports that a visitor arrived, with a click id or without.

One with a click id that was just captured says which visitor the click was (an observation), and turns a prefetch into
a click. One without is a *visit*, and a touch when it starts a session: nothing of this visitor within the 30 minutes
before it, and it came from somewhere that may earn credit. Sessions are judged along the visitor's landings in (time,
id) order, so a landing that arrives late can take the touch from the one after it, and from no other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from control.identity import types as identity
from control.identity.observe import keep, mark_dirty, observe
from control.identity.types import Observation
from control.ingest import landing_store as store
from control.ingest.clicks import clicks_landed
from control.ingest.enrich import storable
from control.ingest.landing_store import Neighbours
from control.ingest.referrers import IGNORED, channel_of, host_of, site_of
from shared import click_id
from shared.beacon import Landing
from shared.clock import MINUTE_MS

SESSION_IDLE_MS = 30 * MINUTE_MS
URL_MAX_CHARS = 2_048


@dataclass(slots=True)
class ArrivedLanding:
    """A row of `landings` to be, and the click id in hand, which an older session may have left."""

    id: bytes
    workspace_id: str
    click_id: bytes | None  # captured by this very landing
    held_click_id: bytes | None  # captured now or before
    visitor_id: bytes | None
    time_ms: int
    received_ms: int
    url: str
    referrer_host: str
    channel: str
    reason: str

    @property
    def is_robots(self) -> bool:
        return self.reason.startswith("bot:")


def landing_of(
    record_id: bytes, workspace_id: str, beacon: Landing, robot: str, *, time_ms: int, received_ms: int
) -> ArrivedLanding:
    """The landing that a beacon reports; whether it starts a session remains to be judged."""
    held = click_id.decode(beacon.c) if beacon.c else None
    landing = ArrivedLanding(
        id=record_id,
        workspace_id=workspace_id,
        click_id=held if beacon.new else None,
        held_click_id=held,
        visitor_id=click_id.decode(beacon.vid) if beacon.vid else None,
        time_ms=time_ms,
        received_ms=received_ms,
        url=storable(beacon.url, URL_MAX_CHARS),
        referrer_host=host_of(beacon.ref),
        channel="",
        reason="",
    )
    landing.channel, landing.reason = _judged_alone(landing, robot, host_of(beacon.url))
    return landing


def _judged_alone(landing: ArrivedLanding, robot: str, page_host: str) -> tuple[str, str]:
    """Channel and reason as far as the landing itself decides them."""
    if robot:
        return "", f"bot:{robot}"
    if landing.click_id:
        return "", "click"
    if not landing.visitor_id:
        return "", "no_visitor"
    if landing.referrer_host and site_of(landing.referrer_host) == site_of(page_host):
        return "", "internal"
    channel = channel_of(landing.referrer_host)
    return ("", "ignored_referrer") if channel == IGNORED else (channel, "")


async def store_landings(connection: AsyncConnection, batch: Iterable[ArrivedLanding]) -> set[str]:
    """Stores what is new of a batch, in the caller's transaction; returns the links that have more human clicks now."""
    unique = {landing.id: landing for landing in batch}
    known = await store.stored_landings(connection, unique)
    new = [landing for raw, landing in unique.items() if raw not in known]
    if not new:
        return set()
    await _drop_own_referrers(connection, new)
    late = await _judge_sessions(connection, new)
    await store.insert_landings(connection, new)
    await store.end_touches(connection, late)
    people = [landing for landing in new if not landing.is_robots]
    await _observe(connection, people)
    await _mark_visits(connection, people, late)
    return await clicks_landed(connection, {landing.click_id for landing in people if landing.click_id})


async def _drop_own_referrers(connection: AsyncConnection, new: Sequence[ArrivedLanding]) -> None:
    """A visit that comes from a short domain of the workspace comes from nowhere else than its own link."""
    referred = [landing for landing in new if landing.channel and landing.referrer_host]
    if not referred:
        return
    own = await store.own_hosts(connection, {landing.workspace_id for landing in referred})
    for landing in referred:
        if (landing.workspace_id, landing.referrer_host) in own:
            landing.channel, landing.reason = "", "internal"


async def _judge_sessions(connection: AsyncConnection, new: Sequence[ArrivedLanding]) -> list[store.LaterVisit]:
    """Takes the channel from new visits that go on with a session; returns stored ones that turn out to."""
    judged = [landing for landing in new if landing.visitor_id and not landing.is_robots]
    around = await store.neighbours(connection, judged, SESSION_IDLE_MS)
    by_visitor: defaultdict[tuple[str, bytes | None], list[ArrivedLanding]] = defaultdict(list)
    for landing in judged:
        by_visitor[landing.workspace_id, landing.visitor_id].append(landing)
    for landings in by_visitor.values():
        landings.sort(key=lambda landing: (landing.time_ms, landing.id))
        _end_sessions(landings, around)
    return [neighbours.after for neighbours in around.values() if neighbours.after]


def _end_sessions(landings: Sequence[ArrivedLanding], around: Mapping[bytes, Neighbours]) -> None:
    before_ms: int | None = None
    for landing in landings:
        stored_ms = around[landing.id].before_ms if landing.id in around else None
        last_ms = max((at for at in (before_ms, stored_ms) if at is not None), default=None)
        if landing.channel and last_ms is not None and landing.time_ms - last_ms < SESSION_IDLE_MS:
            landing.channel, landing.reason = "", "session"
        before_ms = landing.time_ms


async def _observe(connection: AsyncConnection, landings: Iterable[ArrivedLanding]) -> None:
    """States whose click each was. Most are of a click and a visitor that nothing else names: they concern nobody who
    converted, and the credit pass is spared them."""
    named = [(one, click, visitor) for one in landings if (click := one.held_click_id) and (visitor := one.visitor_id)]
    known_visitors = await store.known_visitors(connection, {(one.workspace_id, visitor) for one, _, visitor in named})
    known_clicks = await store.known_clicks(connection, {(one.workspace_id, click) for one, click, _ in named})
    fresh: defaultdict[str, list[Observation]] = defaultdict(list)
    concerning: defaultdict[str, list[Observation]] = defaultdict(list)
    for one, click, visitor in named:
        is_known = (one.workspace_id, visitor) in known_visitors or (one.workspace_id, click) in known_clicks
        ends = identity.click(click), identity.visitor(visitor)
        (concerning if is_known else fresh)[one.workspace_id] += identity.stated_together(ends, one.time_ms, "landing")
    for workspace_id, observations in fresh.items():
        await keep(connection, workspace_id, observations)
    for workspace_id, observations in concerning.items():
        await observe(connection, workspace_id, observations, "late_click")


async def _mark_visits(
    connection: AsyncConnection, landings: Iterable[ArrivedLanding], late: Iterable[store.LaterVisit]
) -> None:
    """A visit is a touch by its row alone: it concerns somebody only where its visitor is known from elsewhere."""
    visits = {(one.workspace_id, one.visitor_id) for one in landings if one.channel and one.visitor_id}
    marks: defaultdict[str, dict[str, list[identity.Identifier]]] = defaultdict(lambda: defaultdict(list))
    for workspace_id, visitor_id in await store.known_visitors(connection, visits):
        marks[workspace_id]["late_click"].append(identity.visitor(visitor_id))
    for visit in late:
        marks[visit.workspace_id]["reclassified"].append(identity.visitor(visit.visitor_id))
    for workspace_id, reasons in marks.items():
        for reason, identifiers in reasons.items():
            await mark_dirty(connection, workspace_id, identifiers, reason)
