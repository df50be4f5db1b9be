"""Two control processes over one Postgres get the same batches at once, and one is killed again and again (R5)."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections import Counter
from pathlib import Path

import aiohttp
import msgspec
import pytest
import zstandard

from control.attribution.check import check_ledger
from control.store.engine import Database
from shared import click_id
from shared.clock import wall_ms
from shared.wire import (
    COUNT_HEADER,
    DIGEST_HEADER,
    FIRST_HEADER,
    STREAM_HEADER,
    WIRE_HEADER,
    WIRE_VERSION,
    BatchAck,
    Record,
    digest_of,
)
from tests.chaos.stored import click_ids, counted_clicks, rows
from tests.control.ingest.builders import Shop, a_batch, a_click, a_landing, an_event
from tests.support.installation import Installation
from tests.support.postgres import PostgresServer
from tests.support.processes import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.postgres]

BATCHES, KILLS = (5_000, 50) if os.environ.get("CLICKTRAIL_TEST_SOAK") else (500, 5)
STREAMS = 10
VISITS = 4  # of a batch: click, landing, purchase
CREDITS_S = 60.0


class Edge:
    """Ships streams as an edge on the worst network would: everything twice, much of it again, some of it too early."""

    def __init__(self, urls: list[str], token: str, shop: Shop) -> None:
        self._urls, self._shop, self._chance = urls, shop, random.Random(3)
        self._said = {"Authorization": f"Bearer {token}", WIRE_HEADER: str(WIRE_VERSION)}
        self.clicks: list[bytes] = []
        self.sent = self.unanswered = 0
        self.refused: Counter[int] = Counter()  # by status

    async def ship(self, session: aiohttp.ClientSession, batches: int) -> None:
        """One stream."""
        stream, made = os.urandom(16), [self._records() for _ in range(batches)]
        records = [record for batch in made for record in batch]
        acked = 0
        while acked < len(records):
            first = max(0, acked - self._chance.choice((0, 0, 0, 3, 20)))
            count = 3 * VISITS + self._chance.randrange(8)
            sends = [self._send(session, url, stream, first, records[first : first + count]) for url in self._urls]
            sends += [self._send(session, url, stream, first, records[first : first + count]) for url in self._urls]
            early, url = first + count + 5, self._chance.choice(self._urls)
            sends.append(self._send(session, url, stream, early, records[early : early + 2]))
            self._chance.shuffle(sends)
            answers = await asyncio.gather(*sends)
            acked = max([acked, *(answer for answer in answers if answer is not None)])

    def _records(self) -> list[Record]:
        out: list[Record] = []
        for _ in range(VISITS):
            click = a_click(self._shop, wall_ms(), address=os.urandom(4))
            self.clicks.append(click.click_id)
            vid = click_id.new()
            out += [
                click,
                a_landing(self._shop, wall_ms(), c=click.click_id, vid=vid, new=True),
                an_event(self._shop, "purchase", wall_ms(), c=click.click_id, vid=vid, amount=1_000, currency="USD"),
            ]
        self._chance.shuffle(out)
        return out

    async def _send(
        self, session: aiohttp.ClientSession, url: str, stream: bytes, first: int, records: list[Record]
    ) -> int | None:
        body = zstandard.compress(msgspec.msgpack.encode(a_batch(records)))
        said = stream.hex(), str(first), str(len(records))
        headers = dict(zip((STREAM_HEADER, FIRST_HEADER, COUNT_HEADER), said, strict=True))
        headers |= self._said | {DIGEST_HEADER: digest_of(body, *said)}
        self.sent += 1
        try:
            async with session.post(f"{url}/edge/v1/batches", data=body, headers=headers) as answer:
                if answer.status not in (200, 409):
                    self.refused[answer.status] += 1
                    return None
                return msgspec.msgpack.decode(await answer.read(), type=BatchAck).next
        except (aiohttp.ClientError, OSError):
            self.unanswered += 1
            await asyncio.sleep(0.05)
            return None


async def test_the_same_batches_at_both_are_stored_once_and_credited_rightly(
    durable_postgres: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    durable_postgres.execute("create database clicktrail")
    url = durable_postgres.url("clicktrail")
    one = Installation(tmp_path / "one", url.replace("+asyncpg", ""))
    two = Installation(tmp_path / "two", one.database)
    try:
        for made in (one, two):
            made.data.mkdir(parents=True)
        await asyncio.to_thread(one.start_control)
        shutil.copy(one.data / "secret", two.data / "secret")
        await asyncio.to_thread(two.start_control)
        await asyncio.to_thread(one.set_up)
        shop = await asyncio.to_thread(make_shop, one)
        edge = Edge([one.control_url, two.control_url], one.edge_token, shop)
        async with aiohttp.ClientSession() as session:
            streams = [asyncio.create_task(edge.ship(session, BATCHES // STREAMS)) for _ in range(STREAMS)]
            for _ in range(KILLS):
                await asyncio.sleep(1.0)
                assert two.control is not None
                two.control.kill()
                await asyncio.to_thread(two.start_control)
            await asyncio.gather(*streams)
        purchases = len(edge.clicks)
        credited = "select count(*) from credit_versions where closed_ms is null and counted"
        await asyncio.to_thread(
            wait_until, lambda: rows_now(one, credited) == purchases, what="all credits", timeout_s=CREDITS_S
        )
        await report_and_check(one, url, edge, shop, capsys)
    finally:
        for made in (one, two):
            if made.control is not None:
                made.control.kill_group()


def make_shop(made: Installation) -> Shop:
    link = made.make_link("chaos")
    (workspace_id,) = rows(made, f"select workspace_id from links where id = '{link['id']}'")[0]
    return Shop(workspace_id, link["id"], "", "")


def rows_now(made: Installation, query: str) -> int:
    return int(rows(made, query)[0][0])


async def report_and_check(
    made: Installation, url: str, edge: Edge, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = await asyncio.to_thread(click_ids, made)
    counted = await asyncio.to_thread(counted_clicks, made)
    right = (
        "select count(*) from conversions c join credit_versions v on v.conversion_id = c.id and v.closed_ms is null"
        " join touch_credits t on t.version_id = v.id and t.model = 'last' and t.credit = 1000000"
        " where t.touch_id = c.click_id and t.value = 1000"
    )
    credited = await asyncio.to_thread(rows_now, made, right)
    set_aside = await asyncio.to_thread(rows, made, "select reason from quarantine")
    database = await Database.open(url)
    differing = await check_ledger(database, shop.workspace_id)
    await database.close()
    with capsys.disabled():
        print(
            f"\n  {edge.sent} sends of {BATCHES} batches ({edge.unanswered} unanswered, refused {dict(edge.refused)}), {KILLS} kills:"
            f" {len(edge.clicks)} clicks, {len(stored)} stored, {len(set(edge.clicks) - set(stored))} lost,"
            f" {counted} counted; {credited} purchases credited rightly, {len(differing)} wrongly",
            end="",
        )
    assert sorted(stored) == sorted(edge.clicks)
    assert counted == len(stored)
    assert credited == len(edge.clicks)
    assert differing == []
    assert set_aside == []
