"""A workspace that can be clicked on, and a second control process over the same database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from control.edges.wake import FeedWake
from control.services import Services
from control.store.engine import Database
from tests.control.ingest.builders import Shop, make_shop


@pytest.fixture
async def shop(database: Database, workspace_id: str) -> Shop:
    return await make_shop(database, workspace_id)


@pytest.fixture
async def second_services(services: Services, database_url: str) -> AsyncIterator[Services]:
    """Another control process: on Postgres with connections of its own, on SQLite (one process writes) the same."""
    if services.database.dialect == "sqlite":
        yield services
        return
    database = await Database.open(database_url)
    feed = FeedWake(database)
    yield replace(services, database=database, feed=feed)
    await feed.close()
    await database.close()
