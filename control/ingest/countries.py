"""The country of an address, from a table built into `iptocc`: no download, no network."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

import iptocc

_CACHED_ADDRESSES = 16_384


@lru_cache(maxsize=_CACHED_ADDRESSES)
def country_of(address: bytes) -> str:
    """ISO 3166-1 alpha-2 of 4 or 16 address bytes; empty where nobody knows, as for private and loopback ones."""
    if len(address) not in (4, 16):
        return ""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if not parsed.is_global:
        return ""
    return iptocc.country_code(str(parsed)) or ""
