"""What the database is asked about clicks that arrive."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from control.ingest.batches import store_batch
from control.ingest.duplicates import ChainClick
from control.ingest.enrich import Click, Enricher, LinkFacts
from control.ingest.store import known_of, neighbours
from control.services import Services
from control.store.schema import clicks
from shared.clock import DAY_MS, wall_ms
from shared.wire import ClickRecord, Record
from tests.control.ingest.builders import Shop, Stream, a_batch, a_click, a_landing, an_event

NOON_MS = wall_ms() // DAY_MS * DAY_MS - DAY_MS // 2


def arrived(shop: Shop, record: ClickRecord) -> Click:
    link = LinkFacts(shop.link_id, shop.workspace_id, shop.campaign_id, "email")
    enricher = Enricher(received_ms=wall_ms(), edge_id="edg_x", secret=bytes(range(32)))
    return enricher.enrich(record, link, record.time_ms)


async def shipped(services: Services, *records: Record) -> None:
    await store_batch(services, Stream().headers(len(records)), a_batch(records))


async def test_of_clicks_that_nothing_is_there_about_nothing_is_known(services: Services, shop: Shop) -> None:
    await shipped(services, a_click(shop, NOON_MS), a_landing(shop, NOON_MS))
    async with services.database.reading() as connection:
        known = await known_of(connection, [arrived(shop, a_click(shop, NOON_MS + DAY_MS // 4))])
        assert known == (set(), set(), set(), set())
        assert await known_of(connection, []) == known


async def test_what_is_there_already_is_told_apart(services: Services, shop: Shop) -> None:
    address = iter(bytes((198, 51, 100, host)) for host in range(9))
    stored, landed, bought, near = (a_click(shop, NOON_MS, address=next(address)) for _ in range(4))
    near_one = a_click(shop, NOON_MS - 9_999, address=near.address)
    await shipped(
        services,
        stored,
        near_one,
        a_landing(shop, NOON_MS, c=landed.click_id, new=True),
        an_event(shop, "purchase", NOON_MS, c=bought.click_id),
    )
    async with services.database.reading() as connection:
        known = await known_of(connection, [arrived(shop, one) for one in (stored, landed, bought, near)])
    assert known.stored == {stored.click_id}
    assert known.landed == {landed.click_id}
    assert known.named == {bought.click_id}
    assert known.near == {stored.click_id, near.click_id}


async def test_neighbours_in_a_chain_are_found_by_its_index(services: Services, shop: Shop) -> None:
    """An expression that differs from the index's by a letter would read all clicks of a link instead."""
    await shipped(services, *(a_click(shop, NOON_MS + 100 * number, address=os.urandom(4)) for number in range(500)))
    again = arrived(shop, a_click(shop, NOON_MS + 5_000))
    chained = ChainClick(again.id, again.link_id, again.time_ms, again.visitor_hash, None, None)
    async with services.database.transaction() as connection:
        await connection.execute(text("analyze clicks"))  # for few rows of unknown spread any index costs the same
        with recorded(connection) as ran:
            await known_of(connection, [again])
            await neighbours(connection, [chained])
        by_chain = [one for one in ran if "visitor_hash" in one.statement and "from clicks c\n" in one.statement]
        assert len(by_chain) == 2
        for one in by_chain:
            plan = await planned(connection, one)
            assert re.search(r"ix_clicks_link_chain|clicks_\w+_link_id_expr_visitor_hash", plan), plan
            assert not re.search(r"SCAN c\b|Seq Scan on clicks|Sort", plan), plan


class Ran(NamedTuple):
    statement: str
    parameters: Any


@contextmanager
def recorded(connection: AsyncConnection) -> Generator[list[Ran]]:
    """The statements that run within the block."""
    ran: list[Ran] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        ran.append(Ran(statement, parameters))

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    yield ran
    event.remove(connection.sync_connection, "before_cursor_execute", note)


async def planned(connection: AsyncConnection, one: Ran) -> str:
    explain = "explain " if connection.dialect.name == "postgresql" else "explain query plan "
    rows = await connection.exec_driver_sql(explain + one.statement, one.parameters)
    return "\n".join(str(row[-1]) for row in rows)


def test_a_row_has_the_columns_of_the_table() -> None:
    named = {"class": "hit_class"}
    assert Click.__struct_fields__ == tuple(named.get(column.name, column.name) for column in clicks.columns)
