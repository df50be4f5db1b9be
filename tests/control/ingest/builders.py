"""What an edge would have recorded, in as few words as a test needs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from control.ingest.types import BatchHeaders
from control.store.engine import Database
from control.store.schema import campaigns, click_rollups, clicks, domains, event_definitions, links
from shared import click_id, ids
from shared.clock import DAY_MS, wall_ms
from shared.ids import new_id
from shared.wire import Batch, BeaconRecord, ClickRecord, ClockSample, NoClick, Record

BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
ADDRESS = bytes((203, 0, 113, 7))
EDGE = "edg_01jdq5m3000000000000000000"
BOOT_MS = 1_700_000_000_000  # when the tests' edge booted; its boot clock is wall − BOOT_MS unless said otherwise


@dataclass(frozen=True)
class Shop:
    """A workspace's set-up: one domain, one campaign, one link, purchases and leads."""

    workspace_id: str
    link_id: str
    campaign_id: str
    purchase_id: str

    @property
    def raw_link(self) -> bytes:
        return ids.to_bytes("lnk", self.link_id)


async def make_shop(database: Database, workspace_id: str, host: str = "go.short.example") -> Shop:
    """Sets a workspace up to be clicked on."""
    shop = Shop(workspace_id, new_id("lnk"), new_id("cmp"), new_id("evd"))
    domain_id, now_ms = new_id("dom"), wall_ms()
    async with database.transaction() as connection:
        await connection.execute(
            insert(domains).values(id=domain_id, workspace_id=workspace_id, host=host, created_ms=now_ms)
        )
        await connection.execute(
            insert(campaigns).values(id=shop.campaign_id, workspace_id=workspace_id, name="Spring", created_ms=now_ms)
        )
        await add_link(connection, shop, domain_id, shop.link_id, "spring")
        for definition_id, name in ((shop.purchase_id, "purchase"), (new_id("evd"), "lead")):
            await define(connection, workspace_id, name, definition_id)
    return shop


async def add_link(connection: AsyncConnection, shop: Shop, domain_id: str, link_id: str, slug: str) -> None:
    now_ms = wall_ms()
    await connection.execute(
        insert(links).values(
            id=link_id,
            workspace_id=shop.workspace_id,
            domain_id=domain_id,
            slug=slug,
            destination="https://shop.example/",
            campaign_id=shop.campaign_id,
            channel="email",
            created_ms=now_ms,
            updated_ms=now_ms,
        )
    )


async def define(connection: AsyncConnection, workspace_id: str, name: str, definition_id: str = "") -> None:
    now_ms = wall_ms()
    await connection.execute(
        insert(event_definitions).values(
            id=definition_id or new_id("evd"),
            workspace_id=workspace_id,
            name=name,
            title=name.title(),
            standard=True,
            counting="every",
            window_days=30,
            default_model="last",
            version=1,
            created_ms=now_ms,
            updated_ms=now_ms,
        )
    )


def a_click(
    shop: Shop,
    time_ms: int | None = None,
    *,
    address: bytes = ADDRESS,
    agent: str = BROWSER,
    visitor: bytes = b"",
    no_click: NoClick = "",
    raw_id: bytes | None = None,
    link: bytes | None = None,
    query: str = "",
    headers: dict[str, str] | None = None,
    boot_ms: int | None = None,
    arm: int = 0,
) -> ClickRecord:
    time_ms = wall_ms() - DAY_MS if time_ms is None else time_ms
    return ClickRecord(
        click_id=raw_id or click_id.new(time_ms),
        time_ms=time_ms,
        boot_ms=time_ms - BOOT_MS if boot_ms is None else boot_ms,
        link_id=link or shop.raw_link,
        arm=arm,
        no_click=no_click,
        carry="fragment",
        host="go.shop.example",
        path="/spring",
        query=query,
        address=address,
        visitor=visitor,
        headers={"user-agent": agent, **(headers or {})},
    )


def a_beacon(
    shop: Shop, time_ms: int | None = None, *, agent: str = BROWSER, boot_ms: int | None = None, **body: Any
) -> BeaconRecord:
    """A beacon whose body is `body`; `vid` and `c` may be raw ids."""
    time_ms = wall_ms() - DAY_MS if time_ms is None else time_ms
    said = {name: click_id.encode(value) if isinstance(value, bytes) else value for name, value in body.items()}
    return BeaconRecord(
        record_id=click_id.new(time_ms),
        time_ms=time_ms,
        boot_ms=time_ms - BOOT_MS if boot_ms is None else boot_ms,
        workspace_id=ids.to_bytes("wsp", shop.workspace_id),
        key_id=click_id.new(time_ms),
        host="go.shop.example",
        origin="https://shop.example",
        address=ADDRESS,
        headers={"user-agent": agent},
        body=msgspec.json.encode({"k": "pk_test", "vid": "", **said}),
    )


def a_landing(shop: Shop, time_ms: int | None = None, **body: Any) -> BeaconRecord:
    return a_beacon(shop, time_ms, type="landing", url="https://shop.example/", **body)


def an_event(shop: Shop, name: str, time_ms: int | None = None, **body: Any) -> BeaconRecord:
    return a_beacon(shop, time_ms, type="event", name=name, key=body.pop("key", os.urandom(8).hex()), **body)


def a_batch(records: Sequence[Record], *, clock: Sequence[ClockSample] = (), closed: bool = False) -> Batch:
    return Batch(EDGE, "fresh", closed, wall_ms(), list(clock), list(records))


@dataclass
class Stream:
    """One stream of the tests' edge."""

    stream_id: bytes = field(default_factory=lambda: os.urandom(16))
    next: int = 0

    def headers(self, count: int, first: int | None = None) -> BatchHeaders:
        return BatchHeaders(self.stream_id, self.next if first is None else first, count)


async def click_classes(database: Database) -> dict[bytes, tuple[str, bytes | None]]:
    """Class and alias of every stored click."""
    async with database.reading() as connection:
        rows = await connection.execute(select(clicks.c.id, clicks.c["class"], clicks.c.alias_of))
        return {row[0]: (row[1], row[2]) for row in rows}


async def rollup_counts(database: Database) -> dict[tuple[int, str, str], int]:
    """Non-zero rollups by (bucket, link, class)."""
    at = click_rollups.c
    async with database.reading() as connection:
        rows = await connection.execute(select(at.bucket_ms, at.link_id, at["class"], at.count))
        return {(row[0], row[1], row[2]): row[3] for row in rows if row[3]}


async def counted_clicks(database: Database) -> dict[tuple[int, str, str], int]:
    """What the rollups must say, counted from the rows."""
    counts: dict[tuple[int, str, str], int] = {}
    async with database.reading() as connection:
        for time_ms, link_id, hit_class in await connection.execute(
            select(clicks.c.time_ms, clicks.c.link_id, clicks.c["class"])
        ):
            key = time_ms - time_ms % 900_000, link_id, hit_class
            counts[key] = counts.get(key, 0) + 1
    return counts
