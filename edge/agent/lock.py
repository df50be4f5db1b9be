"""One agent a node: two that drained the same rings would take records from each other."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import NewType

from edge.node import PRIVATE_FILE

Lock = NewType("Lock", int)


class AlreadyRunning(Exception):
    """Another agent works on this folder."""


def hold(path: Path) -> Lock:
    """Locks `path` until this process ends, however it ends. Raises AlreadyRunning, OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunning(f"another edge uses {path.parent}; give each its own `data` folder") from None
    return Lock(descriptor)
