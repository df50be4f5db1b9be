"""The demo's history: the same for the same seed, stored whole, and right when it is examined."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from control.accounts.workspaces import ensure_owner
from control.cli.failure import CliError
from control.demo import folder
from control.demo.catalogue import LINKS
from control.demo.folder import ShopKeys
from control.demo.furnish import furnish
from control.demo.seed import bring_in, credit
from control.demo.world import DAYS, Setup, make_world
from control.doctor import examine
from control.services import Services
from control.store.schema import clicks, credit_versions
from shared.clock import DAY_MS, wall_ms
from shared.wire import ClickRecord

SETUP = Setup({link.slug: link.slug.encode().ljust(16) for link in LINKS}, b"w" * 16, "pk_1", b"k" * 16)
END_MS = 1_795_000_000_000


def test_the_same_seed_makes_the_same_history() -> None:
    assert list(make_world(SETUP, END_MS, seed=7, people=50)) == list(make_world(SETUP, END_MS, seed=7, people=50))
    assert list(make_world(SETUP, END_MS, seed=7, people=50)) != list(make_world(SETUP, END_MS, seed=8, people=50))


def test_it_arrives_in_order_and_lies_within_its_days() -> None:
    moments = list(make_world(SETUP, END_MS, people=200))
    assert [moment.arrives_ms for moment in moments] == sorted(moment.arrives_ms for moment in moments)
    clicked = [moment.what.time_ms for moment in moments if isinstance(moment.what, ClickRecord)]
    assert END_MS - (DAYS + 1) * DAY_MS < min(clicked) < END_MS - 80 * DAY_MS
    assert END_MS - 2 * DAY_MS < max(clicked) < END_MS


async def test_all_of_it_is_stored_and_credited(services: Services) -> None:
    now_ms = wall_ms()
    async with services.feed.publishing() as connection:
        owner = await ensure_owner(connection, "kaethe@example.com", "Demo", now_ms)
        company = await furnish(connection, services.config, owner.workspace_id, "http://shop.localhost:8090", now_ms)
    moments = list(make_world(company.setup, now_ms, people=120))
    told: list[int] = []
    await bring_in(services, company.setup, moments, told.append)
    await credit(services, lambda _: None)
    assert sum(told) == len(moments)
    async with services.database.reading() as connection:
        stored = (await connection.execute(select(func.count()).select_from(clicks))).scalar_one()
        credited = (await connection.execute(select(func.count()).where(credit_versions.c.touches > 0))).scalar_one()
    assert stored == sum(isinstance(moment.what, ClickRecord) for moment in moments)
    assert credited > 10
    assert (await examine(services.database)).findings == []


def test_a_demo_goes_on_where_it_was_or_begins_again(tmp_path: Path) -> None:
    data, keys = tmp_path / "demo", ShopKeys("pk_1", "sk_1")
    assert folder.begin(data, fresh=False) is None
    (data / "half").write_text("of a history")
    assert folder.begin(data, fresh=False) is None
    assert not (data / "half").exists()
    folder.complete(data, keys)
    assert folder.begin(data, fresh=False) == keys
    assert folder.begin(data, fresh=True) is None


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    for fresh in (False, True):
        with pytest.raises(CliError, match="something else"):
            folder.begin(tmp_path, fresh=fresh)
    assert (tmp_path / "precious").read_text() == "data"
