"""Reading conversions."""

from __future__ import annotations

from control.conversions.explain import explain
from control.conversions.list import list_conversions
from control.conversions.read_types import Conversion, ConversionsQuery, Explanation
from control.http.context import Context
from control.http.errors import NotFound
from control.http.paging import Page
from control.http.routing import Routes

routes = Routes(tag="Conversions")


@routes.get("/api/v1/conversions", summary="Conversions, latest first")
async def read_conversions(context: Context, query: ConversionsQuery) -> Page[Conversion]:
    async with context.database.reading() as connection:
        return await list_conversions(connection, context.services.config, context.workspace_id, query, context.now_ms)


@routes.get("/api/v1/conversions/{conversion_id}", summary="One conversion, explained", errors=(NotFound,))
async def read_conversion(context: Context, conversion_id: str) -> Explanation:
    """Whose it is, every touch considered, the excluded ones with the reason, and what each model gives."""
    async with context.database.reading() as connection:
        return await explain(connection, context.services.config, context.workspace_id, conversion_id)
