"""Reads the whole link cache now and then, so that damage is found before a visitor asks for what it hit.

    python -m edge.agent.scrub links/<generation>     exit code 0: sound; DAMAGED_CODE; else it could not be read

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
from typing import Final, Literal

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
UNREAD_CODE: Final = 4
LOWEST_PRIORITY: Final = 19

Result = Literal["sound", "damaged", "unread"]

_log = get_logger()


class Scrubs:
    """One node's scrubs, and what they found."""

    def __init__(self, links_dir: Path) -> None:
        self._links_dir = links_dir
        self.found: dict[Result, int] = {"sound": 0, "damaged": 0, "unread": 0}
        """How often each was the result. A generation that was removed meanwhile gives none."""

    async def run(self) -> None:
        """For ever."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            await self.scrub_current()
            await asyncio.sleep(EVERY_S)

    async def scrub_current(self) -> None:
        """Once; nothing where no generation serves, or is known to be damaged."""
        try:
            generation = current_generation(self._links_dir)
            path = self._links_dir / generation
            if not generation or (path / DAMAGED).exists():
                return
            code = await _scrub_in_another_process(path)
        except OSError as error:  # of this process, not of the cache
            self.found["unread"] += 1
            _log.warning("the link cache could not be read through", reason=str(error))
            return
        if path.exists():
            self.found[_judge(path, code)] += 1


def _judge(path: Path, code: int) -> Result:
    """What the end of a scrub means."""
    if -code in FATAL_SIGNALS:
        mark_damaged(path, f"its scrub was killed by {signal.Signals(-code).name}")
    if code == DAMAGED_CODE or -code in FATAL_SIGNALS:
        _log.error("the link cache is damaged; it will be built anew from a snapshot", generation=path.name)
        return "damaged"
    if code:
        _log.warning("the link cache could not be read through", generation=path.name, code=code)
        return "unread"
    return "sound"


async def _scrub_in_another_process(path: Path) -> int:
    """Its exit code; negative where a signal ended it. Raises OSError where no process can be made."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge.agent.scrub", str(path), stdin=asyncio.subprocess.DEVNULL
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


def scrub(path: Path) -> None:
    """Reads a generation through. Raises Damage; OSError where this process may not open it now."""
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
        mark_damaged(path, str(damage))
        return DAMAGED_CODE
    except OSError as error:
        print(f"{path.name} cannot be opened: {error}", file=sys.stderr)
        return UNREAD_CODE
    return 0


if __name__ == "__main__":
    sys.exit(main())
