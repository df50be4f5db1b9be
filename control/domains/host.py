"""Host names: one spelling for each, and which of them share a site.

Inside Clicktrail a host is lower-case ASCII, internationalised labels in punycode, without port or trailing dot. Two
hosts are of one site when their registrable domain (public suffix and one label, https://publicsuffix.org) is the same:
that is what decides whether a cookie set by one can be read by the other. By the list's own default rule a `localhost`
name's registrable domain is its last two labels.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList

HOST_MAX_CHARS = 253

# Underscores are no letters of host names, yet some destinations have them and every browser follows.
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?").fullmatch
# What browsers would take for an IPv4 address in disguise: a last label of digits, or 0x… in any base they know.
_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*").fullmatch
_DOTS = str.maketrans("。．｡", "...")


class BadHost(ValueError):
    """Says in a sentence why a text is no host name."""


def normalise(text: str) -> str:
    """The one spelling of a host name or IP address (IPv6 without brackets). Raises BadHost."""
    host = text.strip().translate(_DOTS)
    if not host:
        raise BadHost("a host name is needed, such as go.example.com")
    address = _address(host)
    if address is not None:
        return address
    if "://" in host or "/" in host:
        raise BadHost("only the host name is needed, such as go.example.com, without https:// and without a path")
    if ":" in host or "@" in host:
        raise BadHost("only the host name is needed, such as go.example.com, without a port or user name")
    host = _ascii(host.removesuffix(".")).lower()
    if len(host) > HOST_MAX_CHARS:
        raise BadHost(f"a host name has at most {HOST_MAX_CHARS} characters; this one has {len(host)}")
    labels = host.split(".")
    for label in labels:
        _check_label(label)
    if _NUMERIC(labels[-1]):
        raise BadHost(f"{host} is neither a host name nor an IP address in its usual form")
    return host


def is_ip(host: str) -> bool:
    """Whether a normalised host is an IP address."""
    return _address(host) is not None


def is_localhost(host: str) -> bool:
    """Whether a normalised host is `localhost` or a name under it, which browsers resolve to this machine."""
    return host == "localhost" or host.endswith(".localhost")


def registrable_domain(host: str) -> str | None:
    """The domain that a cookie of this host can cover at most; None for an IP address or a public suffix itself."""
    return None if is_ip(host) else _public_suffixes().privatesuffix(host)


def is_same_site(host: str, other: str) -> bool:
    """Whether a cookie set for `host` can reach `other`."""
    if host == other:
        return True
    domain = registrable_domain(host)
    return domain is not None and domain == registrable_domain(other)


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise BadHost(f"{host} is not a valid international domain name: {error}") from None


def _check_label(label: str) -> None:
    if not label:
        raise BadHost("a host name has no empty part between its dots")
    if not _LABEL(label):
        raise BadHost(f"{label!r} cannot be part of a host name: letters, digits and hyphens, at most 63")
    if label.startswith("xn--"):
        try:
            label[4:].encode("ascii").decode("punycode")
        except UnicodeError:
            raise BadHost(f"{label!r} is not valid punycode") from None


def _address(host: str) -> str | None:
    try:
        return ipaddress.ip_address(host).compressed
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()
