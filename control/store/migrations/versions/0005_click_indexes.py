"""Chains of duplicates by link and time, so that a batch of clicks changes few pages; the index by workspace served no
query."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_click_indexes"
down_revision = "0004_verified_domains"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_clicks_workspace_time", "clicks")
    op.drop_index("ix_clicks_link_visitor_time", "clicks")
    op.create_index(
        "ix_clicks_link_chain", "clicks", ["link_id", sa.text("(time_ms / 30000)"), "visitor_hash", "time_ms", "id"]
    )
