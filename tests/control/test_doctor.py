"""The examination finds what was tampered with, and nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from control.attribution.worker import drain
from control.doctor import Examination, examine
from control.ingest.batches import store_batch
from control.services import Services
from shared import click_id
from shared.clock import DAY_MS, MINUTE_MS, wall_ms
from tests.control.ingest.builders import Shop, Stream, a_batch, a_click, a_landing, an_event, make_shop

VISITOR = click_id.new(1)


@pytest.fixture
async def shop(services: Services, workspace_id: str) -> Shop:
    """A shop with two clicks of one visitor, who then bought."""
    shop = await make_shop(services.database, workspace_id)
    began = wall_ms() - DAY_MS
    clicks = [a_click(shop, began), a_click(shop, began + 20 * MINUTE_MS)]
    landings = [a_landing(shop, click.time_ms + 500, c=click.click_id, vid=VISITOR, new=True) for click in clicks]
    bought = an_event(shop, "purchase", began + 30 * MINUTE_MS, vid=VISITOR, amount=1001, currency="EUR")
    records = [*clicks, *landings, bought]
    await store_batch(services, Stream().headers(len(records)), a_batch(records))
    await drain(services.database)
    return shop


async def test_what_was_not_tampered_with_is_well(services: Services, shop: Shop) -> None:
    assert await examine(services.database) == Examination(versions=1, clicks=2, findings=[])


@pytest.mark.parametrize(
    ("damage", "about"),
    [
        ("update touch_credits set credit = credit + 1 where model = 'linear' and position = 1", "credits"),
        ("update touch_credits set value = value - 1 where model = 'time_decay' and position = 2", "credits"),
        ("delete from touch_credits where model = 'position' and position = 1", "credits"),
        ("update click_rollups set count = count + 1", "rollups"),
        ("delete from click_rollups", "rollups"),
        ("update clicks set class = 'bot'", "rollups"),
    ],
)
async def test_damage_is_found(services: Services, shop: Shop, damage: str, about: str) -> None:
    async with services.database.transaction() as connection:
        await connection.execute(text(damage))
    found = (await examine(services.database)).findings
    assert {finding.about for finding in found} == {about}
