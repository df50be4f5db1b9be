"""What names this node and where its processes meet: the edge id, and the directory of its rings.

The id is made once and kept in the data folder. The ring directory is named by it, not by the folder's path, because
two containers that share the host's /dev/shm may both call their data folder `/data`.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from shared import ids

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600

_EDGE_ID_FILE = "edge-id"
_SHARED_MEMORY = Path("/dev/shm")


def edge_id(data: Path) -> str:
    """This node's `edg_…`, made at first use. Any process may come first: all get the same one. Raises OSError."""
    data.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    path = data / _EDGE_ID_FILE
    if (known := _read_id(path)) is not None:
        return known
    draft = data / f".{_EDGE_ID_FILE}-{secrets.token_hex(8)}"
    _write_private(draft, ids.new_id("edg") + "\n")
    try:
        os.link(draft, path)  # fails where another process was quicker; never shows a half-written id
    except FileExistsError:
        if _read_id(path) is None:
            raise ValueError(f"{path} holds no edge id; remove the file to get a new one") from None
    finally:
        draft.unlink()
    sync_directory(data)
    return path.read_text(encoding="ascii").strip()


def ring_directory(data: Path, configured: str = "") -> Path:
    """Where this node's rings are: below `configured`, else below /dev/shm, else (macOS) in the data folder."""
    if configured:
        return Path(configured) / f"clicktrail-{edge_id(data)}"
    if _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK):
        return _SHARED_MEMORY / f"clicktrail-{edge_id(data)}"
    return data / "rings"


def boot_id() -> bytes:
    """16 bytes that are new at every boot; where the system has none, new for every process that asks."""
    try:
        return bytes.fromhex(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").replace("-", ""))
    except OSError:
        return _THIS_PROCESS


_THIS_PROCESS = secrets.token_bytes(16)


def sync_directory(path: Path) -> None:
    """Makes names that were added to or removed from a directory last through a power loss."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_id(path: Path) -> str | None:
    try:
        text = path.read_text(encoding="ascii").strip()
        ids.to_bytes("edg", text)
    except (OSError, ValueError):
        return None
    return text


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
