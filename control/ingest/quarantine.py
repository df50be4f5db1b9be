"""Setting aside what can't be stored, so that it blocks nothing and is not lost: the bytes in a file, a row that says
why.

Files lie under the data folder with mode 0600, since records hold network addresses. A file is on disk (fsync of file
and folder) before its row can be committed; its name is made of what it holds, so a batch that is tried again writes
the same file.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from control.store.schema import quarantine
from shared.ids import new_id

FOLDER = "quarantine"
REASON_MAX_CHARS = 500


@dataclass(frozen=True, slots=True)
class SetAside:
    """What goes to quarantine: which records of a stream, why, and the bytes."""

    stream_id: bytes
    first: int
    count: int
    reason: str
    body: bytes


async def set_aside(connection: AsyncConnection, data: Path, what: SetAside, received_ms: int) -> None:
    """Writes the file, then the row in the caller's transaction."""
    digest = sha256(what.body)
    name = f"{what.stream_id.hex()}-{what.first}-{digest.hexdigest()[:16]}"
    await asyncio.to_thread(_write, data / FOLDER, name, what.body)
    await connection.execute(
        insert(quarantine).values(
            id=new_id("qua"),
            stream_id=what.stream_id,
            first=what.first,
            count=what.count,
            reason=what.reason[:REASON_MAX_CHARS].replace("\0", "�"),
            body_sha256=digest.digest(),
            file=f"{FOLDER}/{name}",
            received_ms=received_ms,
        )
    )


def _write(folder: Path, name: str, body: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder / f".{name}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with memoryview(body) as rest:
            written = 0
            while written < len(rest):
                written += os.write(descriptor, rest[written:])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.rename(folder / name)
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
