from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from edge.deadlines import AT_ONCE, SHARE, Deadlines


@dataclass(eq=False)
class Item:
    deadline: int
    place: int = 0
    is_open: bool = True


def test_an_item_is_due_in_the_second_of_its_deadline_and_once() -> None:
    deadlines = Deadlines[Item](100)
    item = Item(105)
    deadlines.watch(item)
    assert list(deadlines.passed(104)) == []
    assert list(deadlines.passed(105)) == [item]
    assert list(deadlines.passed(300)) == []


def test_a_deadline_that_moved_later_is_kept_without_a_word() -> None:
    deadlines = Deadlines[Item](100)
    item = Item(105)
    deadlines.watch(item)
    item.deadline = 175
    assert list(deadlines.passed(174)) == []
    assert list(deadlines.passed(175)) == [item]


def test_a_deadline_that_moved_earlier_is_kept_once_it_is_watched_again() -> None:
    deadlines = Deadlines[Item](100)
    item = Item(175)
    deadlines.watch(item)
    item.deadline = 110
    deadlines.watch(item)
    assert list(deadlines.passed(110)) == [item]


def test_what_is_closed_is_nobody_s_business() -> None:
    deadlines = Deadlines[Item](100)
    item = Item(105)
    deadlines.watch(item)
    item.is_open = False
    assert list(deadlines.passed(200)) == []


def test_those_of_one_second_need_not_be_ended_at_once() -> None:
    deadlines = Deadlines[Item](100)
    items = [Item(105) for _ in range(AT_ONCE + 1)]
    for item in items:
        deadlines.watch(item)
    assert list(deadlines.passed(106)) == items[:AT_ONCE]
    deadlines.watch(late := Item(106))
    assert list(deadlines.passed(107)) == [items[AT_ONCE], late]


def test_however_many_are_due_in_a_second_all_are_ended_soon() -> None:
    deadlines = Deadlines[Item](100)
    items = [Item(105) for _ in range(5_000)]
    for item in items:
        deadlines.watch(item)
    rounds = [list(deadlines.passed(105)) for _ in range(100)]
    assert [item for part in rounds for item in part] == items[: sum(map(len, rounds))]
    assert max(map(len, rounds)) == 5_000 // SHARE
    assert sum(map(len, rounds)) > 4_500


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 80)), max_size=200))
def test_every_item_is_due_exactly_when_its_last_deadline_says(moves: list[tuple[int, int]]) -> None:
    """Five items; each step moves one's deadline, whatever it was, and a second passes."""
    now = 1_000
    deadlines = Deadlines[Item](now)
    items = [Item(now + 10) for _ in range(5)]
    for item in items:
        deadlines.watch(item)
    for which, seconds in moves:
        items[which].deadline = now + seconds
        deadlines.watch(items[which])
        now += 1
        due = list(deadlines.passed(now))
        assert set(map(id, due)) == {id(item) for item in items if item.deadline <= now and item.is_open}
        for item in due:
            item.deadline = now + 10
            deadlines.watch(item)
