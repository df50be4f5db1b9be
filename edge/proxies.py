"""Who is asking, and over what, when proxies stand in front: believed from trusted peers alone.

A proxy appends the address that it saw, so the list is read from its right end: each trusted hop vouches for the
one to its left, and the first address that no trusted network has is the visitor's. What stands further left was
written by that visitor. `X-Forwarded-For` goes before `Forwarded` (RFC 7239), because nearly every proxy sets it, and a
header that the proxy doesn't set would be the visitor's own word. Where `address_header` is configured, the CDN's own
header goes before both: it has one address, and the CDN replaces what a visitor sends under its name.

The host is never taken from a header of a proxy's. Which link is meant hangs on it, so proxies and CDNs must pass
`Host` on as the visitor sent it, and `X-Forwarded-Host` is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from edge.head import Head

NOWHERE = bytes(4)  # address of a peer that has none (a Unix socket)

_forwarded_for = re.compile(r'(?i)(?:^|;)\s*for="?([^";,]*)"?').search
_forwarded_https = re.compile(rb'(?i)(?:^|[;,])\s*proto="?https"?\s*(?:[;,]|$)').search


class Proxies:
    """The networks of `trusted_proxies`, and the header in which they name the visitor (empty: none of their own)."""

    def __init__(self, networks: Iterable[str], address_header: str = "") -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(network) for network in networks)
        self._trusts = lru_cache(4096)(self._is_inside)
        self._address_header = address_header.lower().encode("ascii")

    def trusts(self, address: bytes) -> bool:
        """Whether an address (4 or 16 bytes) is one of ours."""
        return bool(self._networks) and self._trusts(address)

    def visitor(self, peer: bytes, head: Head) -> bytes:
        """The visitor's address, 4 or 16 bytes. Where a trusted hop wrote something that is no address, that hop's."""
        if not self.trusts(peer):
            return peer
        if self._address_header:
            named = packed(head.find(self._address_header).decode("latin-1"))
            if named is not None:
                return named
        nearest = peer
        for hop in reversed(_hops(head)):
            address = packed(hop)
            if address is None:
                return nearest
            nearest = address
            if not self._trusts(address):
                return nearest
        return nearest

    def is_secure(self, peer: bytes, head: Head) -> bool:
        """Whether the visitor speaks TLS: to the trusted proxies if they say so, else to us. Of a list the first
        counts: who forges it can only lose a cookie of their own."""
        if not self.trusts(peer):
            return head.is_tls
        proto = head.get(b"x-forwarded-proto")
        if proto:
            return proto.partition(b",")[0].strip().lower() == b"https"
        forwarded = head.get(b"forwarded")
        return _forwarded_https(forwarded) is not None if forwarded else head.is_tls

    def _is_inside(self, address: bytes) -> bool:
        parsed = ip_address(address)
        return any(parsed in network for network in self._networks)


@lru_cache(4096)
def packed(text: str) -> bytes | None:
    """An address with or without port and brackets as 4 or 16 bytes; IPv4 inside IPv6 as IPv4; None for others."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).packed


def _hops(head: Head) -> list[str]:
    listed = head.get(b"x-forwarded-for").decode("latin-1")
    if listed:
        return listed.split(",")
    forwarded = head.get(b"forwarded").decode("latin-1")
    if not forwarded:
        return []
    return [match[1] if (match := _forwarded_for(hop)) else "" for hop in forwarded.split(",")]
