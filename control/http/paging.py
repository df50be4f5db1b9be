"""Pages by cursor: stable while rows come and go, unlike pages by number.

A cursor is the sort key of the last row a page showed, opaque to callers. A store asks for `limit + 1` rows after the
key; `page_of` cuts the extra one off and, where it was there, gives the cursor on.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import msgspec

from control.http.errors import InvalidInput

Item = TypeVar("Item")
Row = TypeVar("Row")
Key = TypeVar("Key")

PAGE_DEFAULT = 50
PAGE_MAX = 200
Limit = Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX, description="How many items a page has at most.")]
Cursor = Annotated[str, msgspec.Meta(max_length=512, description="`next_cursor` of the page before.")]


TimeKey = tuple[Annotated[int, msgspec.Meta(ge=0, le=2**53)], str]
"""Key of lists in order of creation: Unix milliseconds, and the id among equals."""


class PageQuery(msgspec.Struct, frozen=True):
    """Which part of a list is wanted; lists that filter add their own fields."""

    cursor: Cursor = ""
    limit: Limit = PAGE_DEFAULT


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """A part of a list; `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None = None


def encode_cursor(key: Sequence[int | str]) -> str:
    return urlsafe_b64encode(msgspec.json.encode(list(key))).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str, key_type: type[Key]) -> Key | None:
    """The key in a cursor, as `key_type` (such as `tuple[int, str]`); None for an empty one. Raises InvalidInput."""
    if not cursor:
        return None
    try:
        decoded = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if b"\\u0000" in decoded:
            raise ValueError("no key of ours holds a NUL")
        return msgspec.json.decode(decoded, type=key_type)
    except (ValueError, msgspec.DecodeError):
        raise InvalidInput.of("cursor", "is not one that this list gave out") from None


def page_of(
    rows: Sequence[Row], limit: int, to_item: Callable[[Row], Item], key_of: Callable[[Row], Sequence[int | str]]
) -> Page[Item]:
    """A page from up to `limit + 1` rows."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page([to_item(row) for row in shown], encode_cursor(key_of(shown[-1])) if more else None)
