"""The edges' own protocol (`/edge/v1`), and the API about edges and their tokens."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
from aiohttp import web

from control.edges import changes, snapshot, status, tokens
from control.edges.changes import SnapshotNeeded
from control.edges.tokens import OperatorOnly
from control.edges.types import ChangesQuery, Edge, EdgeToken, NewEdgeToken
from control.edges.wire_version import UnsupportedWireVersion, require_wire_version
from control.http.context import Context
from control.http.errors import BadRequest, NotFound
from control.http.paging import Page, PageQuery, TimeKey, decode_cursor
from control.http.routing import Routes
from shared.wire import DIGEST_HEADER, WIRE_HEADER, WIRE_VERSION, EdgeStatus, StatusAck, digest_of

MSGPACK = "application/msgpack"

routes = Routes(tag="Edges")
_status_decoder = msgspec.msgpack.Decoder(EdgeStatus)


@routes.get(
    "/edge/v1/changes",
    summary="What changed after a rev",
    access="edge",
    errors=(SnapshotNeeded, UnsupportedWireVersion),
)
async def read_changes(context: Context, query: ChangesQuery) -> web.Response:
    require_wire_version(context.request)
    feed = context.services.feed
    page = await changes.changes_after(context.database, feed, query.epoch, query.rev, query.wait, query.tip)
    return _msgpack(page)


@routes.get("/edge/v1/snapshot", summary="Everything an edge holds", access="edge", errors=(UnsupportedWireVersion,))
async def read_snapshot(context: Context) -> web.StreamResponse:
    require_wire_version(context.request)
    response = web.StreamResponse(headers={"Content-Type": MSGPACK, WIRE_HEADER: str(WIRE_VERSION)})
    chunks: AsyncGenerator[bytes] = snapshot.snapshot_frames(context.database)
    if "zstd" in context.request.headers.get("Accept-Encoding", ""):
        response.headers["Content-Encoding"] = "zstd"
        chunks = snapshot.compressed(chunks)
    await response.prepare(context.request)
    async with aclosing(chunks):  # a reader that leaves half-way must not keep the database's snapshot open
        async for chunk in chunks:
            await response.write(chunk)
    await response.write_eof()
    return response


@routes.post("/edge/v1/status", summary="How an edge is", access="edge", errors=(UnsupportedWireVersion,))
async def report_status(context: Context) -> web.Response:
    require_wire_version(context.request)
    try:
        reported = _status_decoder.decode(await context.request.read())
    except msgspec.DecodeError as error:
        raise BadRequest(f"The body is not an EdgeStatus in msgpack: {error}") from None
    async with context.database.transaction() as connection:
        await status.record_status(connection, reported, context.now_ms)
    return _msgpack(StatusAck(context.now_ms))


@routes.get("/api/v1/edges", summary="Edges and how they are", errors=(OperatorOnly,))
async def list_edges(context: Context, query: PageQuery) -> Page[Edge]:
    after = decode_cursor(query.cursor, tuple[str])
    async with context.database.reading() as connection:
        await tokens.require_operator(connection, context.workspace_id)
        return await status.list_edges(connection, after, query.limit, context.now_ms)


@routes.get("/api/v1/edge-tokens", summary="Edge tokens in use, newest first", errors=(OperatorOnly,))
async def list_edge_tokens(context: Context, query: PageQuery) -> Page[EdgeToken]:
    after = decode_cursor(query.cursor, TimeKey)
    async with context.database.reading() as connection:
        await tokens.require_operator(connection, context.workspace_id)
        return await tokens.list_tokens(connection, after, query.limit)


@routes.post("/api/v1/edge-tokens", summary="Make an edge token", status=201, errors=(OperatorOnly,))
async def create_edge_token(context: Context, body: NewEdgeToken) -> EdgeToken:
    """The answer is the only one that ever shows the token."""
    async with context.database.transaction() as connection:
        await tokens.require_operator(connection, context.workspace_id)
        return await tokens.issue_token(connection, body.name, context.now_ms)


@routes.delete("/api/v1/edge-tokens/{token_id}", summary="Revoke an edge token", errors=(OperatorOnly, NotFound))
async def revoke_edge_token(context: Context, token_id: str) -> None:
    async with context.database.transaction() as connection:
        await tokens.require_operator(connection, context.workspace_id)
        await tokens.revoke_token(connection, token_id, context.now_ms)


def _msgpack(message: msgspec.Struct) -> web.Response:
    body = msgspec.msgpack.encode(message)
    headers = {WIRE_HEADER: str(WIRE_VERSION), DIGEST_HEADER: digest_of(body)}
    return web.Response(body=body, content_type=MSGPACK, headers=headers)
