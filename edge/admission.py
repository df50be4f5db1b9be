"""Who may open another connection: a budget of new connections for each address.

It is there for the one address that opens connections in a loop, not to ration visitors: a carrier's or a stadium's
whole crowd may come from one address, so the budget is far above what people do and far below what a worker can take.
Connections from trusted proxies, which carry everybody's visits, are never refused.

The budget is a token bucket in its one-number form (GCRA, ITU-T I.371): of each address only the moment is kept at
which its budget will be whole again. A connection moves that moment on by the time that one connection's worth takes to
grow back, and is refused when the moment would lie more than BURST_S ahead. So within any t seconds an address gets
at most (BURST_S + t) × rate connections. An IPv6 address counts as its /64, since whoever has one has them all.

What is kept is bounded twice. A moment that has passed says nothing, so whole dictionaries are dropped: the younger
becomes the older after BURST_S, and the older is forgotten, which takes no address of a visitor past 2 × BURST_S. And a
dictionary that is full turns at once: a flood from very many addresses can win some of them a fresh budget, but neither
memory nor anybody else's connection. The cap on connections holds against such floods.
"""

from __future__ import annotations

from collections.abc import Callable

BURST_S = 5.0  # an address that was quiet may open so many seconds' worth of connections at once
ADDRESSES_MAX = 32_768  # in each of the two dictionaries; full, both together take 7 MB

# In ::/64 and 64:ff9b::/64 (RFC 4291, RFC 6052) the lower half is an IPv4 address: all of IPv4 would be one budget.
_WITH_IPV4 = frozenset((bytes(8), bytes.fromhex("0064ff9b00000000")))


class Admission:
    """The budgets of one worker."""

    __slots__ = ("_cost_s", "_is_trusted", "_old", "_turn_s", "_young", "refused")

    def __init__(self, per_second: float, is_trusted: Callable[[bytes], bool]) -> None:
        """`per_second` is how many new connections an address may open in the long run; 0: as many as it likes."""
        self._cost_s = 1 / per_second if per_second else 0.0
        self._is_trusted = is_trusted
        self._young: dict[bytes, float] = {}
        self._old: dict[bytes, float] = {}
        self._turn_s = 0.0
        self.refused = 0

    def admits(self, address: bytes, now_s: float) -> bool:
        """Whether the peer at `address` (4 or 16 bytes) may have the connection that it has just opened, and takes it
        from its budget. `now_s` is a monotonic clock's."""
        if now_s >= self._turn_s or len(self._young) >= ADDRESSES_MAX:
            self._turn(now_s)
        key = subscriber(address)
        whole_s = self._young.get(key) or self._old.get(key, now_s)
        if whole_s < now_s:
            whole_s = now_s
        whole_s += self._cost_s
        if whole_s - now_s > BURST_S:
            return self._is_trusted(address) or self._refuse()
        self._young[key] = whole_s
        return True

    def _refuse(self) -> bool:
        self.refused += 1
        return False

    def _turn(self, now_s: float) -> None:
        """Forgets who came long ago. Nothing in `_old` can reach past `now_s` then, unless the dictionary was full."""
        self._old, self._young = self._young, {}
        self._turn_s = now_s + BURST_S


def subscriber(address: bytes) -> bytes:
    """Whom an address (4 or 16 bytes) stands for: an IPv6 address for its /64, which is what one subscriber gets, an
    IPv4 address, also one inside IPv6, for itself."""
    if len(address) == 4:
        return address
    network = address[:8]
    return address[8:] if network in _WITH_IPV4 else network
