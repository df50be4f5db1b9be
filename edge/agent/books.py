"""Two small files beside the segments, each replaced as a whole: `acked` and `expired`.

`acked` says how far each stream is acknowledged; losing it costs one question a stream, so it isn't synced. `expired`
lists streams whose files are gone; it is synced before the file that it speaks of is removed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from edge.agent.stream import Expired
from edge.node import PRIVATE_FILE, sync_directory
from shared.logs import get_logger

ACKED: Final = "acked"
EXPIRED: Final = "expired"

_log = get_logger()


class Ack(msgspec.Struct, array_like=True):
    """How far a stream is acknowledged."""

    next: int
    settled_in: str | None  # epoch


_Book = TypeVar("_Book")
_acked = msgspec.msgpack.Decoder(dict[str, Ack])
_expired = msgspec.msgpack.Decoder(list[Expired])
_encoder = msgspec.msgpack.Encoder()


def read_acked(directory: Path) -> dict[str, Ack]:
    """By the hex digits of the stream's id; empty where the file is missing or damaged."""
    return _read(directory / ACKED, _acked, {})


def read_expired(directory: Path) -> list[Expired]:
    return _read(directory / EXPIRED, _expired, [])


def write_acked(directory: Path, acks: Mapping[str, Ack]) -> None:
    """Raises OSError."""
    _replace(directory / ACKED, _encoder.encode(acks), sync=False)


def write_expired(directory: Path, expired: Sequence[Expired]) -> None:
    """On disk when it returns. Raises OSError."""
    _replace(directory / EXPIRED, _encoder.encode(expired), sync=True)


def _read(path: Path, decoder: msgspec.msgpack.Decoder[_Book], otherwise: _Book) -> _Book:
    try:
        return decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return otherwise
    except (OSError, msgspec.DecodeError) as error:
        _log.error("a book of the spool is unreadable; going on without it", name=path.name, reason=str(error))
        return otherwise


def _replace(path: Path, data: bytes, *, sync: bool) -> None:
    draft = path.with_name(f".{path.name}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if sync:
            file.flush()
            os.fsync(descriptor)
    draft.replace(path)
    if sync:
        sync_directory(path.parent)
