"""Requests nobody would think of: crafted ones, damaged at random, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from tests.security.crafted.request import Case

_TELLING = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b":", b"\0", b"\x7f", b"\x80", b"\xff", b"%", b"%00", b"%0d%0a",
    b"?", b"#", b"/", b"@", b"HTTP/1.1", b"HTTP/1.0", b"GET ", b"HEAD ", b"POST ", b"http://", b"Host: x\r\n",
    b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n",
    b"Expect: 100-continue\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b",", b";",
)  # fmt: skip


def mutations(cases: Sequence[Case], count: int, seed: str) -> Iterator[Case]:
    """`count` damaged cases; each is named by what it was made from and its number."""
    chance = random.Random(seed)
    short = [case for case in cases if len(case.data) < 2_000]
    for number in range(count):
        case = chance.choice(short)
        data = case.data
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            data = chance.choice(_WAYS)(data, chance, short)
        yield Case(f"{seed} {number}, from {case.name}", data)


def cut(data: bytes, chance: random.Random) -> list[bytes]:
    """`data` in up to eight pieces, cut anywhere, or close to where something ends."""
    places = {chance.randrange(len(data) + 1) for _ in range(chance.randrange(1, 5))}
    ends = [at for at in range(len(data)) if data[at] in b"\r\n"]
    places |= {min(len(data), chance.choice(ends) + chance.randrange(2)) for _ in range(chance.randrange(4)) if ends}
    bounds = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds) if end > start]


def _place(data: bytes, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _flip(data: bytes, chance: random.Random, _: Sequence[Case]) -> bytes:
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << chance.randrange(8),)) + data[at + 1 :]


def _replace(data: bytes, chance: random.Random, _: Sequence[Case]) -> bytes:
    at = _place(data, chance)
    return data[:at] + chance.choice(_TELLING) + data[at + chance.randrange(4) :]


def _insert(data: bytes, chance: random.Random, _: Sequence[Case]) -> bytes:
    at = _place(data, chance)
    return data[:at] + chance.choice(_TELLING) + data[at:]


def _remove(data: bytes, chance: random.Random, _: Sequence[Case]) -> bytes:
    at = _place(data, chance)
    return data[:at] + data[at + chance.choice((1, 1, 2, 4, 20)) :]


def _repeat(data: bytes, chance: random.Random, _: Sequence[Case]) -> bytes:
    start, end = sorted((_place(data, chance), _place(data, chance)))
    return data[:end] + data[start:end] * chance.choice((1, 1, 3)) + data[end:]


def _swap_lines(data: bytes, chance: random.Random, _: Sequence[Case]) -> bytes:
    lines = data.split(b"\r\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\r\n".join(lines)


def _change_case(data: bytes, chance: random.Random, _: Sequence[Case]) -> bytes:
    start, end = sorted((_place(data, chance), _place(data, chance)))
    return data[:start] + data[start:end].swapcase() + data[end:]


def _splice(data: bytes, chance: random.Random, cases: Sequence[Case]) -> bytes:
    other = chance.choice(cases).data
    return data[: _place(data, chance)] + other[_place(other, chance) :]


_WAYS: tuple[Callable[[bytes, random.Random, Sequence[Case]], bytes], ...] = (
    _flip, _flip, _replace, _replace, _insert, _insert, _remove, _repeat, _swap_lines, _change_case, _splice,
)  # fmt: skip
