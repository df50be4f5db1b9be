"""The feed: one order of all changes, without holes, whoever writes."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select, update

from control.edges.changes import SnapshotNeeded, read_changes
from control.edges.feed import TOMBSTONE_MS, forget_tombstones, publish, read_state, renew_epoch, retract
from control.edges.snapshot import snapshot_frames
from control.store.engine import Database
from control.store.migrate import upgrade
from control.store.schema import feed, feed_tips, sync_state
from shared.clock import DAY_MS, wall_ms
from shared.wire import ChangePage, Entry
from tests.control.feed import a_domain_entry, a_link_entry, apply, held_by_edges, read_snapshot
from tests.support.postgres import PostgresServer


async def changes(database: Database, rev: int, limit: int = 100) -> ChangePage:
    async with database.reading() as connection:
        epoch = (await read_state(connection)).epoch
        return await read_changes(connection, epoch, rev, limit)


async def epoch_of(database: Database) -> str:
    async with database.reading() as connection:
        return (await read_state(connection)).epoch


async def write(database: Database, *entries: Entry, remove: tuple[str, ...] = ()) -> int:
    async with database.transaction() as connection:
        await publish(connection, entries)
        return await retract(connection, remove)


async def test_each_change_takes_the_next_rev(database: Database) -> None:
    assert await write(database, a_domain_entry(), a_link_entry("a")) == 2
    assert await write(database, a_link_entry("b"), remove=("link:go.example.com/a",)) == 4
    page = await changes(database, 0)
    assert [(change.rev, change.key) for change in page.changes] == [
        (1, "domain:go.example.com"),
        (3, "link:go.example.com/b"),
        (4, "link:go.example.com/a"),
    ]
    assert page.changes[-1].entry is None
    assert (page.rev, page.more) == (4, False)


async def test_a_rev_that_was_given_out_twice_is_told_apart_by_its_tip(database: Database) -> None:
    """As after a copy of the database was put back, and other edits were made in place of the lost ones."""
    async with database.transaction() as connection:
        await publish(connection, [a_link_entry("a"), a_link_entry("b")])
    first = await changes(database, 0, limit=1)
    async with database.reading() as connection:
        assert await read_changes(connection, first.epoch, 1, tip=first.tip)  # in the middle of a transaction
    held = await changes(database, 0)
    assert held.tip == first.tip != ""
    async with database.transaction() as connection:
        await connection.execute(update(feed_tips).values(tip="of another history"))
        await publish(connection, [a_link_entry("c")])
    async with database.reading() as connection:
        with pytest.raises(SnapshotNeeded):
            await read_changes(connection, held.epoch, held.rev, tip=held.tip)
        page = await read_changes(connection, held.epoch, held.rev)  # an edge that knows of no tips
    assert page.tip not in ("", held.tip)


async def test_an_edge_that_was_away_for_thirty_days_is_still_known_by_its_tip(database: Database) -> None:
    pages: list[ChangePage] = []
    for age_days, slug in ((70, "a"), (40, "b"), (10, "c")):
        rev = await write(database, a_link_entry(slug))
        pages.append(await changes(database, rev - 1))
        async with database.transaction() as connection:
            changed_ms = wall_ms() - age_days * DAY_MS
            await connection.execute(update(feed_tips).where(feed_tips.c.rev == rev).values(changed_ms=changed_ms))
    async with database.transaction() as connection:
        await forget_tombstones(connection, wall_ms())
    async with database.reading() as connection:
        for held in pages[1:]:
            await read_changes(connection, held.epoch, held.rev, tip=held.tip)
        with pytest.raises(SnapshotNeeded):
            await read_changes(connection, pages[0].epoch, pages[0].rev, tip=pages[0].tip)


async def test_a_key_named_twice_in_one_change_keeps_the_last(database: Database) -> None:
    await write(database, a_link_entry("a", "https://old.example/"), a_link_entry("a", "https://new.example/"))
    (change,) = (await changes(database, 0)).changes
    assert change.entry == a_link_entry("a", "https://new.example/")


async def test_a_rolled_back_change_takes_no_rev(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await publish(connection, [a_link_entry("a")])
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError):
        await fail()
    assert await write(database, a_link_entry("b")) == 1


async def test_pages_join_without_a_gap(database: Database) -> None:
    await write(database, *(a_link_entry(f"s{number}") for number in range(7)))
    held: dict[str, Entry] = {}
    revs: list[tuple[int, bool]] = []
    rev = 0
    while not revs or revs[-1][1]:
        page = await changes(database, rev, limit=3)
        apply(held, page)
        rev = page.rev
        revs.append((page.rev, page.more))
    assert revs == [(3, True), (6, True), (7, False)]
    assert len(held) == 7


async def test_a_follower_of_concurrent_writers_misses_nothing(database: Database) -> None:
    """Whoever sees a rev sees all before it, though transactions of six writers overlap."""
    writers, each = 6, 12
    held: dict[str, Entry] = {}
    seen: list[int] = []

    async def writer(name: int) -> None:
        for number in range(each):
            async with database.transaction() as connection:
                await asyncio.sleep(0.001 * (name % 3))
                await publish(connection, [a_link_entry(f"w{name}-{number}")])
                await asyncio.sleep(0.001 * (number % 2))

    async def follower() -> None:
        rev = 0
        while rev < writers * each:
            page = await changes(database, rev, limit=5)
            seen.extend(change.rev for change in page.changes)
            apply(held, page)
            rev = page.rev
            await asyncio.sleep(0)

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(follower())
        for name in range(writers):
            tasks.create_task(writer(name))
    assert seen == list(range(1, writers * each + 1))
    assert len(held) == writers * each


async def test_a_follower_of_changing_keys_ends_with_what_is_there(database: Database) -> None:
    done = asyncio.Event()
    held: dict[str, Entry] = {}

    async def writer() -> None:
        for number in range(60):
            key = f"s{number * 7 % 10}"
            if number % 4 == 3:
                await write(database, remove=(f"link:go.example.com/{key}",))
            else:
                await write(database, a_link_entry(key, f"https://example.com/{number}"))
        done.set()

    async def follower() -> None:
        rev, last = 0, False
        while not last:
            last = done.is_set()
            page = await changes(database, rev, limit=4)
            apply(held, page)
            rev, last = page.rev, last and not page.more

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(writer())
        tasks.create_task(follower())
    assert held == await held_by_edges(database)


async def test_a_snapshot_is_what_following_the_feed_gives(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control.edges.snapshot.ENTRIES_PER_FRAME", 7)
    await write(database, a_domain_entry(), *(a_link_entry(f"ü/{number}") for number in range(50)))
    await write(database, a_link_entry("ü/3", "https://new.example/"), remove=("link:go.example.com/ü/4",))
    body = b"".join([frame async for frame in snapshot_frames(database)])
    start, entries = read_snapshot(body)
    assert entries == await held_by_edges(database)
    assert len(entries) == 50
    async with database.reading() as connection:
        state = await read_state(connection)
    assert (start.epoch, start.rev) == (state.epoch, state.rev)


async def test_changes_during_a_snapshot_come_after_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control.edges.snapshot.ENTRIES_PER_FRAME", 2)
    await write(database, *(a_link_entry(f"s{number}") for number in range(6)))
    frames = snapshot_frames(database)
    body = await anext(frames) + await anext(frames)
    await write(database, a_link_entry("s9"), remove=("link:go.example.com/s5",))
    body += b"".join([frame async for frame in frames])
    start, entries = read_snapshot(body)
    assert len(entries) == 6
    apply(entries, await changes(database, start.rev))
    assert entries == await held_by_edges(database)


async def test_a_position_from_elsewhere_leads_to_a_snapshot(database: Database) -> None:
    await write(database, a_link_entry("a"))
    async with database.reading() as connection:
        epoch = (await read_state(connection)).epoch
        for foreign_epoch, rev in (("", 0), ("another", 1), (epoch, 2)):
            with pytest.raises(SnapshotNeeded):
                await read_changes(connection, foreign_epoch, rev)


async def test_a_new_epoch_leads_every_edge_to_a_snapshot(database: Database) -> None:
    async with database.transaction() as connection:
        before = await read_state(connection)
        await renew_epoch(connection)
        after = await read_state(connection)
        with pytest.raises(SnapshotNeeded):
            await read_changes(connection, before.epoch, before.rev)
    assert after.epoch != before.epoch


async def test_a_restored_database_is_noticed_by_its_rev(database: Database) -> None:
    """A restore brings back an older rev; an edge that is ahead of it must not go on from there."""
    rev = await write(database, a_link_entry("a"), a_link_entry("b"))
    async with database.transaction() as connection:
        await connection.execute(update(sync_state).values(rev=rev - 1))
    with pytest.raises(SnapshotNeeded):
        await changes(database, rev)


@pytest.mark.postgres
async def test_a_copy_of_a_postgres_database_has_another_epoch(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url, postgres_server.database() as copy_url:
        original = await Database.open(url)
        await upgrade(original)
        epoch = await epoch_of(original)
        await original.close()
        name, copy_name = (one.rpartition("/")[2].partition("?")[0] for one in (url, copy_url))
        postgres_server.execute(f'drop database "{copy_name}"')
        postgres_server.execute(f'create database "{copy_name}" template "{name}"')
        copy = await Database.open(copy_url)
        assert await epoch_of(copy) != epoch
        await copy.close()


async def test_a_role_that_may_not_see_the_servers_identity_has_an_epoch_all_the_same(database: Database) -> None:
    if database.dialect != "postgresql":
        pytest.skip("SQLite has no roles")
    async with database.transaction() as connection:
        stored = (await connection.execute(select(sync_state.c.epoch))).scalar_one()
        for statement in (
            "create role plain",
            "grant select on sync_state to plain",
            "revoke execute on function pg_control_system() from public",
            "set local role plain",
        ):
            await connection.exec_driver_sql(statement)
        assert (await read_state(connection)).epoch == stored
        await connection.exec_driver_sql("reset role")
        await connection.exec_driver_sql("drop owned by plain")
        await connection.exec_driver_sql("drop role plain")


async def test_old_tombstones_go_and_late_edges_take_a_snapshot(database: Database) -> None:
    await write(database, a_link_entry("a"), a_link_entry("b"), a_link_entry("c"))
    await write(database, remove=("link:go.example.com/a", "link:go.example.com/b"))
    async with database.transaction() as connection:
        assert await forget_tombstones(connection, wall_ms() + TOMBSTONE_MS - 60_000) == 0
        assert await forget_tombstones(connection, wall_ms() + TOMBSTONE_MS + 60_000) == 2
        assert await forget_tombstones(connection, wall_ms() + TOMBSTONE_MS + 60_000) == 0
        assert (await connection.execute(select(func.count()).select_from(feed))).scalar_one() == 1
    with pytest.raises(SnapshotNeeded):
        await changes(database, 4)
    assert (await changes(database, 5)).changes == []
