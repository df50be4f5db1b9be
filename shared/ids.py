"""Ids of API objects: a prefix that names the kind, and a UUIDv7 in Crockford's base32, as in `lnk_01jdq5m3…`.

Lower-case base32 keeps the order of the bytes, so ids of one kind sort by creation; no letter can be taken for a digit
(https://www.crockford.com/base32.html). Where bytes are scarce (the edge's records) the 16 bytes travel alone.
"""

from __future__ import annotations

from shared import click_id

ID_BYTES = 16
ID_CHARS = 26

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}


def new_id(prefix: str) -> str:
    """A new id such as `new_id("lnk")`."""
    return from_bytes(prefix, click_id.new())


def from_bytes(prefix: str, raw: bytes) -> str:
    """The text form of 16 bytes."""
    number = int.from_bytes(raw, "big")
    return prefix + "_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def to_bytes(prefix: str, text: str) -> bytes:
    """The 16 bytes of an id with that prefix. Raises ValueError, saying what is wrong, for any other text."""
    head, _, tail = text.partition("_")
    if head != prefix or len(tail) != ID_CHARS:
        raise ValueError(f"{text!r} is not an id like {prefix}_…")
    number = 0
    for character in tail:
        value = _VALUES.get(character)
        if value is None:
            raise ValueError(f"{text!r} has the character {character!r}, which no id has")
        number = number << 5 | value
    if number >> 128:
        raise ValueError(f"{text!r} is larger than any id")
    return number.to_bytes(ID_BYTES, "big")
