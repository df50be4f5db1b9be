"""The link cache: what the agent wrote is what workers serve, at once, and never anything else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import links
from edge.linkfiles import CURRENT, DAMAGED, Damage, open_generation
from edge.links import LinkCache
from edge.linkstore import ForeignEpoch, IncompleteSnapshot, LinkStore
from shared.wire import Arm, Rule, SnapshotStart
from tests.edge.agent_process import Agent
from tests.edge.building import EPOCH, HOST, KEY, changed, domain, fill, key, link, removed, take_snapshot
from tests.support.descriptors import descriptors_left


@pytest.fixture
def cache(agent: Agent, links_dir: Path) -> Iterator[LinkCache]:
    cache = LinkCache.open(links_dir)
    yield cache
    cache.close()


def destination(cache: LinkCache, slug: str, host: str = HOST) -> str | None:
    cache.refresh()
    found = cache.find(host, slug)
    return found.destination.plain.decode() if found else None


class TestServing:
    def test_waits_for_a_first_snapshot(self, agent: Agent, cache: LinkCache) -> None:
        assert not cache.is_ready
        assert agent.position() == ("", 0)
        agent.take_snapshot(domain(), link())
        assert destination(cache, "spring") == "https://shop.example/sale"
        assert cache.is_ready
        assert (cache.position.epoch, cache.position.rev) == agent.position() == (EPOCH, 10)

    def test_finds_links_domains_and_keys(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(domain(consent="required"), link(), key("https://shop.example"))
        cache.refresh()
        found = cache.domain(HOST)
        assert found is not None
        assert found.consent == "required"
        held = cache.key(KEY)
        assert held is not None
        assert held.allowed_origins == ("https://shop.example",)
        assert cache.domain("other.example") is None
        assert cache.key("pk_other") is None
        assert cache.find(HOST, "SPRING") is None

    def test_a_link_needs_its_domain(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(link())
        assert destination(cache, "spring") is None
        agent.apply(changed(11, domain()))
        assert destination(cache, "spring") is not None

    def test_both_spellings_of_a_non_ascii_slug_are_one(self, agent: Agent, cache: LinkCache) -> None:
        composed, decomposed = "fr\u00fch", "fru\u0308h"
        agent.take_snapshot(domain(), link(composed))
        assert destination(cache, composed) == destination(cache, decomposed) == "https://shop.example/sale"
        agent.apply(changed(11, link(decomposed, "https://shop.example/new")))
        assert destination(cache, composed) == destination(cache, decomposed) == "https://shop.example/new"

    def test_a_slug_longer_than_lmdb_takes_is_a_slug(self, agent: Agent, cache: LinkCache) -> None:
        long = "x" * 2_000
        agent.take_snapshot(domain(), link(long))
        assert destination(cache, long) is not None
        assert destination(cache, long + "x") is None

    def test_what_was_long_unused_is_read_again(self, agent: Agent, links_dir: Path, cache: LinkCache) -> None:

        count = links.HOT_LINKS * 2
        agent.take_snapshot(domain(), *(link(str(number)) for number in range(count)))
        cache.refresh()
        for number in (*range(count), 0, count // 2):
            assert cache.find(HOST, str(number)) is not None

    def test_a_link_with_many_arms_takes_the_room_of_many(self, links_dir: Path) -> None:
        """A link may have 400 arms and take 600 kB: 50,000 of them must not be kept."""
        arms = tuple(Arm(number, "https://shop.example/") for number in range(1, 401))
        fill(links_dir, domain(), *(link(str(number), rules=(Rule(arms),)) for number in range(200)))
        cache = LinkCache.open(links_dir)
        for number in range(200):
            found = cache.find(HOST, str(number))
            assert found is not None
            assert found.size == 401
        assert len(cache._links) * 401 <= links.HOT_LINKS  # pyright: ignore[reportPrivateUsage]
        cache.close()


class TestEditing:
    def test_an_edit_is_served_after_a_refresh(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(domain(), link(), link("autumn"))
        assert destination(cache, "spring") == "https://shop.example/sale"
        agent.apply(changed(11, link("spring", "https://shop.example/new")))
        assert destination(cache, "spring") == "https://shop.example/new"
        assert destination(cache, "autumn") == "https://shop.example/sale"

    def test_several_pages_between_two_refreshes_are_all_served(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(domain(), link(), link("autumn"))
        assert destination(cache, "spring") == destination(cache, "autumn") == "https://shop.example/sale"
        agent.apply(changed(11, link("spring", "https://shop.example/1")))
        agent.apply(changed(12, link("autumn", "https://shop.example/2")))
        assert destination(cache, "spring") == "https://shop.example/1"
        assert destination(cache, "autumn") == "https://shop.example/2"

    def test_a_removed_link_is_gone(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(domain(), link(), key("*"))
        assert destination(cache, "spring") is not None
        assert cache.key(KEY) is not None
        agent.apply(removed(12, f"link:{HOST}/spring", f"key:{KEY}"))
        assert destination(cache, "spring") is None
        assert cache.key(KEY) is None

    def test_an_edited_domain_changes_its_links(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(domain(), link())
        assert destination(cache, "spring") is not None
        agent.apply(changed(11, domain(consent="cookieless", cookie_domain="shop.example")))
        cache.refresh()
        found = cache.find(HOST, "spring")
        assert found is not None
        assert (found.consent, found.cookie_domain) == ("cookieless", "shop.example")

    def test_a_page_applied_twice_changes_nothing(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(domain(), link())
        old = changed(11, link("spring", "https://shop.example/old"))
        agent.apply(old)
        agent.apply(changed(12, link("spring", "https://shop.example/new")))
        agent.apply(old)
        assert destination(cache, "spring") == "https://shop.example/new"
        assert agent.position() == (EPOCH, 12)

    def test_a_page_that_overlaps_applies_only_what_is_new(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(domain(), link())
        agent.apply(changed(12, link("spring", "https://shop.example/12")))
        overlapping = changed(13, link("spring", "https://shop.example/11"), domain(), link("autumn"))
        agent.apply(overlapping)
        assert destination(cache, "spring") == "https://shop.example/12"
        assert destination(cache, "autumn") is not None
        assert agent.position() == (EPOCH, 13)

    def test_a_foreign_epoch_is_refused_and_leaves_everything(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(domain(), link())
        with pytest.raises(ForeignEpoch):
            agent.apply(changed(99, link("spring", "https://evil.example/"), epoch="epoch-2"))
        assert destination(cache, "spring") == "https://shop.example/sale"
        assert agent.position() == (EPOCH, 10)

    def test_an_empty_store_takes_no_pages(self, agent: Agent) -> None:
        with pytest.raises(ForeignEpoch):
            agent.apply(changed(1, domain()))


class TestSnapshots:
    def test_a_new_generation_replaces_everything(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(domain(), link(), link("old"))
        assert destination(cache, "old") is not None
        agent.take_snapshot(domain(), link("spring", "https://shop.example/2"), rev=3, epoch="epoch-2")
        assert destination(cache, "spring") == "https://shop.example/2"
        assert destination(cache, "old") is None
        assert agent.position() == ("epoch-2", 3)

    def test_edits_go_on_in_the_new_generation(self, agent: Agent, cache: LinkCache) -> None:
        agent.take_snapshot(domain(), link())
        agent.take_snapshot(domain(), link(), rev=20)
        agent.apply(changed(21, link("spring", "https://shop.example/21")))
        assert destination(cache, "spring") == "https://shop.example/21"

    def test_the_previous_generation_is_kept_until_the_next(self, agent: Agent, links_dir: Path) -> None:
        for _ in range(4):
            agent.take_snapshot(domain(), link())
        generations = [path for path in links_dir.iterdir() if path.is_dir()]
        assert len(generations) == 2
        assert (links_dir / CURRENT).read_text().strip() in {path.name for path in generations}

    def test_a_snapshot_with_another_count_is_none(self, links_dir: Path) -> None:
        store = LinkStore.open(links_dir)
        take_snapshot(store, domain(), link())
        writer = store.begin_snapshot(SnapshotStart("epoch-2", 5, 0))
        writer.put([domain()])
        with pytest.raises(IncompleteSnapshot):
            writer.commit(2)
        assert store.position() == (EPOCH, 10)
        assert len([path for path in links_dir.iterdir() if path.is_dir()]) == 1
        store.close()

    def test_a_half_written_snapshot_is_ignored_and_cleared_away(self, links_dir: Path) -> None:
        store = LinkStore.open(links_dir)
        take_snapshot(store, domain(), link())
        abandoned = store.begin_snapshot(SnapshotStart("epoch-2", 5, 0))
        abandoned.put([domain()])
        store.close()  # as killed: neither committed nor aborted
        again = LinkStore.open(links_dir)
        assert again.position() == (EPOCH, 10)
        again.begin_snapshot(SnapshotStart("epoch-2", 5, 0)).abort()
        assert len([path for path in links_dir.iterdir() if path.is_dir()]) == 1
        again.close()

    def test_a_store_goes_on_where_the_last_one_stopped(self, links_dir: Path) -> None:
        fill(links_dir, domain(), link())
        store = LinkStore.open(links_dir)
        store.apply(changed(11, link("autumn")))
        store.close()
        again = LinkStore.open(links_dir)
        assert again.position() == (EPOCH, 11)
        again.close()


def data_file(links_dir: Path) -> Path:
    return links_dir / (links_dir / CURRENT).read_text().strip() / "data.mdb"


@pytest.mark.parametrize("left", [0, 1])  # one is enough for a generation's manifest, not for LMDB
class TestShortage:
    """Where this process gets no more descriptors, a generation that cannot be opened is not a damaged one."""

    def test_what_is_open_serves_until_the_next_can_be_opened(
        self, agent: Agent, cache: LinkCache, links_dir: Path, left: int
    ) -> None:
        agent.take_snapshot(domain(), link())
        assert destination(cache, "spring") == "https://shop.example/sale"
        agent.take_snapshot(domain(), link("spring", "https://shop.example/new"), link("autumn"), rev=20)
        with descriptors_left(left):
            for _ in range(3):
                assert destination(cache, "spring") == "https://shop.example/sale"
                assert destination(cache, "autumn") is None
        assert destination(cache, "spring") == "https://shop.example/new"
        assert destination(cache, "autumn") is not None
        assert not any(links_dir.glob(f"*/{DAMAGED}"))
        assert agent.position() == (EPOCH, 20)

    def test_a_worker_that_starts_then_is_ready_later(self, links_dir: Path, left: int) -> None:
        fill(links_dir, domain(), link())
        with descriptors_left(left):
            cache = LinkCache.open(links_dir)
            assert not cache.is_ready
        assert destination(cache, "spring") == "https://shop.example/sale"
        assert not any(links_dir.glob(f"*/{DAMAGED}"))
        cache.close()

    def test_an_agent_that_starts_then_does_not_begin_anew(self, links_dir: Path, left: int) -> None:
        fill(links_dir, domain(), link())
        with descriptors_left(left), pytest.raises(OSError, match="Too many open files"):
            LinkStore.open(links_dir)
        store = LinkStore.open(links_dir)
        assert store.position() == (EPOCH, 10)
        store.close()


class TestDamage:
    def test_a_value_that_contradicts_its_checksum_is_never_served(self, links_dir: Path) -> None:
        fill(links_dir, domain(), link(destination="https://shop.example/right"))
        path = data_file(links_dir)
        damaged = path.read_bytes().replace(b"shop.example/right", b"evil.example/right")
        path.write_bytes(damaged)
        cache = LinkCache.open(links_dir)
        with pytest.raises(Damage):
            cache.find(HOST, "spring")
        cache.close()
        store = LinkStore.open(links_dir)
        assert store.is_damaged()
        assert store.position() == ("", 0)
        take_snapshot(store, domain(), link())
        assert not store.is_damaged()
        assert store.position() == (EPOCH, 10)
        store.close()

    @pytest.mark.parametrize("lost", ["link:go.shop.example/autumn", "link:go.shop.example/spring"])
    def test_a_link_that_the_cache_has_lost_is_not_unknown(self, links_dir: Path, lost: str) -> None:
        """Flipped bits at random are in `tests/chaos/test_flipped_bits.py`."""
        fill(links_dir, domain(), link("autumn"), link("spring"), link("winter"))
        environment, _ = open_generation(data_file(links_dir).parent, readonly=False)
        with environment.begin(write=True) as transaction:
            transaction.delete(lost.encode())
        environment.close()
        cache = LinkCache.open(links_dir)
        with pytest.raises(Damage):
            cache.find(HOST, lost.rpartition("/")[2])
        assert destination(cache, "winter") == "https://shop.example/sale"
        assert destination(cache, "zebra") is None
        cache.close()
        store = LinkStore.open(links_dir)
        assert store.is_damaged()
        store.close()

    def test_a_change_beside_a_lost_link_is_not_written(self, links_dir: Path) -> None:
        """It would make a chain of what is left, in which the lost link never was."""
        fill(links_dir, domain(), link("autumn"), link("spring"), link("winter"))
        environment, _ = open_generation(data_file(links_dir).parent, readonly=False)
        with environment.begin(write=True) as transaction:
            transaction.delete(b"link:go.shop.example/spring")
        environment.close()
        store = LinkStore.open(links_dir)
        for page in (changed(11, link("spring")), changed(11, link("summer")), removed(11, f"link:{HOST}/winter")):
            with pytest.raises(Damage):
                store.apply(page)
        assert store.position() == (EPOCH, 10)
        store.close()

    @pytest.mark.parametrize("keep", [0, 100, 4096, 8192])
    def test_a_truncated_file_is_not_opened(self, links_dir: Path, keep: int) -> None:
        fill(links_dir, domain(), link())
        path = data_file(links_dir)
        path.write_bytes(path.read_bytes()[:keep])
        cache = LinkCache.open(links_dir)
        assert not cache.is_ready
        assert cache.find(HOST, "spring") is None
        cache.close()
        store = LinkStore.open(links_dir)
        assert store.position() == ("", 0)
        take_snapshot(store, domain(), link())
        store.close()

    def test_a_foreign_file_is_not_opened(self, links_dir: Path) -> None:
        fill(links_dir, domain(), link())
        path = data_file(links_dir)
        path.write_bytes(bytes(path.stat().st_size))
        cache = LinkCache.open(links_dir)
        assert not cache.is_ready
        cache.close()

    def test_a_manifest_of_another_epoch_is_not_believed(self, links_dir: Path) -> None:
        fill(links_dir, domain(), link())
        manifest = data_file(links_dir).with_name("manifest.json")
        manifest.write_bytes(manifest.read_bytes().replace(EPOCH.encode(), b"epoch-9"))
        store = LinkStore.open(links_dir)
        assert store.position() == ("", 0)
        store.close()

    def test_a_missing_generation_is_an_empty_cache(self, links_dir: Path) -> None:
        fill(links_dir, domain(), link())
        shutil.rmtree(data_file(links_dir).parent)
        cache = LinkCache.open(links_dir)
        assert not cache.is_ready
        cache.close()
        store = LinkStore.open(links_dir)
        assert store.position() == ("", 0)
        store.close()

    def test_a_repaired_cache_is_picked_up_while_serving(self, agent: Agent, cache: LinkCache, links_dir: Path) -> None:
        agent.take_snapshot(domain(), link())
        path = data_file(links_dir)
        with path.open("r+b") as file:  # in place: the cache has it mapped
            file.write(path.read_bytes().replace(b"shop.example/sale", b"evil.example/sale"))
        with pytest.raises(Damage):
            destination(cache, "spring")
        assert agent.position() == ("", 0)
        agent.take_snapshot(domain(), link())
        assert destination(cache, "spring") == "https://shop.example/sale"
