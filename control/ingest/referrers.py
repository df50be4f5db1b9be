"""Where a visit came from: the channel of its referrer, or why it is no touch."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from control.domains.host import BadHost, normalise, registrable_domain

DIRECT = "direct"
REFERRAL = "referral"
IGNORED = "ignored"

_HOSTS_FILE = Path(__file__).with_name("referrers.toml")
_CACHED_HOSTS = 8_192


def host_of(url: str) -> str:
    """The host of an http(s) or android-app address, in its one spelling; empty where there is none."""
    if not url:
        return ""
    try:
        host = urlsplit(url).hostname
        return _normal(host) if host else ""
    except ValueError:
        return ""


@lru_cache(maxsize=_CACHED_HOSTS)
def channel_of(referrer_host: str) -> str:
    """`organic_search`, `organic_social`, `ai_assistant`, `email`, `referral`, `direct`, or `ignored`."""
    if not referrer_host:
        return DIRECT
    known = _known_hosts()
    labels = referrer_host.split(".")
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        found = known.get(name) or known.get(_any_suffix(name))
        if found:
            return found
    return REFERRAL


@lru_cache(maxsize=_CACHED_HOSTS)
def site_of(host: str) -> str:
    """What tells one's own pages from others': the registrable domain, or the host where it has none."""
    return (registrable_domain(host) or host) if host else ""


def _any_suffix(name: str) -> str:
    """`google.co.uk` as `google.*`, `mail.yahoo.co.jp` as `mail.yahoo.*`: the public suffix left out."""
    registrable = site_of(name)
    label = registrable.partition(".")[0]
    return name.removesuffix(registrable) + label + ".*"


@lru_cache(maxsize=_CACHED_HOSTS)
def _normal(host: str) -> str:
    try:
        return normalise(host)
    except BadHost:
        return ""


@lru_cache(maxsize=1)
def _known_hosts() -> dict[str, str]:
    lists: dict[str, list[str]] = tomllib.loads(_HOSTS_FILE.read_text(encoding="utf-8"))
    return {host: channel for channel, hosts in lists.items() for host in hosts}
