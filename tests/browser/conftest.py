"""What the tests in a browser share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installation import Installation, installation


@pytest.fixture(scope="session")
def everything(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running installation on each engine. Tests share it: each makes links and visitors of its own."""
    url = shared_database_url.replace("+asyncpg", "") if shared_database_url.startswith("postgresql") else ""
    with installation(tmp_path_factory.mktemp("installation"), url) as made:
        yield made
