"""The country of an address, from a table built into `iptocc`: no download, no network."""

from __future__ import annotations

import socket
from functools import lru_cache

import iptocc

_CACHED_ADDRESSES = 16_384
_IPV4_IN_IPV6 = bytes(10) + b"\xff\xff"


@lru_cache(maxsize=_CACHED_ADDRESSES)
def country_of(address: bytes) -> str:
    """ISO 3166-1 alpha-2 of 4 or 16 address bytes; empty where nobody knows, as for private and loopback ones."""
    if len(address) == 16 and address.startswith(_IPV4_IN_IPV6):
        address = address[12:]
    match len(address):
        case 4:
            text = socket.inet_ntop(socket.AF_INET, address)
        case 16:
            text = socket.inet_ntop(socket.AF_INET6, address)
        case _:
            return ""
    return iptocc.country_code(text) or ""
