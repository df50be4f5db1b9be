"""What chaos tests break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.visitors import SLUG
from tests.support.installation import Installation, installation
from tests.support.programs import program


@pytest.fixture
def everything(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """A running installation on each engine, with one link."""
    url = database_url.replace("+asyncpg", "") if database_url.startswith("postgresql") else ""
    with installation(tmp_path, url) as made:
        made.make_link(SLUG)
        yield made


@pytest.fixture
def strace() -> str:
    """The program that makes system calls fail."""
    return program("strace", "strace")
