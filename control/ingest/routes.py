"""Where edges ship what they recorded."""

from __future__ import annotations

import msgspec
from aiohttp import web

from control.edges.wire_version import UnsupportedWireVersion, require_wire_version
from control.http.context import Context
from control.http.errors import BadRequest
from control.http.routing import Routes
from control.ingest import streams
from control.ingest.batches import receive_batch
from control.ingest.types import BatchHeaders, StartsAboveMark
from shared.clock import wall_ms
from shared.wire import (
    CONTENT_TYPE,
    COUNT_HEADER,
    DIGEST_HEADER,
    FIRST_HEADER,
    MARKS_MAX,
    STREAM_HEADER,
    BatchAck,
    Marks,
    MarksQuestion,
    digest_of,
)

routes = Routes(tag="Edges")
_question_decoder = msgspec.msgpack.Decoder(MarksQuestion)

STREAM_ID_BYTES = 16
NUMBER_MAX = 2**62
COUNT_MAX = 1_000_000  # records of one batch; an agent ships far fewer


class DamagedInTransit(BadRequest):
    """Never quarantined: the edge still has what it meant to send, and sends it again."""

    slug = "damaged-in-transit"
    title = "What arrived is not what was sent"


@routes.post(
    "/edge/v1/batches",
    summary="Ship a batch of records",
    access="edge",
    errors=(UnsupportedWireVersion, DamagedInTransit),
)
async def ship_batch(context: Context) -> web.Response:
    """Stored exactly once; 409 names the record that the stream goes on with when the batch starts above it."""
    require_wire_version(context.request)
    headers = _headers(context.request)
    body = await context.request.read()
    _require_intact(context.request, body)
    try:
        ack, status = await receive_batch(context.services, headers, body), 200
    except StartsAboveMark as above:
        ack, status = BatchAck(above.next, wall_ms()), 409
    return _answer(ack, status)


@routes.post("/edge/v1/marks", summary="How far streams are stored", access="edge", errors=(UnsupportedWireVersion,))
async def read_marks(context: Context) -> web.Response:
    """What an edge compares with what it believes, to notice a database that was replaced by an older copy."""
    require_wire_version(context.request)
    try:
        asked = _question_decoder.decode(await context.request.read())
    except msgspec.DecodeError as error:
        raise BadRequest(f"The body is not a MarksQuestion in msgpack: {error}") from None
    if len(asked.streams) > MARKS_MAX:
        raise BadRequest(f"A question names at most {MARKS_MAX} streams, not {len(asked.streams)}.")
    async with context.database.reading() as connection:
        marks = await streams.read_marks(connection, asked.streams)
    return _answer(Marks(wall_ms(), marks), 200)


def _answer(message: msgspec.Struct, status: int) -> web.Response:
    body = msgspec.msgpack.encode(message)
    return web.Response(body=body, status=status, content_type=CONTENT_TYPE, headers={DIGEST_HEADER: digest_of(body)})


def _require_intact(request: web.Request, body: bytes) -> None:
    said = (request.headers[name] for name in (STREAM_HEADER, FIRST_HEADER, COUNT_HEADER))
    if request.headers.get(DIGEST_HEADER) != digest_of(body, *said):
        raise DamagedInTransit(f"{DIGEST_HEADER} is missing, or not that of this batch: send it again.")


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
