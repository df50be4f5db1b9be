"""The schema in the code is the schema in the database."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from control.store.engine import Database
from control.store.migrate import DatabaseIsNewer, difference, upgrade
from control.store.partitions import ensure_partitions
from shared import click_id
from shared.clock import DAY_MS


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index ix_clicks_link_chain")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
async def test_the_migrations_end_at_the_schema(database: Database) -> None:
    async with database.transaction() as connection:
        assert await connection.run_sync(difference) == []


async def test_the_index_of_expressions_is_made(database: Database) -> None:
    """The comparison above passes over it."""
    catalogue = "sqlite_master where name" if database.dialect == "sqlite" else "pg_class where relname"
    async with database.reading() as connection:
        found = await connection.execute(text(f"select count(*) from {catalogue} = 'ix_clicks_link_chain'"))
        assert found.scalar_one() == 1


async def test_upgrading_twice_changes_nothing(database: Database) -> None:
    await upgrade(database)
    async with database.reading() as connection:
        assert len((await connection.execute(text("select * from alembic_version"))).all()) == 1


async def test_a_newer_database_is_refused(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("update alembic_version set version_num = '9999_future'"))
    with pytest.raises(DatabaseIsNewer, match="9999_future"):
        await upgrade(database)


async def test_a_click_finds_the_partition_of_its_month(database: Database) -> None:
    if database.dialect != "postgresql":
        pytest.skip("SQLite has no partitions")
    january, march = 1_704_067_200_000, 1_704_067_200_000 + 70 * DAY_MS
    async with database.transaction() as connection:
        await ensure_partitions(connection, january, march)
        await ensure_partitions(connection, january, march)
        for time_ms in (january, january + 31 * DAY_MS - 1, march):
            await connection.execute(
                text(
                    "insert into clicks (id, workspace_id, link_id, channel, time_ms, offset_ms, received_ms, class,"
                    " carry, visitor_hash, headers, edge_id)"
                    " values (:id, 'w', 'l', 'c', :at, 0, :at, 'human', 'none', '', '{}', 'e')"
                ),
                {"id": click_id.new(time_ms), "at": time_ms},
            )
        counted = await connection.execute(text("select tableoid::regclass::text, count(*) from clicks group by 1"))
        assert {str(name): count for name, count in counted} == {"clicks_2024_01": 2, "clicks_2024_03": 1}


async def test_a_failed_block_leaves_nothing(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.transaction() as connection:
            await connection.execute(text("update sync_state set rev = 7"))
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        await write_and_fail()
    async with database.reading() as connection:
        assert (await connection.execute(text("select rev from sync_state"))).scalar_one() == 0


async def test_a_reader_sees_one_snapshot(database: Database) -> None:
    count = text("select count(*) from unknown_slugs")
    async with database.reading() as reader:
        assert (await reader.execute(count)).scalar_one() == 0
        async with database.transaction() as connection:
            await connection.execute(text("insert into unknown_slugs values ('h', 0, '', 1)"))
        assert (await reader.execute(count)).scalar_one() == 0
    async with database.reading() as reader:
        assert (await reader.execute(count)).scalar_one() == 1
