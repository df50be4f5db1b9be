"""Rules: the first that holds decides, visitors keep their arm, and shares are what the weights say."""

from __future__ import annotations

import random
from itertools import pairwise
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.head import parse
from edge.rules import Rules
from edge.visitors import Visitor
from shared import click_id
from shared.wire import Arm, Rule
from tests.edge.building import LINK_ID

NOW = 1_764_000_000_000
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
GERMAN_ADDRESS = bytes((2, 160, 0, 1))
AMERICAN_ADDRESS = bytes((8, 8, 8, 8))


def visitor(*headers: str, address: bytes = GERMAN_ADDRESS, visitor_id: bytes = b"") -> Visitor:
    lines = "".join(f"{line}\r\n" for line in headers)
    head = parse(f"GET /spring HTTP/1.1\r\nHost: go.shop.example\r\n{lines}\r\n".encode())
    assert head is not None
    return Visitor(head, address, visitor_id, b"")


def stranger(number: int) -> Visitor:
    """The visitor of that number: they all differ in their cookie alone."""
    return visitor(visitor_id=random.Random(number).randbytes(16))


def rules(*given: Rule) -> Rules:
    return Rules(given, LINK_ID, "ct")


def to(number: int, **conditions: object) -> Rule:
    """A rule that sends everybody for whom it holds to one arm."""
    return Rule((Arm(number, f"https://shop.example/{number}"),), **conditions)  # pyright: ignore[reportArgumentType]


def split(*weights: int) -> Rule:
    """A rule that splits all traffic; arms are numbered from 1."""
    return Rule(tuple(Arm(at + 1, f"https://shop.example/{at + 1}", weight) for at, weight in enumerate(weights)))


def decided(compiled: Rules, visitor: Visitor, time_ms: int = NOW) -> int:
    """The number of the arm; 0: the link itself."""
    target = compiled.decide(visitor, time_ms)
    return target.number if target else 0


class TestConditions:
    @pytest.mark.parametrize(
        ("conditions", "holds"),
        [
            ({"countries": ("DE",)}, True),
            ({"countries": ("AT", "DE")}, True),
            ({"countries": ("US",)}, False),
            ({"devices": ("mobile",)}, True),
            ({"devices": ("desktop", "tablet")}, False),
            ({"systems": ("ios",)}, True),
            ({"systems": ("android", "macos")}, False),
            ({"languages": ("pt",)}, True),
            ({"languages": ("pt-br",)}, True),
            ({"languages": ("pt-pt",)}, False),
            ({"languages": ("p",)}, False),
            ({"languages": ("en",)}, False),
            ({"from_ms": NOW}, True),
            ({"from_ms": NOW + 1}, False),
            ({"until_ms": NOW + 1}, True),
            ({"until_ms": NOW}, False),
            ({"countries": ("DE",), "devices": ("mobile",), "systems": ("ios",), "languages": ("pt",)}, True),
            ({"countries": ("DE",), "devices": ("tablet",), "systems": ("ios",), "languages": ("pt",)}, False),
        ],
        ids=str,
    )
    def test_all_of_a_rule_must_hold(self, conditions: dict[str, object], holds: bool) -> None:
        asking = visitor(f"User-Agent: {IPHONE}", "Accept-Language: pt-BR,pt;q=0.9,en;q=0.8")
        assert decided(rules(to(7, **conditions)), asking) == (7 if holds else 0)

    def test_a_rule_without_conditions_holds_for_everyone(self) -> None:
        assert decided(rules(to(7)), visitor()) == 7

    @pytest.mark.parametrize(
        "conditions",
        [{"countries": ("DE",)}, {"devices": ("desktop",)}, {"systems": ("windows",)}, {"languages": ("en",)}],
        ids=str,
    )
    def test_what_is_not_known_meets_no_condition(self, conditions: dict[str, object]) -> None:
        assert decided(rules(to(7, **conditions)), visitor(address=bytes((127, 0, 0, 1)))) == 0

    def test_a_rule_without_an_arm_that_can_be_served_decides_nothing(self) -> None:
        unusable = Rule((Arm(0, "https://a.example/"), Arm(70_000, "https://b.example/"), Arm(3, "https://c/", 0)))
        assert decided(rules(unusable, to(7)), visitor()) == 7


class TestOrder:
    @given(st.lists(st.sampled_from(["DE", "US", ""]), max_size=20))
    def test_the_first_rule_that_holds_decides(self, countries: list[str]) -> None:
        compiled = rules(*(to(at + 1, countries=(country,) if country else ()) for at, country in enumerate(countries)))
        first = next((at + 1 for at, country in enumerate(countries) if country in ("DE", "")), 0)
        assert decided(compiled, visitor()) == first

    def test_a_later_rule_is_not_asked_about(self) -> None:
        """Facts cost time: an unconditional rule in front asks for none."""
        asking = visitor(f"User-Agent: {IPHONE}")
        assert decided(rules(to(1), to(2, countries=("DE",), devices=("mobile",))), asking) == 1
        assert (asking._country, asking._machine) == (None, None)  # pyright: ignore[reportPrivateUsage]


class TestSplitting:
    @given(st.integers(0, 1 << 64), st.lists(st.integers(1, 10_000), min_size=1, max_size=20))
    def test_a_visitor_keeps_their_arm(self, number: int, weights: list[int]) -> None:
        first = decided(rules(split(*weights)), stranger(number))
        assert 1 <= first <= len(weights)
        assert decided(rules(split(*weights)), stranger(number), NOW + 86_400_000) == first

    @given(st.integers(0, 1 << 64), st.permutations(range(4)))
    def test_the_order_of_arms_and_rules_means_nothing(self, number: int, order: list[int]) -> None:
        straight = split(1, 2, 3, 4)
        shuffled = Rule(tuple(straight.arms[at] for at in order))
        never = to(9, until_ms=1)
        assert decided(rules(never, shuffled), stranger(number)) == decided(rules(straight), stranger(number))

    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.integers(1, 100), min_size=2, max_size=6), st.integers(0, 1 << 32))
    def test_shares_are_what_the_weights_say(self, weights: list[int], seed: int) -> None:
        visitors = 2_000
        compiled = rules(split(*weights))
        served = [decided(compiled, stranger(seed + at)) for at in range(visitors)]
        for at, weight in enumerate(weights):
            share = weight / sum(weights)
            deviation = sqrt(share * (1 - share) / visitors)
            assert abs(served.count(at + 1) / visitors - share) < 6 * deviation + 2 / visitors

    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.integers(1, 50), min_size=2, max_size=5), st.integers(0, 4), st.integers(0, 100), st.data())
    def test_changing_one_weight_moves_only_to_or_from_its_arm(
        self, weights: list[int], which: int, weight: int, data: st.DataObject
    ) -> None:
        """Weight 0 stands for an arm that is taken away or was not there yet."""
        which %= len(weights)
        changed = [weight if at == which else held for at, held in enumerate(weights)]
        before, after = rules(split(*weights)), rules(split(*changed))
        start = data.draw(st.integers(0, 1 << 32))
        moves = [(decided(before, stranger(start + at)), decided(after, stranger(start + at))) for at in range(500)]
        moved = {(here, there) for here, there in moves if here != there}
        assert all(there == which + 1 if weight > weights[which] else here == which + 1 for here, there in moved)

    def test_from_an_even_split_to_ninety_ten_moves_two_fifths(self) -> None:
        """The least that can move: one arm's share falls from 50 to 10 %."""
        before, after = rules(split(1, 1)), rules(split(9, 1))
        moved = sum(decided(before, stranger(at)) != decided(after, stranger(at)) for at in range(5_000))
        assert 0.37 < moved / 5_000 < 0.43

    def test_links_split_independently(self) -> None:
        here, there = rules(split(1, 1)), Rules([split(1, 1)], click_id.new(NOW), "ct")
        same = sum(decided(here, stranger(at)) == decided(there, stranger(at)) for at in range(5_000))
        assert 0.46 < same / 5_000 < 0.54

    def test_two_splits_of_one_link_are_independent(self) -> None:
        first = Rule(tuple(Arm(number, "https://a.example/") for number in (1, 2)))
        second = Rule(tuple(Arm(number, "https://b.example/") for number in (3, 4)))
        same = sum(
            decided(rules(first), stranger(at)) == decided(rules(second), stranger(at)) - 2 for at in range(5_000)
        )
        assert 0.46 < same / 5_000 < 0.54

    def test_without_a_cookie_address_and_user_agent_stick(self) -> None:
        compiled = rules(split(*[1] * 20))
        agents = [f"User-Agent: Browser/{at}" for at in range(50)]
        seen = [decided(compiled, visitor(agent)) for agent in agents]
        again = [decided(compiled, visitor(agent)) for agent in agents]
        elsewhere = [decided(compiled, visitor(agent, address=AMERICAN_ADDRESS)) for agent in agents]
        assert seen == again
        assert seen != elsewhere
        assert any(one != other for one, other in pairwise(seen))

    def test_assignments_are_the_same_on_every_machine_and_in_every_release(self) -> None:
        """A change of these numbers would give half of all visitors of running experiments another page."""
        compiled = Rules([split(1, 1, 1)], bytes(range(16)), "ct")
        assert [decided(compiled, visitor(visitor_id=bytes([at] * 16))) for at in range(12)] == [
            1, 3, 3, 2, 3, 3, 2, 1, 2, 1, 3, 1
        ]  # fmt: skip
