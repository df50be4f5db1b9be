"""What rules may ask of a visitor: country, device, system, languages, and by what they are known again.

Each fact is found when a rule first asks, and is empty where it isn't known: an unknown fact meets no condition.

- The *country* is what a trusted CDN's header says (`country_header`); where none is believed, the registries' data
  that `iptocc` carries in its code: 0.25 µs a look-up, and its 1.7 MB of read-only pages are shared by all workers
  (`docs/decisions/0009-what-rules-know-of-a-visitor.md`).
- *Device* and *system* come from the client hints that Chromium sends unasked, else from the User-Agent. An iPad that
  asks for desktop sites, as they do by default, says that it is a Mac, and nothing in a request tells it from one.
- *Languages* are those that the browser puts first, of equal rank if several are: who reads English before German is
  not sent to a German page for listing both.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache

import iptocc

from edge.head import Head
from shared.wire import Device, System

_MACHINES_KEPT = 4_096
_LISTS_KEPT = 2_048
_KEPT_MAX_BYTES = 512  # of one header: what is longer is cut before it is looked at, so caches stay small

_country = re.compile(r"[A-Z]{2}").fullmatch
_NO_COUNTRY = ("XX", "ZZ")  # how CDNs spell that they don't know

_SYSTEM_OF_HINT: dict[bytes, System] = {
    b"android": "android",
    b"chrome os": "chromeos",
    b"chromium os": "chromeos",
    b"ios": "ios",
    b"linux": "linux",
    b"macos": "macos",
    b"windows": "windows",
}
_television = re.compile(
    rb"(?i)smart-?tv|google ?tv|apple ?tv|android ?tv|hbbtv|tizen.*tv|web0s|bravia|\baft[a-z]"
).search
_systems: tuple[tuple[re.Pattern[bytes], System], ...] = (  # in this order: Windows phones said that they were Android
    (re.compile(rb"Windows"), "windows"),
    (re.compile(rb"iPhone|iPad|iPod"), "ios"),
    (re.compile(rb"Android"), "android"),
    (re.compile(rb"CrOS"), "chromeos"),
    (re.compile(rb"Macintosh|Mac OS X"), "macos"),
    (re.compile(rb"Linux|X11"), "linux"),
)
_phone = re.compile(rb"Mobile|iPhone|iPod|Windows Phone").search
_tablet = re.compile(rb"iPad|Tablet").search

_language_range = re.compile(
    rb"\s*([a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.\d{0,3})?)\s*)?"
).fullmatch


class Visitor:
    """One visitor, as far as somebody asked."""

    __slots__ = ("_address", "_country", "_country_header", "_head", "_languages", "_machine", "_tag")

    def __init__(self, head: Head, address: bytes, visitor_id: bytes, country_header: bytes) -> None:
        """`address` in 4 or 16 bytes; `visitor_id` of the short host's cookie, or empty; `country_header`, lower-case,
        only where the peer is trusted to have set it."""
        self._head, self._address, self._tag, self._country_header = head, address, visitor_id, country_header
        self._country: str | None = None
        self._machine: tuple[Device | None, System | None] | None = None
        self._languages: tuple[str, ...] | None = None

    @property
    def sticky_key(self) -> bytes:
        """What stays the same when this visitor comes back: the cookie's id, else address and User-Agent."""
        return self._tag or b"%b %b" % (self._address, self._head.get(b"user-agent"))

    @property
    def country(self) -> str:
        """ISO 3166-1 alpha-2."""
        if self._country is None:
            said = self._head.find(self._country_header) if self._country_header else b""
            self._country = country_said(said) if said else country_of(self._address)
        return self._country

    @property
    def device(self) -> Device | None:
        return (self._machine or self._find_machine())[0]

    @property
    def system(self) -> System | None:
        return (self._machine or self._find_machine())[1]

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags in lower case, each with a final hyphen: `pt-br-` begins with both `pt-` and `pt-br-`, and not with
        `p-`, which is the basic filtering of RFC 4647 §3.3.1."""
        if self._languages is None:
            self._languages = first_languages(self._head.get(b"accept-language")[:_KEPT_MAX_BYTES])
        return self._languages

    def _find_machine(self) -> tuple[Device | None, System | None]:
        head = self._head
        self._machine = machine_of(
            head.get(b"user-agent")[:_KEPT_MAX_BYTES],
            head.get(b"sec-ch-ua-mobile")[:_KEPT_MAX_BYTES],
            head.get(b"sec-ch-ua-platform")[:_KEPT_MAX_BYTES],
        )
        return self._machine


def country_said(value: bytes) -> str:
    """The country in a CDN's header. Of several values the last: that one the nearest hop wrote. What is no country
    (Cloudflare's `T1` for Tor, `XX`) is a CDN's word too, that nobody knows."""
    code = value.rpartition(b",")[2].strip().decode("latin-1").upper()
    return code if _country(code) and code not in _NO_COUNTRY else ""


def country_of(address: bytes) -> str:
    """The country that an address (4 or 16 bytes) is registered in; empty for private and unassigned ones. Not cached:
    a hit would save 0.2 µs, and most visitors are new."""
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    return iptocc.country_code(socket.inet_ntop(family, address)) or ""


@lru_cache(_MACHINES_KEPT)
def machine_of(user_agent: bytes, mobile: bytes, platform: bytes) -> tuple[Device | None, System | None]:
    """Device and system, from the values of User-Agent, Sec-CH-UA-Mobile and Sec-CH-UA-Platform. A television is none
    of the three devices."""
    if _television(user_agent):
        return None, None
    system = _SYSTEM_OF_HINT.get(platform.strip().strip(b'"').lower()) or _system_of(user_agent)
    if mobile.strip() == b"?1":
        return "mobile", system
    if _tablet(user_agent):
        return "tablet", system
    if _phone(user_agent):
        return "mobile", system
    if system == "android":
        return "tablet", system
    return ("desktop" if system else None), system


def _system_of(user_agent: bytes) -> System | None:
    return next((system for pattern, system in _systems if pattern.search(user_agent)), None)


@lru_cache(_LISTS_KEPT)
def first_languages(accept_language: bytes) -> tuple[str, ...]:
    """The tags of the greatest weight in an Accept-Language header (RFC 9110 §12.5.4), as `Visitor.languages` has
    them. What is malformed, `*`, or of weight 0 is passed over."""
    weights: dict[str, float] = {}
    for part in accept_language.split(b","):
        if found := _language_range(part):
            weights[found[1].decode("ascii").lower() + "-"] = min(float(found[2] or b"1"), 1.0)
    greatest = max(weights.values(), default=0)
    return tuple(tag for tag, weight in weights.items() if weight == greatest) if greatest else ()
