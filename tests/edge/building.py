"""Entries and link caches, made with as few words as a test needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.linkstore import LinkStore
from shared import click_id
from shared.wire import Change, ChangePage, DomainEntry, Entry, KeyEntry, LinkEntry, SnapshotStart, entry_key

EPOCH = "epoch-1"
HOST = "go.shop.example"
KEY = "pk_4fzq8ZtWvKc3nB1xR7uYh2LdMs9gJpAe"
LINK_ID = click_id.new(1_700_000_000_000)
DOMAIN_ID = click_id.new(1_700_000_000_001)
WORKSPACE_ID = click_id.new(1_700_000_000_002)
KEY_ID = click_id.new(1_700_000_000_003)


def link(
    slug: str = "spring", destination: str = "https://shop.example/sale", *, host: str = HOST, **more: Any
) -> LinkEntry:
    return LinkEntry(host=host, slug=slug, link_id=LINK_ID, destination=destination, **more)


def domain(host: str = HOST, **more: Any) -> DomainEntry:
    return DomainEntry(host=host, domain_id=DOMAIN_ID, workspace_id=WORKSPACE_ID, **more)


def key(*allowed_origins: str) -> KeyEntry:
    return KeyEntry(KEY, KEY_ID, WORKSPACE_ID, allowed_origins)


def take_snapshot(store: LinkStore, *entries: Entry, rev: int = 10, epoch: str = EPOCH) -> None:
    """The store's content is `entries` now, in a new generation."""
    writer = store.begin_snapshot(SnapshotStart(epoch, rev, 0))
    writer.put(entries)
    writer.commit(len(entries))


def fill(folder: Path, *entries: Entry, rev: int = 10) -> None:
    """A link cache as an agent leaves it behind."""
    store = LinkStore.open(folder)
    take_snapshot(store, *entries, rev=rev)
    store.close()


def changed(rev: int, *entries: Entry, epoch: str = EPOCH) -> ChangePage:
    """A page that says what entries are now; the last of them has `rev`."""
    first = rev - len(entries) + 1
    return ChangePage(epoch, rev, [Change(first + at, entry_key(entry), entry) for at, entry in enumerate(entries)])


def removed(rev: int, *keys: str, epoch: str = EPOCH) -> ChangePage:
    first = rev - len(keys) + 1
    return ChangePage(epoch, rev, [Change(first + at, key, None) for at, key in enumerate(keys)])
