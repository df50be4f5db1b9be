"""The chain of the link cache's names: what is absent can be proven absent, whatever came and went before."""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest

from edge import linkchain
from edge.linkfiles import POSITION, Damage, open_environment, unseal

NAMES = [b"link:go.example/%d" % number for number in range(400)]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[lmdb.Environment]:
    """A chain of the position alone."""
    environment = open_environment(tmp_path, readonly=False)
    with environment.begin(write=True) as transaction:
        linkchain.put_unlinked(transaction, POSITION, b"here")
    linkchain.link_all(environment)
    yield environment
    environment.close()


def test_any_history_leaves_a_chain(environment: lmdb.Environment) -> None:
    chance = random.Random(1)
    held: dict[bytes, bytes] = {POSITION: b"here"}
    digest = 0
    for _ in range(60):
        with environment.begin(write=True) as transaction:
            for name in chance.choices(NAMES, k=40):
                if chance.random() < 0.4:
                    digest += linkchain.delete(transaction, name)
                    held.pop(name, None)
                else:
                    held[name] = chance.randbytes(chance.randrange(200))
                    digest += linkchain.put(transaction, name, held[name])
        check(environment, held, digest)


def test_a_cache_filled_in_any_order_is_a_chain(environment: lmdb.Environment) -> None:
    """More entries than one transaction links."""
    names = [b"link:go.example/%d" % number for number in range(10_000)]
    random.Random(2).shuffle(names)
    with environment.begin(write=True) as transaction:
        for name in names:
            linkchain.put_unlinked(transaction, name, b"somewhere")
    with environment.begin() as view, pytest.raises(Damage):
        linkchain.gap_at(view, b"link:go.example/none")
    digest = linkchain.link_all(environment)
    check(environment, {POSITION: b"here", **dict.fromkeys(names, b"somewhere")}, digest)


def check(environment: lmdb.Environment, held: dict[bytes, bytes], digest: int) -> None:
    """Every entry is there, and so is every gap between two of them."""
    order = sorted(held)
    with environment.begin() as view:
        assert {name: unseal(name, stored) for name, stored in view.cursor()} == held
        assert linkchain.verify_all(view) == digest % linkchain.DIGEST_MODULUS
        absent = [name for name in NAMES if name not in held]
        for name in (*absent, *(name + b"!" for name in order)):
            at = bisect.bisect(order, name)
            behind = order[at] if at < len(order) else b""
            assert linkchain.gap_at(view, name) == (order[at - 1], held[order[at - 1]], behind)


@pytest.mark.parametrize("lost", [NAMES[0], NAMES[200], NAMES[-1]])
def test_a_name_that_went_missing_is_damage_and_not_a_gap(environment: lmdb.Environment, lost: bytes) -> None:
    with environment.begin(write=True) as transaction:
        for name in NAMES:
            linkchain.put(transaction, name, b"somewhere")
    with environment.begin(write=True) as transaction:
        transaction.delete(lost)
        with pytest.raises(Damage):
            linkchain.gap_at(transaction, lost)


def test_what_cannot_be_believed_is_not_written_over(environment: lmdb.Environment) -> None:
    """Its word on the name behind it would be lost."""
    with environment.begin(write=True) as transaction:
        linkchain.put(transaction, NAMES[0], b"somewhere")
        stored = transaction.get(NAMES[0])
        assert stored is not None
        transaction.put(NAMES[0], b"S" + stored[1:])
        with pytest.raises(Damage):
            linkchain.put(transaction, NAMES[0], b"elsewhere")
        with pytest.raises(Damage):
            linkchain.delete(transaction, NAMES[0])
