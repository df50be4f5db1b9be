"""A workspace that can be clicked on."""

from __future__ import annotations

import pytest

from control.store.engine import Database
from tests.control.ingest.builders import Shop, make_shop


@pytest.fixture
async def shop(database: Database, workspace_id: str) -> Shop:
    return await make_shop(database, workspace_id)
