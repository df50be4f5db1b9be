"""The link cache of a node follows the control plane, and outlives whatever that does."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from edge.config import EdgeConfig
from edge.links import LinkCache
from shared.wire import DomainEntry, LinkEntry
from tests.support.agent import AgentProcess, agent, config_for
from tests.support.control_plane import ControlPlane, running

HOST = "go.example"


def link(slug: str, destination: str = "https://shop.example/") -> LinkEntry:
    return LinkEntry(HOST, slug, bytes(16), destination)


def domain() -> DomainEntry:
    return DomainEntry(HOST, bytes(16), bytes(16))


@contextmanager
def followed(config: EdgeConfig) -> Generator[tuple[AgentProcess, LinkCache]]:
    """A running agent, and its cache as a worker sees it."""
    with agent(config) as process:
        cache = LinkCache.open(config.links_dir)
        try:
            yield process, cache
        finally:
            cache.close()


def destination(cache: LinkCache, slug: str) -> str | None:
    cache.refresh()
    found = cache.find(HOST, slug)
    return found.destination.plain.decode() if found else None


async def test_a_new_node_takes_a_snapshot_then_follows_edits(tmp_path: Path) -> None:
    control = ControlPlane()
    control.publish(domain(), *(link(f"s{number}") for number in range(250)))
    async with running(control):
        with followed(config_for(tmp_path / "edge", control.url)) as (_, cache):
            await control.until(lambda: destination(cache, "s249") == "https://shop.example/")
            control.publish(link("s7", "https://shop.example/new"))
            await control.until(lambda: destination(cache, "s7") == "https://shop.example/new")
            control.retract(f"link:{HOST}/s8")
            await control.until(lambda: destination(cache, "s8") is None)
            assert control.snapshots == 1


async def test_a_restart_goes_on_without_a_snapshot(tmp_path: Path) -> None:
    control = ControlPlane()
    control.publish(domain(), link("a"))
    async with running(control):
        config = config_for(tmp_path / "edge", control.url)
        with followed(config) as (process, cache):
            await control.until(lambda: destination(cache, "a") is not None)
            process.kill()
            control.publish(link("b"))
            process.start()
            await control.until(lambda: destination(cache, "b") is not None)
    assert control.snapshots == 1


async def test_a_restored_control_plane_leads_to_a_new_snapshot_and_the_old_links_serve_meanwhile(
    tmp_path: Path,
) -> None:
    control = ControlPlane()
    control.publish(domain(), link("a"), link("b"))
    async with running(control):
        with followed(config_for(tmp_path / "edge", control.url)) as (_, cache):
            await control.until(lambda: destination(cache, "a") is not None)
            control.retract(f"link:{HOST}/b")
            await control.until(lambda: destination(cache, "b") is None)
            control.restore({}, "epoch-2")
            control.entries = {f"link:{HOST}/b": link("b"), f"domain:{HOST}": domain(), f"link:{HOST}/a": link("a")}
            control.rev = 2
            await control.until(lambda: destination(cache, "b") is not None)
            assert destination(cache, "a") is not None


async def test_last_known_good_survives_the_control_plane(tmp_path: Path, unused_tcp_port: int) -> None:
    config = config_for(tmp_path / "edge", f"http://127.0.0.1:{unused_tcp_port}")
    control = ControlPlane()
    control.publish(domain(), link("a"))
    with followed(config) as (process, cache):
        async with running(control, unused_tcp_port):
            await control.until(lambda: destination(cache, "a") is not None)
        process.kill()
        process.start()
        await asyncio.to_thread(process.until_ready)
        assert destination(cache, "a") == "https://shop.example/"
        control.publish(link("a", "https://shop.example/after"))
        async with running(control, unused_tcp_port):
            await control.until(lambda: destination(cache, "a") == "https://shop.example/after")


async def test_a_feed_that_removes_most_links_waits_until_it_is_accepted(tmp_path: Path) -> None:
    control = ControlPlane()
    slugs = [f"s{number}" for number in range(300)]
    control.publish(domain(), *map(link, slugs))
    async with running(control):
        config = config_for(tmp_path / "edge", control.url)
        with followed(config) as (process, cache):
            await control.until(lambda: destination(cache, "s299") is not None)
            control.retract(*(f"link:{HOST}/{slug}" for slug in slugs[:200]))
            await control.until(lambda: "feed held" in process.log_text())
            await control.until(lambda: any(status.held_feed for status in control.statuses))
            assert control.statuses[-1].held_feed.startswith("200 of 30")
            assert destination(cache, "s0") is not None
            (config.data_dir / "accept-feed").touch()
            await control.until(lambda: destination(cache, "s0") is None)
            assert destination(cache, "s299") is not None
            assert not (config.data_dir / "accept-feed").exists()
            await control.until(lambda: not control.statuses[-1].held_feed)


async def test_an_empty_snapshot_in_place_of_many_links_waits_too(tmp_path: Path) -> None:
    control = ControlPlane()
    control.publish(domain(), *(link(f"s{number}") for number in range(300)))
    async with running(control):
        with followed(config_for(tmp_path / "edge", control.url)) as (process, cache):
            await control.until(lambda: destination(cache, "s299") is not None)
            control.restore({}, "epoch-2")
            control.entries.clear()
            control.publish(domain())
            await control.until(lambda: "feed held" in process.log_text())
            assert destination(cache, "s299") is not None


async def test_reported_damage_is_repaired_by_a_snapshot(tmp_path: Path) -> None:
    control = ControlPlane()
    control.publish(domain(), link("a"))
    async with running(control):
        config = config_for(tmp_path / "edge", control.url)
        with followed(config) as (_, cache):
            await control.until(lambda: destination(cache, "a") is not None)
            generation = (config.links_dir / "current").read_text().strip()
            (config.links_dir / generation / "damaged").write_text("found by a worker")
            await control.until(lambda: control.snapshots == 2)
            await control.until(lambda: (config.links_dir / "current").read_text().strip() != generation)
            assert destination(cache, "a") is not None


async def test_what_a_newer_control_plane_adds_is_passed_over(tmp_path: Path) -> None:
    """Entries of further kinds, in snapshot and feed, and further fields: the others are followed as before."""
    control = ControlPlane()
    control.publish(domain(), link("a"), *(pixel(number) for number in range(300)))
    async with running(control):
        with followed(config_for(tmp_path / "edge", control.url)) as (process, cache):
            await control.until(lambda: destination(cache, "a") == "https://shop.example/")
            control.publish(pixel(1), link("b"), pixel(2))
            control.retract(*(f"pixel:{number}" for number in range(3, 300)))
            await control.until(lambda: destination(cache, "b") == "https://shop.example/")
            control.publish(link("a", "https://shop.example/new"))
            await control.until(lambda: destination(cache, "a") == "https://shop.example/new")
            assert control.snapshots == 1
            assert "held" not in process.log_text()


async def test_an_entry_of_a_known_kind_that_cannot_be_read_holds_the_feed_up(tmp_path: Path) -> None:
    """To pass over it would go on serving the old destination as if it were the newest."""
    control = ControlPlane()
    control.publish(domain(), link("a"))
    async with running(control):
        with followed(config_for(tmp_path / "edge", control.url)) as (process, cache):
            await control.until(lambda: destination(cache, "a") == "https://shop.example/")
            entry = msgspec.structs.replace(link("a", "https://shop.example/new"), carry="telepathy")  # pyright: ignore
            control.publish(entry)
            await control.until(lambda: "a page of changes is unreadable" in process.log_text())
            assert destination(cache, "a") == "https://shop.example/"
            control.publish(link("a", "https://shop.example/newest"))
            await control.until(lambda: destination(cache, "a") == "https://shop.example/newest")


class Pixel(msgspec.Struct, frozen=True, array_like=True, tag="pixel"):
    """An entry as a later version might have it."""

    name: str


def pixel(number: int) -> Any:
    return Pixel(str(number))
