"""TLS without a proxy in front: a second listening socket of each worker, over which aiohttp serves whole connections.

The answers are those of the plain port, at several times the cost, and cookies are `Secure`. Where TLS is most of the
traffic, a proxy in front of the plain port serves more visitors a core.

A new certificate is taken without a restart: its files are looked at every few seconds, and at SIGHUP. New connections
get it, open ones keep theirs. While the files hold no pair that belongs together (one of them was not written yet, say)
the last good pair stays.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.logs import get_logger

if TYPE_CHECKING:
    from edge.server import Server
    from edge.stock import StockFront

LOOK_S: Final = 2.0
LEAST_VERSION: Final = ssl.TLSVersion.TLSv1_2

_log = get_logger()


class Certificate:
    """A chain and its key in two PEM files, current at each handshake."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain, self._key = chain, key
        self._current: ssl.SSLContext | None = None
        self._seen: object = None
        self._look_at = 0.0
        self.context = _new_context()  # what connections begin with; it has no certificate of its own
        self.context.sni_callback = self._choose
        self.reload()

    @property
    def is_usable(self) -> bool:
        return self._current is not None

    def refresh(self) -> None:
        """To be called often: looks at the files now and then."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            if self._state_of_files() != self._seen:
                self.reload()

    def reload(self) -> None:
        """Takes what the files hold, if it is a pair."""
        self._seen = self._state_of_files()
        try:
            self._current = load_pair(self._chain, self._key)
        except (OSError, ValueError) as error:
            kept = "the one before stays" if self.is_usable else "TLS connections fail"
            _log.error(f"the certificate cannot be used; {kept}", reason=str(error), file=str(self._chain))
        else:
            _log.info("a certificate is in use", file=str(self._chain))

    def _choose(self, connection: ssl.SSLObject, _host: str | None, _context: ssl.SSLContext) -> int | None:
        """Called in every handshake, with or without a host's name."""
        if self._current is None:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = self._current
        return None

    def _state_of_files(self) -> object:
        try:
            states = [path.stat() for path in (self._chain, self._key)]
        except OSError as error:
            return error.errno
        return [(state.st_mtime_ns, state.st_ino, state.st_size) for state in states]


class TlsFront:
    """One worker's TLS connections."""

    def __init__(self, certificate: Certificate, front: StockFront) -> None:
        self.certificate, self._front = certificate, front

    def tick(self) -> None:
        self.certificate.refresh()

    async def finish(self, within_s: float) -> None:
        """Takes no new connections, answers what is on its way in, and closes."""
        await self._front.finish(within_s)


async def serve_tls(listener: socket.socket, chain: Path, key: Path, new_server: Callable[[], Server]) -> TlsFront:
    """Serves from now on. aiohttp must be imported by then, or this is where it takes its time."""
    from edge.stock import StockFront

    certificate = Certificate(chain, key)
    return TlsFront(certificate, await StockFront.open(listener, new_server(), certificate.context))


def load_pair(chain: Path, key: Path) -> ssl.SSLContext:
    """A context with that certificate. Raises OSError (ssl.SSLError is one) for files that are no pair."""
    context = _new_context()
    context.load_cert_chain(chain, key, password=_no_password)
    return context


def _new_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = LEAST_VERSION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted; a server's key must not be")
