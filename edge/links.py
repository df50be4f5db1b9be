"""A worker's side of the link cache: what a host, a slug and a publishable key stand for, now.

Ten million links cost a worker almost nothing, because all workers share one LMDB map and each keeps only what it
served lately, decoded and ready, in a bounded dictionary. `refresh` compares LMDB's last transaction id with the one
before (0.4 µs) and drops what moved, and looks whether another generation is current (one stat). The worker calls it
on a timer. Anything that contradicts its checksum raises Damage, is reported to the agent by a file in the
generation's folder, and is never served. A generation that cannot be opened for a shortage (`edge.shortages`) is tried
again at the next `refresh`, and the one before serves on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import lmdb
import msgspec

from edge.carriers import Destination, Target
from edge.hot import Hot
from edge.linkchain import gap_at
from edge.linkfiles import (
    CURRENT,
    MOVED,
    Damage,
    Moved,
    Position,
    current_generation,
    mark_damaged,
    name_of,
    normal_key,
    open_generation,
    read_position,
    unseal,
)
from edge.rules import Rules
from shared.logs import get_logger
from shared.wire import DomainEntry, Entry, KeyEntry, LinkEntry

HOT_LINKS = 20_000  # decoded and ready, at about 1 kB each; every arm of a rule counts like a link
HOT_DOMAINS = 5_000
HOT_KEYS = 5_000

NEVER = 1 << 63  # Unix ms from which a link is closed
_EVER_CLOSED = 0

_log = get_logger()
_decode_entry = msgspec.msgpack.Decoder(Entry).decode
_decode_moved = msgspec.msgpack.Decoder(Moved).decode
_referrer_policy = re.compile(r"[a-z-]+(?:, ?[a-z-]+)*").fullmatch
_query_name = re.compile(r"[A-Za-z0-9_.~-]+").fullmatch
_cookie_domain = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*").fullmatch

Value = TypeVar("Value")


class Link(Target):
    """One short link, ready to answer with. Where no rule decides it is its own target."""

    __slots__ = (
        "closed_location", "closes_ms", "consent", "cookie_domain", "forward_query", "is_honeypot", "is_special",
        "link_id", "password", "preview", "query_name", "referrer_policy", "rules", "size", "status", "was_asked_for",
    )  # fmt: skip

    def __init__(self, entry: LinkEntry, domain: DomainEntry) -> None:
        query_name = entry.query_name if _query_name(entry.query_name) else "ct"
        super().__init__(0, entry.destination, query_name, entry.carry, entry.carry_without_cookie)
        self.link_id = entry.link_id
        self.status = entry.status
        self.consent = domain.consent
        self.cookie_domain = domain.cookie_domain if _cookie_domain(domain.cookie_domain) else ""
        self.forward_query = entry.forward_query
        self.query_name = query_name.encode("ascii")
        self.referrer_policy = entry.referrer_policy.encode() if _referrer_policy(entry.referrer_policy) else b""
        self.rules = Rules(entry.rules, entry.link_id, query_name) if entry.rules else None
        self.size = 1 + (self.rules.arms if self.rules else 0)  # in links without rules
        self.closes_ms = _EVER_CLOSED if entry.is_exhausted else entry.expires_ms or NEVER
        self.closed_location = Destination(entry.closed_url, query_name).with_nothing(b"") if entry.closed_url else b""
        self.password = entry.password
        self.is_honeypot = entry.is_honeypot
        self.preview = entry.preview
        self.is_special = bool(entry.is_exhausted or entry.password or entry.is_honeypot or entry.preview is not None)
        """Whether more than its rules and its expiry decides what is answered, or is recorded."""
        self.was_asked_for = False  # since it was read


class LinkCache:
    """Look-ups of one worker. Opened after the process began; one a process."""

    def __init__(self, folder: Path) -> None:
        self._folder: Path = folder
        self._environment: lmdb.Environment | None = None
        self._generation: str = ""
        self._current_seen: tuple[int, int] | None = None
        self._waits_for_room = False
        self._transaction = 0
        self._links = Hot[str, Link](HOT_LINKS, lambda link: link.size)
        self._domains = Hot[str, DomainEntry](HOT_DOMAINS)
        self._keys = Hot[str, KeyEntry](HOT_KEYS)
        self.on_moved: Callable[[Iterable[str] | None], None] = _nobody_listens
        """Told which entries have changed, by their keys; None: any may have."""

    @classmethod
    def open(cls, folder: Path) -> LinkCache:
        """The cache at `folder`; there need not be one yet."""
        cache = cls(folder)
        cache.refresh()
        return cache

    @property
    def is_ready(self) -> bool:
        """Whether there is a snapshot to answer from. Without one, nothing is known to be unknown."""
        return self._environment is not None

    @property
    def position(self) -> Position:
        """Epoch and rev of what is served. Raises Damage."""
        return read_position(self._environment) if self._environment is not None else Position("", 0)

    def find(self, host: str, slug: str) -> Link | None:
        """The link of a host (`head.normal_host`) and a slug (decoded). Raises Damage."""
        key = entry_name(host, slug)
        link = self._links.get(key)
        if link is None:
            entry = self._read(key, LinkEntry)
            domain = self.domain(host) if entry is not None else None
            if entry is None or domain is None:
                return None
            link = self._links.put(key, Link(entry, domain))
        return link

    def domain(self, host: str) -> DomainEntry | None:
        """The short host of that name. Raises Damage."""
        key = f"domain:{host}"
        return self._domains.get(key) or self._domains.put_found(key, self._read(key, DomainEntry))

    def key(self, public_key: str) -> KeyEntry | None:
        """The publishable key `pk_…`. Raises Damage."""
        key = f"key:{public_key}"
        return self._keys.get(key) or self._keys.put_found(key, self._read(key, KeyEntry))

    def refresh(self) -> None:
        """Takes notice of changes since the last time: an applied page, a new generation."""
        try:
            status = os.stat(self._folder / CURRENT)  # noqa: PTH116 — half the cost of Path.stat
            seen = (status.st_mtime_ns, status.st_ino)
        except OSError:
            seen = None
        if seen != self._current_seen:
            if self._follows_current():
                self._current_seen = seen
        elif self._environment is not None:
            transaction = _last_transaction(self._environment)
            if transaction != self._transaction:
                self._drop_moved(transaction)

    def close(self) -> None:
        if self._environment is not None:
            self._environment.close()
            self._environment = None
        self._drop_all()

    def _follows_current(self) -> bool:
        """Opens the generation that is current. False: there is no room for it now; what was open stays."""
        try:
            self._open_current()
        except OSError as error:
            if not self._waits_for_room:
                _log.error("no room to open the link cache; it is tried again", reason=str(error))
            self._waits_for_room = True
            return False
        self._waits_for_room = False
        return True

    def _open_current(self) -> None:
        """Raises OSError for a shortage, and has changed nothing then."""
        generation = current_generation(self._folder)
        if generation and generation == self._generation and self._environment is not None:
            return
        opened = None
        if generation:
            try:
                opened, _ = open_generation(self._folder / generation, readonly=True)
            except Damage as damage:
                self._report(generation, damage)
        self.close()
        self._generation, self._environment = generation, opened
        if opened is not None:
            self._transaction = _last_transaction(opened)

    def _drop_moved(self, transaction: int) -> None:
        """One step behind: exactly what that step changed. Further behind, or unsure: everything."""
        moved = self._read_moved()
        if moved is None or moved.transaction != transaction or transaction != self._transaction + 1:
            self._drop_all()
        elif any(key.startswith("domain:") for key in moved.keys):
            self._drop_all()  # ready links hold their domain's values
        else:
            for key in moved.keys:
                self._links.drop(key)
                self._keys.drop(key)
            self.on_moved(moved.keys)
        self._transaction = transaction

    def _read_moved(self) -> Moved | None:
        assert self._environment is not None
        try:
            with self._environment.begin() as view:
                stored = view.get(MOVED)
            return _decode_moved(unseal(MOVED, stored)) if stored is not None else None
        except (lmdb.Error, msgspec.DecodeError, Damage):
            return None

    def _drop_all(self) -> None:
        self._links.clear()
        self._domains.clear()
        self._keys.clear()
        self.on_moved(None)

    def _read(self, key: str, kind: type[Value]) -> Value | None:
        if self._environment is None:
            return None
        name = name_of(key)
        try:
            with self._environment.begin() as view:
                stored = view.get(name)
                if stored is None:
                    gap_at(view, name)
                    return None
            entry = _decode_entry(unseal(name, stored))
            if not isinstance(entry, kind):
                raise Damage(f"{name!r} holds another kind of entry")
        except (lmdb.Error, msgspec.DecodeError, Damage) as error:
            damage = Damage(str(error))
            self._report(self._generation, damage)
            raise damage from None
        return entry

    def _report(self, generation: str, damage: Damage) -> None:
        """Tells the agent, which builds a new generation. Once is enough."""
        if mark_damaged(self._folder / generation, str(damage)):
            _log.error("the link cache is damaged", generation=generation, reason=str(damage))


def entry_name(host: str, slug: str) -> str:
    """The key of a link's entry."""
    return normal_key(f"link:{host}/{slug}")


def _nobody_listens(_keys: Iterable[str] | None) -> None:
    pass


def _last_transaction(environment: lmdb.Environment) -> int:
    with environment.begin() as view:  # a quarter of what Environment.info costs
        return view.id()
