"""Clicks as a batch carries them: in columns, each set of headers once.

A *row* is how a click's record begins, from its version to the visitor id: fixed fields, then an address and a visitor
id as long as these say. It leaves the edge as the worker wrote it, so that nothing is taken apart there only to be put
together again. What may leave the machine of the rest has columns of its own: where the request went to, and the
number of its headers in the batch's table. `docs/reference/wire.md` has the offsets.
"""

from __future__ import annotations

import struct
from typing import Final

from shared.wire import Carry, ClickRecord, Clicks, NoClick, Record, ShippedBatch, Target

VERSION: Final = 1  # of a record, and so of a row
CLICK: Final = bytes((VERSION, 1))  # how a click begins: version, kind
# version, kind, no_click, carry, arm, address and visitor length, time, boot, click id, link id, host and head length
CLICK_LAYOUT: Final = struct.Struct("<BBBBHBBqq16s16sHI")
NO_CLICK: Final[tuple[NoClick, ...]] = ("", "prefetch", "head", "preview", "scanner", "honeypot")
CARRY: Final[tuple[Carry, ...]] = ("none", "cookie", "fragment", "query")
ADDRESS_BYTES: Final = (4, 16)
VISITOR_BYTES: Final = (0, 16)

_fields_of = struct.Struct("<2sBBHBBqq16s16s6x").unpack_from  # the same, without the lengths that end with the spool


class BadRows(ValueError):
    """The columns of a batch contradict each other; the text says how."""


def records_of(batch: ShippedBatch) -> list[Record]:
    """All records of a batch, in order. Raises BadRows."""
    if batch.clicks is None:
        return batch.records
    if len(batch.places) != len(batch.records):
        raise BadRows(f"{len(batch.places)} places for {len(batch.records)} records")
    records: list[Record] = [*_clicks_of(batch.clicks)]
    for place, record in zip(batch.places, batch.records, strict=True):
        if not 0 <= place <= len(records):
            raise BadRows(f"place {place} among {len(records)} records")
        records.insert(place, record)
    return records


def _clicks_of(columns: Clicks) -> list[ClickRecord]:
    if len(columns.header_numbers) != 4 * len(columns.targets):
        raise BadRows(f"{len(columns.header_numbers)} bytes of numbers for {len(columns.targets)} clicks")
    numbers: tuple[int, ...] = struct.unpack(f"<{len(columns.targets)}I", columns.header_numbers)
    clicks: list[ClickRecord] = []
    at = 0
    try:
        for target, number in zip(columns.targets, numbers, strict=True):
            click, at = _click(columns.rows, at, target, columns.headers[number])
            clicks.append(click)
    except (struct.error, IndexError) as error:
        raise BadRows(f"click {len(clicks)}: {error}") from None
    if at != len(columns.rows):
        raise BadRows(f"{len(columns.rows) - at} bytes behind the last row")
    return clicks


def _click(rows: bytes, at: int, target: Target, headers: dict[str, str]) -> tuple[ClickRecord, int]:
    """The click whose row begins at `at`, and where the next one does."""
    no_click: int
    carry: int
    kind, no_click, carry, arm, address_bytes, visitor_bytes, time_ms, boot_ms, click_id, link_id = _fields_of(rows, at)
    if kind != CLICK or address_bytes not in ADDRESS_BYTES or visitor_bytes not in VISITOR_BYTES:
        raise BadRows(f"no row of a click begins at byte {at}")
    address = at + CLICK_LAYOUT.size
    visitor = address + address_bytes
    end = visitor + visitor_bytes
    click = ClickRecord(click_id, time_ms, boot_ms, link_id, arm, NO_CLICK[no_click], CARRY[carry], target.host,
                        target.path, target.query, rows[address:visitor], rows[visitor:end], headers)  # fmt: skip
    return click, end
