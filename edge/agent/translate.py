"""Records of the spool as the control plane gets them, in the bytes of their wire form: most of what an agent does.

For a click, `shared.wire.ClickRecord` is written directly: fixed fields by one `pack`, texts from what was already
said of the same bytes. Visitors' heads differ in few lines: cookies, addresses, query strings. So what is remembered
is, from coarse to fine, the headers of a whole head; whether a line may leave; the stored lines together. Everything
else, and every click that is unusual in any way, takes the path that `edge.record` defines: `decode`, `to_wire`,
encode. The two agree on every record (`tests/edge/test_translate.py`).

A stream has no holes, so a record that cannot be read keeps its number: a `GapRecord` of one stands there, between the
times of its neighbours. Translated again, the same number says the same.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from edge.record import (
    CARRY,
    CLICK,
    CLICK_LAYOUT,
    NO_CLICK,
    BadRecord,
    NewerRecord,
    decode,
    stored_headers,
    target_of,
    text_of,
    time_ms_of,
    to_wire,
)
from shared.logs import get_logger
from shared.wire import STORED_HEADERS, GapRecord, Record

REMEMBERED: Final = 16_384  # of one kind; then all are forgotten, which costs less than choosing

_FIXED = struct.Struct(">7sH16sBqBqH16sBH")  # each value behind its msgpack type: see `_click`
_ARRAY_OF_CLICK, _BYTES_16, _INT_64, _UINT_16 = b"\x9e\xa5click", 0xC410, 0xD3, 0xCD
_ADDRESS = {4: b"\xc4\x04", 16: b"\xc4\x10"}
_VISITOR = {0: b"\xc4\x00", 16: b"\xc4\x10"}
_STORED_LINE = re.compile(rb"(?:%b):[^\r\n]*" % "|".join(STORED_HEADERS).encode(), re.IGNORECASE).match

_log = get_logger()
_encode = msgspec.msgpack.Encoder().encode


class Translated(msgspec.Struct, frozen=True):
    """Records as msgpack, one behind the other."""

    count: int
    records: bytes
    gaps: dict[str, int]  # lost records that gap records among them speak of, by reason


class _Memory(dict[bytes, bytes]):
    """What `make` said of a key, remembered."""

    def __init__(self, make: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: bytes) -> bytes:
        made = self._make(key)
        if len(self) >= REMEMBERED:
            self.clear()
        self[key] = made
        return made


class Translator:
    """For one thread at a time."""

    def __init__(self) -> None:
        self._stored_line = _Memory(_stored_line).__getitem__
        self._stored = _Memory(lambda lines: _encode(stored_headers(b"\r\n" + lines))).__getitem__
        self._headers = _Memory(self._headers_of).__getitem__
        self._target = _Memory(_target).__getitem__
        self._words = _Memory(_words).__getitem__

    def translate(self, payloads: Sequence[bytes | None], first: int, created_ms: int) -> Translated:
        """One record a payload; `first` is the first one's number, `created_ms` stands in where no time is known.

        Ends before a record of a later version. Raises NewerRecord where it is the first one.
        """
        records: list[bytes] = []
        gaps: dict[str, int] = {}
        for at, payload in enumerate(payloads):
            try:
                if payload is not None and payload[:2] == CLICK and (click := self._click(payload)):
                    records.append(click)
                    continue
                record = _record(payload, first + at) or _gap_at(payloads, at, created_ms)
            except NewerRecord:
                if not records:
                    raise
                break
            if isinstance(record, GapRecord):
                gaps[record.reason] = gaps.get(record.reason, 0) + record.count
            records.append(_encode(record))
        return Translated(len(records), b"".join(records), gaps)

    def _click(self, data: bytes) -> bytes:
        """Nothing for one that isn't as it should be."""
        if len(data) < CLICK_LAYOUT.size:
            return b""
        (_, _, _, _, arm, address_bytes, visitor_bytes, time_ms, boot_ms, click_id, link_id, host_bytes,
         head_bytes) = CLICK_LAYOUT.unpack_from(data)  # fmt: skip
        address = CLICK_LAYOUT.size
        visitor = address + address_bytes
        host = visitor + visitor_bytes
        head = host + host_bytes
        line_end = data.find(b"\r\n", head)
        no_click, carry = data[2], data[3]
        if (
            head + head_bytes != len(data)
            or line_end < 0
            or no_click >= len(NO_CLICK)
            or carry >= len(CARRY)
            or address_bytes not in _ADDRESS
            or visitor_bytes not in _VISITOR
        ):
            return b""
        return b"".join((
            _FIXED.pack(_ARRAY_OF_CLICK, _BYTES_16, click_id, _INT_64, time_ms, _INT_64, boot_ms, _BYTES_16, link_id,
                        _UINT_16, arm),
            self._words(data[2:4] + data[host:head]),
            self._target(data[head:line_end]),
            _ADDRESS[address_bytes],
            data[address:visitor],
            _VISITOR[visitor_bytes],
            data[visitor:host],
            self._headers(data[line_end + 2 :]),
        ))  # fmt: skip

    def _headers_of(self, lines: bytes) -> bytes:
        return self._stored(b"".join(map(self._stored_line, lines.split(b"\r\n"))))


def _stored_line(line: bytes) -> bytes:
    """The line, if it is a header that may leave this machine; else nothing."""
    found = _STORED_LINE(line)
    return b"" if found is None else found.group() + b"\r\n"


def _words(codes_and_host: bytes) -> bytes:
    no_click, carry = codes_and_host[:2]
    return _encode(NO_CLICK[no_click]) + _encode(CARRY[carry]) + _encode(text_of(codes_and_host[2:]))


def _target(request_line: bytes) -> bytes:
    path, query = target_of(request_line)
    return _encode(path) + _encode(query)


def _record(payload: bytes | None, number: int) -> Record | None:
    """None where the record is damaged. Raises NewerRecord."""
    if payload is None:
        _log.error("a record in the spool is damaged", number=number)
        return None
    try:
        return to_wire(decode(payload))
    except NewerRecord:
        raise
    except BadRecord as error:
        _log.error("a record in the spool cannot be decoded", number=number, reason=str(error))
        return None


def _gap_at(payloads: Sequence[bytes | None], at: int, created_ms: int) -> GapRecord:
    before, after = _first_time(payloads[at - 1 :: -1] if at else ()), _first_time(payloads[at + 1 :])
    known = [time_ms for time_ms in (before, after) if time_ms is not None] or [created_ms]
    return GapRecord(min(known), max(known), 1, at_least=False, reason="spool_damaged")


def _first_time(payloads: Sequence[bytes | None]) -> int | None:
    times = (time_ms_of(payload) for payload in payloads if payload is not None)
    return next((time_ms for time_ms in times if time_ms is not None), None)
