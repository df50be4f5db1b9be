"""Ids survive their text form, sort by time, and nothing else passes for one."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import click_id, ids

times = st.integers(min_value=0, max_value=(1 << 48) - 1)
sixteen_bytes = st.binary(min_size=16, max_size=16)


@given(times)
def test_a_click_id_survives_its_text_form(time_ms: int) -> None:
    made = click_id.new(time_ms)
    text = click_id.encode(made)
    assert len(text) == click_id.CLICK_ID_CHARS
    assert click_id.decode(text) == made
    assert click_id.time_ms_of(made) == time_ms


@given(times, times)
def test_click_ids_sort_by_time(one: int, other: int) -> None:
    if one < other:
        assert click_id.new(one) < click_id.least_at(other) <= click_id.new(other)


def test_a_click_id_has_the_version_and_variant_of_rfc_9562() -> None:
    for _ in range(2_000):
        made = click_id.new()
        assert made[6] >> 4 == 7
        assert made[8] >> 6 == 0b10


@given(st.text(max_size=30))
def test_other_text_is_no_click_id(text: str) -> None:
    decoded = click_id.decode(text)
    assert decoded is None or click_id.encode(decoded) == text


def test_an_id_has_one_spelling_only() -> None:
    text = click_id.encode(click_id.new())
    others = {text[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"} - {text}
    assert click_id.decode(text) is not None
    assert sum(click_id.decode(other) == click_id.decode(text) for other in others) == 0


def test_a_forked_process_makes_other_ids() -> None:
    click_id.new()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"".join(click_id.new(0) for _ in range(100)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reader, 1600)
    ours = {click_id.new(0) for _ in range(600)}
    assert not ours & {theirs[at : at + 16] for at in range(0, len(theirs), 16)}


@given(sixteen_bytes)
def test_an_object_id_survives_its_text_form(raw: bytes) -> None:
    assert ids.to_bytes("lnk", ids.from_bytes("lnk", raw)) == raw


@given(st.lists(sixteen_bytes, min_size=2))
def test_object_ids_sort_as_their_bytes_do(raws: list[bytes]) -> None:
    texts = [ids.from_bytes("lnk", raw) for raw in sorted(raws)]
    assert all(one <= next_ for one, next_ in pairwise(texts))


@pytest.mark.parametrize(
    "text",
    ["", "lnk_", "dom_01jdq5m3abcdefghjkmnpqrst0", "lnk_01jdq5m3abcdefghjkmnpqrsi0", "lnk_zzzzzzzzzzzzzzzzzzzzzzzzzz"],
)
def test_other_text_is_no_object_id(text: str) -> None:
    with pytest.raises(ValueError, match=r"lnk|id"):
        ids.to_bytes("lnk", text)
