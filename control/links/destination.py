"""Where a short link leads: any text a person pastes, turned into one ASCII http(s) URL or refused with a reason.

The result is what the edge puts into `Location` byte for byte, so everything that browsers would repair is repaired
here once (spaces, non-ASCII, host case), in their own way (https://url.spec.whatwg.org), and everything that is used to
make a link look like another one is refused (user names, backslashes, addresses in disguise).
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from control.domains import host as hosts

DESTINATION_MAX_CHARS = 4096

_SCHEME = re.compile(r"(https?)://", re.IGNORECASE).match
_AUTHORITY_END = re.compile(r"[/?#]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]").search
_STANDARD_PORTS = {"http": "80", "https": "443"}

# Characters that stay as they are in each part; `%` among them, so that what is escaped already is not escaped twice.
_PATH_SAFE = "!$%&'()*+,-./:;=@[]_~"
_QUERY_SAFE = _PATH_SAFE + "?`{}^|\\"
_FRAGMENT_SAFE = _PATH_SAFE + "?{}^|\\#"

# Query names by which storage services and CDNs carry a signature over the whole query: a name more breaks the link.
_SIGNATURES = frozenset(
    {
        "x-amz-signature",
        "x-goog-signature",
        "x-oss-signature",
        "signature",
        "sig",
        "hmac",
        "hdnea",
        "hdnts",
        "__token__",
    }
)


class BadDestination(ValueError):
    """Says in a sentence why a text cannot be a destination."""


class Destination(NamedTuple):
    """A destination in its one spelling. `query` and `fragment` are None where the URL has none."""

    scheme: str
    host: str
    port: str
    path: str
    query: str | None
    fragment: str | None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.scheme}://{host}{port}{self.path}{query}{fragment}"

    @property
    def query_names(self) -> list[str]:
        return [name for name, _ in parse_qsl(self.query or "", keep_blank_values=True)]

    @property
    def is_signed(self) -> bool:
        """Whether the query carries a signature, so that adding to it would break the link."""
        return any(name.lower() in _SIGNATURES for name in self.query_names)


def parse(text: str) -> Destination:
    """The destination that a person means by `text`. Raises BadDestination."""
    url = text.strip()
    if len(url) > DESTINATION_MAX_CHARS:
        raise BadDestination(f"a destination has at most {DESTINATION_MAX_CHARS} characters; this one has {len(url)}")
    if _CONTROL(url):
        raise BadDestination("a destination has no line breaks or other control characters")
    scheme = _SCHEME(url)
    if scheme is None:
        raise BadDestination("a destination starts with https:// or http://")
    rest = url[scheme.end() :]
    end = _AUTHORITY_END.search(rest)
    split_at = end.start() if end else len(rest)
    name = scheme[1].lower()
    host, port = _authority(rest[:split_at], name)
    destination = Destination(name, host, port, *_path_query_fragment(rest[split_at:]))
    if len(destination.url) > DESTINATION_MAX_CHARS:
        raise BadDestination(
            f"a destination has at most {DESTINATION_MAX_CHARS} characters; percent-encoded, this one has "
            f"{len(destination.url)}"
        )
    return destination


def _authority(authority: str, scheme: str) -> tuple[str, str]:
    if "@" in authority:
        raise BadDestination("a destination carries no user name or password before its host")
    if "\\" in authority:
        raise BadDestination("a destination has no backslash in its host")
    host, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = authority, ""
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) <= 65535):
        raise BadDestination(f"{port} is not a port number")
    if host.startswith("[") != host.endswith("]") or (":" in host and not host.startswith("[")):
        raise BadDestination(f"{host} is not a host name or an IP address")
    try:
        normalised = hosts.normalise(host.removeprefix("[").removesuffix("]"))
    except hosts.BadHost as error:
        raise BadDestination(f"the host of the destination is not valid: {error}") from None
    if host.startswith("[") != (":" in normalised):
        raise BadDestination(f"{host} is not a host name or an IP address")
    port = port.lstrip("0")
    return normalised, "" if port == _STANDARD_PORTS[scheme] else port


def _path_query_fragment(rest: str) -> tuple[str, str | None, str | None]:
    rest, _, fragment = rest.partition("#")
    path, question_mark, query = rest.partition("?")
    if "\\" in path:
        raise BadDestination("a destination has no backslash in its path")
    return (
        quote(path, safe=_PATH_SAFE) or "/",
        quote(query, safe=_QUERY_SAFE) if question_mark else None,
        quote(fragment, safe=_FRAGMENT_SAFE) or None,
    )
