"""The parts that crafted requests are made of."""

from __future__ import annotations

from typing import NamedTuple

from tests.edge.building import HOST

HOST_LINE = f"Host: {HOST}".encode()
TARGET = b"/spring"
BROWSER = (
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    b"Accept: text/html,application/xhtml+xml,*/*;q=0.8",
    b"Accept-Language: de-DE,de;q=0.7,en;q=0.3",
)


class Case(NamedTuple):
    """What is sent, and what it is called."""

    name: str
    data: bytes


def request(
    *lines: bytes,
    method: bytes = b"GET",
    target: bytes = TARGET,
    version: bytes = b"HTTP/1.1",
    host: bytes | None = HOST_LINE,
    body: bytes = b"",
) -> bytes:
    """A request whose parts are put together as they are given; `host` is the whole line, None for none."""
    head = [b" ".join((method, target, version)), *([] if host is None else [host]), *lines]
    return b"\r\n".join((*head, b"", body))


def named(data: bytes, limit: int = 40) -> str:
    """Bytes as part of a case's name."""
    return repr(data[:limit])[1:] + (f"… ({len(data)} bytes)" if len(data) > limit else "")


GOOD = request(*BROWSER)
SMUGGLED = request(target=b"/smuggled")  # what no correct reading of a case makes a request of its own
