"""Searching links in any case and script: a readable, folded text beside each link, and the query folded alike.

Databases fold case differently (SQLite ASCII only), and a destination is stored as browsers send it, in punycode and
percent-encoding. So what people see and type is what is stored for the search.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

import idna

from control.links.destination import Destination

_SCHEME = re.compile(r"^https?://", re.IGNORECASE)


def searchable(short_host: str, slug: str, title: str, destination: Destination) -> str:
    """The text in which a link is found, one line for each of its parts."""
    url = _SCHEME.sub("", destination.url)
    readable = url.replace(destination.host, _unicode_host(destination.host), 1)
    return "\n".join(fold(part) for part in dict.fromkeys((title, f"{short_host}/{slug}", url, unquote(readable))))


def fold(text: str) -> str:
    """One form for all spellings of a text that people take for the same; the scheme of a pasted address is dropped."""
    return unicodedata.normalize("NFKC", _SCHEME.sub("", text.strip())).casefold()


def _unicode_host(host: str) -> str:
    try:
        return idna.decode(host)
    except idna.IDNAError:
        return host
