"""No flipped bit of the link cache sends a visitor elsewhere (R9).

"Elsewhere" is another destination, an older one, and also "no such link" for a link that exists. What a flipped bit may
do is 503 for what it hit, until the agent has fetched a snapshot. `make soak` flips 1 000 bits anywhere in the file,
1 000 where they lead a search and 1 000 of page numbers; the suite a part of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.imports import ROOT

pytestmark = pytest.mark.chaos

FLIPS = 1_000 if os.environ.get("CLICKTRAIL_TEST_SOAK") else 60
FLIP_S = 0.5  # on a busy machine


@pytest.mark.parametrize("where", ["anywhere", "structure"])
def test_no_flipped_bit_gives_a_wrong_answer(tmp_path: Path, where: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = flip(tmp_path, where, capsys)
    assert said["answers"].get("wrong", 0) == said["answers"].get("unknown", 0) == 0
    assert said["flips"]["refused"] > FLIPS / 50, "these flips hit nothing"


def test_a_pointer_to_an_older_page_is_found_by_the_scrub(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The one kind of damage that no look-up can see; a fault of one bit in a million leads there."""
    said = flip(tmp_path, "pointers", capsys)
    assert said["scrubs"].get("missed", 0) == 0
    assert said["flips"]["refused"] > FLIPS / 2


def flip(folder: Path, where: str, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, int]]:
    """Flips bits there, one after the other; what became of flips, of answers and of wrong ones' scrubs."""
    command = (sys.executable, "-m", "tests.chaos.flips", str(folder), "--flips", str(FLIPS), "--seed", "7")
    ran = subprocess.run(
        (*command, "--where", where),
        cwd=ROOT, capture_output=True, text=True, timeout=60 + FLIPS * FLIP_S, check=True,
    )  # fmt: skip
    said = json.loads(ran.stdout)
    with capsys.disabled():
        print(f"\n  {FLIPS} flips, {where}: {said['flips']}; answers: {said['answers']}; {said['scrubs']}", end="")
    assert sum(said["flips"].values()) == FLIPS
    return said
