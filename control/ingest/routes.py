"""Where edges ship what they recorded."""

from __future__ import annotations

import msgspec
from aiohttp import web

from control.http.context import Context
from control.http.errors import BadRequest
from control.http.routing import Routes
from control.ingest.batches import receive_batch
from control.ingest.types import BatchHeaders, StartsAboveMark
from shared.clock import wall_ms
from shared.wire import (
    CONTENT_TYPE,
    COUNT_HEADER,
    FIRST_HEADER,
    STREAM_HEADER,
    WIRE_HEADER,
    WIRE_VERSION,
    BatchAck,
)

routes = Routes(tag="Edges")

STREAM_ID_BYTES = 16
NUMBER_MAX = 2**62
COUNT_MAX = 1_000_000  # records of one batch; an agent ships far fewer


class UnsupportedWireVersion(BadRequest):
    slug = "unsupported-wire-version"
    title = "Edge and control plane speak different versions"


@routes.post("/edge/v1/batches", summary="Ship a batch of records", access="edge", errors=(UnsupportedWireVersion,))
async def ship_batch(context: Context) -> web.Response:
    """Stored exactly once; 409 names the record that the stream goes on with when the batch starts above it."""
    check_wire_version(context.request)
    headers = _headers(context.request)
    body = await context.request.read()
    try:
        ack, status = await receive_batch(context.services, headers, body), 200
    except StartsAboveMark as above:
        ack, status = BatchAck(above.next, wall_ms()), 409
    return web.Response(body=msgspec.msgpack.encode(ack), status=status, content_type=CONTENT_TYPE)


def check_wire_version(request: web.Request) -> None:
    """Raises UnsupportedWireVersion naming both versions."""
    theirs = request.headers.get(WIRE_HEADER, "none")
    if theirs != str(WIRE_VERSION):
        raise UnsupportedWireVersion(
            f"The edge speaks wire version {theirs[:20]}, this control plane {WIRE_VERSION}: bring both to one release."
        )


def _headers(request: web.Request) -> BatchHeaders:
    try:
        stream_id = bytes.fromhex(request.headers[STREAM_HEADER])
        first, count = (int(request.headers[name]) for name in (FIRST_HEADER, COUNT_HEADER))
    except (KeyError, ValueError):
        raise BadRequest(
            f"{STREAM_HEADER} (hex), {FIRST_HEADER} and {COUNT_HEADER} must say what the batch is"
        ) from None
    if len(stream_id) != STREAM_ID_BYTES or not 0 <= first <= NUMBER_MAX or not 0 <= count <= COUNT_MAX:
        raise BadRequest(f"{STREAM_HEADER}, {FIRST_HEADER} or {COUNT_HEADER} is out of bounds")
    return BatchHeaders(stream_id, first, count)
