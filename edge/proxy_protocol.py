"""The PROXY protocol, versions 1 and 2: what a balancer says first on a connection about the one it passes on.

Source: "The PROXY protocol", HAProxy, https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt. Where no address
comes along (a health check of the balancer's own, `LOCAL` or `UNKNOWN`, or a Unix socket) the balancer's stays.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final, NamedTuple

V1_MAX_BYTES: Final = 107
V2_MAX_BYTES: Final = 16 + 2_048  # addresses, and what a balancer may say beyond them

_V2_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
_V2_HEAD_BYTES: Final = 16
_PORT_BYTES: Final = 2
_V2_ADDRESS_BYTES: Final = {0x11: 4, 0x21: 16}  # TCP over IPv4, TCP over IPv6
_v1 = re.compile(
    rb"PROXY (?:UNKNOWN(?: [^\r\n]*)?|TCP([46]) ([0-9a-fA-F.:]{2,39}) [0-9a-fA-F.:]{2,39} [0-9]{1,5} [0-9]{1,5})\r\n"
).match


class BadPrologue(ValueError):
    """These bytes begin no connection that a balancer passes on; the text says why."""


class Prologue(NamedTuple):
    """`size` bytes were the prologue's; `address` (4 or 16 bytes) is the visitor's, None where the balancer speaks."""

    size: int
    address: bytes | None


def read(data: bytes) -> Prologue | None:
    """The prologue at the beginning of `data`; None while it isn't whole. Raises BadPrologue."""
    if data.startswith(_V2_SIGNATURE):
        return _read_v2(data)
    if data.startswith(b"PROXY "):
        return _read_v1(data)
    if _V2_SIGNATURE.startswith(data) or b"PROXY ".startswith(data):
        return None
    raise BadPrologue("a connection from a trusted proxy must begin with the PROXY protocol")


def _read_v1(data: bytes) -> Prologue | None:
    found = _v1(data[:V1_MAX_BYTES])
    if found is None:
        if len(data) < V1_MAX_BYTES and b"\n" not in data:
            return None
        raise BadPrologue("this is no line of the PROXY protocol's version 1")
    family, source = found.groups()
    if family is None:
        return Prologue(found.end(), None)
    try:
        address = ip_address(source.decode("ascii"))
    except ValueError as error:
        raise BadPrologue(str(error)) from None
    if address.version != int(family):
        raise BadPrologue(f"{address} is no address of TCP{family.decode()}")
    return Prologue(found.end(), _plain(address.packed))


def _read_v2(data: bytes) -> Prologue | None:
    if len(data) < _V2_HEAD_BYTES:
        return None
    version, command, family = data[12] >> 4, data[12] & 0x0F, data[13]
    size = _V2_HEAD_BYTES + int.from_bytes(data[14:16], "big")
    if version != 2 or command > 1:
        raise BadPrologue(f"version {version}, command {command} of the PROXY protocol is not known here")
    if size > V2_MAX_BYTES:
        raise BadPrologue(f"a prologue of {size} bytes; {V2_MAX_BYTES} are allowed")
    if len(data) < size:
        return None
    length = _V2_ADDRESS_BYTES.get(family, 0) if command else 0
    if length and size < _V2_HEAD_BYTES + 2 * (length + _PORT_BYTES):
        raise BadPrologue("the addresses of this prologue are cut off")
    source = data[_V2_HEAD_BYTES : _V2_HEAD_BYTES + length]
    return Prologue(size, _plain(source) if source else None)


def _plain(address: bytes) -> bytes:
    """IPv4 that came inside IPv6 as IPv4, as everywhere here."""
    return address[12:] if len(address) == 16 and address[:12] == bytes(10) + b"\xff\xff" else address
