"""A program that was installed without its libraries ends in a sentence, not in a traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.imports import ROOT


def started_without(library: str, module: str) -> subprocess.CompletedProcess[str]:
    """`python -m module` where that library is not installed."""
    code = f"import sys, runpy; sys.modules[{library!r}] = None; runpy.run_module({module!r}, run_name='__main__')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize(
    ("library", "module", "says"),
    [
        ("lmdb", "edge", "clicktrail-edge: lmdb is missing: install `clicktrail[edge]`\n"),
        ("typer", "control", "clicktrail: typer is missing: install `clicktrail[control]`, or use clicktrail-edge,"),
    ],
)
def test_a_missing_library_is_named_with_what_to_install(library: str, module: str, says: str) -> None:
    ran = started_without(library, module)
    assert ran.returncode == 2
    assert ran.stderr.startswith(says)
    assert ran.stderr.count("\n") == 1


def test_a_missing_module_of_our_own_is_no_matter_of_installing() -> None:
    assert "Traceback" in started_without("edge.config", "edge").stderr
