"""What an edge must have for itself before it starts: its data folder and its port."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
from pathlib import Path
from typing import IO

from edge.node import PRIVATE_DIRECTORY, ring_directory

LISTEN_BACKLOG = 4096  # the kernel caps it at net.core.somaxconn
FIRST_PASSED = 3  # descriptor of the first socket that systemd passes


class CannotStart(Exception):
    """One sentence for the person who started the edge: what is taken or closed to it."""


def open_listeners(host: str, port: int, count: int) -> list[socket.socket]:
    """The listening sockets of `count` workers: those that systemd passed, else new ones. Raises CannotStart."""
    if passed := _passed_listeners():
        if len(passed) > count:  # the kernel would give a share of the visitors to those that nobody accepts from
            raise CannotStart(
                f"systemd passed {len(passed)} sockets for {count} workers: at most one a worker can be used"
            )
        return passed
    return bind_listeners(host, port, count)


def bind_listeners(host: str, port: int, count: int) -> list[socket.socket]:
    """New listening sockets, one for each of `count` workers where the kernel can spread visitors over them. Raises
    CannotStart."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise CannotStart(f"cannot listen on {host}: {error.strerror}") from None
    balanced = sys.platform.startswith("linux")
    try:
        if balanced:
            _bind(family, address, shared=False).close()  # SO_REUSEPORT would join another edge without a word
        return [_bind(family, address, shared=balanced) for _ in range(count if balanced else 1)]
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(f"port {port} on {host} is in use by another program") from None
        raise CannotStart(f"cannot listen on {host} port {port}: {error.strerror}") from None


def _passed_listeners() -> list[socket.socket]:
    """Sockets that systemd holds for this process (sd_listen_fds(3)), so that visitors wait in them while no edge runs.
    Raises CannotStart."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    try:
        descriptors = range(FIRST_PASSED, FIRST_PASSED + int(os.environ.get("LISTEN_FDS", "")))
        listeners = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        accepting = all(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) for listener in listeners)
    except (OSError, ValueError):
        accepting, listeners = False, []
    if not accepting:
        raise CannotStart("LISTEN_FDS does not count listening sockets: it is systemd's to set, by a .socket unit")
    for listener in listeners:
        listener.setblocking(False)
        listener.set_inheritable(False)
    return listeners


def _bind(family: int, address: object, *, shared: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)  # pyright: ignore[reportArgumentType] — as getaddrinfo gave it
        listener.listen(LISTEN_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def check_certificate(chain: str, key: str) -> None:
    """Raises CannotStart for two files that are no certificate and its key."""
    from edge.tls import load_pair  # few edges need it, and OpenSSL takes its time

    try:
        load_pair(Path(chain), Path(key))
    except (OSError, ValueError) as error:
        raise CannotStart(f"`tls_cert` {chain} and `tls_key` {key} cannot be used: {error}") from None


def lock_data(folder: Path) -> IO[bytes]:
    """Makes the data folder and takes it for this edge alone. Raises CannotStart."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_DIRECTORY)
        file = (folder / "lock").open("wb")
    except OSError as error:
        raise CannotStart(f"the data folder {folder} is not writable: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise CannotStart(f"another edge is using the data folder {folder}") from None
    return file


def make_ring_directory(data: Path, configured: str) -> None:
    """Makes the folder of the rings, so that no worker has to find out that it can't. Raises CannotStart."""
    try:
        folder = ring_directory(data, configured)
        folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_DIRECTORY)
    except OSError as error:
        raise CannotStart(f"the folder of the rings, {error.filename}, cannot be made: {error.strerror}") from None
    except ValueError as error:
        raise CannotStart(str(error)) from None
