"""Budgets of new connections: what an address gets, what addresses share one, and what a flood costs."""

from __future__ import annotations

import tracemalloc
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.admission import ADDRESSES_MAX, BURST_S, Admission

RATE = 10.0
BURST = int(RATE * BURST_S)
MEMORY_MAX_BYTES = 12 << 20


def budget(*trusted: str, rate: float = RATE) -> Admission:
    return Admission(rate, frozenset(map(packed, trusted)).__contains__)


def packed(address: str) -> bytes:
    return ip_address(address).packed


def opened(admission: Admission, address: str, count: int, now_s: float = 100.0) -> int:
    """How many of `count` connections at one moment were admitted."""
    return sum(admission.admits(packed(address), now_s) for _ in range(count))


class TestOneAddress:
    def test_gets_its_burst_at_once_and_then_its_rate(self) -> None:
        admission = budget()
        assert opened(admission, "203.0.113.7", BURST + 20) == BURST
        assert admission.refused == 20
        assert opened(admission, "203.0.113.7", 20, 101.0) == RATE
        assert opened(admission, "203.0.113.7", 2 * BURST, 101.0 + BURST_S) == BURST

    @given(
        st.lists(st.floats(0, 3, allow_subnormal=False), max_size=200),
        st.integers(1, 40).map(float),
    )
    def test_gets_never_more_than_burst_and_rate_together(self, pauses: list[float], rate: float) -> None:
        admission = budget(rate=rate)
        now_s = 1_000.0
        admitted: list[float] = []
        for pause in pauses:
            now_s += pause / rate
            if admission.admits(packed("203.0.113.7"), now_s):
                admitted.append(now_s)
        for at, first in enumerate(admitted):
            for count, last in enumerate(admitted[at:], start=1):
                assert count <= (last - first + BURST_S) * rate + 1e-6

    @given(st.lists(st.floats(1, 50), min_size=1, max_size=200))
    def test_is_never_refused_within_its_rate(self, pauses: list[float]) -> None:
        admission = budget()
        now_s = 1_000.0
        for pause in pauses:
            now_s += pause / RATE
            assert admission.admits(packed("2001:db8::1"), now_s)

    def test_a_refused_attempt_costs_nothing(self) -> None:
        admission = budget()
        opened(admission, "203.0.113.7", 10 * BURST)
        assert opened(admission, "203.0.113.7", 10 * BURST, 100.0 + BURST_S) == BURST

    def test_no_limit_is_no_limit(self) -> None:
        assert opened(budget(rate=0), "203.0.113.7", 10_000) == 10_000

    def test_a_trusted_proxy_is_never_refused(self) -> None:
        admission = budget("10.0.0.1")
        assert opened(admission, "10.0.0.1", 10 * BURST) == 10 * BURST
        assert opened(admission, "10.0.0.2", 10 * BURST) == BURST


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
        ("64:ff9b::203.0.113.7", "64:ff9b::203.0.113.8", False),
        ("64:ff9b::203.0.113.7", "64:ff9b::203.0.113.7", True),
        ("::1", "::ffff:127.0.0.1", False),
    ],
)
def test_addresses_of_one_ipv6_network_share_a_budget(one: str, other: str, share: bool) -> None:
    admission = budget()
    opened(admission, one, BURST)
    assert opened(admission, other, 1) == (not share)


class TestManyAddresses:
    def test_do_not_spend_each_others_budget(self) -> None:
        admission = budget()
        assert all(admission.admits(number.to_bytes(4), 100.0) for number in range(ADDRESSES_MAX * 3))

    def test_take_bounded_memory(self) -> None:
        tracemalloc.start()
        try:
            admission = budget()
            for number in range(ADDRESSES_MAX * 3):
                admission.admits(number.to_bytes(8) + bytes(8), 100.0)
            assert tracemalloc.get_traced_memory()[1] < MEMORY_MAX_BYTES
        finally:
            tracemalloc.stop()

    def test_who_spent_the_budget_stays_refused_while_others_come(self) -> None:
        """Up to the bound; beyond it the flood wins budgets, and nobody loses one."""
        admission = budget()
        opened(admission, "203.0.113.7", BURST)
        for number in range(ADDRESSES_MAX):
            admission.admits(number.to_bytes(4), 100.0)
        assert opened(admission, "203.0.113.7", 1) == 0

    @given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 2)), max_size=300))
    def test_forgetting_by_time_changes_no_decision(self, calls: list[tuple[int, float]]) -> None:
        """The same answers as a plain table of moments gives that keeps them all."""
        shared, now_s = budget(rate=1), 1_000.0
        moments = dict.fromkeys(range(6), 0.0)
        for who, pause in calls:
            now_s += pause
            whole_s = max(moments[who], now_s) + 1
            expected = whole_s - now_s <= BURST_S
            if expected:
                moments[who] = whole_s
            assert shared.admits(who.to_bytes(4), now_s) == expected
