"""What it costs to store a batch of clicks, on each engine, beside writing the same rows and nothing else.

`make bench-ingest` takes bodies as an agent packs them, one after the other, through `receive_batch` in this process,
and prints microseconds a record: of wall time, and of this process's CPU (SQLite works in it, Postgres beside it). The
peer is the least that a database can do: the rows that came of it, loaded into an equal table with equal indexes by
COPY (Postgres) or one prepared statement (SQLite), as many a transaction and as durable. JSON goes to
bench-results/ingest.json.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, cast

import asyncpg
import uvloop
from sqlalchemy import insert, text
from sqlalchemy.engine import make_url

from control.config import ControlConfig
from control.edges.wake import FeedWake
from control.ingest.batches import receive_batch
from control.ingest.types import BatchHeaders
from control.services import Services
from control.store.engine import Database
from control.store.migrate import upgrade
from control.store.schema import domains, links, workspaces
from edge.agent.portion import BATCH_RECORDS, Packer, Portion
from edge.agent.translate import Translator
from loadtests.agent_traffic import clicks
from shared import ids
from shared.clock import boot_ms, wall_ms
from shared.wire import ClockSample
from tests.support.postgres import running_postgres

Row = Sequence[Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-ingest", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=2_000.0, help="at which they were made, records a second")
    parser.add_argument("--links", type=int, default=1_000, help="that they are clicks on; few links get most")
    parser.add_argument("--engine", choices=("sqlite", "postgres"), help="one alone")
    parser.add_argument("--out", type=Path, default=Path("bench-results/ingest.json"))
    given = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    for engine in [given.engine] if given.engine else ["sqlite", "postgres"]:
        results[engine] = uvloop.run(_ENGINES[engine](given))
        print(f"{engine}, microseconds a record")
        for name, cost in results[engine].items():
            print(f"  {name:28} {cost:6.1f}")
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


async def on_sqlite(given: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder, file = Path(name), Path(name) / "stored.sqlite3"
        costs = await stored(f"sqlite+aiosqlite:///{file}", folder, given)
        with closing(sqlite3.connect(file)) as source:
            made = source.execute("select sql from sqlite_master where tbl_name = 'clicks' and sql is not null")
            schema = [str(sql) for (sql,) in made]
            rows = source.execute("select * from clicks order by received_ms, id").fetchall()
        with closing(sqlite3.connect(folder / "raw.sqlite3", isolation_level=None)) as target:
            for statement in ("pragma journal_mode = wal", "pragma synchronous = full", *schema):
                target.execute(statement)
            sql = f"insert into clicks values ({', '.join('?' * len(rows[0]))})"

            def load(portion: Sequence[Row]) -> None:
                target.execute("begin immediate")
                target.executemany(sql, portion)
                target.execute("commit")

            began = time.perf_counter()
            for portion in _portions(rows):
                load(portion)
            return costs | {"the rows alone": _per(len(rows), time.perf_counter() - began)}


async def on_postgres(given: argparse.Namespace) -> dict[str, float]:
    with running_postgres(durable=True) as server, tempfile.TemporaryDirectory() as name, server.database() as url:
        costs = await stored(url, Path(name), given)
        address = make_url(url).set(drivername="postgresql").render_as_string()
        connection: Any = await cast("Any", asyncpg).connect(address)
        try:
            rows = [tuple(row) for row in await connection.fetch("select * from clicks order by received_ms, id")]
            await connection.execute("create table raw (like clicks including all)")
            began = time.perf_counter()
            for portion in _portions(rows):
                await connection.copy_records_to_table("raw", records=portion)
            return costs | {"the rows alone": _per(len(rows), time.perf_counter() - began)}
        finally:
            await connection.close()


_ENGINES: dict[str, Callable[..., Any]] = {"sqlite": on_sqlite, "postgres": on_postgres}


async def stored(url: str, folder: Path, given: argparse.Namespace) -> dict[str, float]:
    """Costs of storing all of it; raises AssertionError when a click is missing."""
    database = await Database.open(url)
    try:
        await upgrade(database)
        link_ids = await set_up(database, given.links)
        feed = FeedWake(database)
        services = Services(database, ControlConfig(), folder, secret=bytes(32), feed=feed)
        costs = await _store(services, bodies(given.records, link_ids, given.rate))
        async with database.reading() as connection:
            count = (await connection.execute(text("select count(*) from clicks"))).scalar_one()
        assert count == given.records
        await feed.close()
        return costs
    finally:
        await database.close()


async def _store(services: Services, shipped: Sequence[tuple[int, bytes]]) -> dict[str, float]:
    stream_id, first, walls, cpus = bytes(16), 0, list[float](), list[float]()
    for count, body in shipped:
        began, began_cpu = time.perf_counter(), time.process_time()
        ack = await receive_batch(services, BatchHeaders(stream_id, first, count), body)
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - began_cpu)
        assert not ack.quarantined
        first = ack.next
    records = first - shipped[0][0]  # the first batch has lists of robots and browsers loaded
    last = max(1, len(walls) // 4)
    return {
        "ingest": _per(records, sum(walls[1:])),
        "ingest, last quarter": _per(sum(count for count, _ in shipped[-last:]), sum(walls[-last:])),
        "ingest, CPU of this process": _per(records, sum(cpus[1:])),
    }


def bodies(count: int, link_ids: Sequence[bytes], rate: float) -> list[tuple[int, bytes]]:
    """Batches as the backlog lane packs them: how many records, and the body."""
    packer, translator = Packer(ids.new_id("edg"), "backlog"), Translator()
    made, packed = clicks(count, link_ids=link_ids, rate=rate), list[tuple[int, bytes]]()
    while payloads := list(islice(made, BATCH_RECORDS)):
        now_ms = wall_ms()
        content = translator.translate(payloads, 0, now_ms)
        samples = [ClockSample(now_ms - ago_ms, boot_ms() - ago_ms, 3, 2) for ago_ms in range(70_000, -1, -10_000)]
        packed.append((content.count, packer.pack(Portion(0, content, closed=False), now_ms, samples)))
    return packed


async def set_up(database: Database, count: int) -> list[bytes]:
    """A workspace with that many links."""
    workspace_id, domain_id, now_ms = ids.new_id("wsp"), ids.new_id("dom"), wall_ms()
    link_ids = [ids.new_id("lnk") for _ in range(count)]
    rows = [
        {
            "id": link_id,
            "workspace_id": workspace_id,
            "domain_id": domain_id,
            "slug": f"link-{number}",
            "destination": "https://shop.example/",
            "channel": "email",
            "created_ms": now_ms,
            "updated_ms": now_ms,
        }
        for number, link_id in enumerate(link_ids)
    ]
    async with database.transaction() as connection:
        await connection.execute(insert(workspaces).values(id=workspace_id, name="Bench", created_ms=now_ms))
        await connection.execute(
            insert(domains).values(id=domain_id, workspace_id=workspace_id, host="go.bench.example", created_ms=now_ms)
        )
        await connection.execute(insert(links), rows)
    return [ids.to_bytes("lnk", link_id) for link_id in link_ids]


def _portions(rows: Sequence[Row]) -> list[Sequence[Row]]:
    return [rows[at : at + BATCH_RECORDS] for at in range(0, len(rows), BATCH_RECORDS)]


def _per(records: int, seconds: float) -> float:
    return seconds / records * 1e6


if __name__ == "__main__":
    main()
