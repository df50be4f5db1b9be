"""A worker's listening socket: takes new connections in turns, and waits where the system has no descriptor for them.

A connection that cannot be taken keeps the socket readable, so asking again at once would take all of a CPU. Where no
room can be made the socket is left alone until the next tick; whoever came meanwhile waits in its queue.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final

from edge.connection import set_options
from edge.shortages import is_shortage

ACCEPTS: Final = 16  # connections before the event loop has its turn


class Listener:
    """`on_accepted` gets each new connection and its peer's name; `make_room` closes one and says whether it did."""

    def __init__(
        self, listener: socket.socket, on_accepted: Callable[[socket.socket, Any], None], make_room: Callable[[], bool]
    ) -> None:
        self._socket, self._on_accepted, self._make_room = listener, on_accepted, make_room
        self._loop = asyncio.get_running_loop()
        self._is_waiting = False
        set_options(listener)
        self._loop.add_reader(listener.fileno(), self._accept)

    def tick(self) -> None:
        """To be called several times a second: perhaps there is room by now."""
        if self._is_waiting:
            self._is_waiting = False
            self._loop.add_reader(self._socket.fileno(), self._accept)

    def stop(self) -> None:
        """Takes nobody any more. The socket is left open: a successor takes it over."""
        self._is_waiting = False
        self._loop.remove_reader(self._socket.fileno())

    def _accept(self) -> None:
        for _ in range(ACCEPTS):
            try:
                accepted, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if not is_shortage(error):
                    continue  # this one was reset before it was taken
                if not self._make_room():
                    self._loop.remove_reader(self._socket.fileno())
                    self._is_waiting = True
                return
            self._on_accepted(accepted, address)
