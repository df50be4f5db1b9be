"""Storing clicks: new rows, what they change about stored ones, and the rollups of both, in the caller's transaction.

the batch's clicks ─▶ minus those stored already ─▶ prefetches that have landed become clicks ─▶ duplicates judged
    ─▶ inserted ─▶ stored clicks moved ─▶ rollups ─▶ what waited joined
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from control.conversions.waiting import ArrivedClick, join_clicks
from control.identity.observe import mark_clicks
from control.ingest import store
from control.ingest.classify import ACTIVATED
from control.ingest.duplicates import ChainClick, Verdicts, judge
from control.ingest.enrich import Click
from control.ingest.store import Landed, Moved, RollupKey, StoredClick, rollup_key
from control.ingest.visitors import is_around_midnight
from control.store.partitions import ensure_partitions
from control.times import from_ms
from shared import click_id
from shared.clock import DAY_MS, HOUR_MS

Deltas = Counter[RollupKey]


async def store_clicks(connection: AsyncConnection, batch: Iterable[Click]) -> set[str]:
    """Stores what is new of a batch, in whatever order it came; returns the links that have more human clicks now."""
    unique = {click.id: click for click in batch}
    known = await store.known_of(connection, unique.values())
    new = [click for raw, click in unique.items() if raw not in known.stored]
    if not new:
        return set()
    landed = await store.landings_of(connection, known.landed)
    activated = [click for click in new if click.hit_class == "prefetch" and click.id in landed]
    for click in activated:
        _activate(click, landed[click.id])
    in_company = _in_company(new, known.near | {click.id for click in activated})
    deltas = await _judge(connection, in_company, (), landed)
    await _make_partitions(connection, new)
    await store.insert_clicks(connection, new)
    deltas.update(map(rollup_key, new))
    await store.add_to_rollups(connection, deltas)
    named = [click for click in new if click.id in known.named]
    await join_clicks(connection, [ArrivedClick(click.workspace_id, click.id, click.time_ms) for click in named])
    return _links_counted(deltas)


async def clicks_landed(connection: AsyncConnection, click_ids: Iterable[bytes]) -> set[str]:
    """Landings with these click ids were just stored: prefetches become clicks, and duplicates are judged anew. Returns
    the links that have more human clicks now."""
    found = await store.read_clicks(connection, click_ids)
    landed = await store.landings_of(connection, found)
    chained = [click for click in found.values() if click.hit_class in ("human", "duplicate")]
    prefetched = [click for click in found.values() if click.hit_class == "prefetch" and click.id in landed]
    counted_as = [rollup_key(click) for click in prefetched]
    for click in prefetched:
        _activate(click, landed[click.id])
    deltas = await _judge(connection, prefetched, chained, landed)
    deltas.subtract(counted_as)
    deltas.update(rollup_key(click) for click in prefetched)
    await store.update_clicks(connection, prefetched)
    await store.add_to_rollups(connection, deltas)
    await join_clicks(connection, [ArrivedClick(click.workspace_id, click.id, click.time_ms) for click in prefetched])
    return _links_counted(deltas)


def _in_company(new: Iterable[Click], near: set[bytes]) -> list[Click]:
    """The human clicks that may be tied to another: to a stored one that is near, to one that comes with them, or
    to one across midnight, which has another hash."""
    humans = [click for click in new if click.hit_class == "human"]
    of_visitor = Counter(click.visitor_hash for click in humans)
    return [
        click
        for click in humans
        if of_visitor[click.visitor_hash] > 1 or click.id in near or is_around_midnight(click.time_ms)
    ]


def _links_counted(deltas: Deltas) -> set[str]:
    return {key.link_id for key, delta in deltas.items() if delta > 0 and key.hit_class == "human"}


def _activate(click: Click | StoredClick, landed: Landed) -> None:
    """The browser had fetched the link ahead; the visitor followed it when the page landed. On another day its visitor
    hash compares with nobody's any more, so there it stands in a chain of its own."""
    if click.time_ms // DAY_MS != landed.first_ms // DAY_MS:
        click.visitor_hash, click.visitor_hash_before = click.id, None
    click.hit_class, click.reason, click.time_ms = "human", ACTIVATED, landed.first_ms


async def _judge(
    connection: AsyncConnection,
    joining: Sequence[Click | StoredClick],
    reconsidered: Sequence[StoredClick],
    landed: Mapping[bytes, Landed],
) -> Deltas:
    """Sets class and alias of the human clicks among `joining`, writes those of stored clicks that change by them or by
    having landed anew, and returns what the latter means for the rollups."""
    humans = {click.id: click for click in joining if click.hit_class == "human"}
    entering = [_in_chain(click, landed) for click in humans.values()]
    again = [_in_chain(click, landed) for click in reconsidered]
    if not entering and not again:
        return Deltas()
    around = await store.neighbours(connection, [*entering, *again])
    landed_around = await store.landings_of(connection, around)
    verdicts = judge(entering, again, [_in_chain(click, landed_around) for click in around.values()])
    for raw, click in humans.items():
        click.alias_of = verdicts.alias_of[raw]
        click.hit_class = "duplicate" if click.alias_of else "human"
    stored = {**around, **{click.id: click for click in reconsidered}}
    return await _rewrite(connection, stored, verdicts)


def _in_chain(click: Click | StoredClick, landed: Mapping[bytes, Landed]) -> ChainClick:
    return ChainClick(
        click.id,
        click.link_id,
        click.time_ms,
        click.visitor_hash,
        click.visitor_hash_before,
        click.visitor,
        landed[click.id].visitors if click.id in landed else frozenset(),
        click.alias_of,
    )


async def _rewrite(connection: AsyncConnection, stored: Mapping[bytes, StoredClick], verdicts: Verdicts) -> Deltas:
    """Writes the verdicts that differ from what is stored, and has the people they concern recomputed."""
    deltas = Deltas()
    changed: list[StoredClick] = []
    concerned: set[Moved] = set()
    for raw, click in stored.items():
        alias_of = verdicts.alias_of.get(raw, click.alias_of)
        if alias_of == click.alias_of:
            continue
        concerned.update(Moved(click.workspace_id, one) for one in (raw, alias_of, click.alias_of) if one)
        changed.append(replace(click, alias_of=alias_of, hit_class="duplicate" if alias_of else "human"))
        deltas[rollup_key(click)] -= 1
        deltas[rollup_key(changed[-1])] += 1
    concerned.update(await store.apply_moves(connection, verdicts.moves))
    await store.update_clicks(connection, changed)
    await _mark(connection, concerned)
    return deltas


async def _mark(connection: AsyncConnection, concerned: Iterable[Moved]) -> None:
    by_workspace: defaultdict[str, list[bytes]] = defaultdict(list)
    for workspace_id, raw in concerned:
        by_workspace[workspace_id].append(raw)
    for workspace_id, click_ids in by_workspace.items():
        await mark_clicks(connection, workspace_id, click_ids, "reclassified")


async def _make_partitions(connection: AsyncConnection, new: Iterable[Click]) -> None:
    """Rows are partitioned by their ids' months, and a few far-off ones must not make every month in between."""
    hours_ms = {click_id.time_ms_of(click.id) // HOUR_MS * HOUR_MS for click in new}
    for time_ms in {_month(hour_ms): hour_ms for hour_ms in sorted(hours_ms)}.values():
        await ensure_partitions(connection, time_ms, time_ms)


def _month(time_ms: int) -> tuple[int, int]:
    at = from_ms(time_ms)
    return at.year, at.month
