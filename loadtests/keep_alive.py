"""Visitors as plain sockets, so that a benchmark itself costs little: one request at a time, connections that stay."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Final

RETRY_S: Final = 0.001
RECEIVE_BYTES: Final = 65_536
HEAD: Final = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0\r\n"
    "Accept: text/html\r\nAccept-Language: en-GB,en;q=0.9\r\n"
)


def get(host: str, target: str, lines: str = HEAD) -> bytes:
    """A request's bytes; `lines` are the header lines behind Host, each with its line end."""
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode("ascii")


class Client(contextlib.AbstractContextManager["Client"]):
    """One connection to a port of the loopback address."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    @classmethod
    def as_soon_as_open(cls, port: int, timeout_s: float) -> Client:
        """Tries again each millisecond until somebody listens. Raises OSError when nobody did in time; later waits,
        too, last no longer."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port), timeout_s)
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_S)
            else:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return cls(connection)

    def send(self, request: bytes) -> None:
        self._connection.sendall(request)

    def receive(self) -> tuple[int, str]:
        """Status and Location (or an empty text) of the next answer, which must have no body. Raises OSError."""
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            received = self._connection.recv(RECEIVE_BYTES)
            if not received:
                raise ConnectionResetError("the connection was closed before the answer was whole")
            answer += received
        _, _, location = answer.partition(b"\r\nLocation: ")
        return int(answer[9:12]), location.partition(b"\r\n")[0].decode("ascii")

    def close(self) -> None:
        self._connection.close()

    def __exit__(self, *_: object) -> None:
        self.close()
