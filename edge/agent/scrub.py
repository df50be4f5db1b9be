"""Reads the whole link cache now and then, so that damage is found before a visitor asks for what it hit.

    python -m edge.agent.scrub links/<generation>     exit code 0: sound, or gone meanwhile; else DAMAGED_CODE

In a process of its own, at the lowest priority: a damaged page may kill who reads it, and that is an answer too. It
checks every entry's checksum and its place in the chain, and the digest of all against the one in the position, which
alone tells an older copy of a page from the newest (`edge.linkchain`). Damage is marked, and the agent's sync then
takes a snapshot. 1.6 µs an entry: a quarter of a minute an hour for ten million links.

All of it is one LMDB snapshot, which keeps pages that are freed meanwhile; after `LONGEST_S` it is given up.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Final

import lmdb
import msgspec

from edge.linkchain import verify_all
from edge.linkfiles import (
    DAMAGED,
    FATAL_SIGNALS,
    POSITION,
    Damage,
    current_generation,
    decode_position,
    mark_damaged,
    open_generation,
)
from shared.logs import get_logger

FIRST_AFTER_S: Final = 5.0
EVERY_S: Final = 3600.0
LONGEST_S: Final = 600
DAMAGED_CODE: Final = 3
LOWEST_PRIORITY: Final = 19

_log = get_logger()


async def scrub_now_and_then(links_dir: Path) -> None:
    """For ever."""
    await asyncio.sleep(FIRST_AFTER_S)
    while True:
        if generation := current_generation(links_dir):
            await _scrub_in_another_process(links_dir / generation)
        await asyncio.sleep(EVERY_S)


async def _scrub_in_another_process(path: Path) -> None:
    if (path / DAMAGED).exists():
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge.agent.scrub", str(path), stdin=asyncio.subprocess.DEVNULL
    )
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    if -code in FATAL_SIGNALS:
        mark_damaged(path, f"its scrub was killed by {signal.Signals(-code).name}")
    if code == DAMAGED_CODE or -code in FATAL_SIGNALS:
        _log.error("the link cache is damaged; it will be built anew from a snapshot", generation=path.name)
    elif code:
        _log.warning("the link cache could not be read through", generation=path.name, code=code)


def scrub(path: Path) -> None:
    """Reads a generation through. Raises Damage."""
    environment, _ = open_generation(path, readonly=True)
    try:
        with environment.begin() as view:
            digest = verify_all(view)
            if digest != decode_position(view.get(POSITION)).digest:
                raise Damage("the entries are whole, but not all of them are the newest")
    except (lmdb.Error, msgspec.DecodeError, MemoryError) as error:
        raise Damage(str(error)) from None
    finally:
        environment.close()


def main() -> int:
    path = Path(sys.argv[1])
    os.nice(LOWEST_PRIORITY)
    signal.alarm(LONGEST_S)
    try:
        scrub(path)
    except Damage as damage:
        return DAMAGED_CODE if mark_damaged(path, str(damage)) and path.exists() else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
