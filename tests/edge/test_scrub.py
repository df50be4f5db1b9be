"""A link cache is read through now and then, and damage that nobody has met yet is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from edge.agent.scrub import DAMAGED_CODE, Scrubs
from edge.linkfiles import CURRENT, DAMAGED, open_generation
from edge.linkstore import LinkStore
from tests.edge.building import EPOCH, HOST, changed, domain, fill, link, removed, take_snapshot
from tests.support.agent import agent, config_for
from tests.support.control_plane import ControlPlane, running
from tests.support.descriptors import descriptors_left
from tests.support.imports import ROOT

PAGE_BYTES, FLAGS_AT, IS_BRANCH, FOURTH_NODE_AT, PAGE_NUMBER_BYTES = 4096, 10, 1, 22, 6  # of LMDB


def generation(links_dir: Path) -> Path:
    return links_dir / (links_dir / CURRENT).read_text().strip()


def scrubbed(links_dir: Path) -> int:
    """The exit code of a scrub; negative where a signal ended it."""
    command = (sys.executable, "-m", "edge.agent.scrub", str(generation(links_dir)))
    return subprocess.run(command, cwd=ROOT, check=False, timeout=60, capture_output=True).returncode


def test_a_cache_after_any_changes_is_sound(links_dir: Path) -> None:
    store = LinkStore.open(links_dir)
    take_snapshot(store, domain(), *(link(f"s{number}") for number in range(500)))
    assert scrubbed(links_dir) == 0
    for rev in range(11, 211):
        if rev % 3 == 0:
            store.apply(removed(rev, f"link:{HOST}/s{rev}"))
        else:
            store.apply(changed(rev, link(f"s{rev * 7 % 600}", f"https://shop.example/{rev}")))
        store.apply(changed(rev, link("late", "https://shop.example/")))  # is in already, and changes nothing
    store.close()
    assert scrubbed(links_dir) == 0
    assert not (generation(links_dir) / DAMAGED).exists()


def test_an_empty_cache_is_sound(links_dir: Path) -> None:
    fill(links_dir)
    assert scrubbed(links_dir) == 0


@pytest.mark.parametrize("broken", [b"link:go.shop.example/s7", b"link:go.shop.example/s1"])
def test_what_nobody_asked_for_is_found_damaged(links_dir: Path, broken: bytes) -> None:
    fill(links_dir, domain(), *(link(f"s{number}") for number in range(500)))
    path = generation(links_dir) / "data.mdb"
    path.write_bytes(path.read_bytes().replace(broken, broken[:-1] + b"x"))
    assert scrubbed(links_dir) == DAMAGED_CODE
    assert (generation(links_dir) / DAMAGED).exists()


def test_an_older_copy_is_found_though_it_was_true_once(links_dir: Path) -> None:
    """As a pointer gives it that leads to a page as it was before a change."""
    name = f"link:{HOST}/spring".encode()
    fill(links_dir, domain(), link("autumn"), link("spring"))
    store = LinkStore.open(links_dir)
    older = stored_in(store, name)
    store.apply(changed(11, link("spring", "https://shop.example/new")))
    store.close()
    assert scrubbed(links_dir) == 0
    environment, _ = open_generation(generation(links_dir), readonly=False)
    with environment.begin(write=True) as transaction:
        transaction.put(name, older)
    environment.close()
    assert scrubbed(links_dir) == DAMAGED_CODE
    assert "newest" in (generation(links_dir) / DAMAGED).read_text()


def stored_in(store: LinkStore, name: bytes) -> bytes:
    environment = store._environment  # pyright: ignore[reportPrivateUsage] — LMDB forbids a second one
    assert environment is not None
    with environment.begin() as view:
        stored = view.get(name)
    assert stored is not None
    return stored


def with_a_wrong_turn(data: bytes) -> bytes:
    """Every branch page leads to page 1, which is none of the tree, where it led to its fourth child."""
    found = bytearray(data)
    for page in range(0, len(data), PAGE_BYTES):
        if data[page + FLAGS_AT] & IS_BRANCH:
            at = page + int.from_bytes(data[page + FOURTH_NODE_AT : page + FOURTH_NODE_AT + 2], "little")
            found[at : at + PAGE_NUMBER_BYTES] = (1).to_bytes(PAGE_NUMBER_BYTES, "little")
    return bytes(found)


async def test_an_agent_counts_what_its_scrubs_find(links_dir: Path) -> None:
    scrubs = Scrubs(links_dir)
    await scrubs.scrub_current()
    assert scrubs.found == {"sound": 0, "damaged": 0, "unread": 0}  # there is nothing yet
    fill(links_dir, domain(), link())
    await scrubs.scrub_current()
    assert scrubs.found == {"sound": 1, "damaged": 0, "unread": 0}
    path = generation(links_dir) / "data.mdb"
    path.write_bytes(path.read_bytes().replace(b"shop.example/sale", b"evil.example/sale"))
    for _ in range(2):  # what is known to be damaged is not read again
        await scrubs.scrub_current()
        assert scrubs.found == {"sound": 1, "damaged": 1, "unread": 0}


async def test_an_agent_that_cannot_read_a_cache_does_not_call_it_damaged(links_dir: Path) -> None:
    fill(links_dir, domain(), link())
    scrubs = Scrubs(links_dir)
    with descriptors_left(0):
        await scrubs.scrub_current()
    assert scrubs.found == {"sound": 0, "damaged": 0, "unread": 1}
    assert not (generation(links_dir) / DAMAGED).exists()


async def test_an_agent_repairs_what_its_scrub_dies_of(tmp_path: Path, unused_tcp_port: int) -> None:
    """LMDB aborts at a page of the wrong kind."""
    entries = [domain(), *(link(f"s{number}") for number in range(500))]
    control = ControlPlane()
    control.publish(*entries)
    control.epoch, control.rev = EPOCH, 10
    control.feed.clear()
    links_dir = config_for(tmp_path / "edge").links_dir
    fill(links_dir, *entries)
    damaged = generation(links_dir)
    path = damaged / "data.mdb"
    path.write_bytes(with_a_wrong_turn(path.read_bytes()))
    async with running(control):
        with agent(config_for(tmp_path / "edge", control.url, metrics_port=unused_tcp_port)) as process:
            await control.until(lambda: generation(links_dir) != damaged, 30)
            assert (damaged / DAMAGED).read_text() == "its scrub was killed by SIGABRT"
            assert "the link cache is damaged" in process.log_text()
            assert 'clicktrail_edge_scrubs_total{result="damaged"} 1.0' in await metrics_at(unused_tcp_port)
    assert scrubbed(links_dir) == 0


async def metrics_at(port: int) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as response:
        return await response.text()
