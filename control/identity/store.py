"""All SQL of identity. Any number of identifiers travel in one parameter, so that a query's text never changes and one
round trip serves one visitor as well as thirty thousand.

`listed` is that parameter as a table. `cross join` is an inner join on both engines; SQLite also takes it as the order
of the loops, which must start at `listed`: each row of it then costs one search of an index. SQLite is told which one
where a query says `{ix_…}`: without statistics it prefers any other index that starts with the workspace, and reads all
of it for each row (seen: 12 s for 2 000 people instead of 0.2 s).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache
from typing import Any, NamedTuple, cast

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from control.identity.types import Identifier, Observation, Source
from shared import click_id

_ID_BYTES = click_id.CLICK_ID_BYTES

# Texts come as a JSON array of arrays, ids as the concatenation of their 16 bytes; both follow `with recursive`.
_TEXTS = {
    "sqlite": """listed(kind, value, person_id) as (
        select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
        from json_each(:listed)
    )""",
    "postgresql": """listed(kind, value, person_id) as (
        select item->>0, item->>1, item->>2 from jsonb_array_elements(cast(:listed as jsonb)) as item
    )""",
}
_IDS = {
    "sqlite": f"""numbers(n) as (select 0 union all select n + 1 from numbers where n + 1 < :count),
    listed(id) as (select substr(:listed, 1 + n * {_ID_BYTES}, {_ID_BYTES}) from numbers)""",
    "postgresql": f"""listed(id) as (
        select substring(cast(:listed as bytea) from 1 + n * {_ID_BYTES} for {_ID_BYTES})
        from generate_series(0, cast(:count as integer) - 1) as n
    )""",
}


class ClickRow(NamedTuple):
    id: bytes
    time_ms: int
    link_id: str
    campaign_id: str | None
    channel: str
    kind: str  # the click's class
    reason: str
    alias_of: bytes | None


class VisitRow(NamedTuple):
    id: bytes
    visitor_id: bytes
    time_ms: int
    channel: str
    reason: str


class ConversionRow(NamedTuple):
    id: str
    definition_id: str
    name: str
    time_ms: int
    received_ms: int
    click_id: bytes | None
    visitor_id: bytes | None
    customer: str
    email_hash: str
    amount: int | None
    currency: str | None
    order_id: str
    source: str


class RefundRow(NamedTuple):
    id: str
    conversion_id: str
    time_ms: int
    amount: int | None


async def observations_of(
    connection: AsyncConnection,
    workspace_id: str,
    identifiers: Iterable[Identifier],
    without: Set[Identifier] = frozenset(),
) -> set[Observation]:
    """Every observation that names one of these and none of `without`. By the unique constraint's index and
    ix_observations_b."""
    columns = "o.a_kind, o.a_value, o.b_kind, o.b_value, o.time_ms, o.source"
    rows = await _by_texts(
        connection,
        f"""
        with recursive {{listed}}
        select {columns} from listed cross join observations as o
        where o.workspace_id = :workspace_id and o.a_kind = listed.kind and o.a_value = listed.value
        union all
        select {columns} from listed cross join observations as o {{ix_observations_b}}
        where o.workspace_id = :workspace_id and o.b_kind = listed.kind and o.b_value = listed.value
        """,
        identifiers,
        workspace_id=workspace_id,
    )
    stated = (
        Observation(Identifier(a_kind, a_value), Identifier(b_kind, b_value), time_ms, cast("Source", source))
        for a_kind, a_value, b_kind, b_value, time_ms, source in rows
    )
    return {one for one in stated if one.a not in without and one.b not in without}


async def named_with_clicks(
    connection: AsyncConnection, workspace_id: str, click_ids: Iterable[bytes]
) -> set[Identifier]:
    """Those of these clicks that an observation or a conversion names, and what observations name beside them. By the
    unique constraint's index and ix_conversions_click."""
    clicks = {one: Identifier("click", click_id.encode(one)) for one in click_ids}
    observed = await observations_of(connection, workspace_id, clicks.values())
    stated = await _by_ids(
        connection,
        """
        with recursive {listed}
        select distinct c.click_id from listed cross join conversions as c {ix_conversions_click}
        where c.click_id = listed.id and c.workspace_id = :workspace_id
        """,
        clicks,
        workspace_id=workspace_id,
    )
    return {end for one in observed for end in (one.a, one.b)} | {clicks[row[0]] for row in stated}


async def met_by_more_than(
    connection: AsyncConnection, workspace_id: str, identifiers: Iterable[Identifier], limit: int
) -> set[Identifier]:
    """Which of these clicks and recipients were met by more than `limit` visitors, which e-mail hashes by more than
    `limit` customers. Stops counting there: a click id that went round the world costs no more than another. By the
    same two indexes."""
    rows = await _by_texts(
        connection,
        """
        with recursive {listed}
        select kind, value from listed where kind = 'click' and :enough <= (
            select count(*) from (
                select distinct o.b_value from observations as o
                where o.workspace_id = :workspace_id and o.a_kind = 'click' and o.a_value = listed.value
                    and o.b_kind = 'visitor'
                limit :enough
            ) as visitors
        )
        union all
        select kind, value from listed where kind = 'recipient' and :enough <= (
            select count(*) from (
                select o.b_value from observations as o
                where o.workspace_id = :workspace_id and o.a_kind = 'recipient' and o.a_value = listed.value
                    and o.b_kind = 'visitor'
                union
                select landing.b_value from observations as o {ix_observations_b} cross join observations as landing
                where o.workspace_id = :workspace_id and o.b_kind = 'recipient' and o.b_value = listed.value
                    and o.a_kind = 'click' and landing.workspace_id = :workspace_id and landing.a_kind = 'click'
                    and landing.a_value = o.a_value and landing.b_kind = 'visitor'
                limit :enough
            ) as visitors
        )
        union all
        select kind, value from listed where kind = 'email' and :enough <= (
            select count(*) from (
                select distinct o.a_value from observations as o {ix_observations_b}
                where o.workspace_id = :workspace_id and o.b_kind = 'email' and o.b_value = listed.value
                    and o.a_kind = 'customer'
                limit :enough
            ) as customers
        )
        """,
        (one for one in identifiers if one.kind in ("click", "recipient", "email")),
        workspace_id=workspace_id,
        enough=limit + 1,
    )
    return {Identifier(kind, value) for kind, value in rows}


async def indexed_with(
    connection: AsyncConnection, workspace_id: str, identifiers: Iterable[Identifier]
) -> dict[Identifier, str]:
    """The person that the index has for each of these, and all others that it has for the same people. By the index's
    primary key, then ix_identifiers_person."""
    rows = await _by_texts(
        connection,
        """
        with recursive {listed},
        people as (
            select distinct i.person_id from listed cross join identifiers as i
            where i.workspace_id = :workspace_id and i.kind = listed.kind and i.value = listed.value
        )
        select i.kind, i.value, i.person_id from people cross join identifiers as i {ix_identifiers_person}
        where i.person_id = people.person_id and i.workspace_id = :workspace_id
        """,
        identifiers,
        workspace_id=workspace_id,
    )
    return {Identifier(kind, value): person_id for kind, value, person_id in rows}


async def write_index(connection: AsyncConnection, workspace_id: str, people: Mapping[Identifier, str]) -> None:
    """Have the index say that these identifiers are these people's. Sorted, so that two writers cannot deadlock."""
    await _by_texts(
        connection,
        """
        insert into identifiers (workspace_id, kind, value, person_id)
        with recursive {listed}
        select cast(:workspace_id as text), kind, value, person_id from listed where true order by kind, value
        on conflict (workspace_id, kind, value) do update set person_id = excluded.person_id
        returning kind
        """,
        [(*one, person_id) for one, person_id in people.items()],
        workspace_id=workspace_id,
    )


async def clicks_by_id(connection: AsyncConnection, workspace_id: str, click_ids: Iterable[bytes]) -> list[ClickRow]:
    """Those of these clicks that have arrived, and every duplicate of one of them. By the primary key and
    ix_clicks_alias_of."""
    columns = "c.id, c.time_ms, c.link_id, c.campaign_id, c.channel, c.class, c.reason, c.alias_of"
    rows = await _by_ids(
        connection,
        f"""
        with recursive {{listed}}
        select {columns} from listed cross join clicks as c where c.id = listed.id and c.workspace_id = :workspace_id
        union all
        select {columns} from listed cross join clicks as c {{ix_clicks_alias_of}}
        where c.alias_of = listed.id and c.workspace_id = :workspace_id
        """,
        click_ids,
        workspace_id=workspace_id,
    )
    return [ClickRow(*row) for row in rows]


async def visits_of(connection: AsyncConnection, workspace_id: str, visitor_ids: Iterable[bytes]) -> list[VisitRow]:
    """The visitors' landings that began a visit, whether they are touches or not. By ix_landings_visitor_time."""
    rows = await _by_ids(
        connection,
        """
        with recursive {listed}
        select v.id, v.visitor_id, v.time_ms, v.channel, v.reason
        from listed cross join landings as v {ix_landings_visitor_time}
        where v.workspace_id = :workspace_id and v.visitor_id = listed.id and v.reason not in ('click', 'session')
        """,
        visitor_ids,
        workspace_id=workspace_id,
    )
    return [VisitRow(*row) for row in rows]


async def conversions_of(
    connection: AsyncConnection, workspace_id: str, identifiers: Sequence[Identifier]
) -> dict[str, ConversionRow]:
    """The conversions that state one of these identifiers, or are one of them, by id. By ix_conversions_customer,
    ix_conversions_email and the primary key; ix_conversions_visitor; ix_conversions_click."""
    columns = ", ".join(f"c.{name}" for name in ConversionRow._fields)
    select = f"select {columns} from listed cross join conversions as c"
    rows = await _by_texts(
        connection,
        f"""
        with recursive {{listed}}
        {select} {{ix_conversions_customer}}
        where c.workspace_id = :workspace_id and c.customer = listed.value and listed.kind = 'customer'
        union all
        {select} {{ix_conversions_email}}
        where c.workspace_id = :workspace_id and c.email_hash = listed.value and listed.kind = 'email'
        union all
        {select} where c.workspace_id = :workspace_id and c.id = listed.value and listed.kind = 'conversion'
        """,
        (one for one in identifiers if one.kind in ("customer", "email", "conversion")),
        workspace_id=workspace_id,
    )
    for kind in ("visitor", "click"):
        rows += await _by_ids(
            connection,
            f"""
            with recursive {{listed}}
            {select} {{ix_conversions_{kind}}}
            where c.workspace_id = :workspace_id and c.{kind}_id = listed.id
            """,
            raw_ids(identifiers, kind),
            workspace_id=workspace_id,
        )
    return {row[0]: ConversionRow(*row) for row in rows}


async def refunds_of(connection: AsyncConnection, workspace_id: str, conversion_ids: Iterable[str]) -> list[RefundRow]:
    """These conversions' refunds, in (time, id) order. By ix_refunds_conversion."""
    rows = await _by_texts(
        connection,
        """
        with recursive {listed}
        select r.id, r.conversion_id, r.time_ms, r.amount from listed cross join refunds as r {ix_refunds_conversion}
        where r.conversion_id = listed.value and r.workspace_id = :workspace_id
        order by r.time_ms, r.id
        """,
        (("conversion", conversion_id) for conversion_id in conversion_ids),
        workspace_id=workspace_id,
    )
    return [RefundRow(*row) for row in rows]


def raw_ids(identifiers: Iterable[Identifier], kind: str) -> list[bytes]:
    """The 16 bytes of those identifiers that are of `kind`, click or visitor."""
    raw = (click_id.decode(one.value) for one in identifiers if one.kind == kind)
    return [one for one in raw if one is not None]


async def _by_texts(
    connection: AsyncConnection, sql: str, texts: Iterable[Identifier | tuple[str, ...]], **parameters: str | int
) -> list[Any]:
    listed = list(texts)
    if not listed:
        return []
    encoded = msgspec.json.encode(listed).decode()
    statement = _statement(sql, _TEXTS[connection.dialect.name], connection.dialect.name)
    result = await connection.execute(statement, {"listed": encoded, **parameters})
    return list(result.all())


async def _by_ids(connection: AsyncConnection, sql: str, raw: Iterable[bytes], **parameters: str | int) -> list[Any]:
    listed = list(raw)
    if not listed:
        return []
    statement = _statement(sql, _IDS[connection.dialect.name], connection.dialect.name)
    result = await connection.execute(statement, {"listed": b"".join(listed), "count": len(listed), **parameters})
    return list(result.all())


@cache
def _statement(sql: str, listed: str, dialect: str) -> TextClause:
    hint = r"indexed by \1" if dialect == "sqlite" else ""
    return text(re.sub(r"\{(ix_\w+)\}", hint, sql.replace("{listed}", listed)))
