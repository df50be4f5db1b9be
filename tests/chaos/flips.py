"""What one flipped bit of a link cache does to its readers: `python -m tests.chaos.flips FOLDER --flips N --seed N`.

A cache of some thousand links with a history of edits, so that its file has branch pages and older copies of leaves.
Then one bit after the other is flipped, a worker's side of the cache asks for every link, in a process of its own that
may die of it, and the bit is flipped back. Where an answer was wrong all the same, the agent's scrub is asked. Prints
as JSON what became of flips and of answers. `--where` chooses the bits:

    anywhere    in the file
    structure   that lead a search: a tenth of the file, where flips do the most
    pointers    of the tree's page numbers: one in some thousand, which may lead to an older copy of a page
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from edge.agent.scrub import scrub
from edge.linkfiles import CURRENT, DAMAGED, Damage
from edge.links import LinkCache
from edge.linkstore import LinkStore
from tests.edge.building import HOST, changed, domain, link, removed, take_snapshot

LINKS = 1_500
EDITS = 300  # pages of the feed
CHILD_S = 30  # for all look-ups; a reader that takes longer hangs
PAGE_BYTES = 4096
_FLAGS_AT, _LOWER_AT, _UPPER_AT, _TABLE_AT = 10, 12, 14, 16  # in a page of LMDB; the table says where its nodes are
_BRANCH, _META = 0x01, 0x08
_META_BYTES, _ROOT_AT, _TXN_AT = 160, 128, 144


def build(folder: Path, chance: random.Random) -> dict[str, str]:
    """A cache after edits, additions and removals; returns each slug's only right destination."""
    links = {f"slug-{number}": f"https://shop.example/{number}/0" for number in range(LINKS)}
    store = LinkStore.open(folder)
    ready = (link(slug, destination) for slug, destination in links.items())
    take_snapshot(store, domain(fallback_url="https://shop.example/fallback"), *ready)
    for edit in range(EDITS):
        rev = 11 + edit
        if edit % 3 == 2:
            slug = chance.choice(sorted(links))
            del links[slug]
            store.apply(removed(rev, f"link:{HOST}/{slug}"))
            continue
        slug = f"more-{edit}" if edit % 3 else chance.choice(sorted(links))
        links[slug] = f"https://shop.example/edited/{rev}"
        store.apply(changed(rev, link(slug, links[slug])))
    store.close()
    return links


def places(where: str, data: bytes) -> Sequence[int]:
    """Offsets of the bytes whose bits are flipped."""
    if where == "anywhere":
        return range(len(data))
    if where == "pointers":
        return list(_pointers(data, _root(data)))
    found: list[int] = []
    for page in range(0, len(data), PAGE_BYTES):
        flags, lower, upper = (_short(data, page + at) for at in (_FLAGS_AT, _LOWER_AT, _UPPER_AT))
        if flags & _META:
            found += range(page, page + _META_BYTES)
        elif lower <= upper <= PAGE_BYTES:
            found += range(page, page + lower)
            found += range(page + upper, page + PAGE_BYTES) if flags & _BRANCH else ()
    return found


def _root(data: bytes) -> int:
    """Number of the tree's first page, by the newer of the two meta pages."""
    newer = max((0, PAGE_BYTES), key=lambda page: int.from_bytes(data[page + _TXN_AT : page + _TXN_AT + 8], "little"))
    return _short(data, newer + _ROOT_AT)


def _pointers(data: bytes, number: int) -> Iterator[int]:
    """Offsets of the lowest bytes of all page numbers in the tree below a page."""
    page = number * PAGE_BYTES
    if _short(data, page + _FLAGS_AT) & _BRANCH:
        for at in range(page + _TABLE_AT, page + _short(data, page + _LOWER_AT), 2):
            node = page + _short(data, at)
            yield node
            yield from _pointers(data, _short(data, node))


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def ask_all(folder: Path, links: dict[str, str]) -> Counter[str]:
    """How every link, and as many slugs that are none, are answered."""
    cache = LinkCache.open(folder)
    answers: Counter[str] = Counter()
    for slug in [*links, *(f"none-{number}" for number in range(len(links)))]:
        answers[_answer(cache, slug, links.get(slug))] += 1
    cache.close()
    return answers


def _answer(cache: LinkCache, slug: str, destination: str | None) -> str:
    """What a visitor would get: the right thing, 503, "unknown" for a link that exists, or another destination."""
    try:
        if not cache.is_ready:
            return "refused"
        found = cache.find(HOST, slug)
        if found is None:
            cache.domain(HOST)  # whose fallback address serves
            return "right" if destination is None else "unknown"
    except Damage:
        return "refused"
    return "right" if destination and found.destination.plain == destination.encode() else "wrong"


@contextmanager
def flipped(path: Path, at: int, bit: int) -> Generator[None]:
    """One bit is another for the length of a block."""
    with path.open("r+b", buffering=0) as file:
        right = os.pread(file.fileno(), 1, at)[0]
        os.pwrite(file.fileno(), bytes([right ^ 1 << bit]), at)
        yield
        os.pwrite(file.fileno(), bytes([right]), at)


def in_another_process(work: Callable[[], Counter[str]]) -> Counter[str]:
    """What it counts; the death of its process is a count of its own."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(CHILD_S)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.write(write_end, json.dumps(work()).encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    if said:
        return Counter(json.loads(said))
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Counter({f"died: {signal.Signals(number).name if number else 'exception'}": 1})


def scrubbed(generation: Path) -> Counter[str]:
    """Whether a scrub finds the damage or misses it."""
    try:
        scrub(generation)
    except Damage:
        return Counter({"found": 1})
    return Counter({"missed": 1})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--flips", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--where", choices=("anywhere", "structure", "pointers"), default="anywhere")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    links = build(options.folder, chance)
    generation = options.folder / (options.folder / CURRENT).read_text().strip()
    data = (generation / "data.mdb").read_bytes()
    chosen = places(options.where, data)
    flips: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    scrubs: Counter[str] = Counter()
    for _ in range(options.flips):
        with flipped(generation / "data.mdb", chance.choice(chosen), chance.randrange(8)):
            given = in_another_process(lambda: ask_all(options.folder, links))
            if given["wrong"] or given["unknown"]:
                scrubs += in_another_process(lambda: scrubbed(generation))
        answers += given
        flips[next(kind for kind in ("wrong", "unknown", "refused", *given) if given[kind])] += 1
        (generation / DAMAGED).unlink(missing_ok=True)
        (generation / "lock.mdb").unlink(missing_ok=True)  # with the slots of readers that died
    print(json.dumps({"flips": flips, "answers": answers, "scrubs": scrubs, "bytes": len(data)}))


if __name__ == "__main__":
    main()
