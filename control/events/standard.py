"""The events that every workspace has from its first day.

Counting: what a person can do again (buy, book) counts every time; what begins a relation (signing up, subscribing,
becoming a lead) counts once for a person, and a download once for a click, since the same file is often fetched twice.
Windows: 30 days, the most usual one, except for what people do on the spot when they do it at all.

The default model is `last`: it is what most tools report, so figures can be compared on the first day, and it needs no
explanation. Credits are always kept under every model; the default only says which one a report opens with.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from control.events.types import Counting, Model
from control.store.schema import event_definitions
from shared import ids

DEFAULT_MODEL: Model = "last"


class StandardEvent(NamedTuple):
    """A definition as it is seeded."""

    name: str
    title: str
    counting: Counting
    window_days: int


STANDARD_EVENTS = (
    StandardEvent("purchase", "Purchase", "every", 30),
    StandardEvent("lead", "Lead", "once_per_person", 30),
    StandardEvent("newsletter_signup", "Newsletter sign-up", "once_per_person", 30),
    StandardEvent("free_trial", "Free trial", "once_per_person", 30),
    StandardEvent("app_download", "App download", "once_per_click", 7),
    StandardEvent("appointment", "Appointment", "every", 30),
    StandardEvent("account_created", "Account created", "once_per_person", 30),
    StandardEvent("content_download", "Content download", "once_per_click", 7),
)


async def seed_standard_events(connection: AsyncConnection, workspace_id: str, now_ms: int) -> None:
    """Defines the standard events in a new workspace."""
    rows = [
        {
            **event._asdict(),
            "id": ids.new_id("evd"),
            "workspace_id": workspace_id,
            "standard": True,
            "default_model": DEFAULT_MODEL,
            "version": 1,
            "created_ms": now_ms,
            "updated_ms": now_ms,
        }
        for event in STANDARD_EVENTS
    ]
    await connection.execute(insert(event_definitions), rows)
