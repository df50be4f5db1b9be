"""Proves what is derived against what it is derived from. Whatever this finds is damage or a bug, never wear.

- *Credits*: every open ledger version's credits, recomputed in SQL from the path and the amount that it holds.
- *Rollups*: the clicks of every quarter hour, link and class, counted from the rows.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import text

from control.attribution.check import check_ledger
from control.ingest.types import ROLLUP_BUCKET_MS
from control.store.engine import Database

SHOWN = 20  # findings of one kind that are listed


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not as it should be, in a sentence."""

    about: str  # credits | rollups
    what: str


class Examination(msgspec.Struct, frozen=True):
    """What was proven, and what was found; `findings` empty: all is well."""

    versions: int
    clicks: int
    findings: list[Finding]


# Uses the primary key of click_rollups; reads every click once.
_ROLLUPS = text(f"""
with counted as (
    select workspace_id, time_ms - time_ms % {ROLLUP_BUCKET_MS} as bucket_ms, link_id,
        coalesce(campaign_id, '') as campaign_id, channel, class, count(*) as clicks
    from clicks
    group by 1, 2, 3, 4, 5, 6
), stored as (
    select workspace_id, bucket_ms, link_id, campaign_id, channel, class, count as clicks
    from click_rollups
    where count <> 0
), differing as (
    select * from (select * from counted except select * from stored) as only_counted
    union
    select * from (select * from stored except select * from counted) as only_stored
)
select distinct link_id, bucket_ms, class from differing order by bucket_ms, link_id, class limit :shown
""")


_SIZES = text("select (select count(*) from credit_versions where closed_ms is null), (select count(*) from clicks)")


async def examine(database: Database) -> Examination:
    """Examines every workspace."""
    async with database.reading() as connection:
        workspaces = [str(row[0]) for row in await connection.execute(text("select id from workspaces order by id"))]
        versions, clicks = (await connection.execute(_SIZES)).one()
        rollups = [
            Finding("rollups", f"link {link_id}, class {class_}: the quarter hour at {bucket_ms} ms is counted wrong")
            for link_id, bucket_ms, class_ in await connection.execute(_ROLLUPS, {"shown": SHOWN})
        ]
    ledger = [
        Finding("credits", f"conversion {one.conversion_id}, version {one.version}: wrong under {one.model}")
        for workspace_id in workspaces
        for one in (await check_ledger(database, workspace_id))[:SHOWN]
    ]
    return Examination(versions, clicks, [*rollups, *ledger])
