"""Slugs may be in any script, and never be what a browser, a proxy or the edge takes for something else."""

from __future__ import annotations

import unicodedata

import pytest

from control.links import slug


@pytest.mark.parametrize(
    "chosen", ["spring", "Spring-2026", "frühling", "весна", "春", "हिन्दी", "a/b.c~d_e", "_tx", "7"]
)
def test_letters_of_any_script_digits_and_a_few_marks_are_allowed(chosen: str) -> None:
    assert slug.normalise(chosen) == unicodedata.normalize("NFC", chosen)


def test_two_compositions_of_one_word_are_one_slug() -> None:
    assert slug.normalise("fru\u0308hling") == slug.normalise("fr\u00fchling")


def test_case_is_kept() -> None:
    assert slug.normalise("Spring") != slug.normalise("spring")


@pytest.mark.parametrize(
    "chosen",
    [
        "",
        " ",
        "a b",
        "a?b",
        "a#b",
        "a%20b",
        "a\\b",
        "a\nb",
        "a\x00b",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "_t",
        "_t/e",
        ".well-known/x",
        "😀",
        "a\u200bb",
        "a\u202eb",
        "x" * 129,
    ],
)
def test_anything_else_is_refused(chosen: str) -> None:
    with pytest.raises(slug.BadSlug):
        slug.normalise(chosen)


def test_random_slugs_have_seven_characters_and_no_look_alikes() -> None:
    made = {slug.random() for _ in range(2_000)}
    assert len(made) == 2_000
    assert {len(one) for one in made} == {7}
    assert not set("".join(made)) & set("0O1lIaeiouAEIOU")
