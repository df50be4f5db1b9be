"""The Postgres that storage tests run on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from tests.support.postgres import PostgresServer


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[AsyncConnection]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def test_database_url_answers_on_each_engine(database_url: str) -> None:
    async with connected(database_url) as connection:
        assert (await connection.execute(text("select 1"))).scalar_one() == 1


@pytest.mark.postgres
async def test_a_database_is_empty_utf8_and_sorted_by_bytes(postgres_server: PostgresServer) -> None:
    query = (
        "select pg_encoding_to_char(encoding) as encoding, datcollate as collation,"
        " (select count(*) from information_schema.tables where table_schema = 'public') as tables"
        " from pg_database where datname = current_database()"
    )
    with postgres_server.database() as url:
        async with connected(url) as connection:
            row = (await connection.execute(text(query))).mappings().one()
    assert dict(row) == {"encoding": "UTF8", "collation": "C", "tables": 0}


@pytest.mark.postgres
async def test_a_database_is_dropped_under_open_connections(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url:
        engine = create_async_engine(url)
        connection = await engine.connect()
    names = postgres_server.execute("select datname from pg_database").splitlines()
    await connection.invalidate()
    await engine.dispose()
    assert url.rpartition("/")[2] not in names


@pytest.mark.postgres
@pytest.mark.chaos
def test_a_durable_server_keeps_what_was_committed_before_a_crash(durable_postgres: PostgresServer) -> None:
    durable_postgres.execute("create table kept (n int); insert into kept values (7)")
    durable_postgres.crash()
    durable_postgres.start()
    assert durable_postgres.execute("select n from kept") == "7"
    assert durable_postgres.execute("show fsync") == "on"
