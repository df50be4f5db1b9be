"""How the link cache lies on disk; the agent alone writes it (`edge.linkstore`), every worker reads it (`edge.links`).

    links/current              name of the generation that serves, replaced by rename
    links/<generation>/manifest.json   epoch, rev and size at its birth, and the format's version
    links/<generation>/data.mdb        LMDB: entry name -> msgpack of a `shared.wire` entry, check of the next, CRC-32
    links/<generation>/damaged         there when damage was found, or seems to have killed a process; says what

A snapshot becomes a new generation, written aside; changes of the feed go into the one that serves, each page with its
position in one transaction. LMDB has no checksums, and single flipped bits have been seen to give another
destination in silence, so each value ends in a CRC-32 over name and value and is never believed without it; that a
name is *not* there is believed by the check of the next name in the entry before it (`edge.linkchain`). A file that is
shorter than its manifest says is not opened at all, because reading past its end kills the process (SIGBUS).
"""

from __future__ import annotations

import contextlib
import os
import signal
import unicodedata
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import lmdb
import msgspec

from edge.node import sync_directory
from edge.shortages import is_shortage

FORMAT = 2  # of values and of which kinds of entries there are; another one is built anew from a snapshot
MAP_BYTES = (64 << 30, 8 << 30, 1 << 30)  # address space, not memory: the largest that the system grants
MAX_READERS = 1024
MAX_NAME_BYTES = 480  # LMDB takes 511
FATAL_SIGNALS = (signal.SIGBUS, signal.SIGSEGV, signal.SIGABRT)  # past the file, past a page, LMDB's own assertions
POSITION = b"\x00position"
MOVED = b"\x00moved"
CURRENT = "current"
DAMAGED = "damaged"
UNLINKED = b"\xff\xff\xff\xff"  # the check of an entry that no chain has reached yet
_CHECKSUM_BYTES = 4


class Damage(Exception):
    """Stored bytes are not what was written. Nothing of them may be served; a snapshot repairs it."""


class Manifest(msgspec.Struct, frozen=True):
    """What is known of a generation before its data is touched."""

    format: int
    epoch: str
    rev: int
    entries: int
    data_bytes: int


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Up to where the feed has been applied."""

    epoch: str
    rev: int
    tip: str = ""  # that came with the rev: see shared.wire.ChangePage
    digest: int = 0  # of all entries: see edge.linkchain


class Moved(msgspec.Struct, frozen=True, array_like=True):
    """What the transaction with this LMDB id changed, so that a reader one step behind drops exactly that."""

    transaction: int
    keys: list[str]


def normal_key(key: str) -> str:
    """An entry key as it is stored: non-ASCII text composed (NFC), so that both spellings of `ü` are one slug."""
    return key if key.isascii() else unicodedata.normalize("NFC", key)


def name_of(key: str) -> bytes:
    """The LMDB name of a normal key."""
    name = key.encode("utf-8", "surrogateescape")
    return name if len(name) <= MAX_NAME_BYTES else b"#" + sha256(name).digest()


def seal(name: bytes, value: bytes, follower: bytes = UNLINKED) -> bytes:
    """The stored form of a value; `follower` is the check of the name behind it (`check_of`)."""
    linked = value + follower
    return linked + crc32(linked, crc32(name)).to_bytes(_CHECKSUM_BYTES, "little")


def unseal(name: bytes, stored: bytes) -> bytes:
    """The value of a stored form. Raises Damage."""
    linked = stored[:-_CHECKSUM_BYTES]
    if crc32(linked, crc32(name)).to_bytes(_CHECKSUM_BYTES, "little") != stored[-_CHECKSUM_BYTES:]:
        raise Damage(f"the checksum of {name!r} does not match")
    return linked[:-_CHECKSUM_BYTES]


def check_of(name: bytes) -> bytes:
    """By which an entry knows the name behind it; that of the empty name says that nothing follows."""
    return crc32(name).to_bytes(_CHECKSUM_BYTES, "little")


def follower_check(stored: bytes) -> bytes:
    """What a stored form, whose seal was checked, says of the name behind it."""
    return stored[-2 * _CHECKSUM_BYTES : -_CHECKSUM_BYTES]


def current_generation(folder: Path) -> str:
    """Name of the generation that serves; empty when there is none. Raises OSError for a shortage."""
    try:
        name = (folder / CURRENT).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        if is_shortage(error):
            raise
        return ""
    return name if name.isalnum() else ""


def mark_damaged(path: Path, reason: str) -> bool:
    """Has the agent build another generation than that at `path`, which serves meanwhile. False: it was marked."""
    mark = path / DAMAGED
    if mark.exists():
        return False
    with contextlib.suppress(OSError):
        mark.write_text(reason, encoding="utf-8")
    return True


def open_generation(path: Path, *, readonly: bool) -> tuple[lmdb.Environment, Manifest]:
    """An existing generation, checked as far as that is possible from outside.

    Raises Damage; OSError for a shortage (`edge.shortages`), which is none.
    """
    try:
        manifest = msgspec.json.decode((path / "manifest.json").read_bytes(), type=Manifest)
        size = (path / "data.mdb").stat().st_size
    except (OSError, msgspec.DecodeError) as error:
        if is_shortage(error):
            raise
        raise Damage(f"{path.name}: {error}") from None
    if manifest.format != FORMAT:
        raise Damage(f"{path.name}: format {manifest.format}, this version reads {FORMAT}")
    if size < manifest.data_bytes:
        raise Damage(f"{path.name}: data.mdb has {size} bytes of at least {manifest.data_bytes}")
    environment = open_environment(path, readonly=readonly)
    position = read_position(environment)
    if position.epoch != manifest.epoch or position.rev < manifest.rev:
        environment.close()
        raise Damage(f"{path.name}: position {position} and manifest {manifest} contradict each other")
    return environment, manifest


def open_environment(path: Path, *, readonly: bool, sync: bool = True) -> lmdb.Environment:
    """LMDB at `path`, with as large a map as the system grants.

    Raises Damage for what isn't LMDB, OSError for a shortage.
    """
    refused: Exception | None = None
    for map_bytes in MAP_BYTES:
        try:
            return lmdb.open(
                str(path),
                map_size=map_bytes,
                readonly=readonly,
                create=not readonly,
                sync=sync,
                metasync=False,  # after a power cut the last pages may be missing, position included: they come again
                readahead=False,
                max_readers=MAX_READERS,
                mode=0o600,
            )
        except (lmdb.MemoryError, OverflowError) as error:
            refused = error
        except lmdb.Error as error:
            refused = error
            break
    if isinstance(refused, lmdb.Error) and is_shortage(missing := OSError(refused.code, refused.reason, str(path))):
        raise missing
    raise Damage(f"{path.name}: {refused}")


def read_position(environment: lmdb.Environment) -> Position:
    """The position of a generation. Raises Damage."""
    try:
        with environment.begin() as transaction:
            stored = transaction.get(POSITION)
            return decode_position(stored)
    except lmdb.Error as error:
        raise Damage(str(error)) from None


def decode_position(stored: bytes | None) -> Position:
    if stored is None:
        raise Damage("there is no position")
    try:
        return msgspec.msgpack.decode(unseal(POSITION, stored), type=Position)
    except msgspec.DecodeError as error:
        raise Damage(f"the position is unreadable: {error}") from None


def replace_file(path: Path, data: bytes) -> None:
    """`path` now holds `data`, on disk, and never anything in between."""
    aside = path.with_name(path.name + ".new")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync_directory(path.parent)
