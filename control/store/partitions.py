"""Monthly partitions of `clicks` on Postgres; on SQLite the table is one.

Ids are UUIDv7, so the ids of a month are a range of bytes: a partition holds the clicks whose ids were made in its UTC
month by the edge's own clock. (A correction of that clock moves a row's `time_ms`, never its partition.)
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import click_id

_PARTITIONS = """
select child.relname
from pg_inherits join pg_class child on child.oid = inhrelid
where inhparent = 'clicks'::regclass
"""


async def ensure_partitions(connection: AsyncConnection, from_ms: int, to_ms: int) -> None:
    """Creates what is missing for ids made in [from_ms, to_ms] (Unix ms). Does nothing on SQLite."""
    if connection.dialect.name != "postgresql":
        return
    found = await connection.execute(text(_PARTITIONS))
    existing = {str(name) for (name,) in found}
    month = _month_start(from_ms)
    last = _month_start(to_ms)
    while month <= last:
        after = _next_month(month)
        name = f"clicks_{month:%Y_%m}"
        if name not in existing:
            low, high = _bound(month), _bound(after)
            # Two processes may both find it missing; the lock makes the second wait, and then see it.
            await connection.execute(text("select pg_advisory_xact_lock(hashtext('clicktrail.partitions'))"))
            await connection.execute(
                text(
                    f"create table if not exists {name} partition of clicks"
                    f" for values from ('\\x{low}') to ('\\x{high}')"
                )
            )
        month = after


def made_between(connection: AsyncConnection, column: str, from_ms: int, to_ms: int) -> str:
    """A condition on a column of click ids that holds for all made in [from_ms, to_ms] (Unix ms), and leaves Postgres
    their partitions. It has whole months written out, so that a statement with it is planned with few partitions, and
    seldom changes. On SQLite it is always true."""
    if connection.dialect.name != "postgresql":
        return "true"
    low, high = _bound(_month_start(from_ms)), _bound(_next_month(_month_start(to_ms)))
    return f"({column} >= '\\x{low}' and {column} < '\\x{high}')"


def _bound(month: datetime) -> str:
    """The least id of a month, in hex."""
    return click_id.least_at(int(month.timestamp() * 1000)).hex()


def _month_start(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next_month(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
