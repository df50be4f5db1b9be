"""The SQL of the credit pass: taking dirty identifiers, reading open versions, appending to the ledger.

Everything runs in the pass's one transaction. Lists are asked for in portions, since both engines bound the parameters
of a statement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Row, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from control.attribution.counting import Claim, ClickKey, Counting
from control.attribution.ledger import Reason, State, credits_of
from control.identity.types import Identifier, Touch
from control.store.schema import (
    clicks,
    conversions,
    credit_versions,
    dirty_identifiers,
    event_definitions,
    touch_credits,
)
from shared.clock import DAY_MS

Item = TypeVar("Item")

_PORTION = 1_000  # parameters of one `in (…)`
_PATH_MODEL = "first"  # every model's rows repeat the path; this one's are read


class Mark(NamedTuple):
    """Somebody must be computed anew: everybody whom `identifier` concerns."""

    id: int
    identifier: Identifier
    reason: str


class Definition(NamedTuple):
    """What of an event definition decides credits."""

    version: int
    counting: Counting
    window_ms: int


class OpenVersion(NamedTuple):
    """The version that is in force."""

    id: int
    version: int
    state: State


class NewVersion(NamedTuple):
    """A version to append, and the one that it replaces."""

    conversion_id: str
    replaces: OpenVersion | None
    state: State
    reason: Reason
    not_counted: str  # the counting rule that keeps it out; empty: it counts


async def next_workspace(connection: AsyncConnection, passed_over: Sequence[str]) -> str | None:
    """The workspace whose mark has waited longest, but for those `passed_over`; None when nothing is dirty."""
    query = (
        select(dirty_identifiers.c.workspace_id)
        .where(dirty_identifiers.c.workspace_id.not_in(passed_over))
        .order_by(dirty_identifiers.c.id)
        .limit(1)
    )
    return cast("str | None", await connection.scalar(query))


async def lock_workspace(connection: AsyncConnection, workspace_id: str) -> bool:
    """Hold the workspace's credits until the transaction ends; False when another pass holds them.

    SQLite has one writer at a time, so there is nothing to lock.
    """
    if connection.dialect.name == "sqlite":
        return True
    key = func.hashtextextended("credits:" + workspace_id, 0)
    return bool(await connection.scalar(select(func.pg_try_advisory_xact_lock(key))))


async def waiting_marks(connection: AsyncConnection, workspace_id: str, limit: int) -> list[Mark]:
    """Up to `limit` marks, oldest first, that no other transaction holds; they stay until `remove_marks`."""
    columns = dirty_identifiers.c
    query = (
        select(columns.id, columns.kind, columns.value, columns.reason)
        .where(columns.workspace_id == workspace_id)
        .order_by(columns.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = await connection.execute(query)
    return [Mark(id_, Identifier(kind, value), reason) for id_, kind, value, reason in rows]


async def remove_marks(connection: AsyncConnection, mark_ids: Sequence[int]) -> None:
    """These marks have been dealt with."""
    removing = delete(dirty_identifiers).where(dirty_identifiers.c.id == bindparam("mark_id"))
    await connection.execute(removing, [{"mark_id": mark_id} for mark_id in mark_ids])


async def definitions(connection: AsyncConnection, workspace_id: str) -> dict[str, Definition]:
    """The workspace's event definitions by id, archived ones too: their conversions keep their credits."""
    query = select(
        event_definitions.c.id,
        event_definitions.c.version,
        event_definitions.c.counting,
        event_definitions.c.window_days,
    ).where(event_definitions.c.workspace_id == workspace_id)
    return {
        definition_id: Definition(version, counting, window_days * DAY_MS)
        for definition_id, version, counting, window_days in await connection.execute(query)
    }


async def claims_on(
    connection: AsyncConnection, workspace_id: str, keys: Collection[ClickKey]
) -> dict[ClickKey, list[Claim]]:
    """Every conversion that states the click of one of these keys, or a duplicate of it, whoever's it is.

    Its time is the history's: never earlier than the click that it states. Indexes: ix_clicks_alias_of, then
    ix_conversions_click.
    """
    claims: dict[ClickKey, list[Claim]] = {key: [] for key in keys}
    for portion in _portions({key.click_id for key in keys}):
        duplicates = select(clicks.c.id).where(clicks.c.workspace_id == workspace_id, clicks.c.alias_of.in_(portion))
        query = (
            select(
                conversions.c.definition_id,
                func.coalesce(clicks.c.alias_of, conversions.c.click_id),
                conversions.c.time_ms,
                clicks.c.time_ms,
                conversions.c.id,
                conversions.c.counted,
            )
            .outerjoin(clicks, clicks.c.id == conversions.c.click_id)
            .where(
                conversions.c.workspace_id == workspace_id,
                or_(conversions.c.click_id.in_(portion), conversions.c.click_id.in_(duplicates)),
            )
        )
        for definition_id, click_id, stated_ms, click_ms, conversion_id, counted in await connection.execute(query):
            rivals = claims.get(ClickKey(definition_id, click_id))
            if rivals is not None:
                rivals.append(Claim(max(stated_ms, click_ms or 0), conversion_id, counted))
    return claims


async def open_versions(connection: AsyncConnection, conversion_ids: Sequence[str]) -> dict[str, OpenVersion]:
    """The open version of each conversion that has one. Index: ix_credit_versions_open."""
    found: dict[str, OpenVersion] = {}
    for portion in _portions(conversion_ids):
        query = select(credit_versions).where(
            credit_versions.c.conversion_id.in_(portion), credit_versions.c.closed_ms.is_(None)
        )
        rows = (await connection.execute(query)).all()
        paths = await read_paths(connection, [row.id for row in rows if row.touches])
        found |= {row.conversion_id: _open_version(row, paths.get(row.id, ())) for row in rows}
    return found


async def read_paths(connection: AsyncConnection, version_ids: Sequence[int]) -> dict[int, tuple[Touch, ...]]:
    """The path of each version that has one, earliest touch first. Index: the primary key."""
    columns = touch_credits.c
    found: dict[int, list[Touch]] = {}
    for portion in _portions(version_ids):
        query = (
            select(
                columns.version_id,
                columns.touch_kind,
                columns.touch_id,
                columns.touch_ms,
                columns.link_id,
                columns.campaign_id,
                columns.channel,
            )
            .where(columns.version_id.in_(portion), columns.model == _PATH_MODEL)
            .order_by(columns.version_id, columns.position)
        )
        for version_id, *touch in await connection.execute(query):
            found.setdefault(version_id, []).append(Touch(*touch))
    return {version_id: tuple(touches) for version_id, touches in found.items()}


async def append(connection: AsyncConnection, workspace_id: str, versions: Sequence[NewVersion], now_ms: int) -> None:
    """Close what is replaced, open the new versions, and write their credits."""
    if not versions:
        return
    replaced = [{"replaced_id": new.replaces.id} for new in versions if new.replaces]
    if replaced:
        closing = update(credit_versions).where(credit_versions.c.id == bindparam("replaced_id"))
        await connection.execute(closing.values(closed_ms=now_ms), replaced)
    rows = [_version_row(workspace_id, new, now_ms) for new in versions]
    inserting = insert(credit_versions).returning(credit_versions.c.conversion_id, credit_versions.c.id)
    ids = {row.conversion_id: row.id for row in await connection.execute(inserting, rows)}
    credited = [row for new in versions for row in _credit_rows(ids[new.conversion_id], new.state)]
    if credited:
        await connection.execute(insert(touch_credits), credited)
    await _note_counting(connection, versions)


async def _note_counting(connection: AsyncConnection, versions: Sequence[NewVersion]) -> None:
    """Keep `conversions.counted` in step, which is true until something says otherwise."""
    changed = [
        {"changed_id": new.conversion_id, "counts": new.state.counted, "rule": new.not_counted}
        for new in versions
        if not new.state.counted or (new.replaces and not new.replaces.state.counted)
    ]
    if changed:
        noting = update(conversions).where(conversions.c.id == bindparam("changed_id"))
        await connection.execute(noting.values(counted=bindparam("counts"), not_counted=bindparam("rule")), changed)


def _open_version(row: Row[Any], path: tuple[Touch, ...]) -> OpenVersion:
    state = State(path=path, **{field: getattr(row, field) for field in State._fields if field != "path"})
    return OpenVersion(row.id, row.version, state)


def _version_row(workspace_id: str, new: NewVersion, now_ms: int) -> dict[str, object]:
    state = new.state._asdict()
    path = state.pop("path")
    return {
        "workspace_id": workspace_id,
        "conversion_id": new.conversion_id,
        "version": new.replaces.version + 1 if new.replaces else 1,
        "reason": new.reason,
        "touches": len(path),
        "opened_ms": now_ms,
        **state,
    }


def _credit_rows(version_id: int, state: State) -> Iterator[dict[str, object]]:
    for model, given in credits_of(state):
        for position, (touch, share) in enumerate(zip(state.path, given, strict=True), start=1):
            yield {
                "version_id": version_id,
                "model": model.name,
                "position": position,
                "touch_kind": touch.kind,
                "touch_id": touch.id,
                "touch_ms": touch.time_ms,
                "link_id": touch.link_id,
                "campaign_id": touch.campaign_id,
                "channel": touch.channel,
                "weight": share.weight,
                "credit": share.credit,
                "value": share.value,
                "net_value": share.net_value,
            }


def _portions(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while portion := list(islice(rest, _PORTION)):
        yield portion
