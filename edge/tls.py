"""The certificate of TLS without a proxy in front, over a second listening socket of each worker (`edge.tls_front`).

The answers are those of the plain port, at several times the cost, and cookies are `Secure`. Where TLS is most of the
traffic, a proxy in front of the plain port serves more visitors a core.

A new certificate is taken without a restart: its files are looked at every few seconds, and at SIGHUP. New connections
get it, open ones keep theirs. While the files hold no pair that belongs together (one of them was not written yet, say)
the last good pair stays; who comes to a worker that has had none yet waits.
"""

from __future__ import annotations

import ssl
import time
from pathlib import Path
from typing import Final

from shared.logs import get_logger

LOOK_S: Final = 2.0
HASTY_LOOK_S: Final = 0.1  # while visitors wait for a first pair
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
            self._look_at = now + (LOOK_S if self.is_usable else HASTY_LOOK_S)
            if self._state_of_files() != self._seen:
                self.reload()

    def reload(self) -> None:
        """Takes what the files hold, if it is a pair."""
        self._seen = self._state_of_files()
        try:
            self._current = load_pair(self._chain, self._key)
        except (OSError, ValueError) as error:
            kept = "the one before stays" if self.is_usable else "TLS connections wait"
            _log.error(f"the certificate cannot be used; {kept}", reason=str(error), file=str(self._chain))
        else:
            _log.info("a certificate is in use", file=str(self._chain))

    def _choose(self, connection: ssl.SSLObject, _host: str | None, _context: ssl.SSLContext) -> None:
        """Called in every handshake, with or without a host's name."""
        assert self._current is not None, "nobody listens before there is one"
        connection.context = self._current

    def _state_of_files(self) -> object:
        try:
            states = [path.stat() for path in (self._chain, self._key)]
        except OSError as error:
            return error.errno
        return [(state.st_mtime_ns, state.st_ino, state.st_size) for state in states]


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
