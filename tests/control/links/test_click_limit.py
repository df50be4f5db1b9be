"""A click limit: the click that reaches it closes the link, in its own transaction, once, and edges are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from control.edges.feed import read_state
from control.ingest.batches import store_batch
from control.ingest.sorting import Sorting
from control.ingest.storing import Storing
from control.links.links import edit_link
from control.links.store import hold_link
from control.links.types import LinkEdit
from control.services import Services
from shared import click_id
from shared.clock import DAY_MS, wall_ms
from shared.wire import ClickRecord, LinkEntry, Record
from tests.control.api import Json, a_domain, a_link, call
from tests.control.feed import held_by_edges
from tests.control.ingest.builders import ROBOT, Shop, Stream, a_batch, a_click, a_landing
from tests.support.client import Client

NOON_MS = wall_ms() // DAY_MS * DAY_MS - DAY_MS // 2
WOKEN_WITHIN_S = 5.0
TIME_TO_EDIT_S = 0.3


class Limited:
    """A link with a limit of three, what it is clicked with, and what became of it."""

    def __init__(self, client: Client, services: Services, workspace_id: str, link: Json) -> None:
        self.client, self.services, self.link = client, services, link
        self.shop = Shop(workspace_id, link["id"], "", "")

    def click(self, number: int, **more: Any) -> ClickRecord:
        """A click of a person of their own."""
        return a_click(self.shop, NOON_MS + number, address=bytes((203, 0, 113, number)), **more)

    async def store(self, *records: Record, services: Services | None = None) -> None:
        await store_batch(services or self.services, Stream().headers(len(records)), a_batch(records))

    async def edit(self, **changes: object) -> Json:
        return await call(self.client, "PATCH", f"/api/v1/links/{self.link['id']}", changes, status=200)

    async def is_closed(self) -> bool:
        """What edges were told, which the API must agree with."""
        link = await call(self.client, "GET", f"/api/v1/links/{self.link['id']}", status=200)
        entry = (await held_by_edges(self.services.database))["link:go.example.com/x"]
        assert isinstance(entry, LinkEntry)
        assert entry.is_exhausted == link["exhausted"]
        return entry.is_exhausted

    async def rev(self) -> int:
        async with self.services.database.reading() as connection:
            return (await read_state(connection)).rev


@pytest.fixture
async def limited(client: Client, services: Services, workspace_id: str) -> Limited:
    await a_domain(client, "go.example.com")
    link = await a_link(client, slug="x", click_limit=3)
    return Limited(client, services, workspace_id, link)


async def test_the_click_that_reaches_the_limit_closes_the_link(limited: Limited) -> None:
    await limited.store(limited.click(1), limited.click(2), limited.click(2), limited.click(9, agent=ROBOT))
    rev = await limited.rev()
    assert not await limited.is_closed()
    feed = limited.services.feed
    await feed.start()
    edge = asyncio.create_task(feed.wait(ticket := feed.ticket(), WOKEN_WITHIN_S))
    await limited.store(limited.click(3), limited.click(4))
    await edge
    assert ticket.is_set()
    assert await limited.is_closed()
    assert await limited.rev() == rev + 1
    await limited.store(limited.click(5))
    assert await limited.rev() == rev + 1


async def test_what_turns_out_to_be_a_click_counts(limited: Limited) -> None:
    """A prefetch that is followed, and a repeat that was another person's."""
    one, two = a_click(limited.shop, NOON_MS), a_click(limited.shop, NOON_MS + 3_000)
    ahead = limited.click(3, no_click="prefetch")
    await limited.store(one, two, ahead)
    for click in (one, ahead, two):
        assert not await limited.is_closed()
        vid = click_id.new(NOON_MS)
        await limited.store(a_landing(limited.shop, NOON_MS + 9_000, c=click.click_id, vid=vid, new=True))
    assert await limited.is_closed()


async def test_another_limit_opens_the_link_again_and_none_for_good(limited: Limited) -> None:
    clicks = [limited.click(number) for number in range(1, 5)]
    await limited.store(*clicks)
    assert await limited.is_closed()
    rev = await limited.rev()
    assert (await limited.edit(click_limit=5))["exhausted"] is False
    assert not await limited.is_closed()
    assert (await limited.edit(click_limit=4))["exhausted"] is True
    assert (await limited.edit(title="Still closed", click_limit=4))["exhausted"] is True
    assert await limited.is_closed()
    assert (await limited.edit(click_limit=None))["exhausted"] is False
    assert await limited.rev() == rev + 3
    await limited.store(*(limited.click(number) for number in range(10, 20)))
    assert not await limited.is_closed()
    await limited.edit(click_limit=20, archived=True)
    await limited.store(*(limited.click(number) for number in range(20, 40)))
    assert "link:go.example.com/x" not in await held_by_edges(limited.services.database)
    await limited.edit(archived=False)
    assert await limited.is_closed()


async def test_two_control_processes_close_it_once(limited: Limited, second_services: Services) -> None:
    rev = await limited.rev()
    clicks = [limited.click(number) for number in range(1, 21)]
    both: Sequence[Services] = (limited.services, second_services)
    await asyncio.gather(*(limited.store(click, services=both[at % 2]) for at, click in enumerate(clicks)))
    assert await limited.is_closed()
    assert await limited.rev() == rev + 1


async def test_a_limit_waits_for_clicks_that_are_being_stored(limited: Limited, second_services: Services) -> None:
    """Those see no limit yet, and whoever sets it would not see them."""
    await limited.edit(click_limit=None)
    batch = a_batch([limited.click(number) for number in range(1, 4)])
    async with second_services.database.transaction() as connection:
        sorting = Sorting(second_services.secret, batch, wall_ms())
        found = await sorting.sort(batch.records, await sorting.look_up(connection, batch.records), first=0)
        await Storing(second_services, connection, bytes(16), batch, wall_ms()).store(found)
        edit = asyncio.create_task(limited.edit(click_limit=3))
        await asyncio.sleep(TIME_TO_EDIT_S)
    assert (await edit)["exhausted"] is True
    assert await limited.is_closed()


async def test_a_batch_that_closes_two_links_lets_an_edit_of_one_of_them_through(
    limited: Limited, second_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is closed by a click, the other by a landing that makes a prefetch a click; the edit holds its link already
    and wants the feed next."""
    monkeypatch.setattr("control.ingest.batches.ATTEMPTS", 1)  # a deadlock isn't got over by trying again
    other = await a_link(limited.client, slug="y", click_limit=1)
    shop = Shop(limited.shop.workspace_id, other["id"], "", "")
    ahead = a_click(shop, NOON_MS, no_click="prefetch")
    await limited.edit(click_limit=1)
    await limited.store(ahead)
    landing = a_landing(shop, NOON_MS + 9_000, c=ahead.click_id, vid=click_id.new(NOON_MS), new=True)
    async with second_services.database.transaction() as connection:
        await hold_link(connection, limited.shop.workspace_id, other["id"])
        batch = asyncio.create_task(limited.store(limited.click(1), landing))
        await asyncio.sleep(TIME_TO_EDIT_S)
        title = LinkEdit(title="Edited", destination="https://shop.example/edited")
        await edit_link(connection, limited.shop.workspace_id, other["id"], title, wall_ms())
    await batch
    assert await limited.is_closed()
    held = (await held_by_edges(limited.services.database))["link:go.example.com/y"]
    assert isinstance(held, LinkEntry)
    assert (held.is_exhausted, held.destination) == (True, "https://shop.example/edited")
