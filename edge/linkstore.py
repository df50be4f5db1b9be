"""The agent's side of the link cache: applies pages of the change feed, builds generations from snapshots.

    store = LinkStore.open(config.links_dir)
    epoch, rev = store.position()                     # ("", 0): ask for a snapshot
    store.apply(page)                                 # one transaction; pages may come twice
    writer = store.begin_snapshot(start); writer.put(entries); …; writer.commit(count)

One process a folder, one flow in it. Readers are never locked out: LMDB gives each the last committed state, and a
snapshot lies in a folder of its own until `commit` moves `current` to it.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import lmdb
import msgspec

from edge import linkchain
from edge.linkfiles import (
    CURRENT,
    DAMAGED,
    FORMAT,
    MOVED,
    POSITION,
    Damage,
    Manifest,
    Moved,
    Position,
    current_generation,
    decode_position,
    name_of,
    normal_key,
    open_environment,
    open_generation,
    read_position,
    replace_file,
    seal,
)
from edge.node import sync_directory
from shared.logs import get_logger
from shared.wire import ChangePage, Entry, SnapshotStart, entry_key

_PARTIAL = ".partial"
_PUT_BATCH = 4_000  # entries a transaction while a snapshot is written: bounds LMDB's list of dirty pages

_log = get_logger()
_encoder = msgspec.msgpack.Encoder()


class ForeignEpoch(Exception):
    """A page of another epoch than the cache's, or for a cache that is empty: only a snapshot helps."""


class IncompleteSnapshot(Exception):
    """The snapshot ended with another number of entries than it had; the one that serves stays."""


class LinkStore:
    """What this node knows of links, domains and publishable keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._generation = ""
        self._environment: lmdb.Environment | None = None

    @classmethod
    def open(cls, folder: Path) -> LinkStore:
        """Goes on with the generation that serves, or starts empty when there is none that can be trusted.

        Raises OSError where this process may not open it now.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        store = cls(folder)
        store._adopt(current_generation(folder))
        return store

    def position(self) -> tuple[str, int]:
        """Epoch and rev up to which all changes are in; ("", 0) while a snapshot is needed."""
        if self._environment is None or self.is_damaged():
            return "", 0
        try:
            held = read_position(self._environment)
        except Damage:
            return "", 0
        return held.epoch, held.rev

    def tip(self) -> str:
        """That came with the rev of `position`; empty where none did."""
        try:
            return "" if self._environment is None else read_position(self._environment).tip
        except Damage:
            return ""

    def entry_count(self) -> int:
        """How many entries the cache holds, give or take its own two."""
        return 0 if self._environment is None else int(self._environment.stat()["entries"])

    def is_damaged(self) -> bool:
        """Whether a worker reported damage in the generation that serves."""
        return bool(self._generation) and (self._folder / self._generation / DAMAGED).exists()

    def apply(self, page: ChangePage) -> None:
        """All changes of a page and the new position, in one transaction; what is in already is passed over.

        Raises ForeignEpoch; Damage when the generation cannot be written any more.
        """
        if self._environment is None:
            raise ForeignEpoch("there is no snapshot yet")
        self._environment.reader_check()  # a killed worker's slot would keep old pages for ever
        try:
            with self._environment.begin(write=True) as transaction:
                _apply(transaction, page)
        except lmdb.Error as error:
            raise Damage(f"cannot apply changes: {error}") from None

    def begin_snapshot(self, start: SnapshotStart) -> SnapshotWriter:
        """A new generation, aside. Workers go on with the one that serves until it is committed."""
        self._remove_leftovers()
        return SnapshotWriter(self._folder, start, self._adopt)

    def close(self) -> None:
        if self._environment is not None:
            self._environment.close()
            self._environment = None

    def _adopt(self, generation: str) -> None:
        self.close()
        self._generation = generation
        if not generation:
            return
        try:
            self._environment, _ = open_generation(self._folder / generation, readonly=False)
        except Damage as damage:
            _log.error("link cache unusable; it will be built anew from a snapshot", reason=str(damage))

    def _remove_leftovers(self) -> None:
        for path in self._folder.glob(f"*{_PARTIAL}"):
            shutil.rmtree(path, ignore_errors=True)


class SnapshotWriter:
    """One generation in the making. Exactly one of `commit` and `abort` ends it."""

    def __init__(self, folder: Path, start: SnapshotStart, adopt: Callable[[str], None]) -> None:
        self._folder, self._start, self._adopt = folder, start, adopt
        self._name = secrets.token_hex(8)
        self._path = folder / (self._name + _PARTIAL)
        self._path.mkdir(mode=0o700)
        self._environment = open_environment(self._path, readonly=False, sync=False)  # once, at its end
        self._entries = 0

    def put(self, entries: Iterable[Entry]) -> None:
        """Adds entries. One key twice counts twice, so that a wrong snapshot isn't taken for a right one."""
        batch: list[Entry] = []
        for entry in entries:
            batch.append(entry)
            if len(batch) == _PUT_BATCH:
                self._write(batch)
                batch = []
        self._write(batch)

    def commit(self, count: int) -> None:
        """Makes the generation the one that serves. Raises IncompleteSnapshot, after removing it, when `count` is not
        the number of entries that came."""
        if count != self._entries:
            self.abort()
            raise IncompleteSnapshot(f"{self._entries} entries came, {count} were announced")
        position = Position(self._start.epoch, self._start.rev, self._start.tip)
        with self._environment.begin(write=True) as transaction:
            linkchain.put_unlinked(transaction, POSITION, _encoder.encode(position))
        position = msgspec.structs.replace(position, digest=linkchain.link_all(self._environment))
        with self._environment.begin(write=True) as transaction:
            linkchain.put(transaction, POSITION, _encoder.encode(position))
        self._environment.sync(True)
        self._environment.close()
        self._write_manifest()
        previous = current_generation(self._folder)
        self._path.rename(self._folder / self._name)
        sync_directory(self._folder)
        replace_file(self._folder / CURRENT, self._name.encode("ascii") + b"\n")
        self._adopt(self._name)
        self._remove_all_but(self._name, previous)

    def abort(self) -> None:
        """Forgets the generation."""
        self._environment.close()
        shutil.rmtree(self._path, ignore_errors=True)

    def _write(self, entries: list[Entry]) -> None:
        with self._environment.begin(write=True) as transaction:
            for entry in entries:
                linkchain.put_unlinked(transaction, _name_of(entry), _encoder.encode(entry))
        self._entries += len(entries)

    def _write_manifest(self) -> None:
        manifest = Manifest(
            format=FORMAT,
            epoch=self._start.epoch,
            rev=self._start.rev,
            entries=self._entries,
            data_bytes=(self._path / "data.mdb").stat().st_size,
        )
        replace_file(self._path / "manifest.json", msgspec.json.encode(manifest))

    def _remove_all_but(self, *kept: str) -> None:
        for path in self._folder.iterdir():
            if path.is_dir() and path.name not in kept:
                with contextlib.suppress(OSError):
                    shutil.rmtree(path)


def _apply(transaction: lmdb.Transaction[bytes], page: ChangePage) -> None:
    held = decode_position(transaction.get(POSITION))
    if held.epoch != page.epoch:
        raise ForeignEpoch(f"the cache is of epoch {held.epoch}, the page of {page.epoch}")
    if page.rev <= held.rev:
        return
    keys = [normal_key(change.key) for change in page.changes]
    digest = held.digest
    for change in page.changes:
        if change.rev <= held.rev:
            continue
        if change.entry is None:
            digest += linkchain.delete(transaction, name_of(normal_key(change.key)))
        else:
            digest += linkchain.put(transaction, _name_of(change.entry), _encoder.encode(change.entry))
    moved = Moved(transaction.id(), keys)
    transaction.put(MOVED, seal(MOVED, _encoder.encode(moved)))
    position = Position(page.epoch, page.rev, page.tip, digest % linkchain.DIGEST_MODULUS)
    linkchain.put(transaction, POSITION, _encoder.encode(position))


def _name_of(entry: Entry) -> bytes:
    return name_of(normal_key(entry_key(entry)))
