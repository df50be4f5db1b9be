"""Since when a short domain is known to lead to an edge. Those that were added before are not checked yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_verified_domains"
down_revision = "0003_held_feed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("domains", sa.Column("verified_ms", sa.BigInteger(), nullable=True))
