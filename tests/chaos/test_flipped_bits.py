"""No flipped bit of the link cache sends a visitor elsewhere (R9).

"Elsewhere" is another destination, an older one, and also "no such link" for a link that exists. What a flipped bit may
do is 503 for what it hit, until the agent has fetched a snapshot. `make soak` flips 1 000 bits anywhere in the file and
1 000 where they lead a search; the suite a part of them.
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


@pytest.mark.parametrize("where", [(), ("--structure",)], ids=["anywhere", "structure"])
def test_no_flipped_bit_gives_a_wrong_answer(
    tmp_path: Path, where: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    command = (sys.executable, "-m", "tests.chaos.flips", str(tmp_path), "--flips", str(FLIPS), "--seed", "7", *where)
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60 + FLIPS * FLIP_S, check=True)
    said = json.loads(ran.stdout)
    with capsys.disabled():
        print(f"\n  {FLIPS} flips of {said['bytes']} bytes: {said['flips']}; answers: {said['answers']}", end="")
    assert said["answers"].get("wrong", 0) == said["answers"].get("unknown", 0) == 0
    assert sum(said["flips"].values()) == FLIPS
    assert said["flips"]["refused"] > FLIPS / 50, "these flips hit nothing"
