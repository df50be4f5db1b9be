"""A small world of facts, written as ingest writes them: each with its marks, in one transaction."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from control.attribution.counting import Counting
from control.attribution.ledger import State
from control.attribution.store import open_versions
from control.identity.observe import mark_dirty, observe
from control.identity.types import Identifier, click, stated_together, visitor
from control.store.engine import Database
from control.store.partitions import ensure_partitions
from control.store.schema import (
    campaigns,
    click_rollups,
    clicks,
    conversions,
    credit_versions,
    domains,
    event_definitions,
    landings,
    links,
    refunds,
    touch_credits,
)
from control.store.upsert import insert_into
from shared.clock import MINUTE_MS

BUCKET_MS = 15 * MINUTE_MS
NOON_MS = 1_780_315_200_000  # 2026-06-01 12:00 UTC


class Credit(msgspec.Struct, frozen=True, order=True):
    """One row of the open ledger, without what differs between two databases of the same facts."""

    conversion_id: str
    model: str
    position: int
    touch_id: bytes
    weight: int
    credit: int
    value: int | None
    net_value: int | None


def raw_id(number: int, time_ms: int = 0) -> bytes:
    """A click or visitor id that is the same in every run."""
    return (time_ms or NOON_MS).to_bytes(6, "big") + b"\x70\x00\x80" + number.to_bytes(7, "big")


class World:
    """Facts of one workspace."""

    def __init__(self, database: Database, workspace_id: str) -> None:
        self.database = database
        self.workspace_id = workspace_id

    async def define(
        self, name: str = "purchase", counting: Counting = "every", window_days: int = 30, model: str = "last"
    ) -> str:
        """An event definition; its id."""
        row: dict[str, Any] = {
            "id": f"evd_{name}",
            "workspace_id": self.workspace_id,
            "name": name,
            "title": name.capitalize(),
            "standard": True,
            "counting": counting,
            "window_days": window_days,
            "default_model": model,
            "version": 1,
            "created_ms": NOON_MS,
            "updated_ms": NOON_MS,
        }
        await self._insert(event_definitions, row)
        return row["id"]

    async def campaign(self, name: str) -> str:
        row: dict[str, Any] = {
            "id": f"cmp_{name}",
            "workspace_id": self.workspace_id,
            "name": name,
            "created_ms": NOON_MS,
        }
        await self._insert(campaigns, row)
        return row["id"]

    async def link(self, slug: str, channel: str = "email", campaign_id: str | None = None) -> str:
        """A link on go.example; its id."""
        row: dict[str, Any] = {
            "id": f"lnk_{slug}",
            "workspace_id": self.workspace_id,
            "domain_id": "dom_go",
            "slug": slug,
            "destination": "https://shop.example/",
            "title": slug.capitalize(),
            "campaign_id": campaign_id,
            "channel": channel,
            "created_ms": NOON_MS,
            "updated_ms": NOON_MS,
        }
        async with self.database.transaction() as connection:
            if await connection.scalar(select(domains.c.id)) is None:
                domain = {
                    "id": "dom_go",
                    "workspace_id": self.workspace_id,
                    "host": "go.example",
                    "created_ms": NOON_MS,
                }
                await connection.execute(insert(domains).values(domain))
            await connection.execute(insert(links).values(row))
        return row["id"]

    async def click(
        self,
        number: int,
        time_ms: int = NOON_MS,
        by: int | None = None,
        channel: str = "email",
        link_id: str = "lnk_a",
        campaign_id: str | None = None,
        kind: str = "human",
        reason: str = "",
        alias_of: int | None = None,
    ) -> bytes:
        """A click, and where `by` says so the landing that tells whose it was."""
        raw = raw_id(number)
        row = {
            "id": raw,
            "workspace_id": self.workspace_id,
            "link_id": link_id,
            "campaign_id": campaign_id,
            "channel": channel,
            "time_ms": time_ms,
            "offset_ms": 0,
            "received_ms": time_ms,
            "class": kind,
            "reason": reason,
            "alias_of": None if alias_of is None else raw_id(alias_of),
            "carry": "cookie",
            "visitor_hash": b"",
            "headers": "{}",
            "edge_id": "edg_test",
        }
        async with self.database.transaction() as connection:
            await ensure_partitions(connection, NOON_MS, NOON_MS)
            await connection.execute(insert(clicks).values(row))
            await self._count(connection, link_id, campaign_id or "", channel, kind, time_ms)
            await mark_dirty(connection, self.workspace_id, [click(raw)], "late_click")
            if by is not None:
                met = stated_together([click(raw), visitor(raw_id(by))], time_ms + 1_000, "landing")
                await observe(connection, self.workspace_id, met, "late_click")
        return raw

    async def visit(self, number: int, by: int, time_ms: int, channel: str, reason: str = "") -> None:
        """A landing without a click id."""
        row = {
            "id": raw_id(number),
            "workspace_id": self.workspace_id,
            "visitor_id": raw_id(by),
            "time_ms": time_ms,
            "received_ms": time_ms,
            "url": "https://shop.example/",
            "channel": channel,
            "reason": reason,
        }
        async with self.database.transaction() as connection:
            await connection.execute(insert(landings).values(row))
            await mark_dirty(connection, self.workspace_id, [visitor(raw_id(by))], "late_click")

    async def convert(
        self,
        name: str,
        time_ms: int,
        by: int | None = None,
        of_click: int | None = None,
        customer: str = "",
        amount: int | None = None,
        currency: str | None = "USD",
        event: str = "purchase",
        order_id: str = "",
    ) -> str:
        """A conversion of `event`; its id."""
        conversion_id = f"cnv_{name}"
        row = {
            "id": conversion_id,
            "workspace_id": self.workspace_id,
            "definition_id": f"evd_{event}",
            "name": event,
            "time_ms": time_ms,
            "received_ms": time_ms,
            "click_id": None if of_click is None else raw_id(of_click),
            "visitor_id": None if by is None else raw_id(by),
            "customer": customer,
            "amount": amount,
            "currency": currency if amount is not None else None,
            "order_id": order_id,
            "event_key": name,
            "source": "browser",
        }
        stated: list[Identifier] = []
        if customer:
            stated.append(Identifier("customer", customer))
        if by is not None:
            stated.append(visitor(raw_id(by)))
        if of_click is not None:
            stated.append(click(raw_id(of_click)))
        async with self.database.transaction() as connection:
            await connection.execute(insert(conversions).values(row))
            await observe(connection, self.workspace_id, stated_together(stated, time_ms, "event"), "late_conversion")
            marked = stated or [Identifier("conversion", conversion_id)]
            await mark_dirty(connection, self.workspace_id, marked, "late_conversion")
        return conversion_id

    async def identify(self, by: int, customer: str, time_ms: int) -> None:
        """The page said whose browser this is."""
        stated = stated_together([visitor(raw_id(by)), Identifier("customer", customer)], time_ms, "identify")
        async with self.database.transaction() as connection:
            await observe(connection, self.workspace_id, stated, "identity_merged")

    async def refund(self, name: str, conversion_id: str, time_ms: int, amount: int | None = None) -> None:
        """A refund; None: all that is left."""
        row = {
            "id": f"rfd_{name}",
            "workspace_id": self.workspace_id,
            "conversion_id": conversion_id,
            "event_key": name,
            "amount": amount,
            "currency": "USD",
            "time_ms": time_ms,
            "received_ms": time_ms,
        }
        async with self.database.transaction() as connection:
            await connection.execute(insert(refunds).values(row))
            await mark_dirty(connection, self.workspace_id, [Identifier("conversion", conversion_id)], "refund")

    async def redefine(self, definition_id: str, **changed: Any) -> None:
        """An edit of a definition, and its conversions marked."""
        async with self.database.transaction() as connection:
            await connection.execute(
                update(event_definitions)
                .where(event_definitions.c.id == definition_id)
                .values(version=event_definitions.c.version + 1, **changed)
            )
            named = select(conversions.c.id).where(conversions.c.definition_id == definition_id)
            ids = (await connection.scalars(named)).all()
            marked = [Identifier("conversion", one) for one in ids]
            await mark_dirty(connection, self.workspace_id, marked, "definition_changed")

    async def state(self, conversion_id: str) -> State:
        """What the ledger says of a conversion now."""
        async with self.database.reading() as connection:
            return (await open_versions(connection, [conversion_id]))[conversion_id].state

    async def ledger(self, conversion_id: str) -> list[str]:
        """The reasons of a conversion's versions, first to last."""
        query = (
            select(credit_versions.c.reason)
            .where(credit_versions.c.conversion_id == conversion_id)
            .order_by(credit_versions.c.version)
        )
        async with self.database.reading() as connection:
            return list((await connection.scalars(query)).all())

    async def credits(self, model: str | None = None) -> list[Credit]:
        """The open ledger's credits in a fixed order."""
        columns = touch_credits.c
        query = (
            select(
                credit_versions.c.conversion_id,
                columns.model,
                columns.position,
                columns.touch_id,
                columns.weight,
                columns.credit,
                columns.value,
                columns.net_value,
            )
            .join(touch_credits, columns.version_id == credit_versions.c.id)
            .where(credit_versions.c.closed_ms.is_(None))
        )
        async with self.database.reading() as connection:
            rows = [Credit(*row) for row in await connection.execute(query)]
        return sorted(row for row in rows if model in (None, row.model))

    async def states(self) -> dict[str, State]:
        """The whole open ledger."""
        async with self.database.reading() as connection:
            ids = (await connection.scalars(select(conversions.c.id))).all()
            return {id_: open_.state for id_, open_ in (await open_versions(connection, list(ids))).items()}

    async def _count(
        self, connection: AsyncConnection, link_id: str, campaign_id: str, channel: str, kind: str, time_ms: int
    ) -> None:
        row = {
            "workspace_id": self.workspace_id,
            "bucket_ms": time_ms // BUCKET_MS * BUCKET_MS,
            "link_id": link_id,
            "campaign_id": campaign_id,
            "channel": channel,
            "class": kind,
            "count": 1,
        }
        adding = insert_into(connection, click_rollups).values(row)
        keys = list(click_rollups.primary_key.columns)
        counted = {"count": click_rollups.c.count + 1}
        await connection.execute(adding.on_conflict_do_update(index_elements=keys, set_=counted))

    async def _insert(self, table: Any, row: dict[str, Any]) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(insert(table).values(row))
