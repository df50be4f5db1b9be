"""What marketers set up: domains, campaigns, links, event definitions."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from control.store.schema.base import metadata

domains = Table(
    "domains",
    metadata,
    Column("id", Text, primary_key=True),  # dom_…
    Column("workspace_id", Text, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("host", Text, nullable=False, unique=True),  # lower-case, punycode, without port
    Column("fallback_url", Text, nullable=False, server_default=""),
    Column("consent", Text, nullable=False, server_default="granted"),  # shared.wire.ConsentMode
    Column("created_ms", BigInteger, nullable=False),
    Column("verified_ms", BigInteger),  # when it was first seen to lead to an edge
    Index(None, "workspace_id", "created_ms"),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Text, primary_key=True),  # cmp_…
    Column("workspace_id", Text, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("archived_ms", BigInteger),
    UniqueConstraint("workspace_id", "name"),
)

campaign_spend = Table(
    "campaign_spend",
    metadata,
    Column("campaign_id", Text, ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("day", Text, nullable=False),  # YYYY-MM-DD in the workspace's time zone
    Column("channel", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    PrimaryKeyConstraint("campaign_id", "day", "channel"),
)

links = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),  # lnk_…
    Column("workspace_id", Text, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("domain_id", Text, ForeignKey("domains.id"), nullable=False),
    Column("slug", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    Column("campaign_id", Text, ForeignKey("campaigns.id")),
    Column("channel", Text, nullable=False),  # email | social | sms | qr | paid | organic | … free text, lower-case
    Column("status", SmallInteger, nullable=False, server_default="302"),
    Column("carry", Text, nullable=False, server_default="auto"),  # auto | cookie | fragment | query | none
    Column("query_name", Text, nullable=False, server_default="ct"),
    Column("forward_query", Boolean, nullable=False, server_default=text("true")),
    Column("referrer_policy", Text, nullable=False, server_default=""),
    Column("rules", Text, nullable=False, server_default="[]"),  # JSON: control.links.rules.Rule, in order
    Column("next_arm", Integer, nullable=False, server_default="1"),  # arms get numbers from here on; none comes back
    Column("expires_ms", BigInteger),  # closed from then on
    Column("click_limit", BigInteger),  # closed at that many human clicks
    Column("exhausted_ms", BigInteger),  # when the limit was reached
    Column("closed_url", Text, nullable=False, server_default=""),  # where a closed link leads; empty: a page, 410
    Column("password", Text, nullable=False, server_default=""),  # shared.password verifier; empty: none
    Column("honeypot", Boolean, nullable=False, server_default=text("false")),
    Column("preview_title", Text, nullable=False, server_default=""),
    Column("preview_description", Text, nullable=False, server_default=""),
    Column("preview_image", Text, nullable=False, server_default=""),
    Column("search_text", Text, nullable=False, server_default=""),  # title, slug, destination: case-folded, readable
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("archived_ms", BigInteger),  # no longer redirects; its history stays
    UniqueConstraint("domain_id", "slug"),
    Index(None, "workspace_id", "created_ms", "id"),
    Index(None, "campaign_id"),
)

event_definitions = Table(
    "event_definitions",
    metadata,
    Column("id", Text, primary_key=True),  # evd_…
    Column("workspace_id", Text, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),  # as events say it: purchase, lead, …
    Column("title", Text, nullable=False),
    Column("standard", Boolean, nullable=False),
    Column("counting", Text, nullable=False),  # every | once_per_person | once_per_click
    Column("window_days", SmallInteger, nullable=False),  # 1–365
    Column("default_model", Text, nullable=False),
    Column("default_amount", BigInteger),  # minor units, for events that name none
    Column("default_currency", Text),
    Column("version", Integer, nullable=False),  # moves with every change that can change a credit
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("archived_ms", BigInteger),
    UniqueConstraint("workspace_id", "name"),
    CheckConstraint("window_days between 1 and 365", name="window"),
)
