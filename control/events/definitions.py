"""Defining events, and changing what they mean."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from control.edits import changes_of
from control.events import store
from control.events.types import EventDefinition, EventDefinitionEdit, NewEventDefinition
from control.http.errors import Conflict, InvalidInput, NotFound
from control.http.paging import Page, page_of
from control.times import from_ms, from_ms_or_none
from shared import ids


class EventNameTaken(Conflict):
    slug = "event-name-taken"
    title = "An event of that name is defined already"


async def define_event(
    connection: AsyncConnection, workspace_id: str, new: NewEventDefinition, now_ms: int
) -> EventDefinition:
    """Adds a definition. Raises EventNameTaken, also for the name of an archived one."""
    _check_default_value(new.default_amount, new.default_currency)
    definition_id = ids.new_id("evd")
    row = {
        "id": definition_id,
        "workspace_id": workspace_id,
        "name": new.name,
        "title": new.title.strip(),
        "standard": False,
        "counting": new.counting,
        "window_days": new.window_days,
        "default_model": new.default_model,
        "default_amount": new.default_amount,
        "default_currency": new.default_currency,
        "version": 1,
        "created_ms": now_ms,
        "updated_ms": now_ms,
    }
    if not await store.insert_definition(connection, row):
        raise EventNameTaken.of("name", f"{new.name} is defined in this workspace; it may be among the archived ones")
    return await read_definition(connection, workspace_id, definition_id)


async def read_definition(connection: AsyncConnection, workspace_id: str, definition_id: str) -> EventDefinition:
    """Raises NotFound."""
    return _to_definition(await _row(connection, workspace_id, definition_id))


async def edit_definition(
    connection: AsyncConnection, workspace_id: str, definition_id: str, edit: EventDefinitionEdit, now_ms: int
) -> EventDefinition:
    """Applies the edit. Where it can change a credit, the version moves and past conversions are credited anew."""
    row = await _row(connection, workspace_id, definition_id)
    values = changes_of(edit, row, now_ms)
    _check_default_value(
        values.get("default_amount", row.default_amount), values.get("default_currency", row.default_currency)
    )
    if values:
        reason = _reason_to_credit_anew(values)
        if reason:
            values["version"] = row.version + 1
            await store.mark_conversions_dirty(connection, workspace_id, definition_id, reason, now_ms)
        await store.update_definition(connection, definition_id, {**values, "updated_ms": now_ms})
    return await read_definition(connection, workspace_id, definition_id)


async def list_definitions(
    connection: AsyncConnection, workspace_id: str, archived: bool, after: tuple[str] | None, limit: int
) -> Page[EventDefinition]:
    """Definitions by name."""
    rows = await store.definitions_page(connection, workspace_id, archived, after, limit + 1)
    return page_of(rows, limit, _to_definition, lambda row: (row.name,))


def _reason_to_credit_anew(values: dict[str, Any]) -> str:
    """The ledger's reason when these changes can change a credit; empty otherwise."""
    if "counting" in values:
        return "definition_changed"
    return "window_changed" if "window_days" in values else ""


def _check_default_value(amount: int | None, currency: str | None) -> None:
    if (amount is None) != (currency is None):
        missing = "default_amount" if amount is None else "default_currency"
        raise InvalidInput.of(missing, "an amount and its currency go together: set both or neither")


async def _row(connection: AsyncConnection, workspace_id: str, definition_id: str) -> store.AnyRow:
    row = await store.definition(connection, workspace_id, definition_id)
    if row is None:
        raise NotFound(f"There is no event definition {definition_id} in this workspace.")
    return row


def _to_definition(row: store.AnyRow) -> EventDefinition:
    return EventDefinition(
        id=row.id,
        name=row.name,
        title=row.title,
        standard=row.standard,
        counting=row.counting,
        window_days=row.window_days,
        default_model=row.default_model,
        default_amount=row.default_amount,
        default_currency=row.default_currency,
        version=row.version,
        created_at=from_ms(row.created_ms),
        updated_at=from_ms(row.updated_ms),
        archived_at=from_ms_or_none(row.archived_ms),
    )
