"""The SQL of recording conversions. Callers hold the workspaces' lock (`control.store.locks`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from control.conversions.standing import Definition, Standing
from control.conversions.types import ConversionReport, Held
from control.store.rowset import rowset
from shared.ids import new_id

_reports = msgspec.json.Decoder(ConversionReport)

# What a repeat by the same source must say again. A page that is reloaded has another age, and perhaps another address;
# a server's request is its own words.
_OWN_WORDS = ("name", "order_id", "amount", "currency", "customer", "email_hash", "props")
_SERVER_WORDS = (*_OWN_WORDS, "click_id", "visitor_id")


def fingerprint(report: ConversionReport) -> bytes:
    """SHA-256 of what a report says: equal for a repeat of it."""
    words = _OWN_WORDS if report.source == "browser" else _SERVER_WORDS
    said = {word: getattr(report, word) for word in words}
    if report.source != "browser" and report.time_stated:
        said["time_ms"] = report.time_ms
    return sha256(msgspec.json.encode(said, order="sorted")).digest()


async def active_definitions(
    connection: AsyncConnection, names: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Definition]:
    """Definitions by (workspace, name), archived ones left out."""
    found = await rowset(connection, "named", {"workspace_id": "text", "name": "text"}, sorted(set(names))).fetch(
        "select d.id, d.workspace_id, d.name, d.default_amount, d.default_currency"
        " from named cross join event_definitions d"
        " where d.workspace_id = named.workspace_id and d.name = named.name and d.archived_ms is null"
    )
    return {(row[1], row[2]): Definition(*row) for row in found}


class Claim(NamedTuple):
    """An event key and the conversion that it shall belong to, unless it belongs to one already."""

    workspace_id: str
    key_hash: bytes
    conversion_id: str


async def claim_keys(connection: AsyncConnection, claims: Sequence[Claim], now_ms: int) -> dict[tuple[str, bytes], str]:
    """Which conversion each key belongs to, for good. Two transactions that claim one key wait for each other."""
    columns = {"workspace_id": "text", "key_hash": "bytea", "conversion_id": "text", "created_ms": "bigint"}
    wanted = rowset(connection, "claims", columns, [(*claim, now_ms) for claim in sorted(claims)])
    await wanted.run(
        "insert into event_keys (workspace_id, key_hash, conversion_id, created_ms)"
        " select * from claims where true"
        " on conflict (workspace_id, key_hash) do nothing"
    )
    found = await wanted.fetch(
        "select k.workspace_id, k.key_hash, k.conversion_id from claims cross join event_keys k"
        " where k.workspace_id = claims.workspace_id and k.key_hash = claims.key_hash"
    )
    return {(row[0], row[1]): row[2] for row in found}


class StoredReport(NamedTuple):
    fingerprint: bytes
    report: ConversionReport


async def reports_of(connection: AsyncConnection, conversion_ids: Iterable[str]) -> dict[str, list[StoredReport]]:
    """The stored reports of each conversion that is still there, the conversion's row locked."""
    wanted = [(one,) for one in sorted(set(conversion_ids))]
    reports: dict[str, list[StoredReport]] = {}
    if not wanted:
        return reports
    lock = " for update of c" if connection.dialect.name == "postgresql" else ""
    rows = rowset(connection, "wanted", {"id": "text"}, wanted)
    for row in await rows.fetch(f"select c.id from wanted cross join conversions c where c.id = wanted.id{lock}"):
        reports[row[0]] = []
    for conversion_id, digest, body in await rows.fetch(
        "select r.conversion_id, r.body_sha256, r.body from wanted cross join conversion_reports r"
        " where r.conversion_id = wanted.id"
    ):
        reports[conversion_id].append(StoredReport(digest, _reports.decode(body)))
    return reports


async def click_times(connection: AsyncConnection, click_ids: Iterable[bytes]) -> dict[bytes, tuple[str, int]]:
    """Workspace and time of those of these clicks that are stored."""
    wanted = [(one,) for one in set(click_ids)]
    if not wanted:
        return {}
    found = await rowset(connection, "wanted", {"id": "bytea"}, wanted).fetch(
        "select c.id, c.workspace_id, c.time_ms from wanted cross join clicks c where c.id = wanted.id"
    )
    return {row[0]: (row[1], row[2]) for row in found}


async def is_matched(connection: AsyncConnection, conversion_id: str) -> bool:
    """Whether what all reports of a conversion name leads to something that is known: its click, a visitor who landed,
    or a customer or e-mail address that was met together with a visitor."""
    found = await connection.execute(
        text("""select 1 from conversions v
        where v.id = :id and (
            exists (select 1 from clicks c where c.id = v.click_id and c.workspace_id = v.workspace_id)
            or exists (select 1 from landings l where l.workspace_id = v.workspace_id and l.visitor_id = v.visitor_id)
            or exists (
                select 1 from observations o
                where o.workspace_id = v.workspace_id and o.b_kind = 'visitor' and (
                    (o.a_kind = 'customer' and o.a_value = v.customer)
                    or (o.a_kind = 'email' and o.a_value = v.email_hash)
                )
            )
        )"""),
        {"id": conversion_id},
    )
    return found.first() is not None


class ConversionRow(NamedTuple):
    id: str
    definition: Definition
    event_key: str
    standing: Standing


async def write_conversions(connection: AsyncConnection, rows: Iterable[ConversionRow]) -> None:
    """Inserts conversions, or writes anew what stands of them."""
    values = [
        (
            row.id,
            row.definition.workspace_id,
            row.definition.id,
            row.definition.name,
            row.event_key,
            *row.standing[:-1],
            msgspec.json.encode(row.standing.props).decode(),
        )
        for row in rows
    ]
    if not values:
        return
    fixed = dict.fromkeys(("id", "workspace_id", "definition_id", "name", "event_key"), "text")
    changing = {name: _STANDING_TYPES.get(name, "text") for name in Standing._fields}
    names = ", ".join((*fixed, *changing))
    assignments = ", ".join(f"{name} = excluded.{name}" for name in changing)
    await rowset(connection, "written", fixed | changing, values).run(
        f"insert into conversions ({names}) select * from written where true"
        f" on conflict (id) do update set {assignments}"
    )


_STANDING_TYPES = {
    "time_ms": "bigint",
    "received_ms": "bigint",
    "amount": "bigint",
    "click_id": "bytea",
    "visitor_id": "bytea",
}


async def insert_reports(connection: AsyncConnection, reports: Iterable[tuple[str, str, ConversionReport]]) -> None:
    """Keeps (workspace, conversion, report)."""
    rows = [
        (
            report.id,
            workspace_id,
            conversion_id,
            report.source,
            fingerprint(report),
            msgspec.json.encode(report).decode(),
            report.received_ms,
        )
        for workspace_id, conversion_id, report in reports
    ]
    columns = dict.fromkeys(("id", "workspace_id", "conversion_id", "source", "body_sha256", "body"), "text")
    columns |= {"id": "bytea", "body_sha256": "bytea", "received_ms": "bigint"}
    if rows:
        await rowset(connection, "new", columns, rows).run(
            f"insert into conversion_reports ({', '.join(columns)}) select * from new where true"
            " on conflict (id) do nothing"
        )


async def hold_reports(connection: AsyncConnection, held: Iterable[tuple[str, ConversionReport, Held]]) -> None:
    """Keeps (workspace, report, why) of reports that became no conversion."""
    rows = [
        (
            report.id,
            workspace_id,
            report.name,
            report.source,
            why.reason,
            why.detail,
            msgspec.json.encode(report).decode(),
            report.received_ms,
        )
        for workspace_id, report, why in held
    ]
    columns = dict.fromkeys(("id", "workspace_id", "name", "source", "reason", "detail", "report"), "text")
    columns |= {"id": "bytea", "received_ms": "bigint"}
    if rows:
        await rowset(connection, "held", columns, rows).run(
            f"insert into held_reports ({', '.join(columns)}) select * from held where true on conflict (id) do nothing"
        )


async def take_held(connection: AsyncConnection, workspace_id: str, name: str, limit: int) -> list[ConversionReport]:
    """Removes and returns up to `limit` reports of an event that no definition counted, oldest first."""
    found = await rowset(connection, "w", {"workspace_id": "text", "name": "text"}, [(workspace_id, name)]).fetch(
        "delete from held_reports where id in ("
        " select h.id from w cross join held_reports h"
        " where h.workspace_id = w.workspace_id and h.reason = 'undefined_event' and h.name = w.name"
        f" order by h.received_ms limit {int(limit)}"
        ") returning report"
    )
    return [_reports.decode(row[0]) for row in found]


def new_conversion_id() -> str:
    return new_id("cnv")
