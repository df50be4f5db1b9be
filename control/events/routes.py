"""Event definitions."""

from __future__ import annotations

from control.conversions.record import adopt_held
from control.events import definitions
from control.events.definitions import EventNameTaken
from control.events.types import EventDefinition, EventDefinitionEdit, EventDefinitionQuery, NewEventDefinition
from control.http.context import Context
from control.http.paging import Page, decode_cursor
from control.http.routing import Routes
from control.store.locks import lock_workspaces

routes = Routes(tag="Event definitions")


@routes.get("/api/v1/event-definitions", summary="Event definitions by name")
async def list_event_definitions(context: Context, query: EventDefinitionQuery) -> Page[EventDefinition]:
    after = decode_cursor(query.cursor, tuple[str])
    async with context.database.reading() as connection:
        return await definitions.list_definitions(connection, context.workspace_id, query.archived, after, query.limit)


@routes.post("/api/v1/event-definitions", summary="Define an event", status=201, errors=(EventNameTaken,))
async def create_event_definition(context: Context, body: NewEventDefinition) -> EventDefinition:
    """What pages have reported under this name before is recorded now, each event with its own time."""
    async with context.database.transaction() as connection:
        await lock_workspaces(connection, [context.workspace_id])
        defined = await definitions.define_event(connection, context.workspace_id, body, context.now_ms)
        await adopt_held(connection, context.services.secret, context.workspace_id, defined.name)
    context.services.credit_wake.set()
    return defined


@routes.get("/api/v1/event-definitions/{definition_id}", summary="One event definition")
async def read_event_definition(context: Context, definition_id: str) -> EventDefinition:
    async with context.database.reading() as connection:
        return await definitions.read_definition(connection, context.workspace_id, definition_id)


@routes.patch("/api/v1/event-definitions/{definition_id}", summary="Change an event definition")
async def edit_event_definition(context: Context, definition_id: str, body: EventDefinitionEdit) -> EventDefinition:
    """A change of `counting` or `window_days` credits the definition's past conversions anew, in the background."""
    return await _edit(context, definition_id, body)


@routes.delete("/api/v1/event-definitions/{definition_id}", summary="Archive an event definition")
async def archive_event_definition(context: Context, definition_id: str) -> None:
    """Its conversions stay. `PATCH` with `archived: false` brings it back."""
    await _edit(context, definition_id, EventDefinitionEdit(archived=True))


async def _edit(context: Context, definition_id: str, edit: EventDefinitionEdit) -> EventDefinition:
    async with context.database.transaction() as connection:
        await lock_workspaces(connection, [context.workspace_id])
        edited = await definitions.edit_definition(
            connection, context.workspace_id, definition_id, edit, context.now_ms
        )
        if edit.archived is False:
            await adopt_held(connection, context.services.secret, context.workspace_id, edited.name)
    context.services.credit_wake.set()
    return edited
