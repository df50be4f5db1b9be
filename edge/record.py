"""The bytes of one record in ring and spool, and what of them may leave this machine.

The hot path writes a record with one `struct.pack` and one join: it copies the request's head as received and judges
nothing. The agent decodes it later, off the hot path, and `to_wire` takes out what the control plane may have: path,
query and the headers of `STORED_HEADERS`. Cookie, Authorization and every header that holds an address stay in the
spool, which is why spool files are private to their owner and live only for their retention.

Every record starts with a version and a kind. A click and a beacon have the fixed layouts below (little-endian, no
padding), followed by their variable parts in the order of their lengths; gap and unknown-slug records, which are rare,
are the msgpack of their wire struct. `decode` accepts exactly what the encoders write: lengths add up to the last byte.
`docs/reference/wire.md` has the offsets.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Final

import msgspec

from shared import wire
from shared.rows import ADDRESS_BYTES, CARRY, CLICK_LAYOUT, NO_CLICK, VERSION, VISITOR_BYTES

RECORD_MAX_BYTES: Final = 64 * 1024  # longer ones cannot be framed; head and body have lower limits of their own

NO_CLICK_CODE: Final[Mapping[str, int]] = {name: code for code, name in enumerate(NO_CLICK)}
CARRY_CODE: Final[Mapping[str, int]] = {name: code for code, name in enumerate(CARRY)}

HEADER_VALUE_MAX_CHARS: Final = 1024  # of one stored header
REFERER_MAX_CHARS: Final = 4096
UNKNOWN_PATHS_MAX: Final = 100
UNKNOWN_PATH_MAX_CHARS: Final = 200

_CLICK, _BEACON, _GAP, _UNKNOWN = 1, 2, 3, 4
# version, kind, address length, reserved, host and body length, time, boot, record, workspace and key id, head length
_BEACON_LAYOUT = struct.Struct("<BBBBHHqq16s16s16sI")
_TIME = struct.Struct("<8xq")  # at the same place in both
_PREFIX = struct.Struct("<BB")


class BadRecord(ValueError):
    """These bytes are no record; the text says what is wrong with them."""


class NewerRecord(BadRecord):
    """A later version of this program wrote the record, and can read it."""


class Click(msgspec.Struct, frozen=True):
    """A request for a link, as the worker saw it before it answered."""

    time_ms: int
    boot_ms: int
    click_id: bytes
    link_id: bytes
    arm: int
    no_click: wire.NoClick
    carry: wire.Carry
    address: bytes  # of the visitor: the peer, or what a trusted proxy says
    visitor: bytes
    host: bytes  # by which the link was found: lower-case, without port, a trusted proxy's word included
    head: bytes  # request line and headers as received, with the empty line


class Beacon(msgspec.Struct, frozen=True):
    """A report by the snippet, as received."""

    time_ms: int
    boot_ms: int
    record_id: bytes
    workspace_id: bytes
    key_id: bytes
    address: bytes
    host: bytes
    head: bytes
    body: bytes


Record = Click | Beacon | wire.GapRecord | wire.UnknownSlugsRecord


def encode_click(
    time_ms: int,
    boot_ms: int,
    click_id: bytes,
    link_id: bytes,
    arm: int,
    no_click: int,
    carry: int,
    address: bytes,
    visitor: bytes,
    host: bytes,
    head: bytes,
) -> bytes:
    """A click's bytes. `no_click` and `carry` are codes of `NO_CLICK_CODE` and `CARRY_CODE`: the caller has them ready.

    `address` has 4 or 16 bytes, `visitor` none or 16. What is out of a field's range raises `struct.error`.
    """
    fixed = CLICK_LAYOUT.pack(
        VERSION, _CLICK, no_click, carry, arm, len(address), len(visitor), time_ms, boot_ms,
        click_id, link_id, len(host), len(head),
    )  # fmt: skip
    return b"".join((fixed, address, visitor, host, head))


def click_start(no_click: int, carry: int, arm: int) -> bytes:
    """The first six bytes of a click: up to the length of the address."""
    return struct.pack("<BBBBH", VERSION, _CLICK, no_click, carry, arm)


def encode_beacon(
    time_ms: int,
    boot_ms: int,
    record_id: bytes,
    workspace_id: bytes,
    key_id: bytes,
    address: bytes,
    host: bytes,
    head: bytes,
    body: bytes,
) -> bytes:
    """A beacon's bytes; the caller has checked key and origin."""
    fixed = _BEACON_LAYOUT.pack(
        VERSION, _BEACON, len(address), 0, len(host), len(body), time_ms, boot_ms,
        record_id, workspace_id, key_id, len(head),
    )  # fmt: skip
    return b"".join((fixed, address, host, head, body))


_msgpack = msgspec.msgpack.Encoder()


def encode_gap(gap: wire.GapRecord) -> bytes:
    """The bytes of a gap: records that were lost, how many and why."""
    return _PREFIX.pack(VERSION, _GAP) + _msgpack.encode(gap)


def encode_unknown_slugs(unknown: wire.UnknownSlugsRecord) -> bytes:
    """The bytes of one host's minute of unknown slugs; keeps the most frequent paths, and their first characters."""
    most = sorted(unknown.paths.items(), key=lambda item: (-item[1], item[0]))[:UNKNOWN_PATHS_MAX]
    paths: dict[str, int] = {}
    for path, count in most:
        short = path[:UNKNOWN_PATH_MAX_CHARS]
        paths[short] = paths.get(short, 0) + count
    return _PREFIX.pack(VERSION, _UNKNOWN) + _msgpack.encode(msgspec.structs.replace(unknown, paths=paths))


def decode(data: bytes) -> Record:
    """The record in these bytes. Raises BadRecord for anything that no encoder of a known version wrote."""
    if len(data) < _PREFIX.size:
        raise BadRecord(f"a record has at least {_PREFIX.size} bytes, this one has {len(data)}")
    version, kind = _PREFIX.unpack_from(data)
    if version != VERSION:
        kind_of_error = NewerRecord if version > VERSION else BadRecord
        raise kind_of_error(f"record version {version} is not known here; {VERSION} is")
    try:
        match kind:
            case 1:
                return _decode_click(data)
            case 2:
                return _decode_beacon(data)
            case 3:
                return _gap_decoder.decode(memoryview(data)[_PREFIX.size :])
            case 4:
                return _unknown_decoder.decode(memoryview(data)[_PREFIX.size :])
            case _:
                raise BadRecord(f"record kind {kind} is not known")
    except msgspec.DecodeError as error:
        raise BadRecord(str(error)) from None


_gap_decoder = msgspec.msgpack.Decoder(wire.GapRecord)
_unknown_decoder = msgspec.msgpack.Decoder(wire.UnknownSlugsRecord)


def _decode_click(data: bytes) -> Click:
    if len(data) < CLICK_LAYOUT.size:
        raise BadRecord(f"a click has at least {CLICK_LAYOUT.size} bytes, this one has {len(data)}")
    no_click: int
    carry: int
    (_, _, no_click, carry, arm, address_bytes, visitor_bytes, time_ms, boot_ms, click_id, link_id, host_bytes,
     head_bytes) = CLICK_LAYOUT.unpack_from(data)  # fmt: skip
    if no_click >= len(NO_CLICK) or carry >= len(CARRY):
        raise BadRecord(f"no-click code {no_click} or carry code {carry} is not known")
    if address_bytes not in ADDRESS_BYTES or visitor_bytes not in VISITOR_BYTES:
        raise BadRecord(f"an address of {address_bytes} bytes or a visitor id of {visitor_bytes}")
    lengths = (address_bytes, visitor_bytes, host_bytes, head_bytes)
    address, visitor, host, head = _split(data, CLICK_LAYOUT.size, lengths)
    return Click(
        time_ms, boot_ms, click_id, link_id, arm, NO_CLICK[no_click], CARRY[carry], address, visitor, host, head
    )


def _decode_beacon(data: bytes) -> Beacon:
    if len(data) < _BEACON_LAYOUT.size:
        raise BadRecord(f"a beacon has at least {_BEACON_LAYOUT.size} bytes, this one has {len(data)}")
    (_, _, address_bytes, reserved, host_bytes, body_bytes, time_ms, boot_ms, record_id, workspace_id,
     key_id, head_bytes) = _BEACON_LAYOUT.unpack_from(data)  # fmt: skip
    if address_bytes not in ADDRESS_BYTES or reserved:
        raise BadRecord(f"an address of {address_bytes} bytes, or a reserved byte of {reserved}")
    address, host, head, body = _split(data, _BEACON_LAYOUT.size, (address_bytes, host_bytes, head_bytes, body_bytes))
    return Beacon(time_ms, boot_ms, record_id, workspace_id, key_id, address, host, head, body)


def _split(data: bytes, at: int, lengths: tuple[int, ...]) -> list[bytes]:
    if at + sum(lengths) != len(data):
        raise BadRecord(f"the parts of this record have {at + sum(lengths)} bytes, the record has {len(data)}")
    parts: list[bytes] = []
    for length in lengths:
        parts.append(data[at : at + length])
        at += length
    return parts


def time_ms_of(data: bytes) -> int | None:
    """First wall time (Unix ms) that an encoded record speaks of; None where it is damaged."""
    if len(data) >= _TIME.size and data[0] == VERSION and data[1] in (_CLICK, _BEACON):
        return _TIME.unpack_from(data)[0]
    try:
        rare = decode(data)
    except BadRecord:
        return None
    match rare:
        case wire.GapRecord():
            return rare.from_ms
        case wire.UnknownSlugsRecord():
            return rare.minute_ms
        case _:
            return rare.time_ms


# --- what may leave ---------------------------------------------------------------------------------------------------

_HEADERS = re.compile(
    rb"\r\n(%b):([^\r\n]*)" % "|".join(wire.STORED_HEADERS).encode(),
    re.IGNORECASE,
).findall
_ORIGIN = re.compile(rb"\r\norigin:([^\r\n]*)", re.IGNORECASE).search
_NAMES = {name.encode(): name for name in wire.STORED_HEADERS}
_ABSOLUTE_FORM = re.compile(r"[a-z][a-z0-9+.-]*://[^/?]*", re.IGNORECASE).match
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def to_wire(record: Record) -> wire.Record:
    """The record as the control plane gets it."""
    match record:
        case Click():
            path, query = target_of(record.head)
            return wire.ClickRecord(
                click_id=record.click_id,
                time_ms=record.time_ms,
                boot_ms=record.boot_ms,
                link_id=record.link_id,
                arm=record.arm,
                no_click=record.no_click,
                carry=record.carry,
                host=text_of(record.host),
                path=path,
                query=query,
                address=record.address,
                visitor=record.visitor,
                headers=stored_headers(record.head),
            )
        case Beacon():
            origin = _ORIGIN(record.head)
            return wire.BeaconRecord(
                record_id=record.record_id,
                time_ms=record.time_ms,
                boot_ms=record.boot_ms,
                workspace_id=record.workspace_id,
                key_id=record.key_id,
                host=text_of(record.host),
                origin=text_of(origin.group(1).strip())[:HEADER_VALUE_MAX_CHARS] if origin else "",
                address=record.address,
                headers=stored_headers(record.head),
                body=record.body,
            )
        case _:
            return record


def stored_headers(head: bytes) -> dict[str, str]:
    """Of repeated headers the values are joined by a comma, as RFC 9110 §5.3 has it."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in _HEADERS(head):
        name = _NAMES[raw_name.lower()]
        value = text_of(raw_value.strip())
        if name in headers:
            value = f"{headers[name]}, {value}"
        limit = REFERER_MAX_CHARS if name == "referer" else HEADER_VALUE_MAX_CHARS
        headers[name] = value[:limit]
    return headers


def target_of(head: bytes) -> tuple[str, str]:
    """Path and query of the request line; of an absolute-form target the part behind the authority."""
    line = head.partition(b"\r\n")[0]
    target = text_of(line.partition(b" ")[2].rpartition(b" ")[0])
    if not target.startswith("/") and (prefix := _ABSOLUTE_FORM(target)):
        target = target[prefix.end() :]
    path, _, query = target.partition("?")
    return path, query


def text_of(raw: bytes) -> str:
    """UTF-8 where it is, else Latin-1; control characters, which no database or page needs, become U+FFFD."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text if text.isprintable() else _UNSAFE.sub("\ufffd", text)
