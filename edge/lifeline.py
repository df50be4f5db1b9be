"""What ties a worker or the agent to its supervisor: one pipe, the child's standard input.

Its first line is the child's orders as JSON (so that no secret stands in a command line or an environment). The
supervisor writes nothing more and keeps its end open for as long as it lives; end of file means that it died, however
that happened, and the child then stops as it does on SIGTERM. Works wherever there are pipes.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import msgspec

from edge.config import EdgeConfig
from shared.config import LogConfig

if TYPE_CHECKING:
    import asyncio  # which the supervisor does without


class Orders(msgspec.Struct, frozen=True):
    """All that a child is told."""

    config: EdgeConfig
    log: LogConfig = LogConfig()
    index: int = 0  # of a worker, from 0; stays with its socket when the process is replaced
    listener: int = -1  # a worker's inherited listening socket
    tls_listener: int = -1  # the same for TLS


_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder(Orders)


def give(pipe: IO[bytes], orders: Orders) -> None:
    """Sends a new child its orders."""
    pipe.write(_encoder.encode(orders) + b"\n")
    pipe.flush()


@contextmanager
def hangups_held_back() -> Generator[None]:
    """For the start of a child, which inherits that SIGHUP is blocked, not what this process does at it: the signal
    does not end it, and waits until it is asked for (`on_hangup`)."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP,))


def take() -> Orders:
    """This child's orders. Raises SystemExit, with a sentence, when a person started the module by hand."""
    line = b"" if sys.stdin.isatty() else _read_line()
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError:
        raise SystemExit("this process is started by the edge's supervisor: run clicktrail-edge") from None


def on_stop(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Sets `stop` on SIGTERM and when the supervisor is gone. SIGINT and SIGHUP, which a terminal sends to all of its
    group, are left to the supervisor."""
    descriptor = sys.stdin.fileno()
    os.set_blocking(descriptor, False)

    def readable() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            stop.set()

    loop.add_reader(descriptor, readable)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def on_hangup(loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> None:
    """Calls `act` at SIGHUP from now on, at one that came since `on_stop` as well."""
    loop.add_signal_handler(signal.SIGHUP, act)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP,))


def _read_line() -> bytes:
    """Byte by byte, past Python's buffer, which would read on and hide the end of file from the loop."""
    line = bytearray()
    while (byte := os.read(sys.stdin.fileno(), 1)) and byte != b"\n":
        line += byte
    return bytes(line)
