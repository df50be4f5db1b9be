"""What keeps an edge from applying changes: known to it all along, now to everybody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_held_feed"
down_revision = "0002_link_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("edges", sa.Column("held_feed", sa.Text(), server_default="", nullable=False))
