"""Batches of an edge, each stored exactly once.

A stream's records are numbered from 0, and its row holds the *mark*: the first number that is not stored. One
transaction locks the row, drops what lies below the mark, refuses what starts above it, stores the rest and moves the
mark. So a batch may come twice, late, to two control processes at once, or be cut off by a crash: its records are
stored by whichever transaction moves the mark over them, and by no other. Clicks, landings and reports also have ids of
their own, which makes a replay harmless where marks went back (a database restored from a copy) and where an edge wrote
the same records to a second stream.

What can't be stored must not block the stream. A body that can't be read, though it is what the edge sent, goes to
quarantine whole, on its headers' word; a record of an unknown kind, or of a link or workspace that doesn't exist, goes
there alone; and where storing fails because of what a record holds, the batch is halved until the record is found.
"""

from __future__ import annotations

import msgspec
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from control.ingest import streams
from control.ingest.quarantine import SetAside, set_aside
from control.ingest.sorting import Sorting
from control.ingest.storing import Storing
from control.ingest.types import BatchHeaders, StartsAboveMark, UndecodableBatch, decode_batch
from control.services import Services
from shared.clock import wall_ms
from shared.logs import get_logger
from shared.wire import Batch, BatchAck

ATTEMPTS = 4  # of a transaction that lost a race against another
FAULTS_OF_VALUES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

log = get_logger()


async def receive_batch(services: Services, headers: BatchHeaders, body: bytes) -> BatchAck:
    """Stores a batch as it came over the network. Raises StartsAboveMark."""
    try:
        batch = decode_batch(body, headers.count)
    except UndecodableBatch as error:
        return await _quarantine_whole(services, headers, body, str(error))
    return await store_batch(services, headers, batch)


async def store_batch(services: Services, headers: BatchHeaders, batch: Batch) -> BatchAck:
    """Stores a batch. Raises StartsAboveMark when it starts above what is stored of its stream."""
    received_ms = wall_ms()
    next_record = await _store_range(services, headers, batch, 0, len(batch.records), received_ms)
    services.credit_wake.set()
    return BatchAck(next_record, wall_ms())


async def _store_range(
    services: Services, headers: BatchHeaders, batch: Batch, low: int, high: int, received_ms: int
) -> int:
    try:
        return await _store_at_once(services, headers, batch, low, high, received_ms)
    except Exception as error:
        if not _is_fault_of_records(error):
            raise
        if high - low <= 1:
            return await _quarantine_record(services, headers, batch, low, error, received_ms)
    middle = (low + high) // 2
    await _store_range(services, headers, batch, low, middle, received_ms)
    return await _store_range(services, headers, batch, middle, high, received_ms)


async def _store_at_once(
    services: Services, headers: BatchHeaders, batch: Batch, low: int, high: int, received_ms: int
) -> int:
    """Stores the batch's records [low, high) in one transaction and returns the stream's mark."""
    part = BatchHeaders(headers.stream_id, headers.first + low, high - low)
    closed = batch.closed and high == len(batch.records)
    records, sorting = batch.records[low:high], Sorting(services.secret, batch, received_ms)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with services.database.reading() as connection:
                facts = await sorting.look_up(connection, records)
            found = await sorting.sort(records, facts, first=part.first)
            async with services.ingest_turns.turn(batch.lane), services.database.transaction() as connection:
                mark = await streams.hold_stream(connection, part.stream_id, batch, received_ms)
                if part.first > mark:
                    raise StartsAboveMark(mark)
                if part.first + part.count < mark:
                    return mark
                if part.first < mark:  # some of it is stored already
                    left = records[mark - part.first :]
                    found = await sorting.sort(left, await sorting.look_up(connection, left), first=mark)
                await Storing(services, connection, part.stream_id, batch, received_ms).store(found)
                await streams.move_mark(connection, part, closed=closed, received_ms=received_ms)
                return part.first + part.count
        except DBAPIError as error:
            if attempt == ATTEMPTS or not _is_lost_race(error):
                raise
    raise AssertionError("the last attempt returns or raises")


async def _quarantine_record(
    services: Services, headers: BatchHeaders, batch: Batch, at: int, error: Exception, received_ms: int
) -> int:
    log.error("record can't be stored", stream=headers.stream_id.hex(), record=headers.first + at, exc_info=error)
    alone = msgspec.structs.replace(batch, records=batch.records[at : at + 1])
    body = msgspec.msgpack.encode(alone)
    record = BatchHeaders(headers.stream_id, headers.first + at, 1)
    return await _quarantine(services, record, batch, body, f"can't be stored: {error}", received_ms)


async def _quarantine_whole(services: Services, headers: BatchHeaders, body: bytes, reason: str) -> BatchAck:
    log.error("batch is undecodable", stream=headers.stream_id.hex(), first=headers.first, reason=reason)
    unknown = Batch("", "fresh", closed=False, low_watermark_ms=0, clock=[], records=[])
    mark = await _quarantine(services, headers, unknown, body, reason, wall_ms())
    return BatchAck(mark, wall_ms(), quarantined=reason)


async def _quarantine(
    services: Services, which: BatchHeaders, batch: Batch, body: bytes, reason: str, received_ms: int
) -> int:
    """Sets records aside in place of storing them: their mark moves all the same. Returns it."""
    async with services.database.transaction() as connection:
        mark = await streams.hold_stream(connection, which.stream_id, batch, received_ms)
        if which.first > mark:
            raise StartsAboveMark(mark)
        end = which.first + which.count
        if end <= mark:
            return mark
        what = SetAside(which.stream_id, which.first, which.count, reason, body)
        await set_aside(connection, services.data, what, received_ms)
        await streams.move_mark(connection, which, closed=False, received_ms=received_ms)
        return end


def _is_lost_race(error: DBAPIError) -> bool:
    """Deadlock, failed serialisation, or a row that another transaction stored first: trying again finds it."""
    return isinstance(error, IntegrityError) or _sql_state(error) in ("40001", "40P01")


def _is_fault_of_records(error: Exception) -> bool:
    """Whether trying again must fail as well, since what is stored is at fault and not the database."""
    if isinstance(error, DBAPIError):
        is_data = _sql_state(error).startswith(("22", "23"))  # data exceptions, violated constraints
        return is_data or isinstance(error, (DataError, IntegrityError))
    # Only what a value can raise: the driver's own errors (the database is starting up) may come unwrapped.
    return isinstance(error, FAULTS_OF_VALUES)


def _sql_state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
