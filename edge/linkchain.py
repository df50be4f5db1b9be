"""Proof that the link cache does not hold a name.

LMDB finds a name by descending a tree of pages without checksums. One flipped bit in a page's table or in a stored
name, and a link that exists is not found: its visitors would get 404 or the domain's fallback page, unnoticed.
So every entry is sealed together with a check of the name behind it, as DNS does in its NSEC records (RFC 4034):

    position → domain:go.example → key:pk_… → link:go.example/autumn → link:go.example/spring → the end

That a name is absent is believed when the entry before its place is whole and says that it is followed by the entry
behind its place. Whatever leads a search astray (another leaf, a skipped page, a changed order, a wrong root) ends
between two entries that do not say so of each other, and that is Damage, never "unknown".

What the chain cannot tell is an *older copy* of the right page, which was true once. So the position holds a digest of
all entries, which does not depend on their order and moves with each change; `edge.agent.scrub` compares the two.

A new name costs a second write, of the entry before it; a changed value costs a digest; a miss costs 1.5 µs more.
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

import lmdb

from edge.linkfiles import POSITION, UNLINKED, Damage, check_of, follower_check, seal, unseal

DIGEST_MODULUS = 1 << 64
_BATCH = 4_000  # entries a transaction: bounds LMDB's list of dirty pages


class Gap(NamedTuple):
    """The place of an absent name: the entries on both sides of it, which say so of each other."""

    before: bytes
    value: bytes  # of the entry before
    behind: bytes  # a name; empty at the end


def gap_at(transaction: lmdb.Transaction[bytes], name: bytes) -> Gap:
    """Where `name` would be. Raises Damage unless it is proven that it isn't there."""
    cursor = transaction.cursor()
    is_followed = cursor.set_range(name)
    behind = cursor.key() if is_followed else b""
    if not (cursor.prev() if is_followed else cursor.last()):
        raise Damage(f"nothing stands before {name!r}, not even the position")
    before, stored = cursor.item()
    value = unseal(before, stored)
    if not before < name or (is_followed and not name < behind) or follower_check(stored) != check_of(behind):
        raise Damage(f"{before!r} is not followed by {behind!r}, between which {name!r} was looked for")
    return Gap(before, value, behind)


def digest_of(name: bytes, value: bytes) -> int:
    """An entry's part in the digest of all, which is the sum of the parts. Squared, since the differences of plain
    checksums repeat where two entries change in the same way, and could cancel out."""
    return crc32(value, crc32(name)) ** 2


def put(transaction: lmdb.Transaction[bytes], name: bytes, value: bytes) -> int:
    """Writes an entry, new or not; returns what that adds to the digest. Raises Damage where what is there already
    cannot be believed."""
    held = transaction.get(name)
    if held is not None:
        before = unseal(name, held)
        transaction.put(name, seal(name, value, follower_check(held)))
        return digest_of(name, value) - digest_of(name, before)
    gap = gap_at(transaction, name)
    transaction.put(name, seal(name, value, check_of(gap.behind)))
    transaction.put(gap.before, seal(gap.before, gap.value, check_of(name)))
    return digest_of(name, value)


def delete(transaction: lmdb.Transaction[bytes], name: bytes) -> int:
    """Removes an entry if it is there; returns what that adds to the digest. Raises Damage where what is there cannot
    be believed."""
    held = transaction.get(name)
    if held is None:
        gap_at(transaction, name)
        return 0
    value = unseal(name, held)
    transaction.delete(name)
    cursor = transaction.cursor()
    if not (cursor.prev() if cursor.set_range(name) else cursor.last()):
        raise Damage(f"nothing stands before {name!r}, not even the position")
    before, stored = cursor.item()
    if follower_check(stored) != check_of(name):
        raise Damage(f"{before!r} is not followed by {name!r}")
    transaction.put(before, seal(before, unseal(before, stored), follower_check(held)))
    return -digest_of(name, value)


def put_unlinked(transaction: lmdb.Transaction[bytes], name: bytes, value: bytes) -> None:
    """Writes an entry of a cache in the making, in any order; `link_all` makes them a chain."""
    transaction.put(name, seal(name, value, UNLINKED))


def link_all(environment: lmdb.Environment) -> int:
    """Makes a chain of all entries from the position on; returns the digest of those behind it. Raises Damage.

    One pass behind the last write, since the pages that writing in any order leaves behind then hold no chain that
    could be believed.
    """
    before, digest = POSITION, 0
    while before:
        with environment.begin(write=True) as transaction:
            before, added = _link_some(transaction, before)
        digest += added
    return digest % DIGEST_MODULUS


def _link_some(transaction: lmdb.Transaction[bytes], before: bytes) -> tuple[bytes, int]:
    """Links up to `_BATCH` entries from `before` on; returns the next one to be linked, empty at the end, and what the
    entries behind `before` add to the digest."""
    cursor, digest = transaction.cursor(), 0
    if not cursor.set_key(before):
        raise Damage(f"{before!r} is gone")
    value = unseal(before, cursor.value())
    for _ in range(_BATCH):
        if not cursor.next():
            transaction.put(before, seal(before, value, check_of(b"")))
            return b"", digest
        behind, following = cursor.item()
        transaction.put(before, seal(before, value, check_of(behind)))
        before, value = behind, unseal(behind, following)
        digest += digest_of(before, value)
    return before, digest


def verify_all(transaction: lmdb.Transaction[bytes]) -> int:
    """Digest of the entries behind the position; each is whole and stands where the one before says. Raises Damage."""
    cursor, digest = transaction.cursor(), 0
    if not cursor.set_key(POSITION):
        raise Damage("there is no position")
    before, stored = cursor.item()
    while cursor.next():
        behind, following = cursor.item()
        if not before < behind or follower_check(stored) != check_of(behind):
            raise Damage(f"{before!r} is not followed by {behind!r}")
        digest += digest_of(behind, unseal(behind, following))
        before, stored = behind, following
    if follower_check(stored) != check_of(b""):
        raise Damage(f"nothing follows {before!r}, which has a follower")
    return digest % DIGEST_MODULUS
