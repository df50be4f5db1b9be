"""Rules, closing, passwords, honeypots and previews of links.

Every column is added with what links have had so far, so no table is rewritten.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_link_rules"
down_revision = "0001_initial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("rules", sa.Text(), server_default="[]", nullable=False),
        sa.Column("next_arm", sa.Integer(), server_default="1", nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=True),
        sa.Column("click_limit", sa.BigInteger(), nullable=True),
        sa.Column("exhausted_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_url", sa.Text(), server_default="", nullable=False),
        sa.Column("password", sa.Text(), server_default="", nullable=False),
        sa.Column("honeypot", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("preview_title", sa.Text(), server_default="", nullable=False),
        sa.Column("preview_description", sa.Text(), server_default="", nullable=False),
        sa.Column("preview_image", sa.Text(), server_default="", nullable=False),
    ):
        op.add_column("links", column)
