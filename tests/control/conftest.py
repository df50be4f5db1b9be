"""An open database on each engine, a whole control plane over it, and a client that calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from control.accounts.authenticate import hash_secret
from control.app import make_app
from control.config import ControlConfig
from control.edges.wake import FeedWake
from control.services import Services
from control.store.engine import Database
from control.store.migrate import upgrade
from control.store.schema import api_keys, edge_tokens, workspaces
from shared.clock import wall_ms
from shared.ids import new_id
from tests.support.client import Client, client_of

SECRET_KEY = "sk_test0000000000000000000000000000"
EDGE_TOKEN = "et_test0000000000000000000000000000"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database; the test runs once on each engine."""
    database = await Database.open(database_url)
    await upgrade(database)
    yield database
    await database.close()


@pytest.fixture
async def workspace_id(database: Database) -> str:
    """A workspace in UTC and USD, with the secret key SECRET_KEY and the edge token EDGE_TOKEN."""
    return await make_workspace(database, SECRET_KEY, EDGE_TOKEN)


async def make_workspace(database: Database, secret_key: str, edge_token: str = "") -> str:
    """A further tenant whose secret key is `secret_key`."""
    now_ms, workspace_id = wall_ms(), new_id("wsp")
    async with database.transaction() as connection:
        await connection.execute(insert(workspaces).values(id=workspace_id, name="Test", created_ms=now_ms))
        await connection.execute(
            insert(api_keys).values(
                id=new_id("key"),
                workspace_id=workspace_id,
                kind="secret",
                name="test",
                hint=secret_key[:8],
                secret_hash=hash_secret(secret_key),
                created_ms=now_ms,
            )
        )
        if edge_token:
            await connection.execute(
                insert(edge_tokens).values(
                    id=new_id("etk"), name="test", token_hash=hash_secret(edge_token), created_ms=now_ms
                )
            )
    return workspace_id


@pytest.fixture
async def services(database: Database, tmp_path: Path) -> AsyncIterator[Services]:
    """What a running control plane shares, over the test's database and an empty data folder."""
    data = tmp_path / "data"
    data.mkdir()
    feed = FeedWake(database)
    yield Services(database, ControlConfig(), data, secret=bytes(range(32)), feed=feed)
    await feed.close()


@pytest.fixture
async def client(services: Services, workspace_id: str) -> AsyncIterator[Client]:
    """A client of the whole application over real sockets, authorised by the workspace's secret key."""
    headers = {"Authorization": f"Bearer {SECRET_KEY}"}
    async with client_of(make_app(services), headers) as client:
        yield client


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
