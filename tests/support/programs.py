"""Programs of other people that tests run, where the machine has them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest


def program(name: str, package: str) -> str:
    """Its path. Where it is missing the test is skipped, but in CI it fails and says what to install."""
    found = shutil.which(name, path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    if found is None:
        assert not os.environ.get("CI"), f"{name} is missing: install {package}"
        pytest.skip(f"{name} is missing")
    return found
