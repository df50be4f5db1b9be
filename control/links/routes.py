"""Short links."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from control.http.context import Context
from control.http.errors import NotFound
from control.http.paging import Page
from control.http.routing import Routes
from control.links import links, qr, view
from control.links.links import SlugTaken
from control.links.types import Link, LinkEdit, LinkQuery, NewLink, QrQuery

routes = Routes(tag="Links")


@routes.get("/api/v1/links", summary="Links, newest first")
async def list_links(context: Context, query: LinkQuery) -> Page[Link]:
    async with context.database.reading() as connection:
        return await view.list_links(connection, context.services.config, context.workspace_id, query)


@routes.post("/api/v1/links", summary="Create a link", status=201, errors=(SlugTaken,))
async def create_link(context: Context, body: NewLink) -> Link:
    """Edges redirect it within milliseconds of the answer."""
    async with context.services.feed.publishing() as connection:
        link_id = await links.create_link(connection, context.workspace_id, body, context.now_ms)
        return await view.read_link(connection, context.services.config, context.workspace_id, link_id)


@routes.get("/api/v1/links/{link_id}", summary="One link")
async def read_link(context: Context, link_id: str) -> Link:
    async with context.database.reading() as connection:
        return await view.read_link(connection, context.services.config, context.workspace_id, link_id)


@routes.patch("/api/v1/links/{link_id}", summary="Change a link", errors=(SlugTaken,))
async def edit_link(context: Context, link_id: str, body: LinkEdit) -> Link:
    async with context.services.feed.publishing() as connection:
        await links.edit_link(connection, context.workspace_id, link_id, body, context.now_ms)
        return await view.read_link(connection, context.services.config, context.workspace_id, link_id)


@routes.delete("/api/v1/links/{link_id}", summary="Archive a link")
async def archive_link(context: Context, link_id: str) -> None:
    """It no longer redirects; its clicks and credits stay. `PATCH` with `archived: false` brings it back."""
    async with context.services.feed.publishing() as connection:
        await links.archive_link(connection, context.workspace_id, link_id, context.now_ms)


@routes.get("/api/v1/links/{link_id}/qr", summary="A link's QR code", errors=(NotFound,))
async def link_qr_code(context: Context, link_id: str, query: QrQuery) -> web.Response:
    """An image of the short URL, as SVG or PNG, with the quiet zone that scanners need."""
    async with context.database.reading() as connection:
        link = await view.read_link(connection, context.services.config, context.workspace_id, link_id)
    name = quote(f"qr-{link.slug.replace('/', '-')}.{query.format}")
    return web.Response(
        body=qr.draw(link.short_url, query.format, query.scale),
        content_type=qr.CONTENT_TYPES[query.format],
        headers={
            "Content-Disposition": f"inline; filename=\"qr.{query.format}\"; filename*=UTF-8''{name}",
            "Cache-Control": "private, max-age=300",
        },
    )
