"""A port's door: who gets in, and who has to leave for them.

A new connection passes the budget of its address (`edge.admission`), then the cap. Where that is reached, and where the
system has no descriptor for who waits outside, the connection that has been idle the longest is closed
(`edge.shedding`).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Collection
from typing import Any, Generic, NamedTuple, TypeVar

from edge.admission import Admission
from edge.counts import Counts
from edge.deadlines import HEAD_S
from edge.listener import Listener
from edge.proxies import NOWHERE, Proxies, packed
from edge.shedding import Held, Shedding

Item = TypeVar("Item", bound=Held)


class Limits(NamedTuple):
    """How much of one worker others may take, through each of its ports."""

    connections: int
    per_address_s: float  # new connections, in the long run; 0: as many as one likes
    head_s: int = HEAD_S
    proxy_protocol: bool = False  # whether trusted proxies begin with it (`edge.proxy_protocol`); not on the TLS port


class Door(Generic[Item]):
    """Open from the beginning. `held` are the connections inside, as they come and go."""

    def __init__(
        self,
        listener: socket.socket,
        held: Collection[Item],
        limits: Limits,
        proxies: Proxies,
        counts: Counts,
        *,
        adopt: Callable[[socket.socket, bytes], None],
        close: Callable[[Item], None],
    ) -> None:
        """`adopt` gets who comes in, with the peer's address; `close` ends a connection."""
        self._held, self._most, self._counts = held, limits.connections, counts
        self._adopt, self._close = adopt, close
        self._admission = Admission(limits.per_address_s, proxies.trusts)
        self._shedding = Shedding[Item]()
        self._second = int(time.monotonic())
        self._listener = Listener(listener, self._admit, self._shed)

    def tick(self, second: int) -> None:
        """To be called several times a second, with the monotonic clock's."""
        self._second = second
        self._listener.tick()

    def stop(self) -> None:
        """Takes nobody any more. The listening socket is left open: a successor takes it over."""
        self._listener.stop()

    def _admit(self, accepted: socket.socket, address: Any) -> None:
        self._counts.connections_accepted += 1
        peer = (packed(address[0]) if address else None) or NOWHERE
        if self._admission.admits(peer, time.monotonic()) and self._has_room():
            accepted.setblocking(False)
            self._adopt(accepted, peer)
        else:
            self._counts.connections_refused += 1
            accepted.close()

    def _has_room(self) -> bool:
        return len(self._held) < self._most or self._shed()

    def _shed(self) -> bool:
        found = self._shedding.choose(self._held, self._second)
        if found is not None:
            self._counts.connections_shed += 1
            self._close(found)
        return found is not None
