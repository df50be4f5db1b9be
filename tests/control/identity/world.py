"""Facts for identity's tests, written as ingest writes them: each with its observations and marks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from control.identity import types
from control.identity.history import take_histories
from control.identity.observe import mark_clicks, mark_dirty, observe
from control.identity.types import History, Identifier, Observation, Source, stated_together
from control.store import schema
from control.store.engine import Database
from control.store.partitions import ensure_partitions
from shared import click_id
from shared.clock import MINUTE_MS
from shared.ids import new_id

START_MS = 1_800_000_000_000  # some day in 2027; the world's minutes count from here


def at(minute: int) -> int:
    """That minute in Unix milliseconds."""
    return START_MS + minute * MINUTE_MS


def new_click(minute: int = 0) -> bytes:
    """An id of a click or visitor made at that minute."""
    return click_id.new(at(minute))


class World:
    """One workspace's facts. Times are minutes; what a method returns is the id of what it stored."""

    def __init__(self, database: Database, workspace_id: str) -> None:
        self.database = database
        self.workspace_id = workspace_id

    async def define_events(self) -> None:
        await self._insert(
            schema.event_definitions,
            id=f"evd_{self.workspace_id}",
            workspace_id=self.workspace_id,
            name="purchase",
            title="Purchase",
            standard=True,
            counting="every",
            window_days=30,
            default_model="last",
            version=1,
            created_ms=0,
            updated_ms=0,
        )

    async def click(
        self,
        minute: int,
        *,
        click: bytes | None = None,
        kind: str = "human",
        reason: str = "",
        alias_of: bytes | None = None,
    ) -> bytes:
        click = click or new_click(minute)
        row = {
            "id": click,
            "workspace_id": self.workspace_id,
            "link_id": "lnk_1",
            "campaign_id": "cmp_1",
            "channel": "email",
            "time_ms": at(minute),
            "offset_ms": 0,
            "received_ms": at(minute),
            "class": kind,
            "reason": reason,
            "alias_of": alias_of,
            "carry": "fragment",
            "visitor_hash": bytes(16),
            "headers": "{}",
            "edge_id": "edg_1",
        }
        async with self.database.transaction() as connection:
            await ensure_partitions(connection, START_MS, at(minute))
            await connection.execute(insert(schema.clicks), row)
            await mark_clicks(connection, self.workspace_id, [click], "late_click")
        return click

    async def land(self, minute: int, click: bytes, visitor: bytes) -> None:
        await self._landing(minute, visitor, click_id=click, reason="click")
        await self.observe([types.click(click), types.visitor(visitor)], minute, "landing")

    async def visit(self, minute: int, visitor: bytes, *, channel: str = "direct", reason: str = "") -> bytes:
        landing_id = await self._landing(minute, visitor, channel=channel, reason=reason)
        await self._mark([types.visitor(visitor)])
        return landing_id

    async def identify(self, minute: int, visitor: bytes, customer: str = "", email: str = "") -> None:
        stated = [types.visitor(visitor)]
        stated += [Identifier("customer", customer)] if customer else []
        stated += [Identifier("email", email)] if email else []
        await self.observe(stated, minute, "identify")

    async def convert(
        self,
        minute: int,
        *,
        click: bytes | None = None,
        visitor: bytes | None = None,
        customer: str = "",
        email: str = "",
        source: Source = "server",
    ) -> str:
        conversion_id = new_id("cnv")
        await self._insert(
            schema.conversions,
            id=conversion_id,
            workspace_id=self.workspace_id,
            definition_id=f"evd_{self.workspace_id}",
            name="purchase",
            time_ms=at(minute),
            received_ms=at(minute),
            click_id=click,
            visitor_id=visitor,
            customer=customer,
            email_hash=email,
            amount=1000,
            currency="EUR",
            event_key=conversion_id,
            source="server" if source == "server" else "browser",
        )
        stated = [] if click is None else [types.click(click)]
        stated += [] if visitor is None else [types.visitor(visitor)]
        stated += [Identifier("customer", customer)] if customer else []
        stated += [Identifier("email", email)] if email else []
        await self.observe(stated, minute, source)
        await self._mark(stated or [Identifier("conversion", conversion_id)])
        return conversion_id

    async def refund(self, minute: int, conversion_id: str, amount: int | None) -> str:
        refund_id = new_id("rfd")
        await self._insert(
            schema.refunds,
            id=refund_id,
            workspace_id=self.workspace_id,
            conversion_id=conversion_id,
            event_key=refund_id,
            amount=amount,
            time_ms=at(minute),
            received_ms=at(minute),
        )
        await self._mark([Identifier("conversion", conversion_id)])
        return refund_id

    async def observe(self, stated: Iterable[Identifier], minute: int, source: Source) -> None:
        await self.observe_all(stated_together(stated, at(minute), source))

    async def observe_all(self, observations: list[Observation]) -> None:
        async with self.database.transaction() as connection:
            await observe(connection, self.workspace_id, observations, "identity_merged")

    async def take(self) -> list[History]:
        """What a credit pass does: take the marks, and the histories that they lead to."""
        async with self.database.transaction() as connection:
            marks = await dirty(connection, self.workspace_id)
            await connection.execute(delete(schema.dirty_identifiers))
            return await take_histories(connection, self.workspace_id, marks)

    async def index(self) -> dict[Identifier, str]:
        """The index of people as it is stored."""
        table = schema.identifiers
        query = select(table.c.kind, table.c.value, table.c.person_id).where(table.c.workspace_id == self.workspace_id)
        async with self.database.reading() as connection:
            return {Identifier(kind, value): person for kind, value, person in await connection.execute(query)}

    async def _landing(self, minute: int, visitor: bytes, **columns: Any) -> bytes:
        landing_id = new_click(minute)
        await self._insert(
            schema.landings,
            id=landing_id,
            workspace_id=self.workspace_id,
            visitor_id=visitor,
            time_ms=at(minute),
            received_ms=at(minute),
            url="https://shop.example/",
            **columns,
        )
        return landing_id

    async def _mark(self, identifiers: list[Identifier]) -> None:
        async with self.database.transaction() as connection:
            await mark_dirty(connection, self.workspace_id, identifiers, "late_conversion")

    async def _insert(self, table: Table, **row: Any) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(insert(table), row)


async def dirty(connection: AsyncConnection, workspace_id: str) -> list[Identifier]:
    """The identifiers that are marked, each once."""
    table = schema.dirty_identifiers
    query = select(table.c.kind, table.c.value).where(table.c.workspace_id == workspace_id).distinct()
    return [Identifier(kind, value) for kind, value in await connection.execute(query)]
