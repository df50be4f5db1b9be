"""An edge's wall clock may be wrong and may step; order and times come out right."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from control.ingest.batches import store_batch
from control.ingest.clocks import OLDEST_MS, Clock
from control.services import Services
from control.store.schema import clicks
from shared.clock import DAY_MS, MINUTE_MS, wall_ms
from shared.wire import ClockSample
from tests.control.ingest.builders import Shop, Stream, a_batch, a_click

NOW_MS = 1_790_000_000_000
BOOTED_MS = NOW_MS - 3 * DAY_MS


def sample(true_ms: int, wrong_by_ms: int, booted_ms: int = BOOTED_MS, round_trip_ms: int = 4) -> ClockSample:
    """What an edge measures at `true_ms` whose wall clock is `wrong_by_ms` ahead."""
    return ClockSample(true_ms + wrong_by_ms, true_ms - booted_ms, -wrong_by_ms, round_trip_ms)


@given(
    st.integers(-10 * MINUTE_MS, 10 * MINUTE_MS),
    st.integers(-10 * MINUTE_MS, 10 * MINUTE_MS),
    st.integers(0, DAY_MS),
    st.integers(0, DAY_MS),
    st.integers(0, DAY_MS),
)
def test_a_skew_and_a_step_are_undone(before_ms: int, after_ms: int, ago_ms: int, first_ms: int, step_ms: int) -> None:
    """Samples before and after a step; a record at any time, with whichever wall clock ran then."""
    samples = [sample(NOW_MS - DAY_MS - first_ms, before_ms), sample(NOW_MS - 1, after_ms)]
    true_ms = NOW_MS - ago_ms
    wrong_by_ms = before_ms if ago_ms > step_ms else after_ms
    clock = Clock(samples, NOW_MS)
    assert clock.corrected(true_ms + wrong_by_ms, true_ms - BOOTED_MS) == true_ms


def test_drift_is_interpolated() -> None:
    clock = Clock([sample(NOW_MS - 100_000, 0), sample(NOW_MS, 100)], NOW_MS)
    middle_ms = NOW_MS - 50_000
    assert abs(clock.corrected(middle_ms + 50, middle_ms - BOOTED_MS) - middle_ms) <= 50


def test_a_record_of_an_earlier_boot_gets_the_offset_known_nearest_to_it() -> None:
    earlier = BOOTED_MS - 10 * DAY_MS
    clock = Clock([sample(NOW_MS - 1_000, 5_000)], NOW_MS)
    true_ms = BOOTED_MS - DAY_MS
    assert clock.corrected(true_ms + 5_000, true_ms - earlier) == true_ms


def test_slow_exchanges_give_way_to_quick_ones() -> None:
    slow = ClockSample(NOW_MS - 10, NOW_MS - 10 - BOOTED_MS, 60_000, 20_000)
    clock = Clock([slow, sample(NOW_MS - 5_000, 0)], NOW_MS)
    assert clock.corrected(NOW_MS - 10, NOW_MS - 10 - BOOTED_MS) == NOW_MS - 10


def test_nonsense_is_the_receipt() -> None:
    clock = Clock([], NOW_MS)
    assert clock.corrected(NOW_MS + MINUTE_MS, 5) == NOW_MS
    assert clock.corrected(0, 5) == NOW_MS
    assert clock.corrected(NOW_MS - OLDEST_MS, 5) == NOW_MS - OLDEST_MS


async def test_the_offset_is_stored_with_the_click(services: Services, shop: Shop) -> None:
    now_ms = wall_ms()
    booted_ms = now_ms - DAY_MS
    true_ms = now_ms - MINUTE_MS
    click = a_click(shop, true_ms + 7 * MINUTE_MS, boot_ms=true_ms - booted_ms)
    clock = [sample(now_ms - 1_000, 7 * MINUTE_MS, booted_ms)]
    await store_batch(services, Stream().headers(1), a_batch([click], clock=clock))
    async with services.database.reading() as connection:
        row = (await connection.execute(select(clicks.c.time_ms, clicks.c.offset_ms))).one()
    assert tuple(row) == (true_ms, -7 * MINUTE_MS)


async def test_samples_of_earlier_batches_correct_what_is_shipped_late(services: Services, shop: Shop) -> None:
    """Two boots: the backlog of the first is shipped in the second, whose own samples know nothing of it."""
    now_ms = wall_ms()
    first_boot_ms, second_boot_ms = now_ms - 2 * DAY_MS, now_ms - MINUTE_MS
    then_ms = now_ms - DAY_MS
    early = sample(then_ms, -3 * MINUTE_MS, first_boot_ms)
    await store_batch(services, Stream().headers(0), a_batch([], clock=[early]))
    late = a_click(shop, then_ms + 5_000 - 3 * MINUTE_MS, boot_ms=then_ms + 5_000 - first_boot_ms)
    own = sample(now_ms - 500, 0, second_boot_ms)
    await store_batch(services, Stream().headers(1), a_batch([late], clock=[own]))
    async with services.database.reading() as connection:
        assert (await connection.execute(select(clicks.c.time_ms))).scalar_one() == then_ms + 5_000
