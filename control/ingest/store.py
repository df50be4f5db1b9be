"""The SQL of clicks, landings, rollups and streams. Callers hold the workspaces' lock (`control.store.locks`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control.ingest.classify import HitClass
from control.ingest.duplicates import ChainClick, Move
from control.ingest.enrich import Click, LinkFacts
from control.ingest.types import ROLLUP_BUCKET_MS
from control.ingest.visitors import DUPLICATE_GAP_MS, SLOT_MS
from control.store.append import append
from control.store.partitions import made_between
from control.store.plans import planned_anew
from control.store.rowset import rowset, slices
from control.store.schema import clicks
from shared import click_id
from shared.clock import DAY_MS

_CLICK_COLUMNS = tuple(column.name for column in clicks.columns)


async def links_of(connection: AsyncConnection, link_ids: Iterable[str]) -> dict[str, LinkFacts]:
    """The links among these ids that exist, archived ones too: what happened on a link stays its own."""
    wanted = [(link_id,) for link_id in set(link_ids)]
    if not wanted:
        return {}
    found = await rowset(connection, "wanted", {"id": "text"}, wanted).fetch(
        "select l.id, l.workspace_id, l.campaign_id, l.channel from wanted cross join links l where l.id = wanted.id"
    )
    return {row[0]: LinkFacts(*row) for row in found}


async def workspaces_of(connection: AsyncConnection, workspace_ids: Iterable[str]) -> set[str]:
    """Which of these workspaces exist."""
    wanted = [(workspace_id,) for workspace_id in set(workspace_ids)]
    if not wanted:
        return set()
    found = await rowset(connection, "wanted", {"id": "text"}, wanted).fetch(
        "select w.id from wanted cross join workspaces w where w.id = wanted.id"
    )
    return {row[0] for row in found}


class Known(NamedTuple):
    """What is there already about clicks that arrive: which of them are stored, landed (robots aside), named by a
    conversion or an observation, or near a stored click of their chain."""

    stored: set[bytes]
    landed: set[bytes]
    named: set[bytes]
    near: set[bytes]


_ARRIVED = {
    "id": "bytea",
    "value": "text",
    "workspace_id": "text",
    "link_id": "text",
    "hash": "bytea",
    "time_ms": "bigint",
}


def _slot(step_ms: int) -> str:
    return f"((a.time_ms + {step_ms}) / {SLOT_MS})"


def _near(step_ms: int) -> str:
    return f"""(
        select 1 from clicks c
        where c.link_id = a.link_id and c.time_ms / {SLOT_MS} = {_slot(step_ms)} and c.visitor_hash = a.hash
          and c.time_ms >= a.time_ms - {DUPLICATE_GAP_MS} and c.time_ms <= a.time_ms + {DUPLICATE_GAP_MS}
          and c.class in ('human', 'duplicate') and {{in_partitions}}
        limit 1
    )"""


# By the primary key of clicks, ix_landings_click, ix_conversions_click, the unique index of observations (`click` sorts
# before all other kinds, so it is always `a`) and ix_clicks_link_chain. Nothing is found for most clicks, so one
# statement looks everywhere. Scalar subqueries, since Postgres may turn `exists` into a join that reads a whole table.
_KNOWN = f"""
select * from (
    select
        a.id,
        (select 1 from clicks c where c.id = a.id and {{in_partitions}}) as stored,
        (select 1 from landings l where l.click_id = a.id and l.reason not like 'bot:%' limit 1) as landed,
        coalesce(
            (select 1 from conversions c where c.workspace_id = a.workspace_id and c.click_id = a.id limit 1),
            (select 1 from observations o
             where o.workspace_id = a.workspace_id and o.a_kind = 'click' and o.a_value = a.value limit 1)
        ) as named,
        coalesce({_near(-DUPLICATE_GAP_MS)}, case
            when {_slot(-DUPLICATE_GAP_MS)} <> {_slot(DUPLICATE_GAP_MS)} then {_near(DUPLICATE_GAP_MS)}
        end) as near
    from a
) as known
where stored = 1 or landed = 1 or named = 1 or near = 1
"""


async def known_of(connection: AsyncConnection, arrived: Collection[Click]) -> Known:
    """What is known of these clicks already."""
    known = Known(set(), set(), set(), set())
    if not arrived:
        return known
    ids = [one.id for one in arrived]
    first_ms, last_ms = click_id.time_ms_of(min(ids)), click_id.time_ms_of(max(ids))
    # A day more on either side: the ids of a chain may be by clocks that are off.
    partitions = made_between(connection, "c.id", max(0, first_ms - DAY_MS), last_ms + DAY_MS)
    rows = [
        (one.id, click_id.encode(one.id), one.workspace_id, one.link_id, one.visitor_hash, one.time_ms)
        for one in arrived
    ]
    async with planned_anew(connection):
        found = await rowset(connection, "a", _ARRIVED, rows).fetch(_KNOWN.format(in_partitions=partitions))
    for raw, *is_so in found:
        for among, is_there in zip(known, is_so, strict=True):
            if is_there:
                among.add(raw)
    return known


async def insert_clicks(connection: AsyncConnection, new: Sequence[Click]) -> None:
    """Stores clicks that are not there yet. On Postgres raises IntegrityError when another transaction stored one of
    them meanwhile: the batch is then tried again and finds it."""
    await append(connection, "clicks", _CLICK_COLUMNS, [msgspec.structs.astuple(click) for click in new])


@dataclass(slots=True)
class StoredClick:
    """What a change of a stored click needs; the fields are those of `Click`."""

    id: bytes
    workspace_id: str
    link_id: str
    campaign_id: str | None
    channel: str
    time_ms: int
    hit_class: HitClass
    reason: str
    alias_of: bytes | None
    visitor: bytes | None
    visitor_hash: bytes
    visitor_hash_before: bytes | None


_STORED = (
    "c.id, c.workspace_id, c.link_id, c.campaign_id, c.channel, c.time_ms, c.class, c.reason, c.alias_of, c.visitor,"
    " c.visitor_hash, c.visitor_hash_before"
)


async def read_clicks(connection: AsyncConnection, ids: Iterable[bytes]) -> dict[bytes, StoredClick]:
    """The clicks among these ids that are stored."""
    wanted = [(raw,) for raw in set(ids)]
    if not wanted:
        return {}
    found = await rowset(connection, "wanted", {"id": "bytea"}, wanted).fetch(
        f"select {_STORED} from wanted cross join clicks c where c.id = wanted.id"
    )
    return {row[0]: StoredClick(*row) for row in found}


# Chains: index ix_clicks_link_chain, and ix_clicks_link_visitor_before across midnight. A click that is near enough
# stands in the same slot of time or in the next one, and each is a range of the index. The bounds on the id follow from
# the click's own (one edge's clock is off for both alike) and leave Postgres one or two partitions.
_PROBE = {"link_id": "text", "hash": "bytea", "time_ms": "bigint", "id": "bytea", "low": "bytea", "high": "bytea"}
_IN_CHAIN = "c.link_id = p.link_id and c.class in ('human', 'duplicate') and c.id >= p.low and c.id <= p.high"


def _before(chain: str) -> str:
    return f"""(
        select c.id from clicks c
        where {_IN_CHAIN} and {chain}
          and c.time_ms >= p.time_ms - {DUPLICATE_GAP_MS} and (c.time_ms, c.id) < (p.time_ms, p.id)
        order by c.time_ms desc, c.id desc limit 1
    )"""


def _after(chain: str) -> str:
    return f"""(
        select c.id from clicks c
        where {_IN_CHAIN} and {chain}
          and c.time_ms <= p.time_ms + {DUPLICATE_GAP_MS} and (c.time_ms, c.id) > (p.time_ms, p.id)
        order by c.time_ms, c.id limit 1
    )"""


def _in_slot(step: int) -> str:
    return f"c.time_ms / {SLOT_MS} = p.time_ms / {SLOT_MS} + {step} and c.visitor_hash = p.hash"


_BEFORE = f"coalesce({_before(_in_slot(0))}, {_before(_in_slot(-1))})"
_AFTER = f"coalesce({_after(_in_slot(0))}, {_after(_in_slot(1))})"
_AFTER_MIDNIGHT = _after("c.visitor_hash_before = p.hash")


async def neighbours(connection: AsyncConnection, judged: Sequence[ChainClick]) -> dict[bytes, StoredClick]:
    """The stored clicks right before and right after each of these in their chains, as far as they may be tied."""
    before_midnight = [one for one in judged if DAY_MS - one.time_ms % DAY_MS <= DUPLICATE_GAP_MS]
    after_midnight = [one for one in judged if one.visitor_hash_before is not None]
    found: set[bytes] = set()
    async with planned_anew(connection):
        for probes, columns in (
            ([_probe(one, one.visitor_hash) for one in judged], f"{_BEFORE}, {_AFTER}"),
            ([_probe(one, one.visitor_hash_before) for one in after_midnight], _BEFORE),
            ([_probe(one, one.visitor_hash) for one in before_midnight], _AFTER_MIDNIGHT),
        ):
            if probes:
                rows = await rowset(connection, "p", _PROBE, probes).fetch(f"select {columns} from p")
                found.update(raw for row in rows for raw in row if raw is not None)
    return await read_clicks(connection, found - {one.id for one in judged})


def _probe(click: ChainClick, visitor_hash: bytes | None) -> tuple[str, bytes | None, int, bytes, bytes, bytes]:
    made_ms = click_id.time_ms_of(click.id)
    low, high = click_id.least_at(max(0, made_ms - DAY_MS)), click_id.least_at(made_ms + DAY_MS)
    return click.link_id, visitor_hash, click.time_ms, click.id, low, high


class Landed(NamedTuple):
    """Landings of one click: with which visitor ids, and when first."""

    visitors: frozenset[bytes]
    first_ms: int


async def landings_of(connection: AsyncConnection, click_ids: Iterable[bytes]) -> dict[bytes, Landed]:
    """What landed with these click ids, robots aside. Index ix_landings_click."""
    wanted = [(raw,) for raw in set(click_ids)]
    if not wanted:
        return {}
    found = await rowset(connection, "wanted", {"id": "bytea"}, wanted).fetch(
        "select l.click_id, l.visitor_id, l.time_ms from wanted cross join landings l"
        " where l.click_id = wanted.id and l.reason not like 'bot:%'"
    )
    visitors: defaultdict[bytes, set[bytes]] = defaultdict(set)
    first_ms: dict[bytes, int] = {}
    for raw, visitor_id, time_ms in found:
        first_ms[raw] = min(time_ms, first_ms.get(raw, time_ms))
        if visitor_id is not None:
            visitors[raw].add(visitor_id)
    return {raw: Landed(frozenset(visitors[raw]), at) for raw, at in first_ms.items()}


class Moved(NamedTuple):
    workspace_id: str
    id: bytes


async def apply_moves(connection: AsyncConnection, moves: Iterable[Move]) -> list[Moved]:
    """Gives aliases their new first click; returns the aliases that moved. Index ix_clicks_alias_of."""
    moved: list[Moved] = []
    columns = {"old": "bytea", "time_ms": "bigint", "id": "bytea", "new": "bytea"}
    for move in moves:
        rows = await rowset(connection, "move", columns, [(move.old, *move.after, move.new)]).fetch(
            "update clicks set alias_of = (select new from move)"
            " where alias_of = (select old from move)"
            " and (time_ms, id) > (select time_ms, id from move) returning workspace_id, id"
        )
        moved.extend(Moved(*row) for row in rows)
    return moved


_CHANGING = {
    "class": "text",
    "reason": "text",
    "alias_of": "bytea",
    "time_ms": "bigint",
    "visitor_hash": "bytea",
    "visitor_hash_before": "bytea",
}


async def update_clicks(connection: AsyncConnection, changed: Sequence[StoredClick]) -> None:
    """Writes what judging a click again, or the landing of a prefetch, may change."""
    rows = [
        (one.id, one.hit_class, one.reason, one.alias_of, one.time_ms, one.visitor_hash, one.visitor_hash_before)
        for one in changed
    ]
    columns = {"id": "bytea"} | _CHANGING
    assignments = ", ".join(f"{name} = changed.{name}" for name in _CHANGING)
    for some in slices(columns, rows):
        await rowset(connection, "changed", columns, some).run(
            f"update clicks set {assignments} from changed where clicks.id = changed.id"
        )


class RollupKey(NamedTuple):
    workspace_id: str
    bucket_ms: int
    link_id: str
    campaign_id: str
    channel: str
    hit_class: str


def rollup_key(click: Click | StoredClick) -> RollupKey:
    """The bucket that a click is counted in."""
    bucket_ms = click.time_ms - click.time_ms % ROLLUP_BUCKET_MS
    return RollupKey(
        click.workspace_id, bucket_ms, click.link_id, click.campaign_id or "", click.channel, click.hit_class
    )


async def add_to_rollups(connection: AsyncConnection, deltas: Mapping[RollupKey, int]) -> None:
    """Adds to buckets, in the order of their keys, so that writers wait for each other instead of deadlocking."""
    rows = [(*key, delta) for key, delta in sorted(deltas.items()) if delta]
    columns = dict.fromkeys(("workspace_id", "bucket_ms", "link_id", "campaign_id", "channel", "class"), "text")
    columns |= {"bucket_ms": "bigint", "count": "bigint"}
    for some in slices(columns, rows):
        await rowset(connection, "deltas", columns, some).run(
            "insert into click_rollups (workspace_id, bucket_ms, link_id, campaign_id, channel, class, count)"
            " select * from deltas where true"
            " on conflict (workspace_id, bucket_ms, link_id, campaign_id, channel, class)"
            " do update set count = click_rollups.count + excluded.count"
        )
