"""What a process logs of its own failure: where and what, and nothing that is to stay inside."""

import json
import subprocess
import sys

import pytest

from tests.support.imports import ROOT

FAILS = """
from shared import logs
logs.set_up(output={output!r}, process="test")

def fail() -> None:
    secret = "sk_" + "hidden"
    raise ValueError("no")

try:
    fail()
except ValueError:
    logs.get_logger().exception("failed", token="et_" + "hidden")
"""


@pytest.mark.parametrize("output", ["json", "console"])
def test_an_exception_is_logged_without_local_variables(output: str) -> None:
    ran = subprocess.run([sys.executable, "-c", FAILS.format(output=output)], capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    assert "ValueError" in ran.stderr
    assert "in fail" in ran.stderr or '"name": "fail"' in ran.stderr
    assert "_hidden" not in ran.stderr
    if output == "json":
        assert json.loads(ran.stderr)["process"] == "test"
