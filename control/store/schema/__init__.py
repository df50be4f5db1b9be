"""Every table, once, for SQLite and Postgres alike.

Conventions: times are UTC milliseconds in columns named `…_ms`; amounts are integers in minor units beside an ISO 4217
`currency`; credits are millionths; ids of API objects are prefixed, sortable text; ids of clicks, landings and visitors
are 16 bytes. Every row that belongs to a tenant carries its `workspace_id`. There is no raw network address anywhere.

Facts (clicks, landings, conversions, refunds, observations) are never updated except where a comment says so. What is
derived from them (people, credits, rollups) can be rebuilt from them at any time.
"""

from control.store.schema.accounts import (
    api_keys,
    installation,
    memberships,
    sessions,
    sign_in_links,
    users,
    workspaces,
)
from control.store.schema.base import metadata
from control.store.schema.derived import click_rollups, credit_versions, dirty_identifiers, identifiers, touch_credits
from control.store.schema.edges import (
    clock_samples,
    edge_tokens,
    edges,
    feed,
    feed_tips,
    gaps,
    quarantine,
    streams,
    sync_state,
    unknown_slugs,
)
from control.store.schema.facts import (
    clicks,
    conversion_reports,
    conversions,
    event_keys,
    held_reports,
    landings,
    observations,
    refunds,
)
from control.store.schema.links import campaign_spend, campaigns, domains, event_definitions, links

__all__ = [
    "api_keys",
    "campaign_spend",
    "campaigns",
    "click_rollups",
    "clicks",
    "clock_samples",
    "conversion_reports",
    "conversions",
    "credit_versions",
    "dirty_identifiers",
    "domains",
    "edge_tokens",
    "edges",
    "event_definitions",
    "event_keys",
    "feed",
    "feed_tips",
    "gaps",
    "held_reports",
    "identifiers",
    "installation",
    "landings",
    "links",
    "memberships",
    "metadata",
    "observations",
    "quarantine",
    "refunds",
    "sessions",
    "sign_in_links",
    "streams",
    "sync_state",
    "touch_credits",
    "unknown_slugs",
    "users",
    "workspaces",
]
