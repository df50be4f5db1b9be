"""A word from the agent to the workers that links have moved, so that an edit need not wait for the next tick.

Each worker has a FIFO in the ring directory, `worker-<slot>.hint`, into which the agent writes a byte after it has
applied something. *It is only a hint*: what has moved says the link cache itself (`LinkCache.refresh`), which workers
ask at every tick anyway. A hint that is lost, late or false costs at most one tick (`edge.worker.TICK_S`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.node import PRIVATE_FILE
from shared.logs import get_logger

SUFFIX: Final = ".hint"
_READ_BYTES = 4096
_BYTE = b"\0"

_log = get_logger()


def on_hint(loop: asyncio.AbstractEventLoop, directory: Path, slot: int, act: Callable[[], object]) -> None:
    """Calls `act` in the loop after hints, from now on; many that came at once count as one. Where the file system has
    no FIFOs there are no hints."""
    try:
        descriptor = _open(directory / f"worker-{slot}{SUFFIX}")
    except OSError as error:
        _log.warning("no hints from the agent: edits wait for the next tick", reason=str(error))
        return

    def readable() -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(descriptor, _READ_BYTES)
        act()

    loop.add_reader(descriptor, readable)


def give_hint(directory: Path) -> None:
    """To all workers of the node. Never waits, and never fails: whoever misses it looks by themselves."""
    with contextlib.suppress(OSError):
        for path in directory.glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):  # nobody reads it, or there are hints enough in it
                _write(path)


def _open(path: Path) -> int:
    with contextlib.suppress(FileExistsError):  # a former worker's
        os.mkfifo(path, PRIVATE_FILE)
    if not path.is_fifo():
        raise FileExistsError(f"{path} is no FIFO")
    return os.open(path, os.O_RDWR | os.O_NONBLOCK)  # a writer of its own: never at its end


def _write(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(descriptor, _BYTE)
    finally:
        os.close(descriptor)
