"""Records of the spool in the form in which they leave the machine: most of what an agent does.

Clicks go into the columns of `shared.wire.Clicks`. The row of one is there already, in its first bytes; what is left to
do is to find what was said before of the same request line and of the same headers. Visitors' heads differ in few
lines: cookies, addresses, query strings. So what is remembered is, from coarse to fine, the headers of a whole head;
those of a head without the lines that are one visitor's own; whether a line may leave; the stored lines together.

Everything else, and every click that is unusual in any way, takes the path that `edge.record` defines: `decode`,
`to_wire`, encode. The two agree on every record (`tests/edge/test_translate.py`).

A stream has no holes, so a record that cannot be read keeps its number: a `GapRecord` of one stands there, between the
times of its neighbours. Translated again, the same number says the same.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, TypeVar

import msgspec

from edge.record import BadRecord, NewerRecord, decode, stored_headers, target_of, text_of, time_ms_of, to_wire
from shared.logs import get_logger
from shared.rows import ADDRESS_BYTES, CARRY, CLICK, CLICK_LAYOUT, NO_CLICK, VISITOR_BYTES
from shared.wire import STORED_HEADERS, GapRecord, Record, Target

REMEMBERED: Final = 16_384  # of one kind; then all are forgotten, which costs less than choosing
OWN_LINES: Final = 8  # headers that are taken to be one visitor's own, the newest such
OWN_VALUES: Final = 16  # values after which a header is
NAMES: Final = 1_000  # whose values are counted

_FORM_AND_LENGTHS = struct.Struct("<8s48xHI")  # of host and head
_FORM = struct.Struct("<2sBB2xBB")  # kind, no_click, carry, address and visitor length
_STORED_LINE = re.compile(rb"(?:%b):[^\r\n]*" % "|".join(STORED_HEADERS).encode(), re.IGNORECASE).match
_CLICK_WEIGHT_BYTES = 250  # row and target with what Python puts around them; headers are shared
_NOWHERE = 1 << 40  # behind the end of any record
_ARRAY = b"\xdd"  # of msgpack; its length follows as u32, big-endian

_log = get_logger()
_encode = msgspec.msgpack.Encoder().encode
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Columns(msgspec.Struct, frozen=True, array_like=True):
    """`shared.wire.Clicks`, whose texts are msgpack already."""

    rows: bytes
    targets: msgspec.Raw
    headers: msgspec.Raw
    header_numbers: bytes


class Translated(msgspec.Struct, frozen=True):
    """Records that follow each other: of each click its row, target and headers; the others, with their places."""

    rows: list[bytes]
    targets: list[bytes]
    headers: list[bytes]
    records: list[msgspec.Raw]
    places: list[int]
    gaps: dict[str, int]  # lost records that gap records among them speak of, by reason

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.records)

    @property
    def weight(self) -> int:
        """How many clicks take as much memory as this."""
        return len(self.rows) + sum(map(len, self.records)) // _CLICK_WEIGHT_BYTES

    def columns(self) -> Columns | None:
        """The clicks, each set of headers once; None where there are none."""
        if not self.rows:
            return None
        distinct = dict.fromkeys(self.headers)
        numbers = dict(zip(distinct, range(len(distinct)), strict=True))
        header_numbers = struct.pack(f"<{len(self.headers)}I", *map(numbers.__getitem__, self.headers))
        return Columns(b"".join(self.rows), _array(self.targets), _array(list(distinct)), header_numbers)


NOTHING: Final = Translated([], [], [], [], [], {})


def joined(parts: Iterable[Translated]) -> Translated:
    """Parts of a stream that follow each other, as one."""
    whole = Translated([], [], [], [], [], {})
    for part in parts:
        whole.places.extend([whole.count + place for place in part.places])
        whole.rows.extend(part.rows)
        whole.targets.extend(part.targets)
        whole.headers.extend(part.headers)
        whole.records.extend(part.records)
        for reason, count in part.gaps.items():
            whole.gaps[reason] = whole.gaps.get(reason, 0) + count
    return whole


class _Memory(dict[_Key, _Value]):
    """What `make` said of a key, remembered."""

    def __init__(self, make: Callable[[_Key], _Value]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: _Key) -> _Value:
        made = self._make(key)
        if len(self) >= REMEMBERED:
            self.clear()
        self[key] = made
        return made


class _Headers(dict[bytes, bytes]):
    """What headers come to, by their lines but for those that are one visitor's own: these would never come again.

    Whose own a line is, is learned: a header that stays on this machine and comes with ever new values is.
    """

    def __init__(self) -> None:
        super().__init__()
        self._own_lines: list[bytes] = []  # how they begin
        self._values: dict[bytes, int] = {}  # by the names of other headers that stay here
        self._stored_line = _Memory(self._judge).__getitem__
        self._stored = _Memory(_stored)

    def __missing__(self, lines: bytes) -> bytes:
        shared = lines
        for beginning in self._own_lines:
            before, found, behind = shared.rpartition(beginning)
            if found:
                _, *rest = behind.partition(b"\r\n")
                shared = b"".join((before, *rest))
        if shared is not lines:
            return self[shared]
        said = self._stored[b"".join(map(self._stored_line, lines.split(b"\r\n")))]
        if len(self) >= REMEMBERED:
            self.clear()
        self[lines] = said
        return said

    def _judge(self, line: bytes) -> bytes:
        """The line, if it is a header that may leave this machine; else nothing."""
        if found := _STORED_LINE(line):
            return found.group() + b"\r\n"
        name = line.partition(b":")[0]
        values = self._values.get(name, 0) + 1
        if values >= OWN_VALUES:
            self._own_lines = [b"\r\n%b:" % name, *self._own_lines][:OWN_LINES]
            values = 0
        if len(self._values) >= NAMES:
            self._values.clear()
        self._values[name] = values
        return b""


class Translator:
    """For one thread at a time."""

    def __init__(self) -> None:
        self._hosts = _Memory(_host_at)
        self._targets = _Memory(_targets)
        self._headers = _Headers()

    def translate(self, payloads: Sequence[bytes | None], first: int, created_ms: int) -> Translated:
        """One record a payload; `first` is the first one's number, `created_ms` stands in where no time is known.

        Ends before a record of a later version. Raises NewerRecord where it is the first one.
        """
        hosts, targets_of, headers_of = self._hosts, self._targets, self._headers
        form_and_lengths, least_bytes = _FORM_AND_LENGTHS.unpack_from, CLICK_LAYOUT.size
        rows: list[bytes] = []
        targets: list[bytes] = []
        headers: list[bytes] = []
        records: list[msgspec.Raw] = []
        places: list[int] = []
        gaps: dict[str, int] = {}
        for at, payload in enumerate(payloads):
            if payload is not None and len(payload) >= least_bytes:
                form, host_bytes, head_bytes = form_and_lengths(payload)
                host = hosts[form]
                head = host + host_bytes
                line_end = payload.find(b"\r\n", head)
                if line_end >= 0 and head + head_bytes == len(payload):
                    rows.append(payload[:host])
                    targets.append(targets_of[host_bytes][payload[host:line_end]])
                    headers.append(headers_of[payload[line_end:]])
                    continue
            try:
                record = _record(payload, first + at) or _gap_at(payloads, at, created_ms)
            except NewerRecord:
                if not at:
                    raise
                break
            if isinstance(record, GapRecord):
                gaps[record.reason] = gaps.get(record.reason, 0) + record.count
            records.append(msgspec.Raw(_encode(record)))
            places.append(at)
        return Translated(rows, targets, headers, records, places, gaps)


def _array(values: Sequence[bytes]) -> msgspec.Raw:
    return msgspec.Raw(b"".join((_ARRAY, len(values).to_bytes(4, "big"), *values)))


def _host_at(form: bytes) -> int:
    """Where the host of a click that begins like this is; nowhere for what is no click, or none as it should be."""
    kind, no_click, carry, address_bytes, visitor_bytes = _FORM.unpack(form)
    is_known = kind == CLICK and no_click < len(NO_CLICK) and carry < len(CARRY)
    if not is_known or address_bytes not in ADDRESS_BYTES or visitor_bytes not in VISITOR_BYTES:
        return _NOWHERE
    return CLICK_LAYOUT.size + address_bytes + visitor_bytes


def _targets(host_bytes: int) -> _Memory[bytes, bytes]:
    return _Memory(partial(_target, host_bytes))


def _target(host_bytes: int, host_and_line: bytes) -> bytes:
    host, line = host_and_line[:host_bytes], host_and_line[host_bytes:]
    return _encode(Target(text_of(host), *target_of(line)))


def _stored(lines: bytes) -> bytes:
    return _encode(stored_headers(b"\r\n" + lines))


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
