"""Proof that the link cache does not hold a name.

LMDB finds a name by descending a tree of pages without checksums. One flipped bit in a page's table or in a stored
name, and a link that exists is not found: its visitors would get 404 or the domain's fallback page, unnoticed.
So every entry is sealed together with a check of the name behind it, as DNS does in its NSEC records (RFC 4034):

    position → domain:go.example → key:pk_… → link:go.example/autumn → link:go.example/spring → the end

That a name is absent is believed when the entry before its place is whole and says that it is followed by the entry
behind its place. Whatever leads a search astray (another leaf, a skipped page, a changed order, a wrong root) ends
between two entries that do not say so of each other, and that is Damage, never "unknown".

A new name costs a second write, of the entry before it; a changed value costs nothing; a miss costs 1.5 µs more. What
the chain cannot tell is an *older copy* of the right page, which was true once (`docs/decisions/0010-…`).
"""

from __future__ import annotations

from typing import NamedTuple

import lmdb

from edge.linkfiles import POSITION, UNLINKED, Damage, check_of, follower_check, seal, unseal

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


def put(transaction: lmdb.Transaction[bytes], name: bytes, value: bytes) -> None:
    """Writes an entry, new or not. Raises Damage where what is there already cannot be believed."""
    held = transaction.get(name)
    if held is not None:
        unseal(name, held)
        transaction.put(name, seal(name, value, follower_check(held)))
        return
    gap = gap_at(transaction, name)
    transaction.put(name, seal(name, value, check_of(gap.behind)))
    transaction.put(gap.before, seal(gap.before, gap.value, check_of(name)))


def delete(transaction: lmdb.Transaction[bytes], name: bytes) -> None:
    """Removes an entry if it is there. Raises Damage where what is there cannot be believed."""
    held = transaction.get(name)
    if held is None:
        gap_at(transaction, name)
        return
    unseal(name, held)
    transaction.delete(name)
    cursor = transaction.cursor()
    if not (cursor.prev() if cursor.set_range(name) else cursor.last()):
        raise Damage(f"nothing stands before {name!r}, not even the position")
    before, stored = cursor.item()
    if follower_check(stored) != check_of(name):
        raise Damage(f"{before!r} is not followed by {name!r}")
    transaction.put(before, seal(before, unseal(before, stored), follower_check(held)))


def put_unlinked(transaction: lmdb.Transaction[bytes], name: bytes, value: bytes) -> None:
    """Writes an entry of a cache in the making, in any order; `link_all` makes them a chain."""
    transaction.put(name, seal(name, value, UNLINKED))


def link_all(environment: lmdb.Environment) -> None:
    """Makes a chain of all entries from the position on. Raises Damage.

    One pass behind the last write, since the pages that writing in any order leaves behind then hold no chain that
    could be believed.
    """
    before = POSITION
    while before:
        with environment.begin(write=True) as transaction:
            before = _link_some(transaction, before)


def _link_some(transaction: lmdb.Transaction[bytes], before: bytes) -> bytes:
    """Links up to `_BATCH` entries from `before` on; returns the next one to be linked, empty at the end."""
    cursor = transaction.cursor()
    if not cursor.set_key(before):
        raise Damage(f"{before!r} is gone")
    stored = cursor.value()
    for _ in range(_BATCH):
        behind, following = cursor.item() if cursor.next() else (b"", b"")
        transaction.put(before, seal(before, unseal(before, stored), check_of(behind)))
        before, stored = behind, following
        if not before:
            break
    return before
